//! Where things are.

use crate::call::Operation;

/// Below it are bytes that were redirected to.
pub(crate) const DOWNLOADS: &str = "/announcement-content/";

const GRAPH: &str = "/admin/serviceAnnouncement/";

/// What a request to one of the two wires asks for.
pub(crate) fn operation(path: &str) -> Option<Operation> {
    if legacy(path).is_some() {
        return Some(Operation::ServiceComms);
    }
    if path.starts_with(DOWNLOADS) {
        return Some(Operation::AnnouncementContent);
    }
    let (_, segments) = graph(path)?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    Some(match segments.as_slice() {
        ["healthOverviews", ..] => Operation::HealthOverviews,
        ["issues", _, _, ..] => Operation::IncidentReport,
        ["issues", ..] => Operation::HealthIssues,
        ["messages", _, "attachments", _, "content", ..] | ["messages", _, "attachmentsArchive", ..] => {
            Operation::AnnouncementContent
        }
        ["messages", _, "attachments", ..] => Operation::MessageAttachments,
        ["messages", action] if super::graph::is_action(action) => Operation::MessageAction,
        ["messages", ..] => Operation::ServiceMessages,
        _ => Operation::Other,
    })
}

/// Tenant and operation of a path of the older wire. It does not mind the case of letters.
pub(super) fn legacy(path: &str) -> Option<(&str, &str)> {
    let rest = strip(path, "/api/v1.0/")?;
    let (tenant, rest) = rest.split_once('/')?;
    let operation = strip(rest, "ServiceComms")?;
    if operation.is_empty() {
        return Some((tenant, ""));
    }
    Some((tenant, operation.strip_prefix('/')?))
}

/// Version and segments of a path of Graph, with keys in parentheses as segments of their own.
pub(super) fn graph(path: &str) -> Option<(&'static str, Vec<String>)> {
    let (version, rest) =
        ["/v1.0", "/beta"].iter().find_map(|known| Some((*known, path.strip_prefix(known)?)))?;
    let rest = strip(rest, GRAPH)?;
    let mut segments = vec![];
    for segment in rest.split('/').filter(|segment| !segment.is_empty()) {
        let segment = decode(segment);
        match segment.strip_suffix("')").and_then(|cut| cut.split_once("('")) {
            Some((name, key)) if !name.contains('.') => {
                segments.extend([name.to_owned(), key.replace("''", "'")]);
            }
            _ => segments.push(segment),
        }
    }
    Some((version, segments))
}

fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn decode(segment: &str) -> String {
    let mut bytes = vec![];
    let mut rest = segment.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = (first == b'%')
            .then(|| after.get(..2).and_then(|two| std::str::from_utf8(two).ok()))
            .flatten()
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(hex.unwrap_or(first));
        rest = if hex.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        assert_eq!(legacy("/API/v1.0/contoso.com/servicecomms/messages"), Some(("contoso.com", "messages")));
        assert_eq!(legacy("/api/v1.0/contoso.com/activity/feed/x"), None);
        let segments = |path: &str| graph(path).map(|(_, segments)| segments.join("|"));
        assert_eq!(
            segments("/v1.0/admin/serviceAnnouncement/healthOverviews/Microsoft%20365%20suite").as_deref(),
            Some("healthOverviews|Microsoft 365 suite")
        );
        assert_eq!(
            segments("/beta/admin/serviceAnnouncement/issues('EX1')/incidentReport()").as_deref(),
            Some("issues|EX1|incidentReport()")
        );
        assert_eq!(segments("/v1.0/admin/other"), None);
        assert_eq!(
            operation("/v1.0/admin/serviceAnnouncement/messages/markRead"),
            Some(Operation::MessageAction)
        );
        assert_eq!(
            operation("/v1.0/admin/serviceAnnouncement/messages/MC1"),
            Some(Operation::ServiceMessages)
        );
        assert_eq!(operation("/v1.0/me"), None);
    }
}
