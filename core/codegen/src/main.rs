//! Brings the generated files of the tree up to date.

use std::path::Path;
use std::{fs, io};

use m365kit_codegen::{model::Api, write_all};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (path, text) in write_all(&Api::of_the_core()) {
        let path = root.join(path);
        if fs::read_to_string(&path).is_ok_and(|present| present == text) {
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}
