//! What an audit log query looks for, and where it finds it.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::records::type_name;
use crate::audit::ContentType;
use crate::clock::{self, HOUR};
use crate::feed::Blob;
use crate::tenant::{Added, Tenant};

/// What a query looks for. Filters of different kinds must all let a record through; of one kind one is enough.
#[derive(Default)]
pub(super) struct Filter {
    from: Option<i64>,
    until: Option<i64>,
    record_types: Vec<String>,
    keyword: Option<String>,
    services: Vec<String>,
    operations: Vec<String>,
    users: Vec<String>,
    addresses: Vec<String>,
    objects: Vec<String>,
    units: Vec<String>,
    /// Services that the caller may see; none means all.
    permitted: Option<Vec<&'static str>>,
}

/// Where a record is that was found.
pub(super) enum Found {
    Archived(usize),
    Made(Blob, usize),
    Added(Arc<Added>, usize),
}

/// The services that these roles let somebody search: `None` inside for all, nothing at all without a role.
#[expect(clippy::option_option, reason = "no role, all services, and some services are three things")]
pub(super) fn permitted(roles: &[String]) -> Option<Option<Vec<&'static str>>> {
    const SERVICES: [(&str, &str); 6] = [
        ("AuditLogsQuery-Entra.Read.All", "AzureActiveDirectory"),
        ("AuditLogsQuery-Exchange.Read.All", "Exchange"),
        ("AuditLogsQuery-SharePoint.Read.All", "SharePoint"),
        ("AuditLogsQuery-OneDrive.Read.All", "OneDrive"),
        ("AuditLogsQuery-Endpoint.Read.All", "Endpoint"),
        ("AuditLogsQuery-CRM.Read.All", "CRM"),
    ];
    let has = |wanted: &str| roles.iter().any(|role| role == wanted);
    if has("AuditLogsQuery.Read.All") {
        return Some(None);
    }
    let services: Vec<_> =
        SERVICES.into_iter().filter(|(role, _)| has(role)).map(|(_, service)| service).collect();
    (!services.is_empty()).then_some(Some(services))
}

impl Filter {
    /// Reads the body of a query, or says what is wrong with it.
    pub(super) fn read(
        asked: &Map<String, Value>,
        permitted: Option<Vec<&'static str>>,
    ) -> Result<Self, String> {
        let mut filter = Self { permitted, ..Self::default() };
        for (name, value) in asked.iter().filter(|(_, value)| !value.is_null()) {
            let instant = || {
                let read = value.as_str().and_then(clock::parse);
                read.map(Some).ok_or_else(|| {
                    format!("Cannot convert the literal '{value}' to the type 'DateTimeOffset' ({name}).")
                })
            };
            let text = || value.as_str().map(str::to_owned).ok_or_else(|| wrong(name, "a string"));
            match name.as_str() {
                "filterStartDateTime" => filter.from = instant()?,
                "filterEndDateTime" => filter.until = instant()?,
                "keywordFilter" => {
                    filter.keyword = Some(text()?.to_lowercase()).filter(|text| !text.is_empty());
                }
                "serviceFilter" => filter.services.push(text()?),
                "serviceFilters" => filter.services.extend(texts(name, value)?),
                "recordTypeFilters" => filter.record_types = texts(name, value)?,
                "operationFilters" => filter.operations = texts(name, value)?,
                "userPrincipalNameFilters" => filter.users = texts(name, value)?,
                "ipAddressFilters" => filter.addresses = texts(name, value)?,
                "objectIdFilters" => filter.objects = texts(name, value)?,
                "administrativeUnitIdFilters" => filter.units = texts(name, value)?,
                "displayName" | "status" | "@odata.type" | "id" => drop(text()?),
                _ => {
                    return Err(format!(
                        "The property '{name}' does not exist on type 'microsoft.graph.security.auditLogQuery'."
                    ));
                }
            }
        }
        if let (Some(from), Some(until)) = (filter.from, filter.until)
            && from >= until
        {
            return Err("filterStartDateTime must be before filterEndDateTime.".into());
        }
        Ok(filter)
    }

    /// The time it searches, as far as it says one.
    pub(super) const fn span(&self) -> (Option<i64>, Option<i64>) {
        (self.from, self.until)
    }

    /// Whether only the time matters.
    fn is_open(&self) -> bool {
        let lists = [
            &self.record_types,
            &self.services,
            &self.operations,
            &self.users,
            &self.addresses,
            &self.objects,
            &self.units,
        ];
        self.permitted.is_none() && self.keyword.is_none() && lists.iter().all(|list| list.is_empty())
    }

    fn lets(&self, json: &[u8]) -> bool {
        if self.is_open() {
            return true;
        }
        let Ok(record) = serde_json::from_slice::<Value>(json) else { return false };
        let text = |name: &str| record[name].as_str().unwrap_or_default();
        let any = |wanted: &[String], value: &str| {
            wanted.is_empty() || wanted.iter().any(|one| one.eq_ignore_ascii_case(value))
        };
        let address = |wanted: &String| {
            let names = ["ClientIP", "ClientIPAddress", "ActorIpAddress"];
            names.into_iter().any(|name| without_port(text(name)).eq_ignore_ascii_case(wanted))
        };
        let units = record["AssociatedAdminUnits"].as_array();
        let unit = |wanted: &String| {
            units.is_some_and(|units| units.iter().any(|unit| unit.as_str() == Some(wanted)))
        };
        any(&self.operations, text("Operation"))
            && any(&self.services, text("Workload"))
            && any(&self.users, text("UserId"))
            && any(&self.objects, text("ObjectId"))
            && self.permitted.as_ref().is_none_or(|known| known.contains(&text("Workload")))
            && (self.addresses.is_empty() || self.addresses.iter().any(address))
            && (self.units.is_empty() || self.units.iter().any(unit))
            && (self.record_types.is_empty()
                || any(&self.record_types, &type_name(record["RecordType"].as_i64().unwrap_or(-1))))
            && self
                .keyword
                .as_ref()
                .is_none_or(|word| String::from_utf8_lossy(json).to_lowercase().contains(word.as_str()))
    }
}

/// Everything that a query finds, newest first: the archive, and what was in the feed when it was created.
pub(super) fn search(tenant: &Tenant, filter: &Filter, created: i64) -> Vec<Found> {
    let feed = &tenant.feed;
    let (from, until) = (filter.from.unwrap_or(i64::MIN), filter.until.unwrap_or(i64::MAX));
    let mut found: Vec<(i64, Found)> = vec![];
    let mut scratch = Vec::new();
    for number in feed.archived(from.max(0), until.min(created)) {
        scratch.clear();
        feed.write_archived(&mut scratch, number);
        if filter.lets(&scratch) {
            found.push((feed.archived_at(number), Found::Archived(number)));
        }
    }
    // An event is at most two hours older than the blob that holds it.
    let newest = until.saturating_add(2 * HOUR).min(created + 1);
    for content_type in ContentType::ALL {
        for index in feed.window(content_type, from.max(0), newest) {
            let blob = Blob { content_type, index };
            if feed.listed(blob) > created {
                continue;
            }
            for (number, at) in feed.events(blob).filter(|(_, at)| (from..until).contains(at)) {
                scratch.clear();
                feed.write(&mut scratch, blob, number);
                if filter.lets(&scratch) {
                    found.push((at, Found::Made(blob, number)));
                }
            }
        }
    }
    let added = tenant.state().added.clone();
    let mut seen = HashSet::new();
    for one in added.iter().filter(|one| one.listed <= created) {
        for (place, record) in one.parsed().into_iter().enumerate() {
            let at = record["CreationTime"].as_str().and_then(clock::parse).unwrap_or(one.created);
            let fresh = record["Id"].as_str().is_none_or(|id| seen.insert(id.to_owned()));
            if fresh && (from..until).contains(&at) && filter.lets(record.to_string().as_bytes()) {
                found.push((at, Found::Added(Arc::clone(one), place)));
            }
        }
    }
    found.sort_by_key(|&(at, _)| std::cmp::Reverse(at));
    found.into_iter().map(|(_, found)| found).collect()
}

impl Found {
    /// The record.
    pub(super) fn json(&self, tenant: &Tenant) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Archived(number) => tenant.feed.write_archived(&mut out, *number),
            Self::Made(blob, number) => tenant.feed.write(&mut out, *blob, *number),
            Self::Added(one, place) => {
                let record = one.parsed().into_iter().nth(*place).unwrap_or_default();
                out = record.to_string().into_bytes();
            }
        }
        out
    }
}

impl Added {
    fn parsed(&self) -> Vec<Value> {
        let records: Vec<Value> = serde_json::from_slice(&self.body).unwrap_or_default();
        records.into_iter().filter(Value::is_object).collect()
    }
}

/// `203.0.113.7:51544` and `[2001:db8::17]:51544` without their ports.
fn without_port(address: &str) -> &str {
    if let Some(inside) = address.strip_prefix('[') {
        return inside.split_once(']').map_or(inside, |(address, _)| address);
    }
    match address.split_once(':') {
        Some((host, port)) if !port.contains(':') => host,
        _ => address,
    }
}

fn texts(name: &str, value: &Value) -> Result<Vec<String>, String> {
    let text = |one: &Value| one.as_str().map(str::to_owned);
    let list = value.as_array().and_then(|list| list.iter().map(text).collect::<Option<_>>());
    list.ok_or_else(|| wrong(name, "a collection of strings"))
}

fn wrong(name: &str, what: &str) -> String {
    format!("Property {name} in payload has a value that does not match schema: it takes {what}.")
}
