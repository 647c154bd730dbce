//! A listing of the core, shared by whoever waits for its next page, commits and closes it.

use m365kit::dispatch::{Page, Pages};
use m365kit::{Committer, Error};
use tokio::sync::{Mutex, RwLock};
use tokio_util::sync::CancellationToken;

/// A listing that is open. Everything of it goes when it is closed: what it holds, such as a file, too.
pub(crate) struct Listing {
    /// Who waits or comes for a page when it has been ended gets none.
    ended: CancellationToken,
    open: Mutex<Option<Open>>,
    /// Beside the pages, so that a commit need not wait until the next page has come.
    committer: RwLock<Option<Committer>>,
}

struct Open {
    pages: Pages,
    /// How many pages came from the core.
    count: u64,
    /// The newest of them, until it is known to have arrived: a wait may be cancelled when its page is there
    /// already.
    newest: Option<Page>,
}

impl Listing {
    pub(crate) fn new(pages: Pages) -> Self {
        Listing {
            ended: CancellationToken::new(),
            committer: RwLock::new(pages.committer()),
            open: Mutex::new(Some(Open { pages, count: 0, newest: None })),
        }
    }

    /// The next page. Who says how many were received gets the newest one again if it was not among them.
    pub(crate) async fn next(&self, received: Option<u64>) -> Result<Option<Page>, Error> {
        let next = async {
            match self.open.lock().await.as_mut() {
                Some(open) => open.next(received).await,
                None => Ok(None),
            }
        };
        self.ended.run_until_cancelled(next).await.unwrap_or(Ok(None))
    }

    /// Commits the first so many pages, also while somebody waits for the next; false if there is nothing that
    /// remembers them.
    pub(crate) async fn commit(&self, pages: u64) -> Result<bool, Error> {
        match self.committer.read().await.as_ref() {
            Some(committer) => committer.commit_first(pages).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Lets nobody have another page, and ends the request for one that is under way.
    pub(crate) fn end(&self) {
        self.ended.cancel();
    }

    /// Drops the pages once nobody reads them, and the committer once nobody commits.
    pub(crate) async fn close(&self) {
        drop(self.open.lock().await.take());
        drop(self.committer.write().await.take());
    }
}

impl Open {
    async fn next(&mut self, received: Option<u64>) -> Result<Option<Page>, Error> {
        let Some(received) = received else { return self.pages.next().await };
        if received < self.count {
            return Ok(self.newest.clone());
        }
        self.newest = None;
        let page = self.pages.next().await?;
        if page.is_some() {
            self.count += 1;
            self.newest.clone_from(&page);
        }
        Ok(page)
    }
}
