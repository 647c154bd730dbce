//! Who may ask, and how often.

use hyper::StatusCode;
use hyper::header::RETRY_AFTER;

use super::{Asked, Right};
use crate::answer::Answer;
use crate::clock::SECOND;

impl Asked<'_> {
    /// Lets the caller in, or says why not.
    pub(super) fn check(&self, right: Right) -> Result<(), Answer> {
        let (wanted, user) = (right.name(), self.grant.user.as_ref());
        let refuse = |message: &str| Err(self.error(StatusCode::FORBIDDEN, "Forbidden", message));
        if right == Right::Viewpoint && user.is_none() {
            return refuse("This call is not supported with application permissions.");
        }
        if !self.grant.roles.iter().any(|role| role == wanted) {
            return refuse(&format!("The caller does not have the required permission {wanted}."));
        }
        let Some(user) = user else { return Ok(()) };
        let health = self.tenant.health();
        let administrators = health.settings.administrators.as_ref();
        let may =
            administrators.is_none_or(|all| all.iter().any(|name| name.eq_ignore_ascii_case(&user.name)));
        if user.personal || !may {
            return refuse("The user does not have an administrator role that includes this.");
        }
        Ok(())
    }

    /// Counts the request, or refuses it.
    pub(super) fn count(&self) -> Result<(), Answer> {
        let mut health = self.tenant.health();
        let Some(windows) = health.settings.limits.windows() else { return Ok(()) };
        let Err(wait) = health.calls.take(&self.grant.app, windows, self.now) else { return Ok(()) };
        self.tenant.ledger.count_refused();
        let message =
            "Too many requests. Limits: 240 in 60 seconds, 800 in an hour, per application and tenant.";
        let answer = self.error(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message);
        let seconds = wait.div_euclid(SECOND) + i64::from(wait % SECOND > 0);
        Err(if windows.retry_after { answer.with(RETRY_AFTER, &seconds.to_string()) } else { answer })
    }
}

impl Right {
    const fn name(self) -> &'static str {
        match self {
            Self::Health => "ServiceHealth.Read.All",
            Self::Messages => "ServiceMessage.Read.All",
            Self::Viewpoint => "ServiceMessageViewpoint.Write",
        }
    }
}
