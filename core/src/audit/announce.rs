//! Telling the followers of this process about content that a webhook announced.
//!
//! Nothing depends on it: a follower that misses an announcement finds the content by polling.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tokio::sync::broadcast::{self, error::RecvError};

use super::content::Content;
use crate::Client;
use crate::cloud::Service;
use crate::error::Result;

/// Announcements that wait for one follower at most; of more the oldest are forgotten.
const WAITING: usize = 1_024;

static HUB: LazyLock<Mutex<HashMap<FeedKey, broadcast::Sender<Arc<Content>>>>> =
    LazyLock::new(Mutex::default);

/// The feed of one tenant on one cloud.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct FeedKey {
    host: String,
    tenant: String,
}

impl FeedKey {
    /// The feed of a tenant, by its directory id, on the cloud of a client.
    pub(super) fn new(client: &Client, tenant_id: &str) -> Result<FeedKey> {
        let host = client.corridor().hosts.service(&Service::Management)?;
        Ok(FeedKey { host: host.to_string(), tenant: tenant_id.to_ascii_lowercase() })
    }
}

/// What is announced of one feed from now on.
pub(super) struct Announcements(broadcast::Receiver<Arc<Content>>);

impl Announcements {
    /// Waits for the next announcement. Nothing is lost when it is given up meanwhile.
    pub(super) async fn next(&mut self) -> Arc<Content> {
        loop {
            match self.0.recv().await {
                Ok(content) => return content,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

/// Tells all who listen to a feed what is new in it.
pub(super) fn announce(key: &FeedKey, contents: impl IntoIterator<Item = Content>) {
    let mut hub = HUB.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(sender) = hub.get(key) else { return };
    if sender.receiver_count() == 0 {
        hub.remove(key);
        return;
    }
    for content in contents {
        // Fails only when the last listener leaves at this moment.
        let _ = sender.send(Arc::new(content));
    }
}

/// Listens to what is announced of a feed, until it is dropped.
pub(super) fn listen(key: &FeedKey) -> Announcements {
    let mut hub = HUB.lock().unwrap_or_else(PoisonError::into_inner);
    hub.retain(|_, sender| sender.receiver_count() > 0);
    let sender = hub.entry(key.clone()).or_insert_with(|| broadcast::Sender::new(WAITING));
    Announcements(sender.subscribe())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::ContentType;

    fn key(tenant: &str) -> FeedKey {
        FeedKey { host: "https://announce.example/".into(), tenant: tenant.into() }
    }

    fn content(id: &str) -> Content {
        Content {
            content_type: ContentType::Exchange,
            content_id: id.into(),
            content_uri: None,
            content_created: None,
            content_expiration: None,
            extra: serde_json::Map::new(),
        }
    }

    #[tokio::test]
    async fn all_who_listen_to_the_feed_hear_of_it_and_nobody_else() {
        let (mut one, mut two, mut other) = (listen(&key("a")), listen(&key("a")), listen(&key("b")));
        announce(&key("a"), [content("1"), content("2")]);
        announce(&key("b"), [content("3")]);
        assert_eq!((one.next().await.content_id.as_str(), one.next().await.content_id.as_str()), ("1", "2"));
        assert_eq!(two.next().await.content_id, "1");
        assert_eq!(other.next().await.content_id, "3");
    }

    #[tokio::test]
    async fn who_does_not_keep_up_misses_the_oldest() {
        let mut slow = listen(&key("c"));
        announce(&key("c"), (0..WAITING + 10).map(|n| content(&n.to_string())));
        assert_eq!(slow.next().await.content_id, "10");
    }
}
