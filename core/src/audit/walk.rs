//! Walking a window whole: in halves where the service cannot list it at once.

use jiff::SignedDuration;

use super::content::Content;
use super::content_type::ContentType;
use super::listing::{ListedPage, Listing, Row};
use super::route::Route;
use super::seen::Seen;
use super::window::Window;
use crate::Client;
use crate::error::{Error, ErrorKind, Result};

/// Windows are not cut into shorter pieces than this.
const SHORTEST: SignedDuration = SignedDuration::from_mins(1);
/// As long as nothing could be listed it is only cut so often: the trouble may be another one.
const CUT_IN_DOUBT: u32 = 2;
/// So many failures in a row are not the fault of single windows.
const HOPELESS: u32 = 12;

/// The walk through the content of one type in one window.
pub(super) struct Walk {
    client: Client,
    route: Route,
    content_type: ContentType,
    whole: Window,
    /// What is still to be listed, the next one last.
    ahead: Vec<Part>,
    listing: Option<(Part, Listing)>,
    /// Parts that failed before any had succeeded, when it could not be told whose fault that was.
    doubtful: Vec<(Part, Error)>,
    /// What parts that failed half-way have given out.
    given: Seen,
    repeated: u64,
    succeeded: bool,
    failures_in_a_row: u32,
}

#[derive(Clone, Copy)]
struct Part {
    window: Window,
    /// How often the whole was cut to get it.
    cuts: u32,
}

/// What a step of the walk has found.
pub(super) enum Walked {
    /// A page of content.
    Page(ListedPage<Content>),
    /// A part is listed to its end.
    Done,
    /// A part ended at a link that led nowhere, of which a warning tells: there may be more in it.
    BrokeOff(Window),
    /// A part cannot be listed.
    Failed(Window, Error),
}

impl Walk {
    pub(super) fn new(client: Client, route: Route, content_type: ContentType, window: Window) -> Self {
        Walk {
            client,
            route,
            content_type,
            whole: window,
            ahead: vec![Part { window, cuts: 0 }],
            listing: None,
            doubtful: Vec::new(),
            given: Seen::default(),
            repeated: 0,
            succeeded: false,
            failures_in_a_row: 0,
        }
    }

    /// How many rows the service named more than once, of its own accord.
    pub(super) fn repeated(&self) -> u64 {
        self.repeated
    }

    /// The next step; none at the end. An error says that no part can be listed.
    pub(super) async fn next(&mut self) -> Result<Option<Walked>> {
        loop {
            if self.listing.is_none() && !self.begin_next()? {
                return Ok(None);
            }
            let Some((part, listing)) = &mut self.listing else { continue };
            let part = *part;
            match listing.next_page::<Content>().await {
                Ok(Some(mut page)) => {
                    if !self.given.is_empty() {
                        page.items.retain(|item| !self.given.contains(&item.key()));
                    }
                    return Ok(Some(Walked::Page(page)));
                }
                Ok(None) => {
                    self.repeated += listing.repeated();
                    let step = if listing.broke_off() { Walked::BrokeOff(part.window) } else { Walked::Done };
                    self.listing = None;
                    (self.succeeded, self.failures_in_a_row) = (true, 0);
                    return Ok(Some(step));
                }
                Err(error) => {
                    let given = listing.take_given();
                    self.given.extend(given);
                    self.listing = None;
                    if let Some(failed) = self.failed(part, error)? {
                        return Ok(Some(failed));
                    }
                }
            }
        }
    }

    fn begin_next(&mut self) -> Result<bool> {
        if self.ahead.is_empty() && !self.doubtful.is_empty() {
            let doubtful = std::mem::take(&mut self.doubtful);
            if !self.succeeded {
                let first = doubtful.into_iter().map(|(_, error)| error).next();
                let whole = self.whole;
                return first.map_or(Ok(false), |error| Err(error.at(|place| whole.mark(place))));
            }
            self.ahead.extend(doubtful.into_iter().rev().map(|(part, _)| part));
        }
        let Some(part) = self.ahead.pop() else { return Ok(false) };
        let (client, route) = (self.client.clone(), self.route.clone());
        let listing =
            Listing::new(client, route, "subscriptions/content", self.content_type.clone(), part.window);
        self.listing = Some((part, listing));
        Ok(true)
    }

    /// A part that may be at fault itself is cut; what follows from it is the next step.
    fn failed(&mut self, part: Part, error: Error) -> Result<Option<Walked>> {
        if !is_the_windows_fault(&error) {
            return Err(error.at(|place| self.whole.mark(place)));
        }
        self.failures_in_a_row += 1;
        match part.window.halves(SHORTEST) {
            _ if self.failures_in_a_row > HOPELESS => Ok(Some(Walked::Failed(part.window, error))),
            Some([first, second]) if part.cuts < CUT_IN_DOUBT || self.succeeded => {
                let cuts = part.cuts + 1;
                self.ahead.extend([second, first].map(|window| Part { window, cuts }));
                Ok(None)
            }
            Some(_) => {
                self.doubtful.push((part, error));
                Ok(None)
            }
            None if part.cuts == 0 => Err(error),
            None => Ok(Some(Walked::Failed(part.window, error))),
        }
    }
}

/// The service has trouble, which may come from what it has to list.
fn is_the_windows_fault(error: &Error) -> bool {
    error.is_retryable()
        && matches!(error.kind(), ErrorKind::Service | ErrorKind::Timeout | ErrorKind::Decode)
}
