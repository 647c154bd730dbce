//! How the older wire spells what Graph spells otherwise (2.9).

/// Graph's status, the code of workloads, and the text of messages.
const STATUSES: [(&str, &str, &str); 11] = [
    ("serviceOperational", "ServiceOperational", "Normal service"),
    ("investigating", "Investigating", "Investigating"),
    ("serviceDegradation", "ServiceDegradation", "Service degradation"),
    ("serviceInterruption", "ServiceInterruption", "Service interruption"),
    ("restoringService", "RestoringService", "Restoring service"),
    ("extendedRecovery", "ExtendedRecovery", "Extended recovery"),
    ("investigationSuspended", "InvestigationSuspended", "Investigation suspended"),
    ("serviceRestored", "ServiceRestored", "Service restored"),
    ("falsePositive", "FalsePositive", "False positive"),
    ("postIncidentReviewPublished", "PostIncidentReportPublished", "Post-incident report published"),
    ("verifyingService", "VerifyingService", "Verifying service"),
];

/// The code of a status.
pub(super) fn code(status: &str) -> String {
    known(status).map_or_else(|| capital(status), |(code, _)| code.to_owned())
}

/// The text of a status.
pub(super) fn text(status: &str) -> String {
    known(status).map_or_else(|| spaced(status), |(_, text)| text.to_owned())
}

/// `planForChange` as `Plan For Change`.
pub(super) fn title(member: &str) -> String {
    let words: Vec<String> = spaced(member).split(' ').map(capital).collect();
    words.join(" ")
}

/// With a capital.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `mitigatedExternal` as `Mitigated external`.
fn spaced(member: &str) -> String {
    let mut out = String::new();
    for letter in capital(member).chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push(' ');
            out.push(letter.to_ascii_lowercase());
        } else {
            out.push(letter);
        }
    }
    out
}

fn known(status: &str) -> Option<(&'static str, &'static str)> {
    STATUSES
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(status))
        .map(|&(_, code, text)| (code, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_respelled() {
        assert_eq!(code("postIncidentReviewPublished"), "PostIncidentReportPublished");
        assert_eq!(text("SERVICEOPERATIONAL"), "Normal service");
        assert_eq!(
            (code("mitigatedExternal"), text("mitigatedExternal")),
            ("MitigatedExternal".into(), "Mitigated external".into())
        );
        assert_eq!(text("正在调查"), "正在调查");
        assert_eq!(title("preventOrFixIssue"), "Prevent Or Fix Issue");
    }
}
