//! The limit on requests: a token bucket for each tenant and publisher, on the tenant's clock (management-activity, 7.3).

use std::collections::HashMap;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::RETRY_AFTER;
use serde::Deserialize;

use crate::answer::Answer;
use crate::audit;
use crate::clock::{self, SECOND};
use crate::config::{RateLimit, RetryAfter, Shape, WaitForm};

/// What all callers without a `PublisherIdentifier` share.
const NAMELESS: RateLimit = RateLimit {
    per_minute: 60.0,
    burst: Some(20.0),
    shape: Shape::Json429,
    retry_after: None,
    count_refused: false,
};

/// All buckets.
pub(crate) struct Throttle {
    limit: Option<RateLimit>,
    buckets: HashMap<String, Bucket>,
}

struct Bucket {
    tokens: f64,
    filled: i64,
}

/// How a refusal looks.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Look {
    #[serde(default)]
    pub(crate) shape: Shape,
    #[serde(default)]
    pub(crate) retry_after: Option<RetryAfter>,
}

/// A refused request.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) look: Look,
    /// Milliseconds until there is room.
    pub(crate) wait: i64,
}

impl Throttle {
    /// Full buckets under `limit`.
    pub(crate) fn new(limit: Option<RateLimit>) -> Self {
        Self { limit, buckets: HashMap::new() }
    }

    /// Takes a place for a request of `publisher`, or says how long to wait for one.
    pub(crate) fn take(&mut self, publisher: Option<&str>, now: i64) -> Result<(), Refusal> {
        let limit = match (publisher, &self.limit) {
            (None, _) => &NAMELESS,
            (Some(_), Some(limit)) => limit,
            (Some(_), None) => return Ok(()),
        };
        let burst = limit.burst.unwrap_or_else(|| (limit.per_minute / 60.0).max(1.0));
        let per_milli = limit.per_minute / 60_000.0;
        let bucket = self
            .buckets
            .entry(publisher.unwrap_or_default().to_ascii_lowercase())
            .or_insert(Bucket { tokens: burst, filled: now });
        let passed = (now - bucket.filled).max(0);
        bucket.tokens = (bucket.tokens + passed as f64 * per_milli).min(burst);
        bucket.filled = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        if limit.count_refused {
            // A floor, so that a stampede costs a known time and not for ever.
            bucket.tokens = (bucket.tokens - 1.0).max(-burst);
        }
        let wait = ((1.0 - bucket.tokens) / per_milli).ceil() as i64;
        Err(Refusal { look: Look { shape: limit.shape, retry_after: limit.retry_after }, wait })
    }
}

impl Refusal {
    /// The answer, for the operation and publisher that its message names.
    pub(crate) fn answer(&self, operation: &str, publisher: Option<&str>, now: i64) -> Answer {
        let publisher = publisher.unwrap_or("00000000-0000-0000-0000-000000000000");
        let message = format!("Too many requests. Method={operation}, PublisherId={publisher}");
        let answer = match self.look.shape {
            Shape::Json429 => audit::code(StatusCode::TOO_MANY_REQUESTS, "AF429", &message),
            Shape::Json403 => audit::code(StatusCode::FORBIDDEN, "AF429", &message),
            Shape::Text403 => Answer::whole(
                StatusCode::FORBIDDEN,
                "application/json; charset=utf-8",
                Bytes::from(format!("{{'error':{{'code':'AF429','message':'{message}'}}}}")),
            ),
            Shape::Empty429 => Answer::empty(StatusCode::TOO_MANY_REQUESTS),
        };
        match self.look.retry_after {
            None => answer,
            Some(RetryAfter::Seconds(seconds)) => answer.with(RETRY_AFTER, &seconds.to_string()),
            Some(RetryAfter::Computed(WaitForm::Fraction)) => {
                answer.with(RETRY_AFTER, &format!("{}.{:03}", self.wait / SECOND, self.wait % SECOND))
            }
            // Dates have no fractions: the next full second is the first that is late enough.
            Some(RetryAfter::Computed(WaitForm::Date)) => {
                answer.with(RETRY_AFTER, &clock::http_date(now + self.wait + SECOND - 1))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(per_minute: f64, burst: Option<f64>, count_refused: bool) -> RateLimit {
        RateLimit { per_minute, burst, shape: Shape::Json429, retry_after: None, count_refused }
    }

    #[test]
    fn a_bucket_empties_and_fills() {
        let mut throttle = Throttle::new(Some(limit(60.0, Some(3.0), false)));
        for _ in 0..3 {
            assert!(throttle.take(Some("p"), 0).is_ok());
        }
        assert_eq!(throttle.take(Some("p"), 0).unwrap_err().wait, 1_000);
        assert_eq!(throttle.take(Some("p"), 400).unwrap_err().wait, 600);
        assert!(throttle.take(Some("p"), 1_000).is_ok());
        assert!(throttle.take(Some("q"), 1_000).is_ok(), "each publisher has its own");
        assert!(
            (0..10).filter(|_| throttle.take(Some("p"), 60_000).is_ok()).count() == 3,
            "no more than the burst"
        );
    }

    #[test]
    fn refused_requests_may_count() {
        let mut throttle = Throttle::new(Some(limit(60.0, Some(1.0), true)));
        assert!(throttle.take(Some("p"), 0).is_ok());
        assert_eq!(throttle.take(Some("p"), 0).unwrap_err().wait, 2_000);
        assert_eq!(throttle.take(Some("p"), 0).unwrap_err().wait, 2_000, "down to the floor");
    }

    #[test]
    fn the_nameless_share_a_small_bucket() {
        let mut throttle = Throttle::new(None);
        assert_eq!((0..100).filter(|_| throttle.take(None, 0).is_ok()).count(), 20);
        assert!(throttle.take(Some("p"), 0).is_ok(), "without a limit a publisher is free");
    }

    #[test]
    fn waits_are_written_in_each_form() {
        let refusal =
            |retry_after| Refusal { look: Look { shape: Shape::Empty429, retry_after }, wait: 1_412 };
        let header = |refusal: Refusal| {
            refusal
                .answer("GetBlob", None, 1_763_625_600_000)
                .headers
                .get(RETRY_AFTER)
                .map(|v| v.to_str().unwrap().to_owned())
        };
        assert_eq!(header(refusal(None)), None);
        assert_eq!(header(refusal(Some(RetryAfter::Seconds(5)))).as_deref(), Some("5"));
        assert_eq!(header(refusal(Some(RetryAfter::Computed(WaitForm::Fraction)))).as_deref(), Some("1.412"));
        let date = header(refusal(Some(RetryAfter::Computed(WaitForm::Date))));
        assert_eq!(date.as_deref(), Some("Thu, 20 Nov 2025 08:00:02 GMT"));
    }
}
