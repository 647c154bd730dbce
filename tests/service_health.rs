//! Service health through the typed face: all of it on both wires, and a watch that goes on for a day.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and says why"
)]

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

use futures::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use m365kit::odata::{enum_literal, field};
use m365kit::service_health::{
    HealthChangeKind, ListCommunications, ListIssues, ListMessages, MessageType, ServiceIssue, WatchHealth,
};
use m365kit::{Client, ErrorKind, Wire};
use m365kit_sandbox::Sandbox;
use m365kit_tests::clients::client_of;
use serde_json::{Value, json};

fn sandbox(health: &Value) -> Sandbox {
    let config = json!({"blobs": 0, "serviceHealth": health});
    Sandbox::start_json(config.to_string().as_bytes()).unwrap()
}

fn client(sandbox: &Sandbox, wire: Wire) -> Client {
    client_of(&sandbox.describe()).wire(wire).build().unwrap()
}

/// What the sandbox was asked, of one operation.
fn requests(sandbox: &Sandbox, operation: &str) -> Vec<Value> {
    let ledger = sandbox.control("ledger", json!({"operation": operation})).unwrap();
    ledger["requests"].as_array().unwrap().clone()
}

fn statuses(of: &[Value]) -> BTreeMap<u64, usize> {
    let mut counts = BTreeMap::new();
    for request in of {
        *counts.entry(request["status"].as_u64().unwrap_or_default()).or_default() += 1;
    }
    counts
}

fn now(sandbox: &Sandbox) -> Timestamp {
    sandbox.control("clock", Value::Null).unwrap()["now"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn everything_comes_whole_by_default_options_on_both_wires() {
    let sandbox = sandbox(&json!({"issues": 259, "messages": 1_234, "days": 6}));
    let graph = client(&sandbox, Wire::Graph);
    let health = graph.service_health();
    let issues: Vec<_> = health.list_issues(ListIssues::default()).unwrap().try_collect().await.unwrap();
    let messages: Vec<_> =
        health.list_messages(ListMessages::default()).unwrap().try_collect().await.unwrap();
    assert_eq!((issues.len(), messages.len()), (259, 1_234));
    let (of_issues, of_messages) =
        (requests(&sandbox, "health_issues"), requests(&sandbox, "service_messages"));
    println!("graph: 259 issues in {} requests, 1,234 messages in {}", of_issues.len(), of_messages.len());
    assert_eq!((of_issues.len(), of_messages.len()), (1, 2));

    let original = client(&sandbox, Wire::Office365);
    let all: Vec<_> = original
        .service_health()
        .messages(ListCommunications::default())
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let asked = requests(&sandbox, "service_comms");
    println!("office365: {} in {} requests", all.len(), asked.len());
    assert_eq!((all.len(), asked.len()), (259 + 1_234, 15));
    let incidents = all.iter().filter(|told| told.message_type == MessageType::Incident);
    assert_eq!(incidents.count(), 259);
}

/// What both wires can tell of an issue.
fn in_common(issue: &ServiceIssue) -> Value {
    let posts: Vec<_> = issue
        .posts
        .iter()
        .map(|post| (post.created_date_time, post.description.as_ref().and_then(|text| text.content.clone())))
        .collect();
    json!([
        issue.id,
        issue.title,
        issue.service,
        issue.feature_group,
        issue.classification,
        issue.status,
        issue.is_resolved,
        issue.start_date_time,
        issue.end_date_time,
        issue.last_modified_date_time,
        posts,
    ])
}

#[tokio::test]
async fn both_wires_tell_the_same_of_the_same_issues() {
    let sandbox = sandbox(&json!({"issues": 40, "messages": 10, "days": 6}));
    let mut told = Vec::new();
    for wire in [Wire::Graph, Wire::Office365] {
        let request =
            ListCommunications { message_type: Some(MessageType::Incident), ..ListCommunications::default() };
        let pages = client(&sandbox, wire).service_health().messages(request).unwrap();
        let mut issues: Vec<ServiceIssue> =
            pages.try_filter_map(|told| async { Ok(told.issue) }).try_collect().await.unwrap();
        issues.sort_by(|a, b| a.id.cmp(&b.id));
        told.push(issues.iter().map(in_common).collect::<Vec<_>>());
    }
    assert_eq!(told[0].len(), 40);
    for (graph, original) in told[0].iter().zip(&told[1]) {
        assert_eq!(graph, original);
    }
}

#[tokio::test]
async fn a_filter_as_a_tree_is_what_the_service_evaluates() {
    let sandbox = sandbox(&json!({"issues": 60, "messages": 0}));
    let client = client(&sandbox, Wire::Graph);
    let all: Vec<_> =
        client.service_health().list_issues(ListIssues::default()).unwrap().try_collect().await.unwrap();
    let service = all.iter().find_map(|issue| issue.service.clone()).unwrap();
    let filter =
        field("service").eq(&service).and(field("status").ne(enum_literal("serviceOperational")).not().not());
    let request = ListIssues { filter: Some(filter), ..ListIssues::default() };
    let some: Vec<_> = client.service_health().list_issues(request).unwrap().try_collect().await.unwrap();
    let wanted = all.iter().filter(|issue| issue.service.as_ref() == Some(&service)).count();
    assert!(wanted > 0 && wanted < all.len());
    assert_eq!(some.len(), wanted);
}

/// Not a scenario: the other languages have no way to say it.
#[tokio::test]
async fn an_argument_that_there_is_not_is_refused_by_name() {
    let sandbox = sandbox(&json!({"issues": 0, "messages": 0}));
    for wire in [Wire::Graph, Wire::Office365] {
        let client = client(&sandbox, wire);
        for operation in ["services", "messages", "list_issues", "watch"] {
            let name = format!("service_health.{operation}");
            let error = client.pages(&name, br#"{"colour": "red"}"#).map(drop).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{name}");
            assert!(error.message().contains("colour"), "{name}: {error}");
        }
    }
    assert_eq!(sandbox.control("ledger", json!({})).unwrap()["requests"], json!([]));
}

/// Keeps the clock of the runtime where it is while requests are under way.
struct Held {
    _end: mpsc::Sender<()>,
}

impl Held {
    fn new() -> Self {
        let (end, ended) = mpsc::channel::<()>();
        drop(tokio::task::spawn_blocking(move || ended.recv()));
        Held { _end: end }
    }

    /// Moves both clocks.
    async fn advance(&self, sandbox: &Sandbox, by: Duration) {
        sandbox.control("advance", json!({"seconds": by.as_secs_f64()})).unwrap();
        tokio::time::advance(by).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_of_a_day_meets_no_refusal_and_sees_everything_within_two_looks() {
    const MINUTE: Duration = Duration::from_secs(60);
    let live = json!({"every": 1_700, "lasts": 5_000, "messages": 2_500});
    let sandbox = sandbox(&json!({"issues": 30, "messages": 50, "limits": true, "live": live}));
    let client = client_of(&sandbox.describe()).read_timeout(Duration::from_secs(86_400)).build().unwrap();
    let held = Held::new();
    let mut watch = client.service_health().watch(WatchHealth::default()).unwrap();
    let begun = now(&sandbox);
    let (mut looks, mut changes) = (0, BTreeMap::<String, usize>::new());
    let mut latest = BTreeMap::new();
    let mut last_token = String::new();
    while now(&sandbox) < begun + SignedDuration::from_hours(24) {
        let page = watch.next_page().await.unwrap().unwrap();
        assert!(page.errors.is_empty(), "{:?}", page.errors);
        looks += 1;
        for change in page.items {
            let issue = change.issue.as_ref();
            let modified = issue
                .and_then(|issue| issue.last_modified_date_time)
                .or(change.message.as_ref().and_then(|message| message.last_modified_date_time))
                .unwrap();
            if modified > begun {
                let late = now(&sandbox).duration_since(modified);
                let look = if issue.is_some() { 60 } else { 300 };
                assert!(late <= SignedDuration::from_secs(2 * look), "{} came {late:#} late", change.id);
                let known = latest.entry(if issue.is_some() { "issue" } else { "message" }).or_insert(late);
                *known = late.max(*known);
            }
            *changes.entry(change.kind.to_string()).or_default() += 1;
            last_token = change.token;
        }
        held.advance(&sandbox, MINUTE).await;
    }
    let asked = ["health_issues", "service_messages", "health_overviews"].map(|of| requests(&sandbox, of));
    let asked = asked.concat();
    println!(
        "{looks} looks, {} requests, answers {:?}, changes {changes:?}, latest {latest:#?}, a token of {} bytes",
        asked.len(),
        statuses(&asked),
        last_token.len(),
    );
    assert!(!statuses(&asked).contains_key(&429));
    // Each of the issues that opened was told of through all its life.
    let opened = changes[HealthChangeKind::IssueOpened.as_str()];
    assert!(opened >= 24 * 3_600 / 1_700, "{changes:?}");
    assert!(changes[HealthChangeKind::IssueResolved.as_str()] >= 40, "{changes:?}");
    assert!(changes[HealthChangeKind::MessageAdded.as_str()] >= 24 * 3_600 / 2_500 - 1, "{changes:?}");
}

#[tokio::test]
async fn a_watch_goes_on_behind_any_change_without_loss_or_repetition() {
    let sandbox = sandbox(&json!({"issues": 12, "messages": 5}));
    let client = client(&sandbox, Wire::Graph);
    let watch = |token: Option<String>| {
        let poll = Some(Duration::from_millis(20).into());
        let request =
            WatchHealth { poll_interval: poll, message_interval: poll, token, ..WatchHealth::default() };
        client.service_health().watch(request).unwrap()
    };
    let mut first = watch(None);
    let page = first.next_page().await.unwrap().unwrap();
    let open: Vec<_> = page.items.iter().map(|change| change.id.clone()).collect();
    assert!(open.len() > 1, "{open:?}");
    // As if the program had ended behind the first change.
    let mut second = watch(Some(page.items[0].token.clone()));
    let again = second.next_page().await.unwrap().unwrap();
    let rest: Vec<_> = again.items.iter().map(|change| change.id.clone()).collect();
    assert_eq!(rest, open[1..]);
    let token = again.items.last().map(|change| change.token.clone());
    drop((first, second));
    // What happens before the rest of the first look was told is not lost either.
    sandbox.control("add_message", json!({"message": {"id": "MC777777"}})).unwrap();
    let mut late = watch(Some(page.items[0].token.clone()));
    let told = late.next_page().await.unwrap().unwrap().items;
    assert!(
        told.iter().any(|change| change.id == "MC777777" && change.kind == HealthChangeKind::MessageAdded)
    );
    assert_eq!(told.len(), rest.len() + 1);
    drop(late);

    sandbox.control("add_issue", json!({"issue": {"id": "EX777777", "service": "Exchange Online"}})).unwrap();
    sandbox.control("resolve_issue", json!({"id": open[0]})).unwrap();
    let mut third = watch(token);
    let mut seen = BTreeMap::new();
    while seen.len() < 3 {
        let page = third.next_page().await.unwrap().unwrap();
        for change in page.items {
            assert!(seen.insert(change.id.clone(), change.kind).is_none(), "{} was told twice", change.id);
        }
    }
    assert_eq!(seen["MC777777"], HealthChangeKind::MessageAdded);
    assert_eq!(seen["EX777777"], HealthChangeKind::IssueOpened);
    assert_eq!(seen[&open[0]], HealthChangeKind::IssueResolved);
}

#[tokio::test]
async fn a_watch_of_the_original_wire_needs_nothing_of_graph() {
    let sandbox = sandbox(&json!({"issues": 5, "messages": 0, "days": 6}));
    let mut described = sandbox.describe();
    described["cloud"]["graph"] = Value::Null;
    let client = client_of(&described).wire(Wire::Office365).build().unwrap();
    let mut watch = client.service_health().watch(WatchHealth::default()).unwrap();
    let page = watch.next_page().await.unwrap().unwrap();
    assert!(page.errors.is_empty(), "{:?}", page.errors);
    assert!(requests(&sandbox, "service_comms").len() == 1);
}
