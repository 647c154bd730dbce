//! The state against a model of it, and against files that are none.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use super::{Delivered, FIRST_LISTED, Safe, State, WorkKey, WorkRow};
use crate::ErrorKind;
use crate::audit::content::Content;

const TENANT: &str = "3b0f7c9e-1d2a-4c55-9a41-7f2f0c5f9a10";

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).unwrap()
}

fn content(id: u8) -> Content {
    let json =
        json!({"contentType": "Audit.Exchange", "contentId": format!("c{id}"), "contentCreated": now()});
    serde_json::from_value(json).unwrap()
}

#[derive(Debug, Clone)]
enum Act {
    List(Vec<u8>),
    Announce(u8),
    /// Fetches what is there, and commits the even ones whole, of the others a part.
    Deliver,
    /// Fetches what is there, and puts it aside.
    Fail,
    Reopen,
    Later,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        proptest::collection::vec(0u8..30, 0..6).prop_map(Act::List),
        (0u8..30).prop_map(Act::Announce),
        Just(Act::Deliver),
        Just(Act::Fail),
        Just(Act::Reopen),
        Just(Act::Later),
    ]
}

/// What a fetcher keeps of the state between two looks at it.
struct Fetcher {
    cursor: [u64; 2],
    taken: HashSet<WorkKey>,
}

impl Fetcher {
    fn new() -> Self {
        Fetcher { cursor: [0, FIRST_LISTED], taken: HashSet::new() }
    }

    fn pick(&mut self, state: &State, now: Timestamp) -> Vec<(WorkKey, WorkRow)> {
        let picked = state.pick(4, now, &self.taken, self.cursor).unwrap();
        for (key, _) in &picked {
            match key {
                WorkKey::Fresh(order) => self.cursor[usize::from(*order >= FIRST_LISTED)] = order + 1,
                WorkKey::Parked(..) => assert!(self.taken.insert(*key)),
            }
        }
        picked
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_blob_is_delivered_whole_once_and_none_is_forgotten(acts in proptest::collection::vec(act(), 1..25)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut state = State::open(&path, TENANT).unwrap();
        let mut fetcher = Fetcher::new();
        let mut time = now();
        let (mut found, mut whole) = (BTreeSet::new(), BTreeMap::new());
        for act in acts.into_iter().chain([Act::Reopen, Act::Later, Act::Deliver, Act::Reopen]) {
            match act {
                Act::List(ids) => {
                    let new = ids.iter().filter(|id| !found.contains(*id)).collect::<BTreeSet<_>>().len();
                    let added = state.add(ids.iter().copied().map(content).collect(), false, None).unwrap();
                    prop_assert_eq!(added, new as u64);
                    found.extend(ids);
                }
                Act::Announce(id) => {
                    state.add(vec![content(id)], true, None).unwrap();
                    found.insert(id);
                }
                Act::Deliver => {
                    for (key, row) in fetcher.pick(&state, time) {
                        let id: u8 = row.content.content_id[1..].parse().unwrap();
                        let is_whole = id.is_multiple_of(2) || row.position > 0;
                        let delivered = if is_whole {
                            *whole.entry(id).or_insert(0) += 1;
                            Delivered::Whole { key, content_id: row.content.content_id.into() }
                        } else {
                            Delivered::Part { key, position: 7 }
                        };
                        state.commit(&Safe { delivered: vec![delivered], ..Safe::default() }, time).unwrap();
                    }
                }
                Act::Fail => {
                    for (key, row) in fetcher.pick(&state, time) {
                        let row = WorkRow { attempts: row.attempts + 1, ..row };
                        let until = time + SignedDuration::from_secs(60);
                        state.park(key, &row, until).unwrap();
                        fetcher.taken.remove(&key);
                    }
                }
                Act::Reopen => {
                    drop(state);
                    state = State::open(&path, TENANT).unwrap();
                    fetcher = Fetcher::new();
                }
                Act::Later => time += SignedDuration::from_secs(3_600),
            }
        }
        let mut left = BTreeSet::new();
        state.each_work(|_, row| {
            left.insert(row.content.content_id[1..].parse::<u8>().unwrap());
        }).unwrap();
        prop_assert!(whole.values().all(|times| *times == 1), "{whole:?}");
        let done: BTreeSet<u8> = whole.into_keys().collect();
        prop_assert!(left.is_disjoint(&done));
        prop_assert_eq!(left.union(&done).copied().collect::<BTreeSet<_>>(), found);
    }
}

#[test]
fn what_is_known_is_forgotten_after_eight_days_and_no_sooner() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(&folder.path().join("state"), TENANT).unwrap();
    state.add(vec![content(1)], false, None).unwrap();
    let (key, _) = Fetcher::new().pick(&state, now()).remove(0);
    let delivered = vec![Delivered::Whole { key, content_id: "c1".into() }];
    state.commit(&Safe { delivered, ..Safe::default() }, now()).unwrap();
    let days = |days: i64| now() + SignedDuration::from_hours(24 * days);
    state.forget(days(8)).unwrap();
    assert_eq!(state.add(vec![content(1)], false, None).unwrap(), 0);
    state.forget(days(9)).unwrap();
    assert_eq!(state.add(vec![content(1)], false, None).unwrap(), 1);
}

#[test]
fn one_file_is_one_state_and_one_follower_uses_it() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(&folder.path().join("state"), TENANT).unwrap();
    let same = State::open(
        &folder.path().join("../").join(folder.path().file_name().unwrap()).join("state"),
        TENANT,
    );
    assert!(Arc::ptr_eq(&state, &same.unwrap()));
    let following = state.follow().unwrap();
    assert_eq!(state.follow().err().map(|e| e.kind()), Some(ErrorKind::Conflict));
    drop(following);
    assert!(state.follow().is_ok());
}

#[test]
fn a_folder_holds_a_state_for_each_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let _state = State::open(folder.path(), TENANT).unwrap();
    assert!(folder.path().join(format!("{TENANT}.m365state")).is_file());
}

fn refused(path: &Path, tenant: &str) -> crate::Error {
    let before = std::fs::read(path).unwrap();
    let error = State::open(path, tenant).err().unwrap();
    assert!(std::fs::read(path).unwrap() == before, "{error}: the file was changed");
    error
}

#[test]
fn what_is_no_state_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    for bytes in [b"dear diary".to_vec(), vec![0; 4096], vec![b'r'; 20_000]] {
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(refused(&path, TENANT).kind(), ErrorKind::Storage);
    }
}

#[test]
fn the_state_of_another_tenant_or_program_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    drop(State::open(&path, TENANT).unwrap());
    let error = refused(&path, "00000000-1d2a-4c55-9a41-7f2f0c5f9a10");
    assert!(error.kind() == ErrorKind::InvalidRequest && error.message().contains(TENANT), "{error}");

    let foreign = folder.path().join("foreign");
    let table = redb::TableDefinition::<u64, u64>::new("invoices");
    let database = redb::Database::create(&foreign).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(table).unwrap().insert(1, 2).unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert_eq!(refused(&foreign, TENANT).kind(), ErrorKind::InvalidRequest);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = State::open(&folder.path().join("no/such/folder/state"), TENANT).err().unwrap();
    assert!(error.message().contains("no/such/folder"), "{error}");
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}

#[test]
fn a_damaged_file_is_refused_and_not_stumbled_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let state = State::open(&path, TENANT).unwrap();
    state.add((0..30).map(content).collect(), false, None).unwrap();
    drop(state);
    let sound = std::fs::read(&path).unwrap();
    for at in (0..sound.len()).step_by(997) {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x5a;
        std::fs::write(&path, damaged).unwrap();
        let used = State::open_present(&path, TENANT).and_then(|state| {
            state.export_tables()?;
            state.add(vec![content(100)], true, None)?;
            state.pick(9, now(), &HashSet::new(), [0, FIRST_LISTED])
        });
        // What lies in no use is not noticed, and harms nobody.
        if let Err(error) = used {
            assert!(matches!(error.kind(), ErrorKind::Storage | ErrorKind::InvalidRequest), "{at}: {error}");
            assert!(error.message().contains("state"), "{at}: {error}");
        }
    }
}

#[test]
fn a_state_whose_making_was_broken_off_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    // What the store leaves when it ends between two steps: a length, and no beginning.
    std::fs::write(folder.path().join("state.new"), vec![0; 1 << 16]).unwrap();
    let state = State::open(&path, TENANT).unwrap();
    state.add(vec![content(1)], false, None).unwrap();
    drop(state);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");

    // Somebody else is at it.
    let other = folder.path().join("other");
    let locked = std::fs::File::create(folder.path().join("other.new")).unwrap();
    locked.lock().unwrap();
    assert_eq!(State::open(&other, TENANT).err().unwrap().kind(), ErrorKind::Conflict);
    drop(locked);
    State::open(&other, TENANT).unwrap();
}
