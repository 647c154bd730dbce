//! Walking one window of a listing from page to page, past every oddity of its links.

use reqwest::Method;
use serde::de::DeserializeOwned;

use super::codes;
use super::content_type::ContentType;
use super::route::Route;
use super::seen::Seen;
use super::subscriptions::read;
use super::window::Window;
use crate::Client;
use crate::error::{Error, Result};
use crate::http::{Answer, Request};
use crate::page::{Warning, WarningCode};

/// How often a window is listed again from its start.
const RESTARTS: u32 = 2;

/// The listing of one content type in one window.
pub(super) struct Listing {
    client: Client,
    route: Route,
    path: &'static str,
    content_type: ContentType,
    window: Window,
    next: Option<Next>,
    /// Links of this round, by which a loop is told.
    seen: Seen,
    /// Rows that were given out, because a restart brings them again.
    given: Seen,
    repeated: u64,
    restarts: u32,
    /// Whether it ended at a link that led nowhere, and not at the last page.
    broke_off: bool,
}

/// A row of a listing.
pub(super) trait Row: DeserializeOwned + Send {
    /// What tells it from all others.
    fn key(&self) -> String;
}

enum Next {
    First,
    Link(String),
}

/// One page of it.
pub(super) struct ListedPage<T> {
    pub(super) items: Vec<T>,
    pub(super) warnings: Vec<Warning>,
}

impl Listing {
    pub(super) fn new(
        client: Client,
        route: Route,
        path: &'static str,
        content_type: ContentType,
        window: Window,
    ) -> Self {
        Listing {
            client,
            route,
            path,
            content_type,
            window,
            next: Some(Next::First),
            seen: Seen::default(),
            given: Seen::default(),
            repeated: 0,
            restarts: 0,
            broke_off: false,
        }
    }

    /// Continues behind a link that an earlier listing gave out.
    pub(super) fn resume(mut self, link: String) -> Self {
        self.next = Some(Next::Link(link));
        self
    }

    /// The link behind which the listing goes on.
    pub(super) fn link(&self) -> Option<&str> {
        match &self.next {
            Some(Next::Link(link)) => Some(link),
            _ => None,
        }
    }

    /// What the listing of the window after this one is made from.
    pub(super) fn parts(&self) -> (Client, Route) {
        (self.client.clone(), self.route.clone())
    }

    /// How many rows the service named more than once, of its own accord.
    pub(super) fn repeated(&self) -> u64 {
        self.repeated
    }

    /// Whether it ended at a link that led nowhere: there may be more than it gave.
    pub(super) fn broke_off(&self) -> bool {
        self.broke_off
    }

    /// The keys of the newest rows that were given out.
    pub(super) fn take_given(&mut self) -> Seen {
        std::mem::take(&mut self.given)
    }

    pub(super) fn window(&self) -> Window {
        self.window
    }

    /// The next page, without rows that were given out before; none at the end.
    pub(super) async fn next_page<T: Row>(&mut self) -> Result<Option<ListedPage<T>>> {
        let mut warnings = Vec::new();
        loop {
            let Some(next) = self.next.take() else { return Ok(None) };
            let Some(request) = self.request(&next) else {
                self.restart_for(&mut warnings, "is no address");
                continue;
            };
            let corridor = self.client.corridor();
            let outcome =
                corridor.exchange(&request, |answer| Ok((next_link(answer), read::<Vec<T>>(answer)?))).await;
            let (link, mut items) = match outcome {
                Ok(page) => page,
                Err(error) if self.may_restart(&error) => {
                    self.restarts += 1;
                    self.seen.clear();
                    match self.window.clamp(corridor.now()) {
                        Some(window) => {
                            warnings
                                .extend((window.start > self.window.start).then(|| window.clamp_warning()));
                            (self.window, self.next) = (window, Some(Next::First));
                        }
                        None => return Err(self.at(error)),
                    }
                    continue;
                }
                Err(error) => return Err(self.at(error)),
            };
            let all = items.len();
            items.retain(|item| self.given.insert(&item.key()));
            if self.restarts == 0 {
                self.repeated += (all - items.len()) as u64;
            }
            self.follow(link, &mut warnings);
            return Ok(Some(ListedPage { items, warnings }));
        }
    }

    fn request(&self, next: &Next) -> Option<Request> {
        match next {
            Next::First => {
                let [(start, start_value), (end, end_value)] = &self.window.query();
                let query =
                    [("contentType", self.content_type.as_str()), (start, start_value), (end, end_value)];
                Some(self.route.operation(Method::GET, self.path, &query))
            }
            Next::Link(link) => self.route.next_page(self.client.corridor(), link, self.path),
        }
    }

    /// A link that is refused, or a range that is: both mend themselves by listing the window anew.
    fn may_restart(&self, error: &Error) -> bool {
        let mends = error.code() == Some(codes::BAD_NEXT_PAGE) || codes::is_bad_range(error);
        mends && self.restarts < RESTARTS
    }

    fn follow(&mut self, link: Option<String>, warnings: &mut Vec<Warning>) {
        let Some(link) = link else { return };
        let request = self.route.next_page(self.client.corridor(), &link, self.path);
        if !request.is_some_and(|request| self.window.allows(&request.url)) {
            self.restart_for(warnings, "belongs to another time");
        } else if !self.seen.insert(&link) {
            self.broke_off = true;
            warnings.push(
                self.warning(WarningCode::LoopingLink, "the link to the next page leads back; stopped there"),
            );
        } else {
            self.next = Some(Next::Link(link));
        }
    }

    fn restart_for(&mut self, warnings: &mut Vec<Warning>, why: &str) {
        self.restarts += 1;
        let again = self.restarts < RESTARTS;
        self.broke_off = !again;
        self.next = again.then_some(Next::First);
        self.seen.clear();
        let then = if again { "listing the window again" } else { "keeping what was listed" };
        warnings
            .push(self.warning(WarningCode::StaleLink, &format!("the link to the next page {why}; {then}")));
    }

    fn warning(&self, code: WarningCode, message: &str) -> Warning {
        tracing::warn!(target: "m365kit::audit", content_type = self.content_type.as_str(), "{message}");
        Warning {
            code,
            message: message.to_owned(),
            content_type: Some(self.content_type.to_string()),
            start: Some(self.window.start),
            end: Some(self.window.end),
        }
    }

    fn at(&self, error: Error) -> Error {
        error.at(|place| {
            place.content_type = Some(self.content_type.to_string());
            self.window.mark(place);
        })
    }
}

/// The link to the next page, under either of its documented names.
pub(super) fn next_link(answer: &Answer) -> Option<String> {
    ["nextpageuri", "nextpageurl"]
        .iter()
        .find_map(|name| answer.headers.get(*name)?.to_str().ok())
        .map(|link| link.trim().to_owned())
        .filter(|link| !link.is_empty())
}
