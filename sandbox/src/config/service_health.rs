//! What there is to say about the health of services, and how both wires say it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ConfigError;

/// Services, issues and messages, and the quirks of the two wires that tell of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are switches that have nothing to do with each other"
)]
pub struct ServiceHealth {
    /// The services, as `{id, service}` with `features: [{id, name}]` and a fixed `status` where wanted. Default: a
    /// catalogue of 24.
    pub services: Option<Vec<Map<String, Value>>>,
    /// How many issues there are at the start, or exactly which, as Graph spells them. Default 24.
    pub issues: Stock,
    /// How many messages there are at the start, or exactly which, as Graph spells them. Default 40.
    pub messages: Stock,
    /// How many days before the start of the clock they reach. Default 60.
    pub days: f64,
    /// Issues that open, develop and end while the clock runs. Default: none.
    pub live: Option<Unfolding>,
    /// Which names the older wire has for features. Default `"wire"`.
    pub dialect: Dialect,
    /// Whether the older wire takes its documented default windows literally. Default `false`: what is open or was
    /// changed within them is listed too.
    pub strict_window: bool,
    /// Whether a service is found by its display name only. Default `false`: by its id as well.
    pub strict_key: bool,
    /// Whether members of enums come in more than one case. Default `false`.
    pub mixed_case_enums: bool,
    /// Whether errors of the older wire have code and sentence in one member. Default `false`.
    pub malformed_errors: bool,
    /// Whether the older wire has been retired, and the status it says so with. Default `false`; `true` is 410.
    pub retired: Retired,
    /// Where bytes of attachments and reports are sent from. Default: from where they are asked for.
    pub redirect: Option<Redirect>,
    /// The limits that Graph has for these calls. Default: none.
    pub limits: Limits,
    /// Users with a role that lets them read; others get 403 whatever their token says. Default: all have one.
    pub administrators: Option<Vec<String>>,
}

impl Default for ServiceHealth {
    fn default() -> Self {
        Self {
            services: None,
            issues: Stock::Made(24),
            messages: Stock::Made(40),
            days: 60.0,
            live: None,
            dialect: Dialect::Wire,
            strict_window: false,
            strict_key: false,
            mixed_case_enums: false,
            malformed_errors: false,
            retired: Retired::Is(false),
            redirect: None,
            limits: Limits::Usual(false),
            administrators: None,
        }
    }
}

/// What there is of something.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "takes a number, or a list of objects")]
pub enum Stock {
    /// So many, made from the seed.
    Made(usize),
    /// These.
    Given(Vec<Map<String, Value>>),
}

/// Issues that open while the clock runs. They come from the seed and the time alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Unfolding {
    /// Seconds from one new issue to the next.
    pub every: f64,
    /// Seconds from the beginning of an issue until its service is restored; the report is published half as long
    /// after that. Default: three times `every`.
    #[serde(default)]
    pub lasts: Option<f64>,
    /// Seconds from one new message to the next. Default: there are none.
    #[serde(default)]
    pub messages: Option<f64>,
}

/// Names of the older wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// Those of the documentation.
    Docs,
    /// Those of real traffic.
    Wire,
}

/// Whether the older wire has been retired.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "retired: takes `true`, `false` or a status")]
pub enum Retired {
    /// With 410, or not.
    Is(bool),
    /// With this status.
    With(u16),
}

impl Retired {
    /// The status, if it has been.
    pub(crate) const fn status(self) -> Option<u16> {
        match self {
            Self::Is(false) => None,
            Self::Is(true) => Some(410),
            Self::With(status) => Some(status),
        }
    }
}

/// Where bytes are sent from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Redirect {
    /// From another path of the same host.
    Path,
    /// From another host, which must not be shown a token.
    Host,
}

/// Limits per application, on the sandbox's clock.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "limits: takes `true`, `false` or {perMinute, perHour, retryAfter}")]
pub enum Limits {
    /// The service's own, 240 in 60 seconds and 800 in an hour, or none.
    Usual(bool),
    /// These.
    These(Windows),
}

/// Two windows that calls are counted in.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Windows {
    /// Calls in 60 seconds. Default 240.
    pub per_minute: usize,
    /// Calls in an hour. Default 800.
    pub per_hour: usize,
    /// Whether a refusal says when there is room again. Default `true`.
    pub retry_after: bool,
}

impl Default for Windows {
    fn default() -> Self {
        Self { per_minute: 240, per_hour: 800, retry_after: true }
    }
}

impl Limits {
    /// The windows, if calls are counted.
    pub(crate) fn windows(self) -> Option<Windows> {
        match self {
            Self::Usual(false) => None,
            Self::Usual(true) => Some(Windows::default()),
            Self::These(windows) => Some(windows),
        }
    }
}

impl ServiceHealth {
    /// Refuses what cannot be.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let wrong = |what: String| Err(ConfigError(format!("serviceHealth.{what}")));
        for (name, stock) in [("issues", &self.issues), ("messages", &self.messages)] {
            match stock {
                Stock::Made(many) if *many > 100_000 => {
                    return wrong(format!("{name}: {many} is more than 100,000"));
                }
                Stock::Given(given) => check_given(name, "id", given).or_else(wrong)?,
                Stock::Made(_) => {}
            }
        }
        if let Some(services) = &self.services {
            check_given("services", "id", services).or_else(wrong)?;
            check_given("services", "service", services).or_else(wrong)?;
        }
        if !(self.days > 0.0 && self.days <= 3_650.0) {
            return wrong(format!("days: {} is not above 0 and at most 3,650", self.days));
        }
        if let Some(live) = &self.live {
            let spans = [("every", Some(live.every)), ("lasts", live.lasts), ("messages", live.messages)];
            for (name, span) in spans {
                if span.is_some_and(|seconds| !(1.0..=31_536_000.0).contains(&seconds)) {
                    return wrong(format!("live.{name}: must be between 1 and 31,536,000 seconds"));
                }
            }
        }
        if let Retired::With(status) = self.retired
            && !(400..600).contains(&status)
        {
            return wrong(format!("retired: {status} is not the status of an error"));
        }
        if let Some(windows) = self.limits.windows()
            && (windows.per_minute == 0 || windows.per_hour == 0)
        {
            return wrong("limits: must be at least 1".into());
        }
        Ok(())
    }
}

fn check_given(name: &str, key: &str, given: &[Map<String, Value>]) -> Result<(), String> {
    let mut seen: Vec<&str> = vec![];
    for one in given {
        let Some(id) = one.get(key).and_then(Value::as_str).filter(|id| !id.is_empty()) else {
            return Err(format!("{name}: each needs a text as {key}"));
        };
        if seen.contains(&id) {
            return Err(format!("{name}: {id:?} is there twice"));
        }
        seen.push(id);
    }
    Ok(())
}
