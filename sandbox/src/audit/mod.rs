//! The Management Activity API: what its eight operations answer, and who may call them (management-activity, 2 to 7).

mod content;
mod errors;
mod gate;
mod listing;
mod notifications;
mod paging;
mod sensitive_types;
mod subscriptions;
pub(crate) mod webhook;

use hyper::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::call::Call;
use crate::faults::Bend;
use crate::tenant::Tenant;

pub(crate) use errors::{code, gateway_refusal, operation_name};
pub(crate) use listing::{Item, listable};
pub(crate) use subscriptions::{Asked, Status, Subscriptions};

/// A content type of the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ContentType {
    /// Directory changes and sign-ins.
    #[serde(rename = "Audit.AzureActiveDirectory")]
    AzureActiveDirectory,
    /// Exchange admin and mailbox audit.
    #[serde(rename = "Audit.Exchange")]
    Exchange,
    /// SharePoint and OneDrive.
    #[serde(rename = "Audit.SharePoint")]
    SharePoint,
    /// Everything else.
    #[serde(rename = "Audit.General")]
    General,
    /// DLP matches of all workloads.
    #[serde(rename = "DLP.All")]
    Dlp,
}

impl ContentType {
    /// All five.
    pub const ALL: [Self; 5] =
        [Self::AzureActiveDirectory, Self::Exchange, Self::SharePoint, Self::General, Self::Dlp];

    /// As the service spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AzureActiveDirectory => "Audit.AzureActiveDirectory",
            Self::Exchange => "Audit.Exchange",
            Self::SharePoint => "Audit.SharePoint",
            Self::General => "Audit.General",
            Self::Dlp => "DLP.All",
        }
    }

    /// Reads a content type, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(text))
    }

    /// The two spellings of the type inside a content id.
    pub(crate) const fn slugs(self) -> (&'static str, &'static str) {
        match self {
            Self::AzureActiveDirectory => ("audit_azureactivedirectory", "Audit_AzureActiveDirectory"),
            Self::Exchange => ("audit_exchange", "Audit_Exchange"),
            Self::SharePoint => ("audit_sharepoint", "Audit_SharePoint"),
            Self::General => ("audit_general", "Audit_General"),
            Self::Dlp => ("dlp_all", "DLP_All"),
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// Answers a request below `/api/`.
pub(crate) async fn answer(tenant: &Tenant, call: &Call, bend: &Bend) -> Answer {
    let Some(path) = gate::split(&call.path) else {
        return Answer::empty(StatusCode::NOT_FOUND);
    };
    let token = match gate::check(tenant, call, &path) {
        Ok(token) => token,
        Err(refusal) => return refusal,
    };
    let get = call.method == Method::GET;
    let post = call.method == Method::POST;
    match path.operation {
        "subscriptions/start" if post => subscriptions::start(tenant, call, &token).await,
        "subscriptions/stop" if post => subscriptions::stop(tenant, call, &token),
        "subscriptions/list" if get => subscriptions::list(tenant),
        "subscriptions/content" if get => content::list(tenant, call, &token, bend),
        "subscriptions/notifications" if get => notifications::list(tenant, call, &token, bend),
        "resources/dlpSensitiveTypes" if get => sensitive_types::list(call),
        operation => match operation.strip_prefix("audit/") {
            Some(id) if get => content::blob(tenant, id, &token),
            _ => Answer::empty(StatusCode::NOT_FOUND),
        },
    }
}
