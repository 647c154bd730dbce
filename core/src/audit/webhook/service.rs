//! The receiver as a tower service, for axum, hyper and all that speak tower.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use tower_service::Service;

use super::{WebhookReceiver, WebhookReply};
use crate::error::Result;

/// Answers the requests to a webhook with the status that they deserve; made by
/// [`WebhookReceiver::service`]. Mount it at the path of the webhook's address.
#[derive(Debug, Clone)]
pub struct WebhookService {
    receiver: Arc<WebhookReceiver>,
}

impl WebhookReceiver {
    /// A tower service of this receiver. Fails if an option cannot be right.
    pub fn service(self) -> Result<WebhookService> {
        self.check()?;
        Ok(WebhookService { receiver: Arc::new(self) })
    }
}

impl<B> Service<Request<B>> for WebhookService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let receiver = Arc::clone(&self.receiver);
        Box::pin(async move {
            let mut response = Response::new(Empty::new());
            *response.status_mut() = status(&receiver, request).await;
            Ok(response)
        })
    }
}

async fn status<B>(receiver: &WebhookReceiver, request: Request<B>) -> StatusCode
where
    B: Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let (parts, body) = request.into_parts();
    let body = match read(body, receiver.max_bytes).await {
        Ok(body) => body,
        Err(status) => return status,
    };
    match receiver.handle(&parts.method, &parts.headers, &body).await {
        Ok(WebhookReply { status, .. }) => {
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Err(error) => {
            tracing::warn!(target: "m365kit::audit", "a delivery could not be judged: {error}");
            // The service delivers again later.
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// The whole body, or what to answer without it; never holds more than is allowed.
async fn read<B>(body: B, max_bytes: u64) -> Result<Bytes, StatusCode>
where
    B: Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    if body.size_hint().lower() > max_bytes {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let limit = usize::try_from(max_bytes).unwrap_or(usize::MAX);
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::BAD_REQUEST),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::pin::Pin;

    use http_body::Frame;

    use super::*;
    use crate::{Client, StaticToken};

    const TENANT: &str = "3b0f7c9e-1d2a-4c55-9a41-7f2f0c5f9a10";

    fn service(max_bytes: u64) -> WebhookService {
        let client = Client::builder(TENANT).credential(StaticToken::new("t")).build().unwrap();
        client.audit().webhook().auth_id("agreed").max_bytes(max_bytes).service().unwrap()
    }

    /// Chunks that come one by one, without a length that is told ahead.
    struct Chunks(VecDeque<&'static str>);

    impl Body for Chunks {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
            Poll::Ready(match self.0.pop_front() {
                Some("cut") => Some(Err(std::io::Error::other("cut"))),
                Some("never") => panic!("read beyond what is allowed"),
                Some(chunk) => Some(Ok(Frame::data(Bytes::from_static(chunk.as_bytes())))),
                None => None,
            })
        }
    }

    async fn answer(method: &str, auth_id: &str, max_bytes: u64, chunks: &[&'static str]) -> u16 {
        let body = Chunks(chunks.iter().copied().collect());
        let request = Request::builder().method(method).header("Webhook-AuthID", auth_id).body(body).unwrap();
        service(max_bytes).call(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn the_answer_is_the_status_of_the_reply() {
        let good: [&str; 2] = [
            r#"[{"tenantId":"3b0f7c9e-1d2a-4c55-9a41-7f2f0c5f9a10","#,
            r#""contentType":"Audit.General","contentId":"1$a"}]"#,
        ];
        assert_eq!(answer("POST", "agreed", 1_000, &good).await, 200);
        assert_eq!(answer("POST", "forged", 1_000, &good).await, 401);
        assert_eq!(answer("GET", "agreed", 1_000, &[]).await, 405);
        assert_eq!(answer("POST", "agreed", 1_000, &["[]"]).await, 400);
        assert_eq!(answer("POST", "agreed", 1_000, &["[{", "cut"]).await, 400);
    }

    #[tokio::test]
    async fn nothing_is_read_beyond_the_limit() {
        assert_eq!(answer("POST", "agreed", 10, &["[{}, ", "{}, {}]", "never"]).await, 413);
    }

    #[test]
    fn options_that_cannot_be_right_are_refused() {
        let client = Client::builder(TENANT).credential(StaticToken::new("t")).build().unwrap();
        let receiver = || client.audit().webhook();
        for (bad, named) in [
            (receiver().auth_id(" "), "auth_id"),
            (receiver().max_bytes(0), "max_bytes"),
            (receiver().tenants(["contoso.com"]), "tenants"),
            (receiver().client_ids(Vec::<String>::new()), "client_ids"),
        ] {
            let error = bad.service().unwrap_err();
            assert!(error.message().contains(named), "{error}");
        }
    }
}
