//! How often which record occurs, and the words that vary in them.

use crate::audit::ContentType::{self, AzureActiveDirectory, Dlp, Exchange, General, SharePoint};

/// A record of the samples and its place in the feed.
pub(crate) struct Share {
    pub(crate) content_type: ContentType,
    /// Lines of the file it comes from.
    pub(crate) file: &'static str,
    /// Its line there.
    pub(crate) line: usize,
    /// How often it occurs, relative to the others of its content type.
    pub(crate) weight: usize,
    /// Operations it occurs with; empty keeps that of the sample.
    pub(crate) operations: &'static [&'static str],
}

const ENTRA: &str = include_str!("../../data/entra.jsonl");
const ADMIN: &str = include_str!("../../data/synthetic-exchange-admin.jsonl");
const MAILBOX: &str = include_str!("../../data/synthetic-exchange-mailbox.jsonl");
const SITES: &str = include_str!("../../data/synthetic-sharepoint.jsonl");
const TEAMS: &str = include_str!("../../data/synthetic-teams.jsonl");
const DEFENDER: &str = include_str!("../../data/synthetic-defender.jsonl");
const MIXED: &str = include_str!("../../data/synthetic-general-mixed.jsonl");
const COMPLIANCE: &str = include_str!("../../data/synthetic-security-compliance-center.jsonl");
const DLP: &str = include_str!("../../data/synthetic-dlp.jsonl");

/// How the blobs are shared out among the content types.
pub(crate) const fn weight(content_type: ContentType) -> usize {
    match content_type {
        AzureActiveDirectory => 20,
        Exchange => 30,
        SharePoint => 28,
        General => 17,
        Dlp => 5,
    }
}

/// Everything that occurs.
pub(crate) const SHARES: &[Share] = &[
    share(AzureActiveDirectory, ENTRA, 0, 50, &[]),
    share(AzureActiveDirectory, ENTRA, 1, 22, &[]),
    share(AzureActiveDirectory, ENTRA, 2, 4, &[]),
    share(AzureActiveDirectory, ENTRA, 3, 4, &[]),
    share(AzureActiveDirectory, ENTRA, 4, 6, &[]),
    share(AzureActiveDirectory, ENTRA, 5, 1, &[]),
    share(AzureActiveDirectory, ENTRA, 6, 2, &["Add user.", "Delete user.", "Disable account."]),
    share(AzureActiveDirectory, ENTRA, 7, 5, &["Update user.", "Update StsRefreshTokenValidFrom Timestamp."]),
    share(AzureActiveDirectory, ENTRA, 8, 2, &["Change user password.", "Reset user password."]),
    share(AzureActiveDirectory, ENTRA, 9, 4, &["Add member to group.", "Remove member from group."]),
    share(AzureActiveDirectory, ENTRA, 10, 1, &["Add member to role.", "Remove member from role."]),
    share(AzureActiveDirectory, ENTRA, 11, 1, &[]),
    share(Exchange, ADMIN, 0, 4, &["Set-Mailbox", "Set-CASMailbox", "Add-MailboxPermission", "Set-User"]),
    share(Exchange, ADMIN, 1, 2, &["New-InboxRule", "Set-InboxRule"]),
    share(Exchange, ADMIN, 2, 1, &[]),
    share(Exchange, MAILBOX, 0, 18, &["Update", "Create", "Send"]),
    share(Exchange, MAILBOX, 1, 3, &["SendAs", "SendOnBehalf"]),
    share(Exchange, MAILBOX, 2, 14, &["MoveToDeletedItems", "SoftDelete", "HardDelete", "Move"]),
    share(Exchange, MAILBOX, 3, 30, &[]),
    share(Exchange, MIXED, 3, 2, &["SensitivityLabelApplied", "SensitivityLabelUpdated"]),
    share(
        SharePoint,
        SITES,
        0,
        80,
        &[
            "FileAccessed",
            "FileDownloaded",
            "FileModified",
            "FileUploaded",
            "FilePreviewed",
            "FileSyncDownloadedFull",
            "FileDeleted",
        ],
    ),
    share(SharePoint, SITES, 1, 12, &["SharingSet", "AnonymousLinkCreated", "SharingInvitationCreated"]),
    share(SharePoint, MIXED, 9, 1, &[]),
    share(General, TEAMS, 0, 2, &["TeamCreated", "ChannelAdded"]),
    share(General, TEAMS, 1, 6, &["MemberAdded", "MemberRemoved"]),
    share(General, TEAMS, 2, 40, &["MessageSent", "MessageUpdated", "ChatRetrieved", "MessageRead"]),
    share(General, DEFENDER, 0, 8, &[]),
    share(General, DEFENDER, 1, 4, &[]),
    share(General, DEFENDER, 2, 2, &[]),
    share(General, DEFENDER, 3, 2, &[]),
    share(General, DEFENDER, 4, 1, &["AddedToSenderBlocked", "RemovedFromSenderBlocked"]),
    share(General, DEFENDER, 5, 3, &["QuarantineReleaseMessage", "QuarantinePreviewMessage"]),
    share(General, MIXED, 0, 5, &["ViewRuntimeForm", "CreateResponse", "ViewForm"]),
    share(General, MIXED, 1, 3, &["PlanCreated", "PlanRead", "PlanModified"]),
    share(General, MIXED, 2, 3, &["CreateFlow", "EditFlow", "DeleteFlow"]),
    share(General, MIXED, 4, 10, &[]),
    share(General, MIXED, 5, 4, &["MessageCreated", "MessageUpdated"]),
    share(General, MIXED, 6, 6, &["Update", "Create", "Retrieve"]),
    share(General, MIXED, 7, 1, &[]),
    share(General, MIXED, 8, 1, &[]),
    share(General, COMPLIANCE, 0, 3, &["Get-ComplianceSearch", "New-ComplianceSearch"]),
    share(General, COMPLIANCE, 1, 1, &[]),
    share(General, COMPLIANCE, 2, 3, &[]),
    share(General, COMPLIANCE, 3, 2, &[]),
    share(Dlp, DLP, 0, 6, &[]),
    share(Dlp, DLP, 1, 4, &[]),
];

/// Subjects of mails.
pub(crate) const SUBJECTS: [&str; 24] = [
    "Budget 2027 – draft",
    "Re: offer",
    "Minutes of Monday",
    "Invoice 20417",
    "Lunch?",
    "RE: contract, second round",
    "Fwd: travel to Oslo",
    "Änderung am Plan",
    "Weekly numbers",
    "請求書の件",
    "Onboarding on Thursday",
    "Re: Re: access to the share",
    "Ticket 88123 closed",
    "Réunion de lancement",
    "Your delivery is on its way",
    "Release 4.2 ✔",
    "Question about line 14",
    "Out of office",
    "Q4 forecast",
    "Привет из Риги",
    "Draft for review",
    "New phone number",
    "Board paper",
    "Happy birthday 🎂",
];

/// Names of files without their extension.
pub(crate) const STEMS: [&str; 20] = [
    "plan",
    "minutes",
    "budget-2027",
    "offer",
    "contract",
    "figures",
    "roadmap",
    "notes",
    "salaries",
    "inventory",
    "handbook",
    "architecture",
    "invoice-20417",
    "timesheet",
    "risk-register",
    "checklist",
    "launch",
    "interview",
    "proposal",
    "retrospective",
];

/// Programs that people sign in with.
pub(crate) const AGENTS: [&str; 6] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
];

const fn share(
    content_type: ContentType,
    file: &'static str,
    line: usize,
    weight: usize,
    operations: &'static [&'static str],
) -> Share {
    Share { content_type, file, line, weight, operations }
}
