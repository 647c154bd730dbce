//! Searches against the sandbox: what comes, what is asked, and that no query stays behind.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use m365kit::audit::{OnError, RecordType, SearchBuilder};
use m365kit::{Client, ErrorKind, QueryStatus, WarningCode};
use m365kit_sandbox::Sandbox;
use m365kit_tests::clients::client_of;
use serde_json::{Value, json};

const POLL: Duration = Duration::from_millis(20);
const QUERIES: &str = "/v1.0/security/auditLog/queries";

fn sandbox(config: &Value) -> Sandbox {
    Sandbox::start_json(config.to_string().as_bytes()).unwrap()
}

fn client(sandbox: &Sandbox) -> Client {
    client_of(&sandbox.describe()).rate_limit(60_000.0).build().unwrap()
}

fn search(client: &Client, days: i64) -> SearchBuilder {
    let start = Timestamp::now() - SignedDuration::from_hours(24 * days);
    client.audit().search(start).poll_interval(POLL)
}

fn requests(sandbox: &Sandbox, method: &str) -> Vec<Value> {
    let ledger = sandbox.control("ledger", json!({"path": QUERIES, "method": method})).unwrap();
    ledger["requests"].as_array().unwrap().clone()
}

async fn until(come_to_pass: impl Fn() -> bool) {
    let began = Instant::now();
    while !come_to_pass() {
        assert!(began.elapsed() < Duration::from_secs(10), "it did not come to pass within 10 s");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_months_before_come_page_by_page_with_the_status_meanwhile() {
    let sandbox = sandbox(&json!({"blobs": 0, "archiveDays": 30, "archivePerDay": 10, "pageSize": 40}));
    let client = client(&sandbox);
    let mut pages = search(&client, 20).stream();
    let (mut statuses, mut ids) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next_page().await.unwrap() {
        statuses.push(page.report.unwrap().status.unwrap());
        assert!(page.errors.is_empty() && page.warnings.is_empty());
        for record in page.items {
            assert!(record.raw().starts_with('{') && record.content_id().is_none());
            assert!(
                record.record_type().is_some()
                    && record.operation().is_some()
                    && record.user_type().is_some()
            );
            assert!(
                record.creation_time().unwrap() > Timestamp::now() - SignedDuration::from_hours(24 * 20 + 1)
            );
            ids.push(record.id().unwrap().to_owned());
        }
    }
    statuses.dedup();
    assert_eq!(statuses, [QueryStatus::NotStarted, QueryStatus::Running, QueryStatus::Succeeded]);
    assert!((190..=210).contains(&ids.len()), "{}", ids.len());
    assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), ids.len());
    let report = pages.report().unwrap();
    assert_eq!(
        (report.records, report.pages, report.failed),
        (ids.len() as u64, ids.len().div_ceil(40) as u64, 0)
    );
    assert_eq!((requests(&sandbox, "POST").len(), requests(&sandbox, "DELETE").len()), (1, 1));
}

#[tokio::test]
async fn filters_are_the_services_own() {
    let sandbox = sandbox(&json!({"blobs": 0, "archiveDays": 30, "archivePerDay": 20, "searchDelay": 0}));
    let client = client(&sandbox);
    let all: Vec<_> = search(&client, 25).stream().try_collect().await.unwrap();
    let record_type: RecordType = all[0].record_type().unwrap();
    let expected = all.iter().filter(|record| record.record_type() == Some(record_type)).count();
    let found: Vec<_> = search(&client, 25).record_types([record_type]).stream().try_collect().await.unwrap();
    assert_eq!((found.len(), found.iter().all(|r| r.record_type() == Some(record_type))), (expected, true));

    let operation = all[1].operation().unwrap();
    let same = |of: Option<&str>| of.is_some_and(|of| of.eq_ignore_ascii_case(operation));
    let expected = all.iter().filter(|record| same(record.operation())).count();
    let found: Vec<_> = search(&client, 25).operations([operation]).stream().try_collect().await.unwrap();
    assert_eq!(found.len(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_is_given_up_leaves_no_query() {
    let sandbox = sandbox(&json!({"blobs": 0, "archiveDays": 30, "archivePerDay": 10, "searchDelay": 60}));
    let client = client(&sandbox);
    let mut pages = search(&client, 20).stream();
    pages.next_page().await.unwrap();
    drop(pages);
    until(|| requests(&sandbox, "DELETE").len() == 1).await;

    let mut kept = search(&client, 20).keep(true).display_name("mine").stream();
    kept.next_page().await.unwrap();
    drop(kept);

    // While a page is under way, and not when the next one is asked for.
    let mut closed = search(&client, 20).stream();
    closed.next_page().await.unwrap();
    client.close();
    until(|| requests(&sandbox, "DELETE").len() == 2).await;
    assert_eq!(closed.next_page().await.unwrap_err().kind(), ErrorKind::Cancelled);
    let created = requests(&sandbox, "POST");
    assert!(created[1]["body"].as_str().unwrap().contains("mine"));
    assert_eq!((created.len(), requests(&sandbox, "DELETE").len()), (3, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_whose_creation_nobody_waits_for_is_deleted_once_it_exists() {
    let sandbox = sandbox(&json!({"blobs": 0, "searchDelay": 60}));
    let delay =
        json!({"match": {"path": QUERIES, "method": "POST"}, "action": {"delay": 0.5}, "when": "once"});
    sandbox.control("fault", delay).unwrap();
    let client = client(&sandbox);
    let mut pages = search(&client, 20).stream();
    assert!(tokio::time::timeout(Duration::from_millis(250), pages.next_page()).await.is_err());
    drop(pages);
    until(|| requests(&sandbox, "DELETE").len() == 1).await;
}

#[tokio::test]
async fn a_query_that_the_service_cannot_carry_out_is_an_error_with_a_hint() {
    let sandbox = sandbox(&json!({"blobs": 0}));
    let client = client(&sandbox);
    for (outcome, said) in [("failed", "failed"), ("cancelled", "cancelled")] {
        sandbox.control("set_search", json!({"outcome": outcome})).unwrap();
        let mut records = search(&client, 20).on_error(OnError::Collect).stream();
        let error = records.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Service);
        assert!(error.message().contains(said) && error.hint().is_some(), "{error}");
        assert!(records.next().await.is_none());
    }
    until(|| requests(&sandbox, "DELETE").len() == 2).await;
}

#[tokio::test]
async fn a_token_goes_to_the_graph_host_only_and_a_loop_ends() {
    let sandbox = sandbox(
        &json!({"blobs": 0, "archiveDays": 30, "archivePerDay": 10, "pageSize": 50, "searchDelay": 0}),
    );
    let client = client(&sandbox);
    let page = |next: &str| {
        json!({"match": {"path": "/records"}, "action": {"status": 200, "body": json!({"value": [{"id": "x"}, 7],
            "@odata.nextLink": next}).to_string(), "headers": {"content-type": "application/json"}}, "when": "always"})
    };
    sandbox.control("fault", page("https://evil.example/next")).unwrap();
    let mut records = search(&client, 20).on_error(OnError::Collect).stream();
    let ids: Vec<_> = records.by_ref().map(|record| record.unwrap().id().unwrap().to_owned()).collect().await;
    assert_eq!(ids, ["x"]);
    let errors: Vec<_> = records.errors().iter().map(m365kit::Error::kind).collect();
    assert_eq!(errors, [ErrorKind::Decode, ErrorKind::Service]);
    let raised = search(&client, 20).stream().try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(raised.errors().len(), 2);

    sandbox.control("clear_faults", json!({})).unwrap();
    let graph = sandbox.describe()["cloud"]["graph"].as_str().unwrap().to_owned();
    sandbox.control("fault", page(&format!("{graph}{QUERIES}/x/records?$skiptoken=1"))).unwrap();
    let mut records = search(&client, 20).on_error(OnError::Collect).stream();
    assert_eq!(records.by_ref().count().await, 2);
    assert_eq!(records.warnings()[0].code, WarningCode::LoopingLink);
}

#[tokio::test]
async fn the_service_is_asked_ever_more_seldom() {
    let sandbox = sandbox(&json!({"blobs": 0, "archiveDays": 2, "searchDelay": 1.5}));
    let client = client(&sandbox);
    search(&client, 1).stream().try_collect::<Vec<_>>().await.unwrap();
    let asked = requests(&sandbox, "GET")
        .iter()
        .filter(|r| !r["path"].as_str().unwrap().ends_with("records"))
        .count();
    // 75 times, if it were asked every 20 ms.
    assert!((4..40).contains(&asked), "{asked}");
}

#[tokio::test]
async fn a_result_that_the_service_cut_off_is_said_to_be() {
    let sandbox = sandbox(&json!({"blobs": 0, "archiveDays": 2, "archivePerDay": 5, "searchDelay": 60}));
    let cut = json!({"id": "x", "status": "succeeded", "isRecordCountLimitExceeded": true, "recordCountLimit": 50_000});
    let state = json!({"match": {"path": QUERIES, "method": "GET", "nth": 1}, "action": {"status": 200, "body": cut.to_string(),
        "headers": {"content-type": "application/json"}}, "when": "once"});
    sandbox.control("fault", state).unwrap();
    let client = client(&sandbox);
    let mut records = search(&client, 1).stream();
    while records.try_next().await.unwrap().is_some() {}
    assert_eq!(records.warnings()[0].code, WarningCode::RecordLimit);
    assert!(records.warnings()[0].message.contains("50000"), "{:?}", records.warnings());
}

#[tokio::test]
async fn what_is_missing_is_said_with_what_to_do() {
    let sandbox = sandbox(&json!({"blobs": 0, "roles": ["ActivityFeed.Read"]}));
    let client = client(&sandbox);
    let error = search(&client, 20).stream().next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.hint().unwrap().contains("AuditLogsQuery.Read.All"));

    let error = search(&client, 200).stream().next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.message().contains("retention"), "{error}");
}
