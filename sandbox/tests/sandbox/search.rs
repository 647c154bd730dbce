use std::collections::HashSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::visitor::{Answer, Visitor, send};

/// Somebody signed in to Graph, with records of a known time.
fn visitor(config: Value) -> Visitor {
    let mut whole = json!({
        "now": "2026-11-20T12:00:00Z", "blobs": 20, "records": 10, "archiveDays": 30, "archivePerDay": 5,
        "searchDelay": 60, "tokenLifetime": 9_999_999,
    });
    whole.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    let visitor = Visitor::new(whole);
    let graph = visitor.sandbox.describe()["cloud"]["graph"].clone();
    Visitor { token: visitor.issue(json!({ "audience": graph })), ..visitor }
}

fn url(visitor: &Visitor, path: &str) -> String {
    let graph = visitor.sandbox.describe()["cloud"]["graph"].as_str().unwrap().to_owned();
    format!("{graph}/v1.0/security/auditLog/queries{path}")
}

async fn create(visitor: &Visitor, body: Value) -> Answer {
    let request = visitor.request(Method::POST, &url(visitor, "")).body(body.to_string());
    send(request.header("content-type", "application/json")).await.unwrap()
}

/// All records of a query that has had its time.
async fn search(visitor: &Visitor, body: Value) -> Vec<Value> {
    let made = create(visitor, body).await;
    assert_eq!(made.status, 201, "{made:?}");
    visitor.control("advance", json!({"seconds": 61}));
    let mut next = Some(url(visitor, &format!("/{}/records", made.json()["id"].as_str().unwrap())));
    let mut records = vec![];
    while let Some(url) = next {
        let page = visitor.fetch(&url).await;
        assert_eq!(page.status, 200, "{page:?}");
        records.extend(page.json()["value"].as_array().unwrap().iter().cloned());
        next = page.json()["@odata.nextLink"].as_str().map(str::to_owned);
    }
    records
}

fn span(days: i64) -> Value {
    let start = format!("2026-{}T12:00:00Z", if days > 19 { "10-25" } else { "11-13" });
    json!({"filterStartDateTime": start, "filterEndDateTime": "2026-11-20T12:00:00Z"})
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[tokio::test]
async fn a_query_runs_and_then_has_its_records_in_pages() {
    let visitor = visitor(json!({"pageSize": 40}));
    let made = create(&visitor, with(span(26), "displayName", json!("mine"))).await;
    assert_eq!((made.status, &made.json()["status"]), (201, &json!("notStarted")));
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let (one, records) = (url(&visitor, &format!("/{id}")), url(&visitor, &format!("/{id}/records")));
    assert_eq!(visitor.fetch(&records).await.json()["value"], json!([]), "nothing yet");
    let status = async |seconds: i64| {
        visitor.control("advance", json!({ "seconds": seconds }));
        visitor.fetch(&one).await.json()["status"].clone()
    };
    assert_eq!(
        (status(0).await, status(31).await, status(30).await),
        ("notStarted".into(), "running".into(), "succeeded".into())
    );
    let shown = visitor.fetch(&one).await.json();
    assert_eq!(
        (&shown["displayName"], &shown["filterStartDateTime"]),
        (&json!("mine"), &json!("2026-10-25T12:00:00Z"))
    );
    let first = visitor.fetch(&records).await.json();
    assert_eq!(first["value"].as_array().unwrap().len(), 40);
    assert!(first["@odata.nextLink"].as_str().unwrap().contains("/records?$skiptoken=40-"), "{first}");
    let top = visitor.fetch(&format!("{records}?$top=7")).await.json();
    assert_eq!(top["value"].as_array().unwrap().len(), 7);
    assert_eq!(visitor.fetch(&format!("{records}?$skiptoken=40-1")).await.status, 400);
    let list = visitor.fetch(&url(&visitor, "")).await.json();
    assert_eq!(list["value"][0]["id"], json!(id));
    let delete = send(visitor.request(Method::DELETE, &one)).await.unwrap();
    assert_eq!((delete.status, visitor.fetch(&one).await.refusal()), (204, (404, "ResourceNotFound".into())));
    assert_eq!(send(visitor.request(Method::DELETE, &one)).await.unwrap().status, 404);
    let methods: Vec<_> =
        visitor.ledger(json!({"operation": "queries"})).iter().map(|row| row["method"].clone()).collect();
    assert_eq!((&methods[0], methods.last().unwrap()), (&json!("POST"), &json!("DELETE")));
}

#[tokio::test]
async fn everything_is_found_once_in_the_archive_and_in_the_feed() {
    let visitor = visitor(json!({}));
    let added = json!({
        "contentType": "Audit.General", "created": "2026-11-20T11:00:00Z",
        "records": [{"Id": "mine", "CreationTime": "2026-11-20T10:30:00", "RecordType": 25, "N": 1.5}],
    });
    visitor.control("add_content", added.clone());
    visitor.control("add_content", added);
    let feed = visitor.control("feed", json!({"ids": true}));
    let found = search(&visitor, json!({})).await;
    let ids: HashSet<_> = found.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), found.len());
    assert_eq!(found.len() as u64, 30 * 5 + feed["uniqueRecords"].as_u64().unwrap());
    assert!(feed["ids"].as_array().unwrap().iter().all(|id| ids.contains(id.as_str().unwrap())));
    assert!(found.is_sorted_by(|a, b| a["createdDateTime"].as_str() >= b["createdDateTime"].as_str()));
    let mine = found.iter().find(|one| one["id"] == "mine").unwrap();
    assert_eq!(
        (&mine["auditLogRecordType"], &mine["auditData"]["N"]),
        (&json!("microsoftTeams"), &json!(1.5))
    );
    for one in &found {
        assert_eq!(one["auditData"]["Id"], one["id"]);
        assert_eq!(
            format!("{}Z", one["auditData"]["CreationTime"].as_str().unwrap().trim_end_matches('Z')),
            one["createdDateTime"].as_str().unwrap()
        );
    }
    assert_eq!(search(&visitor, json!({})).await, found, "and again");
}

#[tokio::test]
async fn each_filter_is_evaluated() {
    let visitor = visitor(json!({}));
    let all = search(&visitor, json!({})).await;
    let sample = all.iter().find(|one| one["service"] == "Exchange" && one["clientIp"] != "").unwrap();
    let expect = |wanted: &dyn Fn(&Value) -> bool| all.iter().filter(|one| wanted(one)).count();
    let check = async |name: &str, value: Value, wanted: &dyn Fn(&Value) -> bool| {
        let found = search(&visitor, json!({ name: value })).await;
        assert!(!found.is_empty() && found.iter().all(wanted), "{name}");
        assert_eq!(found.len(), expect(wanted), "{name}");
        assert!(found.len() < all.len(), "{name}");
    };
    let of = |name: &'static str| {
        let value = sample[name].clone();
        move |one: &Value| one[name] == value
    };
    check("serviceFilters", json!(["exchange"]), &of("service")).await;
    check("serviceFilter", json!("Exchange"), &of("service")).await;
    check("operationFilters", json!([sample["operation"]]), &of("operation")).await;
    check("userPrincipalNameFilters", json!([sample["userId"]]), &of("userId")).await;
    check("recordTypeFilters", json!([sample["auditLogRecordType"]]), &of("auditLogRecordType")).await;
    let sites = |one: &Value| {
        one["objectId"] == all.iter().find(|one| one["service"] == "SharePoint").unwrap()["objectId"]
    };
    let object = all.iter().find(|one| one["service"] == "SharePoint").unwrap()["objectId"].clone();
    check("objectIdFilters", json!([object]), &sites).await;
    check("keywordFilter", json!("SHAREPOINT.com/"), &|one| {
        one["auditData"].to_string().to_lowercase().contains("sharepoint.com/")
    })
    .await;
    let address = sample["clientIp"].as_str().unwrap().trim_start_matches('[').split(']').next().unwrap();
    let address =
        if address.matches(':').count() == 1 { address.split(':').next().unwrap() } else { address };
    let by_address = search(&visitor, json!({"ipAddressFilters": [address]})).await;
    assert!(by_address.iter().any(|one| one["id"] == sample["id"]) && by_address.len() < all.len());
    assert!(search(&visitor, json!({"administrativeUnitIdFilters": ["x"]})).await.is_empty());
    let half = search(&visitor, span(7)).await;
    assert!(
        half.len() < all.len()
            && half.iter().all(|one| one["createdDateTime"].as_str() >= Some("2026-11-13T12:00:00Z"))
    );
    let both =
        search(&visitor, json!({"serviceFilters": ["Exchange"], "operationFilters": ["UserLoggedIn"]})).await;
    assert!(both.is_empty(), "different kinds must all agree");
}

#[tokio::test]
async fn queries_are_refused_in_plain_words() {
    let visitor = visitor(json!({}));
    let refuse = async |body: Value, what: &str| {
        let answer = create(&visitor, body).await;
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert_eq!(answer.refusal(), (400, "BadRequest".into()));
        assert!(message.contains(what), "{message}");
    };
    refuse(
        json!({"filterStartDateTime": "2026-11-20T12:00:00Z", "filterEndDateTime": "2026-11-19T12:00:00Z"}),
        "before",
    )
    .await;
    refuse(json!({"filterStartDateTime": "soon"}), "DateTimeOffset").await;
    refuse(json!({"colour": 1}), "colour").await;
    refuse(json!({"operationFilters": "Send"}), "collection").await;
    refuse(json!([1]), "JSON").await;
}

#[tokio::test]
async fn who_may_search_depends_on_the_roles() {
    let visitor = visitor(json!({}));
    let graph = visitor.sandbox.describe()["cloud"]["graph"].clone();
    let token = visitor.issue(json!({"audience": graph, "roles": ["ActivityFeed.Read"]}));
    let stranger = Visitor { token, ..visitor };
    assert_eq!(create(&stranger, json!({})).await.refusal(), (403, "Forbidden".into()));
    let roles = ["AuditLogsQuery-Exchange.Read.All"];
    let token = stranger.issue(json!({"audience": graph, "roles": roles}));
    let some = Visitor { token, ..stranger };
    let found = search(&some, json!({})).await;
    assert!(!found.is_empty() && found.iter().all(|one| one["service"] == "Exchange"));
    let token = some.issue(json!({}));
    let elsewhere = Visitor { token, ..some };
    assert_eq!(create(&elsewhere, json!({})).await.status, 401, "a token for the other API");
}

#[tokio::test]
async fn queries_may_fail_and_be_struck_by_faults() {
    let visitor = visitor(json!({}));
    visitor.control("set_search", json!({"outcome": "failed", "delay": 0}));
    assert_eq!(create(&visitor, json!({})).await.json()["status"], "failed");
    visitor.control("set_search", json!({}));
    assert_eq!(create(&visitor, json!({})).await.json()["status"], "notStarted");
    let rule = json!({"match": {"operation": "queries", "method": "POST"}, "action": {"status": 429}});
    visitor.control("fault", rule);
    assert_eq!(create(&visitor, json!({})).await.refusal(), (429, "TooManyRequests".into()));
    let error = visitor.sandbox.control("set_search", json!({"outcome": "lost"})).unwrap_err().to_string();
    assert!(error.contains("lost"), "{error}");
}
