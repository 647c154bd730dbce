//! Connections, and the way of a request through the sandbox.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{ACCEPT_ENCODING, CONTENT_LENGTH, DATE, HeaderName, SERVER};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::answer::Answer;
use crate::call::{Call, Operation};
use crate::config::PageHeader;
use crate::control;
use crate::faults::{Bend, Effect, WireFault};
use crate::ledger::Entry;
use crate::tenant::{Connection, Tenant};
use crate::threads::Life;
use crate::wire::{Line, Stream, Switch, WireBody, deliver};
use crate::{audit, discovery, graph, identity, service_health};

/// The largest request body that is taken.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// Accepts connections until the sandbox ends.
pub(crate) async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, tenant: Arc<Tenant>, life: Life) {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => match tenant.connect() {
                Some(place) => life.spawn(connection(socket, tls.clone(), place, life.clone())),
                // Closed with a reset, as a full gateway does it.
                None => drop(socket.set_zero_linger()),
            },
            // Out of file descriptors, most likely; others will be closed.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn connection(socket: TcpStream, tls: Option<TlsAcceptor>, place: Connection, life: Life) {
    let tenant = Arc::clone(place.tenant());
    // Small answers must not wait for the acknowledgement of the last one.
    let _ = socket.set_nodelay(true);
    let stream = match tls {
        None => Stream::Plain(socket),
        Some(tls) => match tls.accept(socket).await {
            Ok(session) => Stream::Tls(Box::new(session)),
            // The client did not like the certificate, or spoke no TLS.
            Err(_) => return,
        },
    };
    let switch = Arc::new(Switch::default());
    let wire = TokioIo::new(Line::new(stream, Arc::clone(&switch)));
    let mut builder = auto::Builder::new(life);
    builder
        .http1()
        .auto_date_header(false)
        .title_case_headers(tenant.config.paging.header != PageHeader::Lower);
    builder.http2().auto_date_header(false).max_concurrent_streams(1_000);
    let service = service_fn(|request| {
        let (tenant, switch) = (Arc::clone(&tenant), Arc::clone(&switch));
        async move { Ok::<_, Infallible>(handle(tenant, switch, request).await) }
    });
    let connection = builder.serve_connection(wire, service);
    tokio::select! {
        // How a connection ends is the client's affair; what became of its requests is in the ledger.
        _ = connection => {}
        () = switch.ended() => {}
    }
}

async fn handle(tenant: Arc<Tenant>, switch: Arc<Switch>, request: Request<Incoming>) -> Response<WireBody> {
    let (head, body) = request.into_parts();
    // HTTP/2 frames say where a body ends; the front end asks for a length on HTTP/1 only.
    let no_length = head.method == Method::POST
        && head.version < Version::HTTP_2
        && !head.headers.contains_key(CONTENT_LENGTH)
        && !head.headers.contains_key("transfer-encoding");
    let (body, too_large) = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => (body.to_bytes(), false),
        Err(_) => (bytes::Bytes::new(), true),
    };
    let call = Call::new(&head, body);
    let number = tenant.next_request();
    if let Some(name) = call.path.strip_prefix("/sandbox/") {
        let answer = command(&tenant, name, &call).await;
        return deliver(
            stamp(answer, &tenant, &call, number),
            None,
            call.version,
            &switch,
            Entry::unrecorded(),
        );
    }
    let bearer = call.bearer().and_then(|token| tenant.tokens.number(token));
    let entry = tenant.ledger.begin(tenant.clock.now(), &call, bearer);
    let latency = tenant.latency();
    if latency > Duration::ZERO {
        tokio::time::sleep(latency).await;
    }
    let hit = tenant.faults().strike(&call, tenant.clock.now());
    let mut bend = Bend::default();
    let mut broken = None;
    let mut instead = None;
    if let Some(hit) = hit {
        entry.struck(hit.id);
        if let Some(delay) = hit.action.delay {
            tokio::time::sleep(Duration::from_secs_f64(delay)).await;
        }
        match hit.action.effect {
            Effect::None => {}
            Effect::Instead(canned) => instead = Some(canned.answer(&tenant, &call)),
            Effect::Wire(fault) => broken = Some(fault),
            Effect::Listing(listing) => bend = listing,
            Effect::ExpireToken => {
                if let Some(token) = call.bearer() {
                    tenant.tokens.expire(token);
                }
            }
            Effect::Reset => {
                let mut entry = entry;
                entry.finish();
                switch.reset();
                return std::future::pending().await;
            }
        }
    }
    let mut answer = match instead {
        Some(answer) => answer,
        None if too_large => Answer::empty(StatusCode::PAYLOAD_TOO_LARGE),
        None if no_length => Answer::html(StatusCode::LENGTH_REQUIRED),
        None => route(&tenant, &call, &bend).await,
    };
    if let Some(WireFault::Truncate(bytes)) = broken {
        let body = answer.collect();
        answer.replace(body.slice(..bytes.min(body.len().saturating_sub(1))));
    }
    // The other wire faults count bytes of the body, so it goes out as it is.
    if matches!(broken, None | Some(WireFault::Truncate(_))) {
        let accepted = call.header(&ACCEPT_ENCODING).unwrap_or_default();
        answer.compress(accepted, tenant.config.compression, &tenant.feed.shelf);
    }
    deliver(stamp(answer, &tenant, &call, number), broken, call.version, &switch, entry)
}

async fn route(tenant: &Arc<Tenant>, call: &Call, bend: &Bend) -> Answer {
    if let Some(answer) = service_health::legacy(tenant, call) {
        return answer;
    }
    if call.path.starts_with(service_health::DOWNLOADS) {
        return service_health::download(tenant, call);
    }
    if call.path.starts_with("/api/") {
        return audit::answer(tenant, call, bend).await;
    }
    if call.is_graph() {
        return graph::answer(tenant, call).await;
    }
    if call.path == graph::ELSEWHERE {
        return graph::elsewhere(tenant, call);
    }
    if call.operation == Operation::Discovery {
        return discovery::answer(tenant, call);
    }
    identity::answer(tenant, call)
}

async fn command(tenant: &Arc<Tenant>, name: &str, call: &Call) -> Answer {
    if call.method != Method::POST && !(call.method == Method::GET && name == "describe") {
        return Answer::json(
            StatusCode::METHOD_NOT_ALLOWED,
            &json!({"error": "control operations are POSTed"}),
        );
    }
    let args =
        if call.body.trim_ascii().is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&call.body) };
    let result = match args {
        Ok(args) => control::run(tenant, name, args).await,
        Err(error) => Err(control::ControlError::new(format!("arguments are not JSON: {error}"))),
    };
    match result {
        Ok(value) => Answer::json(StatusCode::OK, &value),
        Err(error) => Answer::json(StatusCode::BAD_REQUEST, &json!({"error": error.to_string()})),
    }
}

/// The headers that every answer has.
fn stamp(answer: Answer, tenant: &Tenant, call: &Call, number: u64) -> Answer {
    const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
    const MS_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
    const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
    let id = crate::feed::request_id(tenant.config.seed, number);
    let named = [REQUEST_ID, MS_REQUEST_ID].iter().any(|name| answer.headers.contains_key(name));
    let mut answer = answer.with(DATE, &tenant.clock.date()).with(SERVER, "m365kit-sandbox");
    if !named {
        let login = matches!(call.operation, Operation::Token | Operation::Authorize | Operation::DeviceCode);
        answer = answer.with(if login { MS_REQUEST_ID } else { REQUEST_ID }, &id);
    }
    let wants_echo = call.headers.get("return-client-request-id").is_some_and(|value| value == "true");
    match call.header(&CLIENT_REQUEST_ID) {
        Some(theirs) if wants_echo => answer.with(CLIENT_REQUEST_ID, theirs),
        _ => answer,
    }
}
