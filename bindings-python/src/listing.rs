//! A listing of the core, shared by whoever waits for its next page, commits and closes it.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures::task::AtomicWaker;
use m365kit::dispatch::{Page, Pages};
use m365kit::{Committer, Error};
use tokio::sync::{Mutex, MutexGuard, RwLock, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// How long a commit waits for a page that is on its way to Python to arrive there.
const HAND_OVER: Duration = Duration::from_secs(1);

/// A listing that is open. Everything of it goes when it is closed: what it holds, such as a file, too.
pub(crate) struct Listing {
    /// Who waits or comes for a page when it has been ended gets none.
    ended: CancellationToken,
    pages: Mutex<Option<Pages>>,
    /// Beside the pages, so that a commit need not wait until the next page has come.
    committer: RwLock<Option<Committer>>,
    /// The page that the core has handed out, until Python says that it has it: a wait for it may be cancelled
    /// when it is already there. Only where something commits, since nothing else counts what was handed out.
    on_its_way: watch::Sender<Option<Page>>,
    /// Held while a commit counts what was handed out; nothing may be added meanwhile.
    counting: Mutex<()>,
    /// Who waits for a page, while something is counted.
    waiting: AtomicWaker,
}

/// What came of a commit.
pub(crate) enum Commit {
    /// What was handed out is safe.
    Done,
    /// The listing keeps no position, or was closed.
    Nothing,
    /// There is a page that nobody has taken, which a commit would count.
    Untaken,
}

impl Listing {
    pub(crate) fn new(pages: Pages) -> Self {
        Listing {
            ended: CancellationToken::new(),
            committer: RwLock::new(pages.committer()),
            pages: Mutex::new(Some(pages)),
            on_its_way: watch::Sender::new(None),
            counting: Mutex::new(()),
            waiting: AtomicWaker::new(),
        }
    }

    /// The next page; where something commits, the same one until it was [`received`](Self::received).
    pub(crate) async fn next(&self) -> Result<Option<Page>, Error> {
        self.ended.run_until_cancelled(self.next_page()).await.unwrap_or(Ok(None))
    }

    async fn next_page(&self) -> Result<Option<Page>, Error> {
        let mut open = self.pages.lock().await;
        let Some(pages) = open.as_mut() else { return Ok(None) };
        if pages.committer().is_none() {
            return pages.next().await;
        }
        if let Some(page) = self.on_its_way.borrow().clone() {
            return Ok(Some(page));
        }
        let mut next = pin!(pages.next());
        poll_fn(|cx| {
            self.waiting.register(cx.waker());
            let Ok(_counting) = self.counting.try_lock() else { return Poll::Pending };
            let next = next.as_mut().poll(cx);
            if let Poll::Ready(Ok(Some(page))) = &next {
                self.on_its_way.send_replace(Some(page.clone()));
            }
            next
        })
        .await
    }

    /// Python has the page that `next` gave.
    pub(crate) fn received(&self) {
        self.on_its_way.send_replace(None);
    }

    /// Commits what Python has received; also while somebody waits for the next page.
    pub(crate) async fn commit(&self) -> Result<Commit, Error> {
        let committer = self.committer.read().await;
        let Some(committer) = committer.as_ref() else { return Ok(Commit::Nothing) };
        let deadline = Instant::now() + HAND_OVER;
        let mut on_its_way = self.on_its_way.subscribe();
        loop {
            let arrived = timeout_at(deadline, on_its_way.wait_for(Option::is_none)).await.is_ok();
            let _counting = Counting { lock: Some(self.counting.lock().await), waiting: &self.waiting };
            if self.on_its_way.borrow().is_none() {
                return committer.commit().await.map(|()| Commit::Done);
            }
            if !arrived {
                return Ok(Commit::Untaken);
            }
        }
    }

    /// Lets nobody have another page, and ends the request for one that is under way.
    pub(crate) fn end(&self) {
        self.ended.cancel();
    }

    /// Drops the pages once nobody reads them, and the committer once nobody commits.
    pub(crate) async fn close(&self) {
        drop(self.pages.lock().await.take());
        drop(self.committer.write().await.take());
        self.received();
    }
}

/// Keeps pages from being handed out until it is dropped.
struct Counting<'a> {
    lock: Option<MutexGuard<'a, ()>>,
    waiting: &'a AtomicWaker,
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        // In this order: who is woken tries the lock once.
        drop(self.lock.take());
        self.waiting.wake();
    }
}
