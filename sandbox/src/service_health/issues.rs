//! Issues that are made up: each has a life, and what is on record of it depends on when one looks.

use serde_json::{Value, json};

use super::catalogue::TROUBLES;
use super::services::Service;
use super::times::stamp;
use crate::clock::{DAY, HOUR, SECOND};
use crate::random::{Random, hash, salt};

/// A life that was decided on.
pub(super) struct Life<'a> {
    pub(super) id: String,
    pub(super) service: &'a Service,
    pub(super) start: i64,
    /// Milliseconds until the service is restored.
    pub(super) lasts: i64,
    /// What else is chosen by.
    seed: u64,
    incident: bool,
    /// Whether it turns out that nothing was wrong.
    mistaken: bool,
    /// Whether some posts are short ones.
    quick: bool,
}

/// A life that began before the clock did, the `number`-th of `of`, the oldest first.
pub(super) fn past(
    services: &[Service],
    seed: u64,
    number: usize,
    of: usize,
    span: i64,
    end: i64,
) -> Option<Life<'_>> {
    let mut random = Random::new(hash(&[seed, salt("issue"), number as u64]));
    // The first few services break more often, as they do.
    let reach = if random.below(3) == 0 { services.len() } else { services.len().min(5) };
    let service = services.get(random.below(reach))?;
    let pace = span / (of as i64).max(1);
    let ago = pace * (of - number) as i64 - random.between(0, (pace / 2).max(1));
    let fraction = [0, 0, 500, 120, 123][random.below(5)];
    let start = (end - ago).div_euclid(SECOND) * SECOND + fraction;
    // Every so often one goes on and on, so that there is always something open.
    let lasts = if number % 8 == 3 { 3 * span.max(DAY) } else { random.between(2 * HOUR, 4 * DAY) };
    Some(Life {
        id: format!("{}{}", service.prefix, 600_001 + number),
        service,
        start,
        lasts: lasts / SECOND * SECOND,
        seed: random.next(),
        incident: random.below(3) == 0,
        mistaken: random.below(11) == 0,
        quick: false,
    })
}

/// A life that begins while the clock runs: it goes through all that a life can.
pub(super) fn coming(
    services: &[Service],
    seed: u64,
    number: u64,
    start: i64,
    lasts: i64,
) -> Option<Life<'_>> {
    let mut random = Random::new(hash(&[seed, salt("live"), number]));
    let service = services.get(random.below(services.len()))?;
    let id = format!("{}{}", service.prefix, 1_000_001 + number);
    Some(Life {
        id,
        service,
        start,
        lasts,
        seed: random.next(),
        incident: true,
        mistaken: false,
        quick: true,
    })
}

impl Life<'_> {
    /// What is on record of it at `now`, once it has begun.
    pub(super) fn at(&self, now: i64) -> Value {
        let mut random = Random::new(self.seed);
        let (title, impact) = TROUBLES[random.below(TROUBLES.len())];
        let feature = self.service.features.get(random.below(self.service.features.len().max(1)));
        let group = feature.map(|feature| feature.name.as_str());
        let worst = if random.below(4) == 0 { "serviceInterruption" } else { "serviceDegradation" };
        let break_ = if random.below(2) == 0 { "\n\n" } else { "\r\n\r\n" };
        let mut posts = vec![];
        let (mut status, mut changed) = ("investigating", self.start);
        for (place, (at, reached, sentence)) in self.stages(worst).into_iter().enumerate() {
            if at > now {
                break;
            }
            (status, changed) = (reached, at);
            let content =
                format!("Title: {title}{break_}User impact: {impact}{break_}Current status: {sentence}");
            posts.push(json!({
                "createdDateTime": stamp(at),
                "postType": if self.quick && place == 1 { "quick" } else { "regular" },
                "description": {"contentType": "text", "content": content},
            }));
        }
        let end = (self.start + self.lasts <= now).then_some(self.start + self.lasts);
        json!({
            "id": self.id,
            "title": title,
            "startDateTime": stamp(self.start),
            "endDateTime": end.map(stamp),
            "lastModifiedDateTime": stamp(changed),
            "details": [{"name": "NotifyInApp", "value": "True"}],
            "classification": if self.incident { "incident" } else { "advisory" },
            "origin": "microsoft",
            "status": status,
            "service": self.service.name,
            "feature": group,
            "featureGroup": group,
            "impactDescription": impact,
            "isResolved": end.is_some(),
            "posts": posts,
        })
    }

    fn stages(&self, worst: &'static str) -> Vec<(i64, &'static str, &'static str)> {
        let at = |percent: i64| self.start + self.lasts / 100 * percent;
        let end = self.start + self.lasts;
        let mut stages = vec![
            (self.start, "investigating", "We're looking into a potential problem and checking for impact."),
            (at(15), worst, "We've confirmed the problem and are analyzing what changed before it began."),
            (at(50), "restoringService", "We've found the cause; a fix is being deployed."),
        ];
        if self.mistaken {
            stages.push((end, "falsePositive", "Our review shows that the service was healthy throughout."));
            return stages;
        }
        stages.push((end, "serviceRestored", "We've confirmed that the service is restored."));
        if self.incident {
            stages.push((
                end + self.lasts / 2,
                "postIncidentReviewPublished",
                "A post-incident report has been published.",
            ));
        }
        stages
    }
}
