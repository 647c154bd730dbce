use std::fs;
use std::path::Path;

use super::partition::Partitioning;
use super::target::Target;
use super::writers::{Finished, Writers};
use super::{Compression, PartitionColumn};
use crate::audit::columns::tests::{batch, files, plan, read, texts};
use crate::error::{ErrorKind, Result};

struct Job<'a> {
    target: &'a Path,
    by: &'a [PartitionColumn],
    overwrite: bool,
    append: bool,
}

impl<'a> Job<'a> {
    fn new(target: &'a Path) -> Self {
        Job { target, by: &[], overwrite: false, append: false }
    }

    fn begin(&self) -> Result<Writers> {
        let partitioning = Partitioning::new(Some(self.by), None)?;
        let target =
            Target::new(self.target.to_owned(), !partitioning.is_none(), self.overwrite, self.append)?;
        Writers::new(target.prepare()?, partitioning, Compression::Zstd, &plan(&[]).schema)
    }

    fn write(&self, records: &[&str]) -> Result<Finished> {
        let mut writers = self.begin()?;
        for record in records {
            writers.write(&batch(&plan(&[]), &[record]).batch)?;
        }
        writers.finish()
    }
}

const A: &str =
    r#"{"Id":"a","CreationTime":"2026-11-21T23:59:59","Operation":"Add User.","Workload":"Exchange"}"#;
const B: &str = r#"{"Id":"b","CreationTime":"2026-11-22T07:00:00","Operation":"a/b","Workload":"Exchange"}"#;
const NONE: &str = r#"{"Id":"c"}"#;

#[test]
fn a_file_is_there_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/audit.parquet");
    let written = Job::new(&path).write(&[A, B]).unwrap();
    assert_eq!((written.rows, &written.files), (2, &vec![path.display().to_string()]));
    assert_eq!(written.bytes, path.metadata().unwrap().len());
    let rows = &read(&path)[0];
    assert_eq!(texts(rows, "id"), [Some("a".into()), Some("b".into())]);
    assert_eq!(texts(rows, "raw")[0].as_deref(), Some(A));
    assert_eq!(files(folder.path()), ["new/audit.parquet"]);
}

#[test]
fn rows_go_into_the_folders_of_their_values_which_the_files_leave_out() {
    let folder = tempfile::tempdir().unwrap();
    let by = [PartitionColumn::Date, PartitionColumn::Operation];
    let job = Job { by: &by, ..Job::new(folder.path()) };
    let written = job.write(&[A, B, NONE, A]).unwrap();
    assert_eq!(written.rows, 4);
    assert_eq!(
        files(folder.path()),
        [
            "date=2026-11-21/operation=Add User%2E/part-0.parquet",
            "date=2026-11-22/operation=a%2Fb/part-0.parquet",
            "date=__HIVE_DEFAULT_PARTITION__/operation=__HIVE_DEFAULT_PARTITION__/part-0.parquet",
        ]
    );
    let rows = &read(&folder.path().join("date=2026-11-21/operation=Add User%2E/part-0.parquet"))[0];
    assert_eq!(texts(rows, "id").len(), 2);
    assert!(rows.column_by_name("operation").is_none() && rows.column_by_name("creation_time").is_some());
    let hours = tempfile::tempdir().unwrap();
    Job { by: &[PartitionColumn::Hour], ..Job::new(hours.path()) }.write(&[A, B]).unwrap();
    assert_eq!(files(hours.path()), ["hour=07/part-0.parquet", "hour=23/part-0.parquet"]);
}

#[test]
fn many_folders_are_written_with_few_files_open() {
    let folder = tempfile::tempdir().unwrap();
    let job = Job { by: &[PartitionColumn::Operation], ..Job::new(folder.path()) };
    let mut writers = job.begin().unwrap();
    let records: Vec<_> = (0..100).map(|n| format!(r#"{{"Id":"{n}","Operation":"o{}"}}"#, n % 50)).collect();
    let records: Vec<_> = records.iter().map(String::as_str).collect();
    for _ in 0..2 {
        writers.write(&batch(&plan(&[]), &records).batch).unwrap();
    }
    assert_eq!(writers.finish().unwrap().rows, 200);
    let written = files(folder.path());
    let rows: usize = written.iter().map(|name| read(&folder.path().join(name))[0].num_rows()).sum();
    assert_eq!(rows, 200);
    // Which of those that have waited as long are finished first is nobody's business.
    assert!(written.len() > 50 && written.iter().all(|name| !name.contains("part-2")), "{written:?}");
}

#[test]
fn what_is_there_is_replaced_or_added_to_only_when_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let by = [PartitionColumn::Workload];
    let plain = Job::new(folder.path());
    plain.write(&[A]).unwrap();
    let refused = plain.write(&[B]).err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::InvalidRequest);
    assert!(refused.hint().unwrap().contains("overwrite"));
    Job { append: true, ..Job::new(folder.path()) }.write(&[B]).unwrap();
    Job { append: true, by: &by, ..Job::new(folder.path()) }.write(&[B]).unwrap();
    assert_eq!(
        files(folder.path()),
        ["part-0.parquet", "part-1.parquet", "workload=Exchange/part-0.parquet"]
    );
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    Job { overwrite: true, ..Job::new(folder.path()) }.write(&[B]).unwrap();
    assert_eq!(files(folder.path()), ["notes.txt", "part-0.parquet"]);
    assert!(!folder.path().join("workload=Exchange").exists());
    assert_eq!(texts(&read(&folder.path().join("part-0.parquet"))[0], "id"), [Some("b".into())]);
    let path = folder.path().join("one.parquet");
    Job::new(&path).write(&[A]).unwrap();
    assert!(Job::new(&path).write(&[B]).is_err());
    Job { overwrite: true, ..Job::new(&path) }.write(&[B]).unwrap();
    assert_eq!(texts(&read(&path)[0], "id"), [Some("b".into())]);
}

#[test]
fn a_run_that_ends_early_leaves_nothing_and_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("new/target");
    let mut writers = Job::new(&target).begin().unwrap();
    writers.write(&batch(&plan(&[]), &[A]).batch).unwrap();
    drop(writers);
    assert!(!folder.path().join("new").exists());
    Job::new(&target).write(&[A]).unwrap();
    let mut writers = Job { overwrite: true, ..Job::new(&target) }.begin().unwrap();
    writers.write(&batch(&plan(&[]), &[B]).batch).unwrap();
    drop(writers);
    assert_eq!(files(&target), ["part-0.parquet"]);
    assert_eq!(texts(&read(&target.join("part-0.parquet"))[0], "id"), [Some("a".into())]);
}

#[test]
fn names_that_cannot_be_given_are_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    Job::new(folder.path()).write(&[A]).unwrap();
    // A file where the folder of the second partition has to be.
    fs::write(folder.path().join("workload=Exchange"), "in the way").unwrap();
    let by = [PartitionColumn::Workload];
    let job = Job { overwrite: true, by: &by, ..Job::new(folder.path()) };
    let failed = job.write(&[r#"{"Id":"x","Workload":"Aip"}"#, A]).err().unwrap();
    assert_eq!(failed.kind(), ErrorKind::Storage);
    assert!(failed.message().contains("workload=Exchange"), "{failed}");
    assert_eq!(files(folder.path()), ["part-0.parquet", "workload=Exchange"]);
    assert_eq!(texts(&read(&folder.path().join("part-0.parquet"))[0], "id"), [Some("a".into())]);
}

#[test]
fn leftovers_of_a_killed_run_go_and_those_of_a_living_one_stay() {
    let folder = tempfile::tempdir().unwrap();
    let leftover = folder.path().join(".m365kit-0000000000000000.partial");
    fs::create_dir(&leftover).unwrap();
    fs::write(leftover.join("lock"), "").unwrap();
    fs::write(leftover.join("1.partial"), "half").unwrap();
    let mut living = Job::new(folder.path()).begin().unwrap();
    assert!(!leftover.exists());
    living.write(&batch(&plan(&[]), &[A]).batch).unwrap();
    Job { append: true, ..Job::new(folder.path()) }.write(&[B]).unwrap();
    assert_eq!(living.finish().unwrap().rows, 1);
    assert_eq!(files(folder.path()), ["part-0.parquet", "part-1.parquet"]);
}

#[test]
fn a_file_of_no_rows_can_be_read_and_a_folder_is_not_added_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.parquet");
    assert_eq!(Job::new(&path).write(&[]).unwrap().files.len(), 1);
    assert!(read(&path).is_empty());
    assert!(Job { append: true, ..Job::new(folder.path()) }.write(&[]).unwrap().files.is_empty());
}

#[test]
fn targets_that_cannot_be_meant_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (file, plain) = (folder.path().join("a.parquet"), folder.path().join("plain"));
    fs::write(&plain, "").unwrap();
    fs::create_dir(folder.path().join("b.parquet")).unwrap();
    let by = [PartitionColumn::Date];
    let below = plain.join("below");
    for (job, message) in [
        (Job { overwrite: true, append: true, ..Job::new(folder.path()) }, "exclude"),
        (Job { append: true, ..Job::new(&file) }, "nothing can be added"),
        (Job { by: &by, ..Job::new(&file) }, "needs a folder"),
        (Job::new(Path::new("")), "target is empty"),
        (Job::new(&plain), "where a folder is needed"),
        (Job { overwrite: true, ..Job::new(&folder.path().join("b.parquet")) }, "is a folder"),
        (Job::new(&below), "a part of its path is a file"),
        (Job { by: &[PartitionColumn::Date, PartitionColumn::Date], ..Job::new(folder.path()) }, "twice"),
    ] {
        let error = job.begin().err().unwrap();
        assert!(error.message().contains(message), "{message}: {error}");
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    }
}

/// A disk that has no room is found everywhere on Linux.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_is_a_storage_error_that_names_the_file() {
    use super::spooled::write_file;
    use crate::audit::content_type::ContentType;

    let full = Path::new("/dev/full");
    let records = std::iter::once(Ok((A.into(), "blob".into())));
    let error =
        write_file(records, &ContentType::Exchange, &plan(&[]), &Compression::Zstd, full).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(error.message().contains("/dev/full") && error.message().contains("space"), "{error}");
}
