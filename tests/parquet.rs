//! Parquet files as a user would read them: by their columns.

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use serde::Deserialize;

/// The ids of the records in a file, each of which must stand in `raw` as well, if there is that column.
pub fn ids(path: &Path) -> Result<Vec<String>, String> {
    let complain = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    let mut ids = Vec::new();
    for row in rows(path).map_err(|e| complain(&e))? {
        let Some(id) = text(&row, "id") else { return Err(complain(&"a row has no id")) };
        if let Some(raw) = text(&row, "raw") {
            let record: Record =
                serde_json::from_str(&raw).map_err(|e| complain(&format!("{e} in {raw}")))?;
            if record.id != id {
                return Err(complain(&format!("{id} stands beside {raw}")));
            }
        }
        ids.push(id);
    }
    Ok(ids)
}

/// The rows of a file.
pub fn rows(path: &Path) -> Result<Vec<Row>, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let reader = SerializedFileReader::new(file).map_err(|e| e.to_string())?;
    let rows = reader.get_row_iter(None).map_err(|e| e.to_string())?;
    rows.collect::<Result<_, _>>().map_err(|e| e.to_string())
}

/// What stands in a column of text; none if that is null, or there is no such column.
pub fn text(row: &Row, column: &str) -> Option<String> {
    row.get_column_iter().find(|(name, _)| *name == column).and_then(|(_, value)| match value {
        Field::Str(text) => Some(text.clone()),
        _ => None,
    })
}

/// How many rows a file has, by what stands at its end.
pub fn count(path: &Path) -> Result<usize, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let reader = SerializedFileReader::new(file).map_err(|e| e.to_string())?;
    usize::try_from(reader.metadata().file_metadata().num_rows()).map_err(|e| e.to_string())
}

/// The files of a folder that have their final name, in order.
pub fn whole(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> =
        entries.map(|entry| entry.path()).filter(|path| ends_in(path, "parquet")).collect();
    paths.sort();
    paths
}

fn ends_in(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|is| is == ending)
}

/// Nothing but the id is read: a record may hold what no text of this language can.
#[derive(Deserialize)]
struct Record {
    #[serde(rename = "Id")]
    id: String,
}
