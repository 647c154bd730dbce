//! The five divisions of the audit feed.

use crate::error::{Error, Result};
use crate::open_enum::text_enum;

text_enum! {
    /// A division of the audit feed, each with a subscription of its own.
    ///
    /// Source: "Office 365 Management Activity API reference", Working with the API.
    ContentType {
        /// Directory changes and sign-ins of Entra ID.
        AzureActiveDirectory = "Audit.AzureActiveDirectory",
        /// Administration and mailboxes of Exchange.
        Exchange = "Audit.Exchange",
        /// SharePoint and OneDrive.
        SharePoint = "Audit.SharePoint",
        /// Everything else: Teams, Power Platform, Defender, Purview, Copilot and more.
        General = "Audit.General",
        /// Matches of data loss prevention rules; needs the permission `ActivityFeed.ReadDlp`.
        Dlp = "DLP.All",
    }
}

impl ContentType {
    /// Refuses what the service does not have.
    pub(super) fn check(&self) -> Result<()> {
        let ContentType::Unknown(text) = self else { return Ok(()) };
        let known: Vec<_> = ContentType::KNOWN.iter().map(ContentType::as_str).collect();
        Err(Error::invalid(format!("unknown content type {text:?}: use one of {}", known.join(", "))))
    }
}
