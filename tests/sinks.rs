//! Copies of the feed in files through the typed face: what is promised of them, whatever ends a run.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and says why"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use m365kit::audit::{Compression, ContentType, FollowBuilder, SinkStep};
use m365kit::{Client, Error, ErrorKind, Paged, WarningCode};
use m365kit_sandbox::Sandbox;
use m365kit_tests::clients::client_of;
use m365kit_tests::parquet;
use serde_json::{Value, json};
use tempfile::TempDir;

const DAY: Duration = Duration::from_secs(25 * 3_600);

/// A feed, a client of it, and a folder for state and files.
struct Stage {
    sandbox: Sandbox,
    client: Client,
    folder: TempDir,
}

/// What a run told.
#[derive(Default)]
struct Told {
    records: u64,
    sealed: Vec<PathBuf>,
    errors: Vec<Error>,
    warnings: Vec<(WarningCode, String)>,
    failed: Option<Error>,
}

impl Stage {
    fn new(config: &Value) -> Stage {
        let sandbox = Sandbox::start_json(config.to_string().as_bytes()).unwrap();
        let client = client_of(&sandbox.describe()).rate_limit(60_000.0).build().unwrap();
        Stage { sandbox, client, folder: TempDir::new().unwrap() }
    }

    /// A feed to which content is added by hand.
    fn empty() -> Stage {
        Stage::new(&json!({"blobs": 0, "subscribed": ["Audit.Exchange"]}))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn follow(&self) -> FollowBuilder {
        let follow = self.client.audit().follow(self.path("state")).content_types([ContentType::Exchange]);
        follow.last(DAY).poll_interval(Duration::from_millis(50)).lag(Duration::from_secs(3))
    }

    fn once(&self) -> FollowBuilder {
        self.follow().stop_when_caught_up(true)
    }

    fn add(&self, records: &Value) {
        let clock = self.sandbox.control("clock", json!({})).unwrap();
        let now: Timestamp = clock["now"].as_str().unwrap().parse().unwrap();
        let created = (now - SignedDuration::from_mins(1)).to_string();
        let content = json!({"contentType": "Audit.Exchange", "records": records, "created": created});
        self.sandbox.control("add_content", content).unwrap();
    }

    fn feed(&self) -> BTreeSet<String> {
        let feed = self.sandbox.control("feed", json!({"ids": true, "bytes": false})).unwrap();
        feed["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// Reads to the end, or to the error that ends it.
    async fn told(&self, mut steps: Paged<SinkStep>) -> Told {
        let mut told = Told::default();
        loop {
            match steps.next_page().await {
                Ok(None) => return told,
                Err(error) => return Told { failed: Some(error), ..told },
                Ok(Some(page)) => {
                    told.errors.extend(page.errors);
                    told.warnings.extend(page.warnings.into_iter().map(|one| (one.code, one.message)));
                    for step in page.items {
                        told.records += step.records;
                        told.sealed.extend(step.sealed.into_iter().map(PathBuf::from));
                    }
                }
            }
        }
    }
}

/// All that lies in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The ids in all Parquet files, beside which nothing may wait.
fn ids(folder: &Path) -> Vec<String> {
    for name in names(folder) {
        let path = folder.join(&name);
        assert!(!name.ends_with(".partial") || path.metadata().unwrap().len() == 0, "{name} was left");
    }
    parquet::whole(folder).iter().flat_map(|path| parquet::ids(path).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn parquet_files_hold_every_record_once_however_often_the_sink_is_dropped() {
    let stage = Stage::new(&json!({"blobs": 60, "records": 30, "contentTypes": ["Audit.Exchange"]}));
    let fault = json!({"match": {"operation": "blob"}, "action": {"delay": 0.02}, "when": "always"});
    stage.sandbox.control("fault", fault).unwrap();
    let mut random = fastrand::Rng::new();
    println!("seed {}", random.get_seed());
    for _ in 0..20 {
        let mut steps = stage.follow().into_parquet(stage.path("out")).max_bytes(20_000).stream();
        let life = Duration::from_millis(random.u64(5..150));
        let _ = tokio::time::timeout(life, async {
            loop {
                steps.next_page().await.unwrap();
            }
        })
        .await;
    }
    let told = stage.told(stage.once().into_parquet(stage.path("out")).stream()).await;
    assert!(told.failed.is_none() && told.errors.is_empty(), "{:?} {:?}", told.failed, told.errors);
    let ids = ids(&stage.path("out"));
    let distinct: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!(ids.len(), distinct.len());
    assert_eq!(distinct, stage.feed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parquet_file_has_the_columns_that_were_asked_for_and_the_records_as_they_came() {
    let stage = Stage::empty();
    stage.add(&json!([
        {"Id": "a", "Operation": "New-Mailbox", "Item": {"SizeInBytes": 12}},
        {"Id": "b", "Operation": "New-Mailbox", "Item": {"SizeInBytes": "much"}},
    ]));
    let sink = stage.once().into_parquet(stage.path("out"));
    let told =
        stage.told(sink.extended(["Item.SizeInBytes"]).compression(Compression::Snappy).stream()).await;
    assert_eq!((told.records, told.sealed.len()), (2, 1));
    assert!(
        matches!(&*told.warnings, [(WarningCode::TypeConflict, text)] if text.contains("Item.SizeInBytes"))
    );
    let rows = parquet::rows(&told.sealed[0]).unwrap();
    assert_eq!(parquet::text(&rows[0], "operation").as_deref(), Some("New-Mailbox"));
    assert_eq!(parquet::text(&rows[0], "content_type").as_deref(), Some("Audit.Exchange"));
    assert!(parquet::text(&rows[0], "content_id").is_some());
    let raw: Value = serde_json::from_str(&parquet::text(&rows[1], "raw").unwrap()).unwrap();
    assert_eq!(raw["Item"]["SizeInBytes"], "much");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_finished_as_it_was_begun_when_the_next_run_wants_others() {
    let stage = Stage::empty();
    let out = stage.path("out");
    stage.add(&json!([{"Id": "a"}]));
    let mut first = stage.follow().into_jsonl(&out).stream();
    first.next_page().await.unwrap();
    drop(first);
    stage.add(&json!([{"Id": "b"}]));
    let mut second = stage.follow().into_parquet(&out).raw(false).stream();
    let page = second.next_page().await.unwrap().unwrap();
    assert!(page.items[0].sealed.iter().any(|path| path.ends_with("1.jsonl")), "{:?}", page.items);
    drop(second);
    stage.add(&json!([{"Id": "c"}]));
    let mut third = stage.follow().into_parquet(&out).stream();
    let page = third.next_page().await.unwrap().unwrap();
    assert!(page.items[0].sealed.iter().any(|path| path.ends_with("2.parquet")), "{:?}", page.items);
    drop(third);
    stage.add(&json!([{"Id": "d"}]));
    let told = stage.told(stage.once().into_jsonl(&out).stream()).await;
    assert_eq!(told.records, 1);

    let names = names(&out);
    assert!(names.iter().all(|name| !name.ends_with(".partial")), "{names:?}");
    let mut lines: Vec<_> = names.iter().filter(|name| name.contains(".jsonl")).collect();
    lines.sort();
    let text = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    assert!(text(lines[0]).contains("\"a\"") && text(lines[1]).contains("\"d\""), "{names:?}");
    let files = parquet::whole(&out);
    assert_eq!(parquet::ids(&files[0]).unwrap(), ["b"]);
    assert_eq!(parquet::text(&parquet::rows(&files[0]).unwrap()[0], "raw"), None);
    assert_eq!(parquet::ids(&files[1]).unwrap(), ["c"]);
    assert!(parquet::text(&parquet::rows(&files[1]).unwrap()[0], "raw").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_waits_and_the_next_run_goes_on_with_it() {
    let stage = Stage::empty();
    let out = stage.path("out");
    stage.add(&json!([{"Id": "a"}, {"Id": "b"}]));
    let mut first = stage.follow().into_parquet(&out).stream();
    first.next_page().await.unwrap();
    drop(first);
    let waiting = names(&out);
    assert!(waiting.len() == 1 && waiting[0].ends_with(".parquet.partial"), "{waiting:?}");
    // A folder stands where the file is to be built: as with a full disk, that fails.
    let obstacle = out.join(waiting[0].replace(".partial", ".building.partial"));
    std::fs::create_dir(&obstacle).unwrap();
    for _ in 0..2 {
        let told = stage.told(stage.once().into_parquet(&out).stream()).await;
        let failed = told.failed.unwrap();
        assert_eq!((failed.kind(), told.sealed.len()), (ErrorKind::Storage, 0), "{failed}");
        assert!(names(&out).contains(&waiting[0]) && parquet::whole(&out).is_empty());
    }
    std::fs::remove_dir(&obstacle).unwrap();
    let told = stage.told(stage.once().into_parquet(&out).stream()).await;
    assert!(told.failed.is_none() && told.errors.is_empty());
    assert_eq!(told.sealed, parquet::whole(&out));
    assert_eq!(ids(&out), ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_half_built_or_only_lacks_its_name_is_finished_once() {
    let stage = Stage::empty();
    let out = stage.path("out");
    stage.add(&json!([{"Id": "a"}]));
    // A run that could not build leaves its file sealed and waiting.
    let mut first = stage.follow().into_parquet(&out).stream();
    first.next_page().await.unwrap();
    drop(first);
    let waiting = out.join(&names(&out)[0]);
    let building = PathBuf::from(waiting.to_str().unwrap().replace(".partial", ".building.partial"));
    std::fs::create_dir(&building).unwrap();
    stage.told(stage.once().into_parquet(&out).stream()).await;
    std::fs::remove_dir(&building).unwrap();

    // Killed while it was built: what there is of it counts for nothing.
    std::fs::write(&building, b"PAR1 half").unwrap();
    let mut second = stage.follow().into_parquet(&out).stream();
    stage.add(&json!([{"Id": "b"}]));
    let page = second.next_page().await.unwrap().unwrap();
    assert_eq!(page.items[0].sealed.len(), 1, "{:?}", page.items);
    drop(second);
    assert_eq!(parquet::ids(Path::new(&page.items[0].sealed[0])).unwrap(), ["a"]);

    // Killed when all was done but the name.
    let told = stage.told(stage.once().into_parquet(&out).stream()).await;
    let told_again: Vec<_> = told.sealed.iter().map(|path| parquet::ids(path).unwrap()).collect();
    assert!(told_again.contains(&vec!["b".to_owned()]), "{told_again:?}");
    assert_eq!(ids(&out), ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_taken_away_at_once_is_not_missed_and_its_name_not_given_again() {
    let stage = Stage::empty();
    let (out, taken) = (stage.path("out"), stage.path("taken"));
    std::fs::create_dir(&taken).unwrap();
    let mut seen = BTreeSet::new();
    for id in ["a", "b", "c"] {
        stage.add(&json!([{"Id": id}]));
        let mut steps = stage.follow().into_parquet(&out).max_bytes(1).stream();
        let page = steps.next_page().await.unwrap().unwrap();
        assert!(page.errors.is_empty(), "{:?}", page.errors);
        for path in page.items.iter().flat_map(|step| &step.sealed).map(PathBuf::from) {
            let name = path.file_name().unwrap().to_owned();
            assert!(seen.insert(name.clone()), "{name:?} was there before");
            std::fs::rename(&path, taken.join(name)).unwrap();
        }
    }
    let told = stage.told(stage.once().into_parquet(&out).stream()).await;
    assert!(told.errors.is_empty() && told.sealed.is_empty(), "{:?} {:?}", told.errors, told.sealed);
    assert_eq!(ids(&taken), ["a", "b", "c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_file_is_seen_in_the_state_until_it_has_its_name() {
    let stage = Stage::empty();
    stage.add(&json!([{"Id": "a"}]));
    let mut steps = stage.follow().into_parquet(stage.path("out")).stream();
    steps.next_page().await.unwrap();
    let files = stage.client.audit().inspect_state(stage.path("state")).await.unwrap().files;
    assert!(files.len() == 1 && files[0].path.ends_with("000001.parquet") && files[0].bytes > 0, "{files:?}");
    drop(steps);
    stage.told(stage.once().into_parquet(stage.path("out")).stream()).await;
    let files = stage.client.audit().inspect_state(stage.path("state")).await.unwrap().files;
    assert!(files.is_empty(), "{files:?}");
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_before_anything_is_made() {
    let stage = Stage::empty();
    let sink = || stage.once().into_parquet(stage.path("out"));
    for (steps, message) in [
        (sink().extended(["Item.Subjct"]).stream(), "Item.Subjct"),
        (sink().extended(["Item", "Item.Subject"]).stream(), "Item both"),
        (sink().compression(Compression::Unknown("lzma".into())).stream(), "lzma"),
        (sink().max_bytes(0).stream(), "max_bytes"),
        (sink().max_age(Duration::ZERO).stream(), "max_age"),
        (stage.once().into_parquet("").stream(), "directory"),
    ] {
        let failed = stage.told(steps).await.failed.unwrap();
        assert_eq!(failed.kind(), ErrorKind::InvalidRequest);
        assert!(failed.message().contains(message), "{failed}");
    }
    assert!(names(stage.folder.path()).is_empty());
}
