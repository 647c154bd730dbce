//! What can happen to the file in which a follower keeps its position, and to the disk that it lies on.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use m365kit::audit::ContentType;
use m365kit::{Client, Error, ErrorKind};
use m365kit_sandbox::Sandbox;
use m365kit_tests::clients::client_of;
use m365kit_tests::parquet;
use redb::{Database, DatabaseError, ReadableDatabase, TableDefinition};
use serde_json::{Value, json};
use tempfile::TempDir;

const HEAD: TableDefinition<&str, &[u8]> = TableDefinition::new("head");

struct Stage {
    sandbox: Sandbox,
    client: Client,
    folder: TempDir,
}

impl Stage {
    /// A feed of some blobs, of which nothing is read yet.
    fn new() -> Stage {
        let config = json!({"blobs": 30, "records": 20, "contentTypes": ["Audit.Exchange"]});
        let sandbox = Sandbox::start_json(config.to_string().as_bytes()).unwrap();
        let client = client_of(&sandbox.describe()).rate_limit(60_000.0).attempts(1u32).build().unwrap();
        Stage { sandbox, client, folder: TempDir::new().unwrap() }
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Reads everything there is to read.
    async fn follow(&self) -> Result<Vec<String>, Error> {
        self.follow_by(&self.state()).await
    }

    async fn follow_by(&self, state: &Path) -> Result<Vec<String>, Error> {
        let follower = self.client.audit().follow(state).content_types([ContentType::Exchange]);
        let follower = follower.poll_interval(Duration::from_millis(50)).stop_when_caught_up(true);
        follower.stream().map_ok(|record| record.id().unwrap().to_owned()).try_collect().await
    }

    fn feed(&self) -> BTreeSet<String> {
        let feed = self.sandbox.control("feed", json!({"ids": true, "bytes": false})).unwrap();
        feed["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// The child of the kill test, which follows into files.
    fn child(&self, sink: &str, limit: Option<u32>, to_the_end: bool) -> Child {
        let about = self.folder.path().join("about.json");
        std::fs::write(about, self.sandbox.describe().to_string()).unwrap();
        let program = env!("CARGO_BIN_EXE_kill");
        let mut command = match limit {
            // What a file may hold, in blocks of 512 bytes; the signal for more is ignored, so that writing fails.
            Some(blocks) => {
                let mut command = Command::new("sh");
                let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
                command.args(["-c", &script, "sh", program]);
                command
            }
            None => Command::new(program),
        };
        command.arg("--child").arg(self.folder.path()).arg(sink);
        command.args(to_the_end.then_some("--to-the-end"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The ids in whole files, and how many files are not whole.
    fn files(&self) -> (Vec<String>, usize) {
        let (mut ids, mut partial) = (Vec::new(), 0);
        for entry in std::fs::read_dir(self.folder.path().join("out")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "partial") {
                partial += 1;
                continue;
            }
            if path.extension().is_some_and(|ending| ending == "parquet") {
                ids.extend(parquet::ids(&path).unwrap());
                continue;
            }
            for line in std::fs::read_to_string(path).unwrap().lines() {
                let record: Value = serde_json::from_str(line).unwrap();
                ids.push(record["Id"].as_str().unwrap().to_owned());
            }
        }
        (ids, partial)
    }
}

fn says(error: &Error, words: &str) -> bool {
    error.message().contains(words) || error.hint().is_some_and(|hint| hint.contains(words))
}

/// The store itself, as soon as the follower that has just ended has let it go.
fn opened(state: &Path) -> Database {
    let began = Instant::now();
    loop {
        match Database::create(state) {
            Err(DatabaseError::DatabaseAlreadyOpen) if began.elapsed() < Duration::from_secs(5) => {
                std::thread::sleep(Duration::from_millis(10));
            }
            outcome => return outcome.unwrap(),
        }
    }
}

/// Changes what the state says of its origin.
fn rewrite_head(state: &Path, change: impl FnOnce(&mut Value)) {
    let database = opened(state);
    let mut head: Value = {
        let read = database.begin_read().unwrap();
        let table = read.open_table(HEAD).unwrap();
        serde_json::from_slice(table.get("head").unwrap().unwrap().value()).unwrap()
    };
    change(&mut head);
    let write = database.begin_write().unwrap();
    write.open_table(HEAD).unwrap().insert("head", head.to_string().as_bytes()).unwrap();
    write.commit().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_of_another_version_program_or_tenant_is_refused_and_left_alone() {
    for (member, value, words) in [
        ("version", json!(2), "version 2"),
        ("version", json!(0), "version 0"),
        ("program", json!("somebody else's"), "somebody else's"),
        ("tenant", json!("00000000-0000-4000-8000-00000000dead"), "tenant"),
    ] {
        let stage = Stage::new();
        stage.follow().await.unwrap();
        rewrite_head(&stage.state(), |head| head[member] = value.clone());
        let before = std::fs::read(stage.state()).unwrap();
        let error = stage.follow().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error:?}");
        assert!(says(&error, words), "{error:?}");
        let error = stage.client.audit().inspect_state(stage.state()).await.unwrap_err();
        assert!(says(&error, words), "{error:?}");
        assert!(before == std::fs::read(stage.state()).unwrap(), "the file was changed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_another_program_is_refused_and_left_alone() {
    let stage = Stage::new();
    let table: TableDefinition<u64, &str> = TableDefinition::new("accounts");
    {
        let database = opened(&stage.state());
        let write = database.begin_write().unwrap();
        write.open_table(table).unwrap().insert(7, "precious").unwrap();
        write.commit().unwrap();
    }
    let error = stage.follow().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error:?}");
    assert!(says(&error, "another program"), "{error:?}");
    let database = opened(&stage.state());
    let read = database.begin_read().unwrap();
    assert_eq!(read.list_tables().unwrap().count(), 1);
    assert_eq!(read.open_table(table).unwrap().get(7).unwrap().unwrap().value(), "precious");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_was_cut_is_refused_wherever_it_was_cut() {
    let stage = Stage::new();
    stage.follow().await.unwrap();
    drop(opened(&stage.state()));
    let whole = std::fs::read(stage.state()).unwrap();
    let requests = || {
        let ledger = stage.sandbox.control("ledger", json!({"path": "/audit/"})).unwrap();
        ledger["requests"].as_array().unwrap().len()
    };
    let before = requests();
    for length in [1, 63, 320, 4_096, whole.len() / 3, whole.len() / 2, whole.len() - 4_096, whole.len() - 1]
    {
        let path = stage.folder.path().join(format!("cut at {length}"));
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = stage.follow_by(&path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Storage, "cut at {length}: {error:?}");
        assert!(says(&error, "state") && error.hint().is_some(), "{error:?}");
        assert_eq!(std::fs::metadata(&path).unwrap().len(), length as u64, "cut at {length}");
    }
    assert_eq!(requests(), before);
    std::fs::write(stage.state(), &whole).unwrap();
    assert_eq!(stage.follow().await.unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_with_bytes_that_were_changed_is_read_or_refused_and_never_a_panic() {
    let stage = Stage::new();
    stage.follow().await.unwrap();
    drop(opened(&stage.state()));
    let whole = std::fs::read(stage.state()).unwrap();
    let mut random = fastrand::Rng::with_seed(11);
    for number in 0..40 {
        let mut damaged = whole.clone();
        // Most of the file is free pages: half of the changes go where the store keeps its roots.
        let end = if number % 2 == 0 { 512 } else { damaged.len() };
        for _ in 0..random.usize(1..8) {
            let place = random.usize(0..end);
            damaged[place] ^= random.u8(1..=255);
        }
        let path = stage.folder.path().join(format!("damaged {number}"));
        std::fs::write(&path, &damaged).unwrap();
        if let Err(error) = stage.follow_by(&path).await {
            assert!(matches!(error.kind(), ErrorKind::Storage | ErrorKind::InvalidRequest), "{error:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_is_a_new_state() {
    let stage = Stage::new();
    std::fs::write(stage.state(), "").unwrap();
    let ids: BTreeSet<String> = stage.follow().await.unwrap().into_iter().collect();
    assert_eq!(ids, stage.feed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_cannot_be_written_is_a_clear_error() {
    let stage = Stage::new();
    let nowhere = stage.folder.path().join("nowhere").join("state");
    for path in ["/proc/m365state", "/dev/full", "/dev/null", nowhere.to_str().unwrap()] {
        let error = stage.follow_by(Path::new(path)).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Storage | ErrorKind::InvalidRequest), "{path}: {error:?}");
        assert!(says(&error, path) && error.hint().is_some(), "{path}: {error:?}");
    }
    assert!(!nowhere.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_in_use_by_another_process_is_a_conflict_until_that_process_ends() {
    let stage = Stage::new();
    let mut child = stage.child("jsonl", None, false);
    until(|| stage.state().exists() && stage.folder.path().join("out").exists()).await;
    let error = stage.follow().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
    assert!(says(&error, "another process"), "{error:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    stage.follow().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_loses_and_doubles_nothing() {
    let (lines, columns) = (Stage::new(), Stage::new());
    tokio::join!(fill_the_disk(&lines, "jsonl"), fill_the_disk(&columns, "parquet"));
}

async fn fill_the_disk(stage: &Stage, sink: &str) {
    // The state alone needs more than the first of these, the files more than the last.
    for blocks in [1, 60, 300, 1_200, 2_500, 3_300] {
        let child = stage.child(sink, Some(blocks), true);
        let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("panicked"), "with {blocks} blocks: {said}");
        assert!(output.status.success() || said.contains("Storage"), "with {blocks} blocks: {said}");
    }
    for _ in 0..3 {
        let child = stage.child(sink, None, true);
        let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let (ids, partial) = stage.files();
    let distinct: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!((ids.len(), partial), (distinct.len(), 0));
    assert_eq!(distinct, stage.feed());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tenants_share_a_folder_and_not_a_file() {
    let stage = Stage::new();
    stage.follow_by(stage.folder.path()).await.unwrap();
    let tenant = stage.sandbox.describe()["tenant"].as_str().unwrap().to_owned();
    assert!(stage.folder.path().join(format!("{tenant}.m365state")).is_file());
}

async fn until(come_to_pass: impl Fn() -> bool) {
    let began = Instant::now();
    while !come_to_pass() {
        assert!(began.elapsed() < Duration::from_secs(20), "it did not come to pass within 20 s");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
