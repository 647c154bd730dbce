//! What goes wrong: as a rule spells it, and as it is done.

use std::collections::BTreeMap;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::canned::{Canned, status_of};
use crate::identity::{Refused, known, numbered, status_of as status_of_error};
use crate::throttle::Look;

/// An action as it is written: a delay, or one of the others, or both.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the members are the vocabulary of the rule; one of them is set"
)]
pub(super) struct Spelled {
    delay: Option<f64>,
    status: Option<u16>,
    body: Option<Value>,
    headers: BTreeMap<String, String>,
    code: Option<String>,
    aadsts: Option<u32>,
    error: Option<String>,
    suberror: Option<String>,
    claims: Option<Value>,
    message: Option<String>,
    cut_after: Option<usize>,
    truncate: Option<usize>,
    wrong_length: Option<i64>,
    drip_bytes: Option<usize>,
    drip_every: Option<f64>,
    duplicate_listing: bool,
    listing_changes: Option<Share>,
    repeat_before: Option<usize>,
    empty_pages: Option<usize>,
    stale_page: bool,
    next_from_year: Option<u16>,
    loop_page: bool,
    loop_first: bool,
    foreign_uri: Option<String>,
    foreign_next: Option<String>,
    wrong_uri: Option<UriPart>,
    stall: bool,
    reset: bool,
    html: bool,
    object_body: bool,
    empty: bool,
    throttle: Option<Look>,
    storm: Option<Storm>,
    expire_token: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged, expecting = "listingChanges: takes `true` or a share between 0 and 1")]
enum Share {
    Usual(bool),
    Some(f64),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum UriPart {
    Tenant,
    Path,
}

/// A time in which everything fails.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Storm {
    /// How long it lasts, by the sandbox's clock.
    pub(super) seconds: f64,
    /// What is answered; without it 500, 502, 503 and 504 in turn.
    status: Option<u16>,
}

/// What goes wrong.
#[derive(Clone, Default)]
pub(crate) struct Action {
    /// Seconds before anything else happens.
    pub(crate) delay: Option<f64>,
    pub(crate) effect: Effect,
}

/// What goes wrong beside a delay.
#[derive(Clone, Default)]
pub(crate) enum Effect {
    /// Nothing else.
    #[default]
    None,
    /// Another answer than that of the service.
    Instead(Canned),
    /// The answer of the service is broken on its way.
    Wire(WireFault),
    /// The listing is not what it should be.
    Listing(Bend),
    /// The connection is reset before there is an answer.
    Reset,
    /// The token of the request is no longer good.
    ExpireToken,
}

/// What happens to a body on its way.
#[derive(Clone, Copy)]
pub(crate) enum WireFault {
    /// Its full length is announced, and so many bytes arrive before the connection ends.
    Cut(usize),
    /// It is shortened to so many bytes, and the shorter length is announced.
    Truncate(usize),
    /// The announced length is wrong by this.
    WrongLength(i64),
    /// So many bytes every so many seconds.
    Drip(usize, f64),
    /// Half of it, and then nothing until the client goes.
    Stall,
}

/// What is wrong with a listing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bend {
    /// Every item is there twice.
    pub(crate) duplicate: bool,
    /// A share of the items is missing, chosen by this number.
    pub(crate) changes: Option<(f64, u64)>,
    /// So many items from before the window are there too.
    pub(crate) before: usize,
    /// So many empty pages follow.
    pub(crate) empty_pages: usize,
    pub(crate) next: Option<WrongNext>,
    pub(crate) uri: Option<WrongUri>,
}

/// What is wrong with the link to the next page.
#[derive(Clone, Debug)]
pub(crate) enum WrongNext {
    /// It is of a year ago.
    Stale,
    /// It is of this year.
    Year(u16),
    /// It leads to the page it is on.
    Same,
    /// It leads to the first page.
    First,
    /// It leads to another host.
    Foreign(String),
}

/// What is wrong with the addresses of contents.
#[derive(Clone, Debug)]
pub(crate) enum WrongUri {
    /// They are at another host.
    Host(String),
    /// They are of another tenant.
    Tenant,
    /// They lack `/api/v1.0`.
    Path,
}

impl Storm {
    /// The status of the `number`-th answer in it.
    pub(super) fn status(self, number: u64) -> StatusCode {
        const TURNS: [StatusCode; 4] = [
            StatusCode::INTERNAL_SERVER_ERROR,
            StatusCode::BAD_GATEWAY,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::GATEWAY_TIMEOUT,
        ];
        let said = self.status.and_then(|status| StatusCode::from_u16(status).ok());
        said.unwrap_or(TURNS[(number % 4) as usize])
    }
}

impl Spelled {
    /// The storm, if it is one.
    pub(super) fn storm(&self) -> Option<Storm> {
        self.storm
    }

    /// What it means, or what is wrong with it.
    pub(super) fn read(self) -> Result<Action, String> {
        let delay = self.delay;
        if delay.is_some_and(|delay| !(0.0..3_600.0).contains(&delay)) {
            return Err("action.delay: must be between 0 and 3,600 seconds".into());
        }
        let mut effects = self.answers()?;
        effects.extend(self.wire()?.into_iter().map(Effect::Wire));
        effects.extend(self.listing()?.into_iter().map(Effect::Listing));
        for (set, effect) in [(self.reset, Effect::Reset), (self.expire_token, Effect::ExpireToken)] {
            if set {
                effects.push(effect);
            }
        }
        if effects.len() > 1 {
            return Err("action: takes one fault, beside a delay".into());
        }
        match effects.pop() {
            None if delay.is_none() => Err("action: names no fault".into()),
            effect => Ok(Action { delay, effect: effect.unwrap_or_default() }),
        }
    }

    fn answers(&self) -> Result<Vec<Effect>, String> {
        let mut canned = vec![];
        let status = |status: u16| {
            let known = StatusCode::from_u16(status).ok().filter(|known| known.as_u16() >= 200);
            known.ok_or_else(|| format!("action.status: {status} is not one"))
        };
        let said = self.status.map(status).transpose()?;
        if self.code.is_none() && self.aadsts.is_none() && self.message.is_some() {
            return Err("action.message: needs action.code or action.aadsts".into());
        }
        if let Some(refused) = self.refused(said)? {
            return Ok(vec![Effect::Instead(Canned::Authority { refused, headers: self.headers.clone() })]);
        }
        let beside = self.body.is_some() || !self.headers.is_empty();
        match (&self.code, said) {
            (Some(code), said) => {
                if beside {
                    return Err("action.code: takes no body and no headers".into());
                }
                let status = said.unwrap_or_else(|| status_of(code));
                canned.push(Canned::Code { code: code.clone(), status, message: self.message.clone() });
            }
            (None, Some(status)) => {
                let (body, headers) = (self.body.clone(), self.headers.clone());
                canned.push(Canned::Status { status, body, headers });
            }
            (None, None) if beside => return Err("action.body, action.headers: need action.status".into()),
            (None, None) => {}
        }
        canned.extend(self.throttle.map(Canned::Throttle));
        if let Some(storm) = self.storm {
            if !(storm.seconds > 0.0 && storm.seconds <= 604_800.0) {
                return Err("action.storm.seconds: must be above 0 and at most 604,800".into());
            }
            if storm.status.is_some_and(|status| !(500..600).contains(&status)) {
                return Err("action.storm.status: must be between 500 and 599".into());
            }
            canned.push(Canned::Status { status: storm.status(0), body: None, headers: BTreeMap::new() });
        }
        for (set, answer) in
            [(self.html, Canned::Html), (self.object_body, Canned::ObjectBody), (self.empty, Canned::Empty)]
        {
            if set {
                canned.push(answer);
            }
        }
        Ok(canned.into_iter().map(Effect::Instead).collect())
    }

    /// The refusal of the authority, if it is one.
    fn refused(&self, status: Option<StatusCode>) -> Result<Option<Refused>, String> {
        let Some(number) = self.aadsts else {
            let beside = self.error.is_some() || self.suberror.is_some() || self.claims.is_some();
            return if beside {
                Err("action.error, action.suberror, action.claims: need action.aadsts".into())
            } else {
                Ok(None)
            };
        };
        if self.code.is_some() || self.body.is_some() {
            return Err("action.aadsts: takes no code and no body".into());
        }
        if known(number).is_none() && self.error.is_none() {
            return Err(format!("action.aadsts: {number} is not in the catalogue, and needs action.error"));
        }
        let mut refused = numbered(number);
        if let Some(error) = &self.error {
            (refused.error, refused.status) = (error.clone().into(), status_of_error(error));
        }
        if let Some(message) = &self.message {
            refused.text.clone_from(message);
        }
        refused.status = status.unwrap_or(refused.status);
        refused.suberror.clone_from(&self.suberror);
        refused.claims = self.claims.clone().map(Box::new);
        Ok(Some(refused))
    }

    fn wire(&self) -> Result<Vec<WireFault>, String> {
        let mut faults = vec![];
        match (self.drip_bytes, self.drip_every) {
            (None, None) => {}
            (Some(bytes), Some(every)) if bytes > 0 && (0.0..3_600.0).contains(&every) => {
                faults.push(WireFault::Drip(bytes, every));
            }
            _ => return Err("action.dripBytes, action.dripEvery: need each other, and be above 0".into()),
        }
        faults.extend(self.cut_after.map(WireFault::Cut));
        faults.extend(self.truncate.map(WireFault::Truncate));
        faults.extend(self.wrong_length.map(WireFault::WrongLength));
        faults.extend(self.stall.then_some(WireFault::Stall));
        Ok(faults)
    }

    /// What is wrong with a listing; of the links and of the addresses one thing each.
    fn listing(&self) -> Result<Option<Bend>, String> {
        let changes = match self.listing_changes {
            None | Some(Share::Usual(false)) => None,
            Some(Share::Usual(true)) => Some((0.3, 0)),
            Some(Share::Some(share)) if (0.0..=1.0).contains(&share) => Some((share, 0)),
            Some(Share::Some(_)) => {
                return Err("action.listingChanges: takes `true` or a share between 0 and 1".into());
            }
        };
        for (count, name) in [(self.repeat_before, "repeatBefore"), (self.empty_pages, "emptyPages")] {
            if count.is_some_and(|count| count == 0 || count > 1_000) {
                return Err(format!("action.{name}: must be between 1 and 1,000"));
            }
        }
        if self.next_from_year.is_some_and(|year| !(1970..=2100).contains(&year)) {
            return Err("action.nextFromYear: must be between 1970 and 2100".into());
        }
        let next = [
            self.stale_page.then_some(WrongNext::Stale),
            self.next_from_year.map(WrongNext::Year),
            self.loop_page.then_some(WrongNext::Same),
            self.loop_first.then_some(WrongNext::First),
            self.foreign_next.clone().map(WrongNext::Foreign),
        ];
        let part = self.wrong_uri.map(|part| match part {
            UriPart::Tenant => WrongUri::Tenant,
            UriPart::Path => WrongUri::Path,
        });
        let uri = [self.foreign_uri.clone().map(WrongUri::Host), part];
        let (next, uri): (Vec<_>, Vec<_>) =
            (next.into_iter().flatten().collect(), uri.into_iter().flatten().collect());
        if next.len() > 1 || uri.len() > 1 {
            return Err("action: takes one wrong link and one wrong address of contents".into());
        }
        let bend = Bend {
            duplicate: self.duplicate_listing,
            changes,
            before: self.repeat_before.unwrap_or(0),
            empty_pages: self.empty_pages.unwrap_or(0),
            next: next.into_iter().next(),
            uri: uri.into_iter().next(),
        };
        let any = bend.duplicate
            || bend.changes.is_some()
            || bend.before > 0
            || bend.empty_pages > 0
            || bend.next.is_some()
            || bend.uri.is_some();
        Ok(any.then_some(bend))
    }
}
