//! The types of Graph's service announcements (service-communications, 3.6 and 3.7).

use crate::odata::{Kind, Type, property};

/// Statuses, in the order of the schema.
pub(super) const STATUSES: &[&str] = &[
    "serviceOperational",
    "investigating",
    "restoringService",
    "verifyingService",
    "serviceRestored",
    "postIncidentReviewPublished",
    "serviceDegradation",
    "serviceInterruption",
    "extendedRecovery",
    "falsePositive",
    "investigationSuspended",
    "resolved",
    "mitigatedExternal",
    "mitigated",
    "resolvedExternal",
    "confirmed",
    "reported",
    "unknownFutureValue",
];

/// From the best to the worst (5.3). Others rank with `investigating`.
const RANKS: &[&[&str]] = &[
    &["serviceOperational"],
    &["falsePositive"],
    &["postIncidentReviewPublished"],
    &["serviceRestored", "resolved", "mitigated", "resolvedExternal", "mitigatedExternal"],
    &["verifyingService"],
    &["reported"],
    &["investigationSuspended"],
    &["investigating", "confirmed"],
    &["extendedRecovery"],
    &["restoringService"],
    &["serviceDegradation"],
    &["serviceInterruption"],
];

/// How bad a status is.
pub(super) fn rank(status: &str) -> usize {
    let place = |wanted: &str| {
        RANKS.iter().position(|same| same.iter().any(|known| known.eq_ignore_ascii_case(wanted)))
    };
    place(status).or_else(|| place("investigating")).unwrap_or_default()
}

const STATUS: Kind = Kind::Enum("microsoft.graph.serviceHealthStatus", STATUSES);
const CLASSIFICATION: Kind = Kind::Enum(
    "microsoft.graph.serviceHealthClassificationType",
    &["advisory", "incident", "unknownFutureValue"],
);
const ORIGIN: Kind = Kind::Enum(
    "microsoft.graph.serviceHealthOrigin",
    &["microsoft", "thirdParty", "customer", "unknownFutureValue"],
);
const POST_TYPE: Kind =
    Kind::Enum("microsoft.graph.postType", &["regular", "quick", "strategic", "unknownFutureValue"]);
const CATEGORY: Kind = Kind::Enum(
    "microsoft.graph.serviceUpdateCategory",
    &["preventOrFixIssue", "planForChange", "stayInformed", "unknownFutureValue"],
);
const SEVERITY: Kind = Kind::Enum(
    "microsoft.graph.serviceUpdateSeverity",
    &["normal", "high", "critical", "unknownFutureValue"],
);

static ITEM_BODY: Type = Type {
    name: "microsoft.graph.itemBody",
    properties: &[
        property("contentType", Kind::Enum("microsoft.graph.bodyType", &["text", "html"])),
        property("content", Kind::Text),
    ],
};

static PAIR: Type = Type {
    name: "microsoft.graph.keyValuePair",
    properties: &[property("name", Kind::Text), property("value", Kind::Text)],
};

static POST: Type = Type {
    name: "microsoft.graph.serviceHealthIssuePost",
    properties: &[
        property("createdDateTime", Kind::Time),
        property("postType", POST_TYPE),
        property("description", Kind::Record(&ITEM_BODY)),
    ],
};

static VIEWPOINT: Type = Type {
    name: "microsoft.graph.serviceUpdateMessageViewpoint",
    properties: &[
        property("isRead", Kind::Bool),
        property("isArchived", Kind::Bool),
        property("isFavorited", Kind::Bool),
    ],
};

/// A service.
pub(super) static OVERVIEW: Type = Type {
    name: "microsoft.graph.serviceHealth",
    properties: &[
        property("id", Kind::Text),
        property("service", Kind::Text),
        property("status", STATUS),
        property("issues", Kind::Link(&ISSUE)),
    ],
};

/// An issue.
pub(super) static ISSUE: Type = Type {
    name: "microsoft.graph.serviceHealthIssue",
    properties: &[
        property("id", Kind::Text),
        property("title", Kind::Text),
        property("startDateTime", Kind::Time),
        property("endDateTime", Kind::Time),
        property("lastModifiedDateTime", Kind::Time),
        property("details", Kind::List(&Kind::Record(&PAIR))).unfilterable(),
        property("classification", CLASSIFICATION),
        property("origin", ORIGIN),
        property("status", STATUS),
        property("service", Kind::Text),
        property("feature", Kind::Text),
        property("featureGroup", Kind::Text),
        property("impactDescription", Kind::Text),
        property("isResolved", Kind::Bool),
        property("posts", Kind::List(&Kind::Record(&POST))),
    ],
};

/// A message.
pub(crate) static MESSAGE: Type = Type {
    name: "microsoft.graph.serviceUpdateMessage",
    properties: &[
        property("id", Kind::Text),
        property("title", Kind::Text),
        property("startDateTime", Kind::Time),
        property("endDateTime", Kind::Time),
        property("lastModifiedDateTime", Kind::Time),
        property("details", Kind::List(&Kind::Record(&PAIR))).unfilterable(),
        property("category", CATEGORY),
        property("severity", SEVERITY),
        property("body", Kind::Record(&ITEM_BODY)),
        property("hasAttachments", Kind::Bool),
        property("actionRequiredByDateTime", Kind::Time),
        property("isMajorChange", Kind::Bool),
        property("services", Kind::List(&Kind::Text)),
        property("tags", Kind::List(&Kind::Text)),
        property("viewPoint", Kind::Record(&VIEWPOINT)),
        property("attachmentsArchive", Kind::Stream),
        property("attachments", Kind::Link(&ATTACHMENT)),
    ],
};

/// An attachment of a message.
pub(super) static ATTACHMENT: Type = Type {
    name: "microsoft.graph.serviceAnnouncementAttachment",
    properties: &[
        property("id", Kind::Text),
        property("name", Kind::Text),
        property("contentType", Kind::Text),
        property("size", Kind::Number),
        property("lastModifiedDateTime", Kind::Time),
        property("content", Kind::Stream),
    ],
};
