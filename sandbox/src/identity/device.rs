//! Sign-in of devices without a browser (identity, 5.6).

use std::collections::VecDeque;

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{Proof, identify, need};
use super::pages;
use super::redirect::Parameters;
use super::refresh::Lease;
use super::refusal::{Refused, missing, numbered, refused};
use super::registry::id;
use super::request::{Request, Segment, Version};
use super::sign_in::Session;
use super::target::Wanted;
use super::token_endpoint::{Granted, for_user};
use crate::answer::Answer;
use crate::call::Call;
use crate::clock::{SECOND, millis};
use crate::config::{App, DeviceStep};
use crate::tenant::Tenant;

/// A device code that was given out.
pub(crate) struct Device {
    code: String,
    user_code: String,
    client: String,
    segment: Segment,
    wanted: Wanted,
    /// What the polls to come are told; the last stays.
    steps: VecDeque<DeviceStep>,
    /// Who approved it, if they said.
    user: Option<String>,
    expires: i64,
    /// Milliseconds between polls.
    interval: i64,
    polled: Option<i64>,
    redeemed: bool,
}

/// Gives out a device code.
pub(super) fn answer(tenant: &Tenant, call: &Call, directory: &str, version: Version) -> Answer {
    match Request::read(tenant, call, directory, version).and_then(|request| start(&request)) {
        Ok(body) => Answer::json(StatusCode::OK, &body),
        Err(refusal) => refusal.answer(tenant, call),
    }
}

fn start(request: &Request<'_>) -> Result<Value, Refused> {
    let tenant = request.tenant;
    // Confidential clients may show their secret here, and none has to.
    let (app, _) = identify(request)?;
    request.segment.check(&app)?;
    if request.version == Version::V2 {
        request.required("scope")?;
    }
    let wanted = request.wanted()?;
    let now = tenant.clock.now();
    let mut book = tenant.identity.book();
    let behaviour = book.behaviour.clone();
    let (code, user_code) = (book.secret("device_code", 48), book.user_code());
    book.devices.retain(|device| now < device.expires + 3_600 * SECOND);
    book.devices.push(Device {
        code: code.clone(),
        user_code: user_code.clone(),
        client: id(&app).to_owned(),
        segment: request.segment,
        wanted,
        steps: behaviour.device.into(),
        user: None,
        expires: now + behaviour.device_lifetime * SECOND,
        interval: behaviour.device_interval * SECOND,
        polled: None,
        redeemed: false,
    });
    let page = format!("{}/devicelogin", tenant.urls.main);
    let message = format!(
        "To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate."
    );
    let text = request.version == Version::V1 || behaviour.string_numbers;
    let number = |value: i64| if text { json!(value.to_string()) } else { json!(value) };
    let uri = if request.version == Version::V1 { "verification_url" } else { "verification_uri" };
    let mut body = json!({
        "user_code": user_code,
        "device_code": code,
        "expires_in": number(behaviour.device_lifetime),
        "interval": number(behaviour.device_interval),
        "message": message,
    });
    body[uri] = json!(page);
    Ok(body)
}

/// Tells a device how far its user is.
pub(super) fn poll(request: &Request<'_>, app: &App, proof: Proof) -> Result<Granted, Refused> {
    if !app.public_client {
        need(proof)?;
    }
    let tenant = request.tenant;
    let shown = request.field("device_code").or_else(|| request.field("code"));
    let shown = shown.ok_or_else(|| missing("device_code"))?;
    let now = tenant.clock.now();
    let (session, wanted) = {
        let mut book = tenant.identity.book();
        let strict = book.behaviour.device_strict;
        let device = book
            .devices
            .iter_mut()
            .find(|device| device.code == shown && device.client.eq_ignore_ascii_case(id(app)))
            .ok_or_else(|| numbered(70_018).because("The device code is not known."))?;
        device.step(now, strict)?;
        let (segment, user, wanted) = (device.segment, device.user.clone(), device.wanted.clone());
        let session =
            Session::start(tenant, &book, segment, user.as_deref()).ok_or_else(|| numbered(50_020))?;
        (session, wanted)
    };
    let confidential = proof != Proof::None;
    let lease = wanted.has("offline_access").then_some(Lease { confidential, page: None });
    for_user(request, app, proof, session, &wanted, lease)
}

/// Answers a browser at the page for user codes.
pub(super) fn page(tenant: &Tenant, call: &Call) -> Answer {
    let parameters = Parameters::of(call);
    let user_code = parameters.get("user_code").unwrap_or_default();
    let step = match parameters.get("decision") {
        Some("approve") if call.method == Method::POST => DeviceStep::Approved,
        Some("decline") if call.method == Method::POST => DeviceStep::Declined,
        _ => return pages::device(tenant, user_code),
    };
    let changed = direct(tenant, Some(user_code), &[step], parameters.get("user"));
    let (status, text) = match changed {
        0 => (StatusCode::BAD_REQUEST, "This code is not known, or it has expired."),
        _ => (StatusCode::OK, "You may close this window."),
    };
    pages::say(status, "Your device", text)
}

/// Says how the device code with this user code, or all that are open, go on. Gives how many.
pub(crate) fn direct(
    tenant: &Tenant,
    user_code: Option<&str>,
    steps: &[DeviceStep],
    user: Option<&str>,
) -> usize {
    let now = tenant.clock.now();
    let mut book = tenant.identity.book();
    let meant = book.devices.iter_mut().filter(|device| {
        !device.redeemed
            && now < device.expires
            && user_code.is_none_or(|code| code.eq_ignore_ascii_case(&device.user_code))
    });
    let mut changed = 0;
    for device in meant {
        device.steps = steps.iter().copied().collect();
        device.user = user.map(str::to_owned).or(device.user.take());
        changed += 1;
    }
    changed
}

/// The device codes as tests see them; the codes themselves are among the secrets.
pub(crate) fn show(tenant: &Tenant) -> Vec<Value> {
    let book = tenant.identity.book();
    let devices = book.devices.iter().map(|device| {
        json!({
            "userCode": device.user_code,
            "clientId": device.client,
            "steps": device.steps,
            "expires": millis(device.expires),
            "redeemed": device.redeemed,
        })
    });
    devices.collect()
}

impl Device {
    /// Goes one step on; says why there are no tokens yet.
    fn step(&mut self, now: i64, strict: bool) -> Result<(), Refused> {
        if self.redeemed {
            return Err(numbered(54_005));
        }
        if now >= self.expires {
            return Err(numbered(70_019));
        }
        let early = self.polled.is_some_and(|polled| now < polled + self.interval);
        self.polled = Some(now);
        if early && strict {
            return Err(self.slow_down());
        }
        let step = match self.steps.len() {
            0 | 1 => self.steps.front().copied(),
            _ => self.steps.pop_front(),
        };
        match step {
            Some(DeviceStep::Approved) => {
                self.redeemed = true;
                Ok(())
            }
            Some(DeviceStep::Pending) | None => Err(numbered(70_016)),
            Some(DeviceStep::SlowDown) => Err(self.slow_down()),
            Some(DeviceStep::Declined) => {
                let text = "The user declined to sign in.";
                Err(refused("authorization_declined", 65_004, text))
            }
            Some(DeviceStep::Expired) => Err(numbered(70_019)),
            Some(DeviceStep::Bad) => Err(numbered(70_018)),
        }
    }

    fn slow_down(&mut self) -> Refused {
        self.interval += 5 * SECOND;
        let text =
            "OAuth 2.0 device flow error. The device polls too often. Continue polling, 5 seconds slower.";
        refused("slow_down", 70_016, text)
    }
}
