//! Followers through the typed face: what is promised of them, whatever the service and the caller do.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and says why"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use m365kit::audit::{AuditRecord, CommitMode, ContentType, FollowBuilder};
use m365kit::{Client, Error, ErrorKind, Paged};
use m365kit_sandbox::Sandbox;
use m365kit_tests::clients::client_of;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A feed, a client of it, and a folder for state and files.
struct Stage {
    sandbox: Sandbox,
    client: Client,
    folder: TempDir,
}

impl Stage {
    fn new(config: &Value) -> Stage {
        let mut whole = json!({"blobs": 0, "subscribed": ["Audit.Exchange"]});
        whole.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
        let sandbox = Sandbox::start_json(whole.to_string().as_bytes()).unwrap();
        let client = client_of(&sandbox.describe()).rate_limit(60_000.0).attempts(1u32).build().unwrap();
        Stage { sandbox, client, folder: TempDir::new().unwrap() }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// A follower of the Exchange feed over the last day, in a hurry.
    fn follow(&self) -> FollowBuilder {
        self.client
            .audit()
            .follow(self.path("state"))
            .content_types([ContentType::Exchange])
            .last(DAY)
            .poll_interval(Duration::from_millis(50))
            .lag(Duration::from_secs(3))
    }

    /// Everything that there is to read by now.
    async fn rest(&self) -> (Vec<String>, Vec<Error>) {
        drain(self.follow().stop_when_caught_up(true).stream()).await
    }

    fn tell(&self, name: &str, args: Value) -> Value {
        self.sandbox.control(name, args).unwrap()
    }

    fn now(&self) -> Timestamp {
        self.tell("clock", json!({}))["now"].as_str().unwrap().parse().unwrap()
    }

    /// Adds a blob of Exchange records that became available so many minutes ago.
    fn add(&self, ids: &[&str], minutes: i64) -> Value {
        self.add_to("Audit.Exchange", ids, minutes)
    }

    fn add_to(&self, content_type: &str, ids: &[&str], minutes: i64) -> Value {
        let records: Vec<_> = ids.iter().map(|id| json!({"Id": id, "Operation": "Set-Mailbox"})).collect();
        let created = (self.now() - SignedDuration::from_mins(minutes)).to_string();
        self.tell("add_content", json!({"contentType": content_type, "records": records, "created": created}))
    }

    fn fault(&self, matching: &Value, action: &Value, when: &str) {
        self.tell("fault", json!({"match": matching, "action": action, "when": when}));
    }

    fn requests(&self, path: &str) -> Vec<Value> {
        self.tell("ledger", json!({"path": path}))["requests"].as_array().unwrap().clone()
    }

    fn feed(&self) -> BTreeSet<String> {
        let feed = self.tell("feed", json!({"ids": true, "bytes": false}));
        feed["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }
}

async fn drain(mut records: Paged<AuditRecord>) -> (Vec<String>, Vec<Error>) {
    let mut ids = Vec::new();
    while let Some(record) = records.try_next().await.unwrap() {
        ids.push(record.id().unwrap().to_owned());
    }
    (ids, records.errors().to_vec())
}

/// The ids of the next records, of which there are at least so many.
async fn take(records: &mut Paged<AuditRecord>, least: usize) -> Vec<String> {
    let mut ids = Vec::new();
    while ids.len() < least {
        let page = tokio::time::timeout(Duration::from_secs(20), records.next_page());
        let page = page.await.unwrap().unwrap().unwrap();
        ids.extend(page.items.into_iter().map(|record| record.id().unwrap().to_owned()));
    }
    ids
}

/// The next error that a page tells of.
async fn next_error(records: &mut Paged<AuditRecord>) -> Error {
    loop {
        let page = tokio::time::timeout(Duration::from_secs(20), records.next_page());
        let page = page.await.unwrap().unwrap().unwrap();
        if let Some(error) = page.errors.into_iter().next() {
            return error;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_acknowledged_comes_again_and_what_was_does_not() {
    let stage = Stage::new(&json!({"contentTypes": ["Audit.Exchange"], "largeBlob": 3_500}));
    let mut seen = BTreeSet::new();
    let mut doubled = 0;
    for _ in 0..3 {
        let mut records = stage.follow().stream();
        let first = take(&mut records, 1).await;
        assert!(first.len() <= 1_000);
        doubled += first.iter().filter(|id| !seen.insert((*id).clone())).count();
        // Asking for the second batch says that the first is safe; leaving says nothing of the second.
        let second = take(&mut records, 1).await;
        assert!(second.iter().all(|id| seen.insert(id.clone()) || !first.contains(id)));
        drop(records);
    }
    let (rest, errors) = stage.rest().await;
    doubled += rest.iter().filter(|id| seen.contains(*id)).count();
    seen.extend(rest);
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(seen, stage.feed());
    assert!(doubled <= 3 * 1_000, "{doubled} records came again");
    assert_eq!(stage.rest().await.0.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn item_by_item_a_batch_is_safe_when_the_next_is_asked_for() {
    let stage = Stage::new(&json!({}));
    stage.add(&["a", "b"], 60);
    let mut records = stage.follow().stream();
    assert!(records.try_next().await.unwrap().is_some());
    assert!(records.try_next().await.unwrap().is_some());
    drop(records);
    assert_eq!(stage.rest().await.0, ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn commit_in_the_middle_of_a_batch_does_not_count_what_was_not_handed_out() {
    let stage = Stage::new(&json!({}));
    stage.add(&["a", "b"], 60);
    let mut records = stage.follow().commit(CommitMode::Manual).stream();
    assert!(records.try_next().await.unwrap().is_some());
    records.commit().await.unwrap();
    drop(records);
    let mut records = stage.follow().commit(CommitMode::Manual).stream();
    assert!(records.try_next().await.unwrap().is_some());
    assert!(records.try_next().await.unwrap().is_some());
    records.commit().await.unwrap();
    drop(records);
    assert_eq!(stage.rest().await.0.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_breaks_off_is_read_again_until_it_is_whole() {
    let stage = Stage::new(&json!({"pageSize": 1}));
    for (id, minutes) in [("a", 40), ("b", 30), ("c", 20)] {
        stage.add(&[id], minutes);
    }
    stage.fault(&json!({"operation": "content"}), &json!({"loopPage": true}), "always");
    let (mut ids, _) =
        drain(stage.follow().last(Duration::from_secs(3_000)).stop_when_caught_up(true).stream()).await;
    assert!(ids.len() < 3, "{ids:?}");
    stage.tell("clear_faults", json!({}));
    // It is on the schedule, whose first step is a poll interval.
    let whole = async {
        while ids.len() < 3 {
            ids.extend(stage.rest().await.0);
        }
    };
    tokio::time::timeout(Duration::from_secs(20), whole).await.unwrap();
    ids.sort();
    assert_eq!(ids, ["a", "b", "c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_manual_mode_commit_says_what_is_safe_also_while_more_is_waited_for() {
    let stage = Stage::new(&json!({}));
    stage.add(&["a"], 60);
    let mut records = stage.follow().commit(CommitMode::Manual).stream();
    assert_eq!(take(&mut records, 1).await, ["a"]);
    let committer = records.committer().unwrap();
    let waiting = tokio::spawn(async move {
        let page = records.next_page().await.unwrap().unwrap();
        (page.items.len(), records)
    });
    // The next page is waited for, and there is none: committing must not have to wait for it.
    tokio::time::timeout(Duration::from_secs(5), committer.commit()).await.unwrap().unwrap();
    stage.add(&["b"], 1);
    let (count, records) = waiting.await.unwrap();
    assert_eq!(count, 1);
    drop(records);
    assert_eq!(stage.rest().await.0, ["b"]);
    assert_eq!(stage.rest().await.0.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn commit_after_the_end_is_remembered_and_the_state_then_let_go() {
    let stage = Stage::new(&json!({}));
    stage.add(&["a"], 60);
    let mut records = stage.follow().commit(CommitMode::Manual).stop_when_caught_up(true).stream();
    let committer = records.committer().unwrap();
    assert_eq!(take(&mut records, 1).await, ["a"]);
    assert!(records.next_page().await.unwrap().is_none());
    committer.commit().await.unwrap();
    drop(records);
    assert_eq!(stage.rest().await.0.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_hold_every_record_once_however_often_the_sink_is_dropped() {
    let stage = Stage::new(&json!({"blobs": 60, "records": 30, "contentTypes": ["Audit.Exchange"]}));
    let sink = || stage.follow().last(Duration::from_secs(25 * 3_600));
    stage.fault(&json!({"operation": "blob"}), &json!({"delay": 0.02}), "always");
    let mut random = fastrand::Rng::new();
    println!("seed {}", random.get_seed());
    for _ in 0..20 {
        let mut steps = sink().into_jsonl(stage.path("out")).stream();
        let life = Duration::from_millis(random.u64(5..150));
        let _ = tokio::time::timeout(life, async {
            loop {
                steps.next_page().await.unwrap();
            }
        })
        .await;
    }
    let mut steps = sink().stop_when_caught_up(true).into_jsonl(stage.path("out")).stream();
    while let Some(page) = steps.next_page().await.unwrap() {
        assert!(page.errors.is_empty(), "{:?}", page.errors);
    }
    let ids = lines(&stage.path("out"));
    let distinct: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!(ids.len(), distinct.len());
    assert_eq!(distinct, stage.feed());
}

/// The ids in all files, none of which may be unfinished if anything stands in it.
fn lines(folder: &Path) -> Vec<String> {
    let mut ids = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        if text.is_empty() {
            // Made, and left before it was known.
            continue;
        }
        assert!(path.extension().is_some_and(|ending| ending == "jsonl"), "{}", path.display());
        assert!(text.ends_with('\n'));
        for line in text.lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            ids.push(record["Id"].as_str().unwrap().to_owned());
        }
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_told_with_its_bounds_before_what_comes_after_it() {
    let stage = Stage::new(&json!({}));
    stage.add(&["a"], 60);
    assert_eq!(stage.rest().await.0, ["a"]);
    let left = stage.now();
    stage.tell("advance", json!({"seconds": 9 * 86_400}));
    stage.add(&["b"], 60);

    let mut records = stage.follow().stream();
    let gap = next_error(&mut records).await;
    assert!(
        records.report().is_none_or(|report| report.records == 0),
        "records came before the gap was told"
    );
    assert_eq!(gap.kind(), ErrorKind::Gone);
    let place = gap.place();
    assert_eq!(place.content_type.as_deref(), Some("Audit.Exchange"));
    let near = |time: Option<Timestamp>, expected: Timestamp, slack: i64| {
        let off = time.unwrap().duration_since(expected).as_secs().abs();
        assert!(off <= slack, "{time:?} is {off} s from {expected}");
    };
    // It had been listed up to the lag before it was left.
    near(place.start, left, 30);
    near(place.end, stage.now() - SignedDuration::from_hours(7 * 24), 330);
    assert_eq!(take(&mut records, 1).await, ["b"]);
    drop(records);

    let inspected = stage.client.audit().inspect_state(stage.path("state")).await.unwrap();
    assert_eq!(inspected.gaps.len(), 1);
    assert_eq!((Some(inspected.gaps[0].start), Some(inspected.gaps[0].end)), (place.start, place.end));
    assert!(inspected.gaps[0].told);
    let (ids, errors) = stage.rest().await;
    assert!(errors.is_empty() && ids == ["b"], "{ids:?} {errors:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_that_nobody_heard_of_is_told_again() {
    let stage = Stage::new(&json!({}));
    stage.add(&["a"], 60);
    stage.rest().await;
    stage.tell("advance", json!({"seconds": 9 * 86_400}));
    let mut records = stage.follow().commit(CommitMode::Manual).stream();
    let first = next_error(&mut records).await;
    drop(records);
    let (_, errors) = stage.rest().await;
    assert_eq!(errors.len(), 1);
    assert_eq!((errors[0].kind(), errors[0].place().start), (first.kind(), first.place().start));
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_is_listed_late_is_found() {
    let stage = Stage::new(&json!({}));
    stage.add(&["a"], 60);
    let mut records = stage.follow().stream();
    assert_eq!(take(&mut records, 1).await, ["a"]);
    // It became available before what was listed already, within the overlap.
    stage.add(&["late"], 5);
    assert_eq!(take(&mut records, 1).await, ["late"]);
    // And beyond it: found when the last day is listed again, which is every hour.
    stage.add(&["very late"], 5 * 60);
    stage.tell("advance", json!({"seconds": 3_700}));
    assert_eq!(take(&mut records, 1).await, ["very late"]);
    assert_eq!(stage.requests("/audit/").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_fails_is_parked_retried_and_delivered_and_can_be_looked_at_meanwhile() {
    let stage = Stage::new(&json!({}));
    let bad = stage.add(&["bad"], 60);
    stage.add(&["good"], 50);
    stage.fault(
        &json!({"operation": "blob", "contentId": bad["contentId"]}),
        &json!({"status": 500}),
        "always",
    );
    let mut records = stage.follow().stream();
    let (mut ids, mut errors) = (Vec::new(), Vec::new());
    while ids.is_empty() || errors.is_empty() {
        let page = records.next_page().await.unwrap().unwrap();
        ids.extend(page.items.into_iter().map(|record| record.id().unwrap().to_owned()));
        errors.extend(page.errors);
    }
    assert_eq!(ids, ["good"]);
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].place().content_id.as_deref(), bad["contentId"].as_str());

    let inspected = stage.client.audit().inspect_state(stage.path("state")).await.unwrap();
    let parked = &inspected.content_types[0].parked;
    assert_eq!(parked.len(), 1);
    assert_eq!(Some(parked[0].content_id.as_str()), bad["contentId"].as_str());
    assert!(parked[0].attempts >= 1 && parked[0].error.is_some() && parked[0].content_expiration.is_some());

    stage.tell("clear_faults", json!({}));
    assert_eq!(take(&mut records, 1).await, ["bad"]);
    drop(records);
    // It was handed out and not acknowledged.
    assert_eq!(stage.rest().await.0, ["bad"]);
    let inspected = stage.client.audit().inspect_state(stage.path("state")).await.unwrap();
    assert!(inspected.content_types[0].parked.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_fails_does_not_stop_the_others_and_is_taken_up_when_it_works() {
    let stage =
        Stage::new(&json!({"subscribed": ["Audit.Exchange", "DLP.All"], "roles": ["ActivityFeed.Read"]}));
    stage.add(&["a"], 60);
    stage.add_to("DLP.All", &["d"], 60);
    let mut records = stage.follow().content_types([ContentType::Exchange, ContentType::Dlp]).stream();
    let (mut ids, mut errors) = (Vec::new(), Vec::new());
    while ids.is_empty() || errors.is_empty() {
        let page = records.next_page().await.unwrap().unwrap();
        ids.extend(page.items.into_iter().map(|record| record.id().unwrap().to_owned()));
        errors.extend(page.errors);
    }
    assert_eq!(ids, ["a"]);
    assert_eq!(
        (errors.len(), errors[0].kind(), errors[0].code()),
        (1, ErrorKind::PermissionDenied, Some("AF10001"))
    );
    assert_eq!(errors[0].place().content_type.as_deref(), Some("DLP.All"));
    // The others go on meanwhile, and are not told of it again.
    stage.add(&["b"], 1);
    assert_eq!(take(&mut records, 1).await, ["b"]);
    stage.tell("set_roles", json!({"roles": ["ActivityFeed.Read", "ActivityFeed.ReadDlp"]}));
    assert_eq!(take(&mut records, 1).await, ["d"]);
    assert_eq!(records.errors().len(), 1, "{:?}", records.errors());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_somebody_stops_is_started_again() {
    let stage = Stage::new(&json!({}));
    stage.add(&["a"], 60);
    let mut records = stage.follow().stream();
    assert_eq!(take(&mut records, 1).await, ["a"]);
    stage.tell("set_subscription", json!({"contentType": "Audit.Exchange", "status": "absent"}));
    let error = next_error(&mut records).await;
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some("AF20022")));
    let waiting = tokio::spawn(async move { take(&mut records, 1).await });
    until(|| !stage.requests("/subscriptions/start").is_empty()).await;
    stage.tell("advance", json!({"seconds": 120}));
    stage.add(&["b"], 1);
    assert_eq!(waiting.await.unwrap(), ["b"]);
    assert_eq!(stage.requests("/subscriptions/start").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_a_webhook_announces_is_fetched_early_and_once() {
    let stage = Stage::new(&json!({}));
    stage.add(&["a"], 60);
    let mut records = stage.follow().poll_interval(Duration::from_secs(3_600)).stream();
    assert_eq!(take(&mut records, 1).await, ["a"]);
    let about = stage.sandbox.describe();
    let new = stage.add(&["b"], 0);
    let notification = json!([{"tenantId": about["tenant"], "clientId": about["clientId"], "contentType": "Audit.Exchange",
        "contentId": new["contentId"], "contentUri": new["contentUri"], "contentCreated": stage.now().to_string()}]);
    let args = json!({"headers": {"Webhook-AuthID": "tenant-a"}, "auth_id": "tenant-a"}).to_string();
    for _ in 0..3 {
        let reply =
            stage.client.call("audit.handle_webhook", args.as_bytes(), Some(notification.to_string().into()));
        let reply: Value = serde_json::from_slice(&reply.await.unwrap().json).unwrap();
        assert_eq!(reply["status"], 200);
    }
    assert_eq!(take(&mut records, 1).await, ["b"]);
    drop(records);
    // Polling finds the same content again: handed out once more only because it was not acknowledged.
    stage.tell("advance", json!({"seconds": 60}));
    assert_eq!(stage.rest().await.0, ["b"]);
    assert_eq!(stage.rest().await.0.len(), 0);
    assert_eq!(stage.requests("/audit/").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_goes_to_a_foreign_host() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let foreign = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    for action in [json!({"foreignUri": foreign}), json!({"foreignNext": foreign})] {
        let stage = Stage::new(
            &json!({"blobs": 12, "records": 2, "contentTypes": ["Audit.Exchange"], "pageSize": 2}),
        );
        stage.fault(&json!({"operation": "content"}), &action, "always");
        let (ids, errors) =
            drain(stage.follow().last(Duration::from_secs(25 * 3_600)).stop_when_caught_up(true).stream())
                .await;
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), stage.feed());
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_follower_ends_its_requests() {
    let stage = Stage::new(&json!({"compression": false}));
    stage.add(&["a"], 60);
    let slow = stage.add(&["b"; 100], 50);
    stage.fault(
        &json!({"operation": "blob", "contentId": slow["contentId"]}),
        &json!({"dripBytes": 1, "dripEvery": 0.2}),
        "always",
    );
    let mut records = stage.follow().stream();
    assert_eq!(take(&mut records, 1).await, ["a"]);
    let of_slow = slow["contentId"].as_str().unwrap().to_owned();
    until(|| !stage.requests(&of_slow).is_empty()).await;
    drop(records);
    until(|| stage.requests(&of_slow).iter().all(|request| request["aborted"] == true)).await;
    let requests = stage.requests("/").len();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(stage.requests("/").len(), requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_the_client_ends_its_followers_and_lets_the_state_go() {
    let stage = Stage::new(&json!({}));
    stage.add(&["a"], 60);
    let mut records = stage.follow().stream();
    assert_eq!(take(&mut records, 1).await, ["a"]);
    stage.client.close();
    let ended = tokio::time::timeout(Duration::from_secs(5), records.next_page()).await.unwrap();
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Cancelled);
    drop(records);
    let client = client_of(&stage.sandbox.describe()).rate_limit(60_000.0).build().unwrap();
    let again = client
        .audit()
        .follow(stage.path("state"))
        .content_types([ContentType::Exchange])
        .stop_when_caught_up(true);
    assert!(drain(again.stream()).await.1.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_in_one_process_have_a_state_and_a_pace_each() {
    let stages: Vec<Stage> = (1..=5)
        .map(|seed| {
            Stage::new(&json!({"seed": seed, "blobs": 10, "records": 3, "contentTypes": ["Audit.Exchange"]}))
        })
        .collect();
    // One of them has a service that is down.
    stages[2].fault(&json!({"operation": "any"}), &json!({"status": 503}), "always");
    let folder = TempDir::new().unwrap();
    let followers = stages.iter().enumerate().filter(|(number, _)| *number != 2).map(|(_, stage)| {
        let follower = stage
            .client
            .audit()
            .follow(folder.path())
            .content_types([ContentType::Exchange])
            .stop_when_caught_up(true);
        drain(follower.poll_interval(Duration::from_millis(50)).stream())
    });
    let mut down =
        stages[2].client.audit().follow(folder.path()).content_types([ContentType::Exchange]).stream();
    let (delivered, failed) = tokio::join!(futures::future::join_all(followers), next_error(&mut down));
    assert!(failed.is_retryable());
    for ((ids, errors), stage) in
        delivered.into_iter().zip(stages.iter().enumerate().filter(|(n, _)| *n != 2).map(|(_, s)| s))
    {
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), stage.feed());
    }
}

/// Waits until something has come to pass that the sandbox learns in its own time.
async fn until(come_to_pass: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !come_to_pass() {
        assert!(began.elapsed() < Duration::from_secs(10), "it did not come to pass within 10 s");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
