//! Listing one content type, again and again, onto the work list.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};

use super::batch::Event;
use super::shared::Shared;
use super::state::{GapRow, SpanRow, TypeRow};
use crate::audit::codes;
use crate::audit::content::Content;
use crate::audit::content_type::ContentType;
use crate::audit::listing::ListedPage;
use crate::audit::walk::{Walk, Walked};
use crate::audit::window::Window;
use crate::cloud::Service;
use crate::error::{Error, ErrorKind, Result};
use crate::page::WarningCode;

/// The first listing is so long, and later ones grow and shrink with what they find.
const FIRST_SPAN: SignedDuration = SignedDuration::from_hours(1);
const SHORTEST_SPAN: SignedDuration = SignedDuration::from_mins(10);
const LONGEST_SPAN: SignedDuration = SignedDuration::from_hours(24);
/// Pages that a listing should not be longer than.
const MANY_PAGES: u64 = 10;
/// What was listed is listed again this often, and this far back, for content that is listed late.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_hours(1);
const SWEEP_BACK: SignedDuration = SignedDuration::from_hours(24);

/// Whoever lists one content type.
pub(super) struct Lister {
    shared: Arc<Shared>,
    of: ContentType,
    span: SignedDuration,
    in_vain: u32,
    is_ensured: bool,
}

/// Tells a trouble once, until it is over or another one takes its place.
#[derive(Default)]
pub(super) struct Trouble(Option<(ErrorKind, Option<String>)>);

impl Trouble {
    /// The error, if it has not been told yet.
    pub(super) fn news(&mut self, error: Error) -> Option<Error> {
        // That a start has to wait says nothing new of why the last one failed.
        if error.kind() == ErrorKind::Conflict && self.0.is_some() {
            return None;
        }
        let is = (error.kind(), error.code().map(str::to_owned));
        let is_news = self.0.as_ref() != Some(&is);
        self.0 = Some(is);
        is_news.then_some(error)
    }

    pub(super) fn is_over(&mut self) {
        self.0 = None;
    }
}

impl Lister {
    pub(super) fn new(shared: Arc<Shared>, of: ContentType) -> Self {
        Lister { shared, of, span: FIRST_SPAN, in_vain: 0, is_ensured: false }
    }

    /// Lists for ever, or once if the follower stops when it has caught up; ends early when the client is closed.
    pub(super) async fn run(mut self) {
        let mut trouble = Trouble::default();
        loop {
            let wait = match self.round().await {
                Ok(found) => {
                    trouble.is_over();
                    self.in_vain = if found > 0 { 1 } else { self.in_vain.saturating_add(1) };
                    self.shared.rhythm.idle(self.in_vain)
                }
                Err(error) if error.kind() == ErrorKind::Cancelled => {
                    return self.shared.send(Event::Ended(error)).await;
                }
                Err(error) => {
                    let slow = codes::ends_content_type(&error) || error.kind() == ErrorKind::Conflict;
                    self.is_ensured &= !codes::says_that_it_is_not_subscribed(&error);
                    let of = self.of.to_string();
                    self.shared.tell(trouble.news(error.at(|place| place.content_type = Some(of)))).await;
                    if slow { self.shared.rhythm.slow() } else { self.shared.rhythm.idle(2) }
                }
            };
            self.shared.was_listed(&self.of);
            if self.shared.stops {
                // What a further round found would be fetched for nobody, and again the next time.
                return;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Lists what is new, what may be late, and what failed before; gives how many blobs that brought.
    async fn round(&mut self) -> Result<u64> {
        self.ensure_subscription().await?;
        let shared = Arc::clone(&self.shared);
        let now = shared.client.corridor().service_now(&Service::Management).await?;
        let mut row = self.type_row(now).await?;
        shared.tell_skew().await;
        let kept_since = Window::kept_since(now);
        if row.listed_to < kept_since {
            let gap = Window { start: row.listed_to, end: kept_since };
            row.listed_to = kept_since;
            self.note_gap(gap, row).await?;
        }
        let mut found = self.list_failed_spans(now, row).await?;

        let end = Window::second_before(now, shared.options.lag);
        // A clock that was ahead for a while may have led past what was not there yet.
        let went_back = row.listed_to > end;
        row.listed_to = row.listed_to.min(end);
        let sweeps = went_back || row.swept_at.is_none_or(|at| now.duration_since(at) >= SWEEP_EVERY);
        let back = if sweeps { SWEEP_BACK.max(shared.options.overlap) } else { shared.options.overlap };
        let start =
            row.listed_to.saturating_sub(back).unwrap_or(Timestamp::MIN).max(row.since).max(kept_since);
        let mut start = Window { start, end }.to_seconds().start;
        while start < end {
            let window =
                Window { start, end }.pieces(self.span).next().unwrap_or(Window { start, end }).to_seconds();
            row.listed_to = row.listed_to.max(window.end);
            found += self.list(window, row).await?;
            start = window.end;
        }
        if sweeps {
            row.swept_at = Some(now);
            let of = self.of.clone();
            shared
                .on_state(move |state| state.set_type_row(&of, row).and_then(|()| state.forget(now)))
                .await?;
        }
        shared.listed_to(&self.of, row.listed_to);
        Ok(found)
    }

    /// How far it has come; at the first time, where it begins.
    async fn type_row(&self, now: Timestamp) -> Result<TypeRow> {
        let of = self.of.clone();
        if let Some(row) = self.shared.on_state(move |state| state.type_row(&of)).await? {
            return Ok(row);
        }
        let since = if self.shared.options.begins_where_told {
            self.shared.options.span.resolve(now)?.0.start
        } else {
            Window { start: Window::oldest(now), end: now }.to_seconds().start
        };
        // A subscription that was started just now was so before there was a row to say it.
        let started_at = self.shared.client.started_at(&self.of);
        let row = TypeRow { since, listed_to: since, swept_at: Some(now), started_at };
        let of = self.of.clone();
        self.shared.on_state(move |state| state.set_type_row(&of, row)).await?;
        Ok(row)
    }

    async fn list(&mut self, window: Window, row: TypeRow) -> Result<u64> {
        let (client, route) = (self.shared.client.clone(), self.shared.route.clone());
        let mut walk = Walk::new(client, route, self.of.clone(), window);
        let (mut pages, mut found) = (0, 0);
        while let Some(step) = walk.next().await? {
            match step {
                Walked::Page(page) => {
                    pages += 1;
                    found += self.add(page, window, row).await?;
                }
                Walked::Done => {}
                Walked::BrokeOff(part) => self.put_aside(part, &broken_off(), 1).await?,
                Walked::Failed(part, error) => {
                    self.put_aside(part, &error, 1).await?;
                    let hint = "The span is tried again until it expires; audit.inspect_state lists what is";
                    self.shared.send(Event::Problem(error.with_hint_if_none(hint))).await;
                }
            }
        }
        self.adapt(pages, found);
        self.shared.counts.windows.fetch_add(1, Ordering::Relaxed);
        let of = self.of.clone();
        self.shared.on_state(move |state| state.add(Vec::new(), false, Some((&of, row)))).await?;
        Ok(found)
    }

    async fn add(&self, page: ListedPage<Content>, window: Window, row: TypeRow) -> Result<u64> {
        self.shared.counts.pages.fetch_add(1, Ordering::Relaxed);
        let (clamped, warnings): (Vec<_>, Vec<_>) =
            page.warnings.into_iter().partition(|warning| warning.code == WarningCode::StartClamped);
        for end in clamped.iter().filter_map(|warning| warning.start).filter(|end| *end > window.start) {
            self.note_gap(Window { start: window.start, end }, row).await?;
        }
        if !warnings.is_empty() {
            self.shared.send(Event::Warnings(warnings)).await;
        }
        let items = page.items;
        if items.is_empty() {
            return Ok(0);
        }
        let added = self.shared.on_state(move |state| state.add(items, false, None)).await?;
        if added > 0 {
            self.shared.work.notify_one();
        }
        Ok(added)
    }

    fn adapt(&mut self, pages: u64, found: u64) {
        if pages > MANY_PAGES {
            self.span = (self.span / 2).max(SHORTEST_SPAN);
        } else if pages <= 1 || found == 0 {
            self.span = (self.span * 2).min(LONGEST_SPAN);
        }
    }

    async fn list_failed_spans(&mut self, now: Timestamp, row: TypeRow) -> Result<u64> {
        let of = self.of.clone();
        let spans = self.shared.on_state(move |state| state.spans(&of)).await?;
        let mut found = 0;
        for (span, failed) in spans.into_iter().filter(|(_, failed)| failed.retry_at <= now) {
            let Some(window) = span.clamp(now) else {
                self.note_gap(span, row).await?;
                self.forget_span(span).await?;
                continue;
            };
            let (client, route) = (self.shared.client.clone(), self.shared.route.clone());
            let mut walk = Walk::new(client, route, self.of.clone(), window);
            let mut failures = Vec::new();
            loop {
                match walk.next().await {
                    Ok(Some(Walked::Page(page))) => found += self.add(page, window, row).await?,
                    Ok(Some(Walked::Done)) => {}
                    Ok(Some(Walked::BrokeOff(part))) => failures.push((part, broken_off())),
                    Ok(Some(Walked::Failed(part, error))) => failures.push((part, error)),
                    Ok(None) => break,
                    Err(error) if error.is_retryable() => {
                        failures = vec![(window, error)];
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
            self.forget_span(span).await?;
            for (part, error) in failures {
                self.put_aside(part, &error, failed.attempts + 1).await?;
            }
        }
        Ok(found)
    }

    /// A span that cannot be listed is on the work list too.
    async fn put_aside(&self, part: Window, error: &Error, attempts: u32) -> Result<()> {
        let row = SpanRow {
            end: part.end,
            attempts,
            retry_at: self.shared.rhythm.retry_at(self.shared.now(), attempts),
            error: error.message().to_owned(),
        };
        let of = self.of.clone();
        self.shared.on_state(move |state| state.set_span(&of, part.start, Some(&row))).await
    }

    async fn forget_span(&self, span: Window) -> Result<()> {
        let of = self.of.clone();
        self.shared.on_state(move |state| state.set_span(&of, span.start, None)).await
    }

    async fn note_gap(&self, gap: Window, row: TypeRow) -> Result<()> {
        let gap = GapRow { content_type: self.of.clone(), start: gap.start, end: gap.end, told: false };
        let noted = gap.clone();
        let number = self.shared.on_state(move |state| state.add_gap(&noted, row)).await?;
        self.shared.send(Event::Gap { number, error: gap_error(&gap) }).await;
        Ok(())
    }

    async fn ensure_subscription(&mut self) -> Result<()> {
        if self.is_ensured || !self.shared.ensures {
            return Ok(());
        }
        self.shared.ensure_subscription(&self.of).await?;
        self.is_ensured = true;
        Ok(())
    }
}

/// Why a span is listed again whose listing ended too early; the caller knows of it by a warning.
fn broken_off() -> Error {
    Error::new(ErrorKind::Service, "the listing ended at a link that led nowhere")
}

/// What the caller is told of a gap.
pub(super) fn gap_error(gap: &GapRow) -> Error {
    let message = format!(
        "the content of {} from {:.0} to {:.0} is no longer kept: nobody read it within seven days",
        gap.content_type, gap.start, gap.end
    );
    Error::new(ErrorKind::Gone, message)
        .with_hint("audit.search finds the records of that time in the audit log itself")
        .at(|place| {
            place.content_type = Some(gap.content_type.to_string());
            (place.start, place.end) = (Some(gap.start), Some(gap.end));
        })
}
