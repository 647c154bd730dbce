//! What is logged and what is printed, searched for everything that nobody may see.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::*;
use crate::http::Request;
use crate::identity::{ClientCertificate, ClientSecret, DeviceCode, OnBehalfOf, RefreshToken};

const SECRETS: [&str; 9] = [
    "client-s3cret",
    "access-s3cret",
    "refresh-s3cret",
    "rotated-s3cret",
    "device-s3cret",
    "user-s3cret",
    "id-s3cret",
    "eyJ",
    "MII",
];

/// Everything that the library says, at every level.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<String>>);

impl Visit for Listener {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0.lock().unwrap(), "{}={value:?} ", field.name());
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("m365kit")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn search(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

#[tokio::test]
async fn no_secret_is_logged_or_printed() {
    let listener = Listener::default();
    // With one subscriber alone, tracing asks the thread that meets an event first whether anybody listens, and that
    // may be another test's.
    let _second = tracing::Dispatch::new(Listener::default());
    let _listening = tracing::subscriber::set_default(listener.clone());
    let pem = include_str!("../certificate/testdata/both.pem");
    let credentials: Vec<Credential> = vec![
        ClientSecret::new(APP, "client-s3cret").into(),
        ClientCertificate::from_pem(APP, pem).into(),
        RefreshToken::new(APP, "refresh-s3cret").into(),
        OnBehalfOf::new(ClientSecret::new(APP, "client-s3cret"), "user-s3cret").into(),
        DeviceCode::new(APP, |_| async { Ok(()) }).into(),
    ];
    let given =
        || granted_with("access-s3cret", &json!({"refresh_token": "rotated-s3cret", "refresh_in": 1}));
    for credential in credentials {
        let server = Server::start([]).await;
        if matches!(credential, Credential::DeviceCode(_)) {
            let page = format!("{}/device", server.url());
            server.say(reply(
                200,
                json!({"device_code": "device-s3cret", "user_code": "u", "verification_uri": page, "interval": 0}),
            ));
        }
        server.say(given());
        // A service that quotes what it refuses.
        let quoted = "Bearer eyJhbGciOi.eyJzdWIiOi.c2ln is no good";
        server.say(reply(401, json!({"error": {"code": "x", "message": quoted}})));
        server.say(granted_with("access-s3cret", &json!({"id_token": "id-s3cret", "token_type": "pop"})));
        let cache = TokenCache::new();
        let client = client_with(&server, credential, &[], cache.clone());
        let url = format!("{}/v1.0/me", server.url()).parse().unwrap();
        let request = Request::new(reqwest::Method::GET, url).bearer(Service::Graph);
        let error = client.corridor().exchange(&request, |_| Ok(())).await.unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Auth);
        search(&format!("{error} {error:?} {client:?} {cache:?} {request:?}"));
        search(&String::from_utf8_lossy(&error.to_json()));
    }
    let said = listener.0.lock().unwrap().clone();
    assert!(said.contains("asking for a token"), "somebody listened: {said}");
    search(&said);
}
