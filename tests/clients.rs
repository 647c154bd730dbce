//! Clients of a sandbox, for what is written against the typed face.

use m365kit::{Client, ClientBuilder, ClientSecret, Cloud, CustomCloud};
use serde_json::Value;

/// Begins a client from what a sandbox says of itself: its tenant, its registered application and its hosts.
pub fn client_of(sandbox: &Value) -> ClientBuilder {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let host = |name: &str| sandbox["cloud"][name].as_str().map(str::to_owned);
    let builder = Client::builder(text(&sandbox["tenant"]))
        .credential(ClientSecret::new(text(&sandbox["clientId"]), text(&sandbox["clientSecret"])))
        .cloud(Cloud::custom(CustomCloud {
            authority: host("authority"),
            management: host("management"),
            graph: host("graph"),
            outlook: host("outlook"),
            discovery: host("discovery"),
        }));
    match sandbox["caCertificate"].as_str() {
        Some(certificate) => builder.root_certificates(certificate),
        None => builder,
    }
}
