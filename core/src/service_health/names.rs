//! The enumerations of service health, and how each wire spells them.

use crate::open_enum::text_enum;

text_enum! {
    /// How a service, a feature or an issue is.
    ///
    /// Source: "serviceHealthStatus values", Microsoft Graph; "Status definitions", Office 365 Service Communications
    /// API reference.
    HealthStatus {
        /// No active issue.
        ServiceOperational = "serviceOperational",
        /// A possible problem is looked into.
        Investigating = "investigating",
        /// The cause is known, and the repair under way.
        RestoringService = "restoringService",
        /// It is repaired, and watched.
        VerifyingService = "verifyingService",
        /// It is repaired.
        ServiceRestored = "serviceRestored",
        /// The report is out.
        PostIncidentReviewPublished = "postIncidentReviewPublished",
        /// It can be used, but is slow, unreliable or in part broken.
        ServiceDegradation = "serviceDegradation",
        /// Users cannot get in.
        ServiceInterruption = "serviceInterruption",
        /// It is repaired for most, and takes longer for some.
        ExtendedRecovery = "extendedRecovery",
        /// Nothing was wrong.
        FalsePositive = "falsePositive",
        /// It waits for data from customers.
        InvestigationSuspended = "investigationSuspended",
        /// It is resolved.
        Resolved = "resolved",
        /// Others made its effect small.
        MitigatedExternal = "mitigatedExternal",
        /// Its effect was made small.
        Mitigated = "mitigated",
        /// Others resolved it.
        ResolvedExternal = "resolvedExternal",
        /// The problem is confirmed.
        Confirmed = "confirmed",
        /// The problem was reported.
        Reported = "reported",
    }
}

text_enum! {
    /// Whether an issue is an incident.
    HealthClassification {
        /// A problem that touches few, or for which there is a way around.
        Advisory = "advisory",
        /// A severe problem that many notice.
        Incident = "incident",
    }
}

text_enum! {
    /// Who caused or reported an issue.
    HealthOrigin {
        /// Microsoft.
        Microsoft = "microsoft",
        /// Somebody else.
        ThirdParty = "thirdParty",
        /// The customer.
        Customer = "customer",
    }
}

text_enum! {
    /// The kind of a post.
    PostType {
        /// The usual one.
        Regular = "regular",
        /// A short one that comes often.
        Quick = "quick",
        /// A longer one, for some tenants.
        Strategic = "strategic",
    }
}

text_enum! {
    /// What a message asks of its readers.
    UpdateCategory {
        /// To prevent or fix a problem.
        PreventOrFixIssue = "preventOrFixIssue",
        /// To plan for a change.
        PlanForChange = "planForChange",
        /// To know it.
        StayInformed = "stayInformed",
    }
}

text_enum! {
    /// How much a message matters.
    UpdateSeverity {
        /// As usual.
        Normal = "normal",
        /// More than usual.
        High = "high",
        /// Most of all.
        Critical = "critical",
    }
}

text_enum! {
    /// How a text is written.
    BodyType {
        /// As plain text.
        Text = "text",
        /// As HTML.
        Html = "html",
    }
}

text_enum! {
    /// The kinds of what the original API calls messages.
    MessageType {
        /// An issue of a service.
        Incident = "incident",
        /// Maintenance that was announced; no longer told, and not at all on the wire `graph`.
        PlannedMaintenance = "plannedMaintenance",
        /// A post of the message center.
        MessageCenter = "messageCenter",
    }
}

impl HealthStatus {
    /// A status in words, such as `Post-incident report published`: compared by its letters alone.
    pub(super) fn in_words(text: &str) -> Self {
        match letters(text).as_str() {
            "normalservice" => HealthStatus::ServiceOperational,
            "postincidentreportpublished" => HealthStatus::PostIncidentReviewPublished,
            letters => {
                known(letters, Self::KNOWN, Self::as_str).unwrap_or_else(|| Self::Unknown(text.to_owned()))
            }
        }
    }

    /// Whether an issue in this status is over, on the wire that says so by nothing else.
    pub(super) fn is_ended(&self) -> bool {
        matches!(
            self,
            HealthStatus::ServiceRestored
                | HealthStatus::FalsePositive
                | HealthStatus::PostIncidentReviewPublished
        )
    }

    /// How bad it is, for the worst of several. What is not known ranks as what is looked into.
    pub(super) fn rank(&self) -> u8 {
        match self {
            HealthStatus::ServiceOperational => 0,
            HealthStatus::FalsePositive => 1,
            HealthStatus::PostIncidentReviewPublished => 2,
            HealthStatus::ServiceRestored
            | HealthStatus::Resolved
            | HealthStatus::Mitigated
            | HealthStatus::ResolvedExternal
            | HealthStatus::MitigatedExternal => 3,
            HealthStatus::VerifyingService => 4,
            HealthStatus::Reported => 5,
            HealthStatus::InvestigationSuspended => 6,
            HealthStatus::Investigating | HealthStatus::Confirmed | HealthStatus::Unknown(_) => 7,
            HealthStatus::ExtendedRecovery => 8,
            HealthStatus::RestoringService => 9,
            HealthStatus::ServiceDegradation => 10,
            HealthStatus::ServiceInterruption => 11,
        }
    }
}

impl UpdateCategory {
    /// A category in words, such as `Stay Informed` or `Prevent Or Fix Issues`.
    pub(super) fn in_words(text: &str) -> Self {
        let letters = letters(text);
        let letters = letters.strip_suffix('s').unwrap_or(&letters);
        known(letters, Self::KNOWN, Self::as_str).unwrap_or_else(|| Self::Unknown(text.to_owned()))
    }
}

/// What is compared of words: their letters, in small ones.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect()
}

fn known<T: Clone>(letters: &str, of: &[T], name: fn(&T) -> &str) -> Option<T> {
    of.iter().find(|known| name(known).eq_ignore_ascii_case(letters)).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_told_by_its_letters() {
        for text in
            ["Post-incident report published", "PostIncidentReportPublished", "postIncidentReviewPublished"]
        {
            assert_eq!(HealthStatus::in_words(text), HealthStatus::PostIncidentReviewPublished, "{text}");
        }
        for (text, status) in [
            ("Normal service", HealthStatus::ServiceOperational),
            ("ServiceOperational", HealthStatus::ServiceOperational),
            ("Extended recovery", HealthStatus::ExtendedRecovery),
            ("False positive", HealthStatus::FalsePositive),
            ("正在调查", HealthStatus::Unknown("正在调查".into())),
            ("Information available", HealthStatus::Unknown("Information available".into())),
        ] {
            assert_eq!(HealthStatus::in_words(text), status, "{text}");
        }
    }

    #[test]
    fn a_category_is_told_by_its_letters_without_a_closing_s() {
        for (text, category) in [
            ("Stay Informed", UpdateCategory::StayInformed),
            ("Plan For Change", UpdateCategory::PlanForChange),
            ("Prevent Or Fix Issues", UpdateCategory::PreventOrFixIssue),
            ("preventOrFixIssue", UpdateCategory::PreventOrFixIssue),
            ("Whatever", UpdateCategory::Unknown("Whatever".into())),
        ] {
            assert_eq!(UpdateCategory::in_words(text), category, "{text}");
        }
    }
}
