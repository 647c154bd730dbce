//! How do I hear of new content at once, and still miss nothing? Receives webhooks with hyper, and follows the feed.
//!
//! A real tenant needs `WEBHOOK`, the public https address that leads to `LISTEN` (127.0.0.1:8080), and `AUTH_ID`, a
//! secret of your choice that the service sends along.

use std::env;
use std::error::Error;
use std::path::Path;

use futures::TryStreamExt;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use m365kit::audit::{ContentType, WebhookService, WebhookTarget};
use m365kit_examples::Tenant;
use m365kit_sandbox::{Config, Live};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let live = Live { blobs_per_minute: 60.0, records: None, content_types: None };
    let simulated = Config { live: Some(live), webhook_http: true, ..Config::default() };
    let tenant = Tenant::open_or_simulate(simulated)?;
    let audit = tenant.client.audit();

    let secret = env::var("AUTH_ID").unwrap_or_else(|_| "a secret".to_owned());
    let listener = TcpListener::bind(env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:0".to_owned())).await?;
    let here = format!("http://{}/", listener.local_addr()?);
    tokio::spawn(serve(listener, audit.webhook().auth_id(secret.clone()).service()?));

    // The service calls the address before the start succeeds: it must be served by now.
    let address = env::var("WEBHOOK").unwrap_or(here);
    let target = WebhookTarget { address, auth_id: Some(secret), expiration: None };
    audit.start_with_webhook(ContentType::Exchange, target).await?;

    let folder = env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let state = Path::new(&folder).join("webhook.m365state");
    let mut feed = audit.follow(state).content_types([ContentType::Exchange]).stream();
    while let Some(record) = feed.try_next().await? {
        println!("{} {:?} {:?}", Timestamp::now(), record.operation(), record.user_id());
    }
    Ok(())
}

/// One connection after the other, each in a task of its own.
async fn serve(listener: TcpListener, webhook: WebhookService) {
    while let Ok((connection, _)) = listener.accept().await {
        let service = TowerToHyperService::new(webhook.clone());
        let connection = http1::Builder::new().serve_connection(TokioIo::new(connection), service);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("a delivery was cut short: {error}");
            }
        });
    }
}
