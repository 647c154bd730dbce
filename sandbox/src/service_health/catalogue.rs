//! What is made up: services, and what people write of them.

/// A service of the catalogue.
pub(super) struct Known {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    /// What ids of its issues begin with.
    pub(super) prefix: &'static str,
    /// Keys and names of its feature groups.
    pub(super) features: &'static [(&'static str, &'static str)],
}

const fn row(
    id: &'static str,
    name: &'static str,
    prefix: &'static str,
    features: &'static [(&'static str, &'static str)],
) -> Known {
    Known { id, name, prefix, features }
}

/// Services that most tenants subscribe to.
pub(super) static SERVICES: &[Known] = &[
    row(
        "Exchange",
        "Exchange Online",
        "EX",
        &[
            ("Signin", "Sign-in"),
            ("Access", "E-Mail and calendar access"),
            ("MailFlow", "E-Mail timely delivery"),
            ("Management", "Management and Provisioning"),
        ],
    ),
    row(
        "SharePoint",
        "SharePoint Online",
        "SP",
        &[
            ("SPFeatures", "SharePoint Features"),
            ("Provisioning", "Provisioning"),
            ("TenantAdmin", "Tenant Admin"),
            ("Search", "Search"),
        ],
    ),
    row(
        "microsoftteams",
        "Microsoft Teams",
        "TM",
        &[("TeamsComponents", "Teams Components"), ("Calls", "Calls and meetings"), ("Chat", "Chat")],
    ),
    row(
        "OSDPPlatform",
        "Microsoft 365 suite",
        "MO",
        &[("Portal", "Portal"), ("Administration", "Administration"), ("Licensing", "Licensing")],
    ),
    row("OneDriveForBusiness", "OneDrive for Business", "OD", &[("Sync", "Sync"), ("Access", "Access")]),
    row(
        "Lync",
        "Skype for Business",
        "LY",
        &[("AudioVideo", "Audio and Video"), ("InstantMessaging", "Instant Messaging")],
    ),
    row("orgliveid", "Microsoft Entra", "ID", &[("Signin", "Sign-In"), ("Administration", "Administration")]),
    row("Intune", "Microsoft Intune", "IT", &[("Enrollment", "Enrollment"), ("Policy", "Policy")]),
    row(
        "O365Client",
        "Microsoft 365 apps",
        "OP",
        &[("Authentication", "Authentication"), ("Install", "Install")],
    ),
    row("officeonline", "Microsoft 365 for the web", "OO", &[("Word", "Word"), ("Excel", "Excel")]),
    row("yammer", "Microsoft Viva Engage", "YA", &[("Components", "Viva Engage Components")]),
    row("PowerBIcom", "Power BI", "PB", &[("PowerBI", "PowerBI.com")]),
    row(
        "MicrosoftFlowM365",
        "Power Automate in Microsoft 365",
        "MF",
        &[("Flow", "Service and web access issues")],
    ),
    row("PowerAppsM365", "Power Apps in Microsoft 365", "MA", &[("Apps", "Service and web access issues")]),
    row(
        "DynamicsCRM",
        "Dynamics 365 Apps",
        "CR",
        &[("SignIn", "Sign In"), ("Organization", "Organization access")],
    ),
    row("Planner", "Planner", "PL", &[("Planner", "Planner")]),
    row("Forms", "Microsoft Forms", "FM", &[("Service", "Service")]),
    row("StreamM365", "Microsoft Stream", "ST", &[("Playback", "Playback")]),
    row("Bookings", "Microsoft Bookings", "BK", &[("Appointments", "Appointments")]),
    row(
        "MobileDeviceManagement",
        "Mobile Device Management for Office 365",
        "MD",
        &[("MDM", "Mobile Device Management")],
    ),
    row("RMS", "Azure Information Protection", "RM", &[("RMS", "Azure Information Protection")]),
    row("cloudappsecurity", "Microsoft Defender for Cloud Apps", "CS", &[("Console", "Console")]),
    row("MDATP", "Microsoft Defender XDR", "DZ", &[("Alerts", "Alerts and incidents")]),
    row("SwayEnterprise", "Sway", "SW", &[("Sway", "Sway")]),
];

/// What goes wrong: a title, and what it means for people.
pub(super) const TROUBLES: [(&str, &str); 8] = [
    ("Delays opening mailboxes", "Some people wait longer than usual until their mailbox opens."),
    ("Some users can't sign in", "Sign-in fails now and then with an unexpected error."),
    ("Searches return incomplete results", "People may not find items that were changed lately."),
    ("Admins can't see reports", "Usage reports in the admin center stay empty."),
    ("Files don't synchronize", "Changes to files take hours to appear on other devices."),
    ("Meetings end unexpectedly", "Some participants are removed from meetings after a few minutes."),
    ("Messages arrive late", "Messages within the organization are delivered up to an hour late."),
    ("Notifications aren't shown", "People see new activity only after they have signed in again."),
];

/// What changes: a title, and a paragraph.
pub(super) const CHANGES: [(&str, &str); 8] = [
    ("New list view", "A new view is coming to lists &amp; libraries."),
    ("Updated data retention settings", "Retention settings move to a page of their own."),
    ("Retirement of an older sign-in page", "The older page ends; bookmarks lead to the new one."),
    ("Meeting recaps for everyone", "A recap is sent to all participants of a meeting."),
    ("Change to default sharing links", "New links are for <b>people in your organization</b>."),
    ("Action required: certificates", "Clients that pin certificates must be changed before the date below."),
    ("Copilot in more places", "A pane opens beside documents &ndash; administrators can turn it off."),
    ("Überarbeitete Übersetzungen", "Texts in several languages read better now: naïve, façade, 日本語."),
];

/// Tags of messages.
pub(super) const TAGS: [&str; 6] =
    ["New feature", "Feature update", "Major change", "Admin impact", "User impact", "Retirement"];

/// What attachments may be called; none is `null` on the wire.
pub(super) const ATTACHMENTS: [(Option<&str>, &str); 8] = [
    (Some("Overview.pdf"), "application/pdf"),
    (
        Some(
            "What will change for your organization, when it will happen, what you should do to prepare, whom to ask, and \
             where to read more about all of it: a long sentence in the place of a name",
        ),
        "image/png",
    ),
    (Some("../../Settings.json"), "application/json"),
    (
        Some("Überblick — 日本語.docx"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (None, "image/jpeg"),
    (Some("CON.txt"), "text/plain"),
    (Some("C:\\reports\\change.csv"), "text/csv"),
    (Some(""), "application/octet-stream"),
];
