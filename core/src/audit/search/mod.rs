//! `search(...)`: the months before the seven days, by the audit log query of Microsoft Graph.
//!
//! The request and the builder that Rust programs use. The query at the service is in `query`, the walk over
//! what it found in `results`.

mod envelope;
#[cfg(any(test, feature = "fuzzing"))]
pub(super) mod fuzzing;
mod names;
mod query;
mod results;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::record::AuditRecord;
use super::record_type::RecordType;
use super::records::OnError;
use crate::Client;
use crate::dispatch::{Listing, Operation};
use crate::error::{Error, Result};
use crate::interval::Interval;
use crate::page::Paged;
use query::AuditLogQuery;

/// What the tenant keeps with the standard licences.
const RETENTION: Interval = Interval(std::time::Duration::from_secs(180 * 86_400));
const POLL_INTERVAL: Interval = Interval(std::time::Duration::from_secs(5));

/// Searches the tenant's audit log, far beyond the seven days of the feed, with filters that the service
/// applies.
///
/// The service carries a search out as a query, which takes minutes, at times an hour. Meanwhile empty pages
/// come whose report has the query's `status`; then the records come, in the order in which the service gives
/// them. At the end, and when the search is ended early, the query is deleted. Filters of different kinds must
/// all match, and of each kind one of its values. Needs the permission `AuditLogsQuery.Read.All` of Microsoft
/// Graph. The service knows the query in the worldwide cloud only.
///
/// Source: "Microsoft Graph REST API v1.0 reference", Create audit log query.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SearchRecords {
    /// The beginning of the span, on the time at which events happened.
    pub start: Timestamp,
    /// The end of the span. Default: now, which is also what an end in the future means.
    #[serde(default)]
    pub end: Option<Timestamp>,
    /// Which kinds of event.
    #[serde(default)]
    pub record_types: Option<Vec<RecordType>>,
    /// Which operations, such as `FileDownloaded`.
    #[serde(default)]
    pub operations: Option<Vec<String>>,
    /// Whose, by their user principal names.
    #[serde(default)]
    pub users: Option<Vec<String>>,
    /// In which services, by the names in the records' `workload`, such as `Exchange`.
    #[serde(default)]
    pub services: Option<Vec<String>>,
    /// A text within the parts of the records for which there is no filter.
    #[serde(default)]
    pub keyword: Option<String>,
    /// From which IP addresses.
    #[serde(default)]
    pub ip_addresses: Option<Vec<String>>,
    /// On which objects: the address of a file or folder, or what a cmdlet changed.
    #[serde(default)]
    pub object_ids: Option<Vec<String>>,
    /// Of which administrative units, by their ids.
    #[serde(default)]
    pub administrative_units: Option<Vec<String>>,
    /// The name of the query at the service, by which an administrator finds it. Default: `m365kit search`.
    #[serde(default)]
    pub display_name: Option<String>,
    /// How long the tenant keeps audit records, which is a matter of its licences; an earlier `start` is refused.
    /// Default: 180 days.
    #[serde(default)]
    pub retention: Option<Interval>,
    /// How long to wait before the service is first asked how far the query is; grows sixfold while it runs.
    /// Default: 5 seconds.
    #[serde(default)]
    pub poll_interval: Option<Interval>,
    /// Whether the query stays at the service.
    #[serde(default)]
    pub keep: bool,
    /// What happens when a part of the result cannot be read. A query that the service cannot carry out is
    /// raised always.
    #[serde(default = "raise")]
    pub on_error: OnError,
}

fn raise() -> OnError {
    OnError::Raise
}

impl SearchRecords {
    /// A search from a moment until now, without filters.
    pub fn new(start: Timestamp) -> Self {
        SearchRecords {
            start,
            end: None,
            record_types: None,
            operations: None,
            users: None,
            services: None,
            keyword: None,
            ip_addresses: None,
            object_ids: None,
            administrative_units: None,
            display_name: None,
            retention: None,
            poll_interval: None,
            keep: false,
            on_error: raise(),
        }
    }

    fn check(&self) -> Result<()> {
        if let Some(end) = self.end
            && end <= self.start
        {
            return Err(Error::invalid(format!("the end {end} is not after the start {}", self.start)));
        }
        for (name, values) in [
            ("operations", &self.operations),
            ("users", &self.users),
            ("services", &self.services),
            ("ip_addresses", &self.ip_addresses),
            ("object_ids", &self.object_ids),
            ("administrative_units", &self.administrative_units),
        ] {
            let Some(values) = values else { continue };
            if values.is_empty() {
                return Err(Error::invalid(format!("{name} is empty: leave it out to search them all")));
            }
            if values.iter().any(|value| value.trim().is_empty()) {
                return Err(Error::invalid(format!("{name} holds an empty text")));
            }
        }
        for (name, text) in [("keyword", &self.keyword), ("display_name", &self.display_name)] {
            if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
                return Err(Error::invalid(format!("{name} is empty: leave it out instead")));
            }
        }
        if self.record_types.as_ref().is_some_and(Vec::is_empty) {
            return Err(Error::invalid("record_types is empty: leave it out to search them all"));
        }
        for (name, length) in [("retention", self.retention), ("poll_interval", self.poll_interval)] {
            if length.is_some_and(|length| length.0.is_zero()) {
                return Err(Error::invalid(format!("{name} is 0: it must be longer")));
            }
        }
        self.on_error.check()
    }

    /// The query to ask for, by the service's clock.
    fn filters(&self, now: Timestamp) -> Result<AuditLogQuery> {
        if self.start >= now {
            return Err(Error::invalid(format!("the start {} lies in the future", self.start)));
        }
        let retention = self.retention.unwrap_or(RETENTION);
        let kept = SignedDuration::try_from(retention.0).unwrap_or(SignedDuration::MAX);
        let oldest = now.saturating_sub(kept).unwrap_or(Timestamp::MIN);
        if self.start < oldest {
            return Err(Error::invalid(format!(
                "the start {} lies before the {} that the tenant is taken to keep, since {oldest:.0}; if its \
                 licences keep more, pass a longer retention",
                self.start, retention
            )));
        }
        let request = self.clone();
        Ok(AuditLogQuery {
            display_name: request.display_name.unwrap_or_else(|| "m365kit search".to_owned()),
            filter_start_date_time: self.start,
            filter_end_date_time: self.end.map_or(now, |end| end.min(now)),
            record_type_filters: self.record_type_names()?,
            operation_filters: request.operations,
            user_principal_name_filters: request.users,
            service_filters: request.services,
            keyword_filter: request.keyword,
            ip_address_filters: request.ip_addresses,
            object_id_filters: request.object_ids,
            administrative_unit_id_filters: request.administrative_units,
        })
    }

    fn first_wait(&self) -> std::time::Duration {
        self.poll_interval.unwrap_or(POLL_INTERVAL).0
    }

    fn record_type_names(&self) -> Result<Option<Vec<String>>> {
        let name = |record_type: &RecordType| {
            names::of_record_type(*record_type).ok_or_else(|| {
                Error::invalid(format!("record_types: {record_type} has no name to search it by"))
            })
        };
        self.record_types.as_ref().map(|types| types.iter().map(name).collect()).transpose()
    }
}

impl Operation for SearchRecords {
    const NAME: &'static str = "audit.search";
}

impl Listing for SearchRecords {
    type Item = AuditRecord;
    const IS_FEED: bool = true;

    fn open(self, client: Client) -> Result<Paged<AuditRecord>> {
        self.check()?;
        self.record_type_names()?;
        Ok(results::open(client, self))
    }
}

/// Puts a search together; what each part means is said at [`SearchRecords`].
#[derive(Debug, Clone)]
#[must_use = "nothing is searched until `stream` is called"]
pub struct SearchBuilder {
    pub(super) client: Client,
    pub(super) request: SearchRecords,
}

macro_rules! lists {
    ($($(#[doc = $doc:literal])+ $field:ident;)+) => {
        $($(#[doc = $doc])+
        pub fn $field<T: Into<String>>(mut self, $field: impl IntoIterator<Item = T>) -> Self {
            self.request.$field = Some($field.into_iter().map(Into::into).collect());
            self
        })+
    };
}

impl SearchBuilder {
    /// The end of the span.
    pub fn end(mut self, end: Timestamp) -> Self {
        self.request.end = Some(end);
        self
    }

    /// Which kinds of event.
    pub fn record_types(mut self, record_types: impl IntoIterator<Item = RecordType>) -> Self {
        self.request.record_types = Some(record_types.into_iter().collect());
        self
    }

    lists! {
        /// Which operations.
        operations;
        /// Whose, by their user principal names.
        users;
        /// In which services.
        services;
        /// From which IP addresses.
        ip_addresses;
        /// On which objects.
        object_ids;
        /// Of which administrative units, by their ids.
        administrative_units;
    }

    /// A text within the parts of the records for which there is no filter.
    pub fn keyword(mut self, keyword: impl Into<String>) -> Self {
        self.request.keyword = Some(keyword.into());
        self
    }

    /// The name of the query at the service.
    pub fn display_name(mut self, display_name: impl Into<String>) -> Self {
        self.request.display_name = Some(display_name.into());
        self
    }

    /// How long the tenant keeps audit records.
    pub fn retention(mut self, retention: impl Into<Interval>) -> Self {
        self.request.retention = Some(retention.into());
        self
    }

    /// How long to wait before the service is first asked how far the query is.
    pub fn poll_interval(mut self, poll_interval: impl Into<Interval>) -> Self {
        self.request.poll_interval = Some(poll_interval.into());
        self
    }

    /// Whether the query stays at the service.
    pub fn keep(mut self, keep: bool) -> Self {
        self.request.keep = keep;
        self
    }

    /// What happens when a part of the result cannot be read.
    pub fn on_error(mut self, on_error: OnError) -> Self {
        self.request.on_error = on_error;
        self
    }

    /// Begins. Nothing is sent before the first record is asked for; a search that cannot be right is the
    /// first thing that the stream says.
    pub fn stream(self) -> Paged<AuditRecord> {
        self.request.open(self.client).unwrap_or_else(Paged::failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn refusal(args: &Value) -> String {
        let request: SearchRecords = serde_json::from_value(args.clone()).unwrap();
        let outcome = request.check().and_then(|()| request.filters(at("2026-11-22T00:00:00Z")));
        outcome.unwrap_err().message().to_owned()
    }

    #[test]
    fn what_cannot_be_right_is_refused_by_name() {
        for (args, named) in [
            (json!({"start": "2026-11-01T00:00:00Z", "end": "2026-11-01T00:00:00Z"}), "end"),
            (json!({"start": "2026-12-01T00:00:00Z"}), "future"),
            (json!({"start": "2026-01-01T00:00:00Z"}), "retention"),
            (json!({"start": "2026-11-01T00:00:00Z", "users": []}), "users"),
            (json!({"start": "2026-11-01T00:00:00Z", "operations": ["FileDeleted", " "]}), "operations"),
            (json!({"start": "2026-11-01T00:00:00Z", "services": [""]}), "services"),
            (json!({"start": "2026-11-01T00:00:00Z", "keyword": ""}), "keyword"),
            (json!({"start": "2026-11-01T00:00:00Z", "display_name": "\t"}), "display_name"),
            (json!({"start": "2026-11-01T00:00:00Z", "record_types": []}), "record_types"),
            (json!({"start": "2026-11-01T00:00:00Z", "record_types": [99_999]}), "99999"),
            (json!({"start": "2026-11-01T00:00:00Z", "retention": 0}), "retention"),
            (json!({"start": "2026-11-01T00:00:00Z", "poll_interval": "0s"}), "poll_interval"),
            (json!({"start": "2026-11-01T00:00:00Z", "on_error": "shrug"}), "on_error"),
        ] {
            let message = refusal(&args);
            assert!(message.contains(named), "{args}: {message}");
        }
    }

    #[test]
    fn the_query_is_spelled_as_graph_spells_it() {
        let args = json!({"start": "2026-01-02T03:04:05Z", "end": "2030-01-01T00:00:00Z", "retention": "365d",
            "record_types": [2, 22, 43], "operations": ["Send"], "users": ["a@b.c"], "services": ["Exchange"],
            "keyword": "k", "ip_addresses": ["203.0.113.7"], "object_ids": ["o"], "administrative_units": ["u"]});
        let request: SearchRecords = serde_json::from_value(args).unwrap();
        request.check().unwrap();
        let body = serde_json::to_value(request.filters(at("2026-11-22T00:00:00Z")).unwrap()).unwrap();
        assert_eq!(
            body,
            json!({"displayName": "m365kit search", "filterStartDateTime": "2026-01-02T03:04:05Z",
                "filterEndDateTime": "2026-11-22T00:00:00Z", "recordTypeFilters": ["exchangeItem", "yammer", "mipLabel"],
                "operationFilters": ["Send"], "userPrincipalNameFilters": ["a@b.c"], "serviceFilters": ["Exchange"],
                "keywordFilter": "k", "ipAddressFilters": ["203.0.113.7"], "objectIdFilters": ["o"],
                "administrativeUnitIdFilters": ["u"]})
        );
    }
}
