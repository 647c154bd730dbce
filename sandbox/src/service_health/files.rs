//! Bytes: attachments, archives of them, incident reports.

use std::io::{Cursor, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::random::{Random, hash_text};

/// The largest attachment that is made up.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The bytes of an attachment: those that were given (`content`, in base64), or `size` of them made from its id.
pub(super) fn attachment(seed: u64, attachment: &Value) -> Bytes {
    let given = attachment["content"].as_str().and_then(|text| BASE64_STANDARD.decode(text).ok());
    if let Some(given) = given {
        return given.into();
    }
    let size = attachment["size"].as_u64().unwrap_or(1_024).min(LARGEST) as usize;
    let mut random = Random::new(hash_text(seed, attachment["id"].as_str().unwrap_or_default()));
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        bytes.extend_from_slice(&random.next().to_le_bytes());
    }
    bytes.truncate(size);
    bytes.into()
}

/// The report on an issue, which is there once its status says so.
pub(super) fn report(issue: &Value) -> Option<Bytes> {
    let status = issue["status"].as_str().unwrap_or_default();
    if !status.eq_ignore_ascii_case("postIncidentReviewPublished") {
        return None;
    }
    let text = |name: &str| issue[name].as_str().unwrap_or_default();
    let content = format!("Post-incident report {}: {} ({})", text("id"), text("title"), text("service"));
    let shown = content.replace(['(', ')', '\\'], " ");
    let stream = format!("BT /F1 12 Tf 72 720 Td ({shown}) Tj ET");
    let body = format!(
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
         3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R>>endobj\n4 0 obj<</Length {}>>stream\n{stream}\nendstream endobj\n\
         trailer<</Root 1 0 R>>\n%%EOF\n",
        stream.len()
    );
    Some(body.into())
}

/// A zip of attachments. Entries are named as they are, without what could lead out of a directory.
pub(super) fn archive(seed: u64, attachments: &[Value]) -> Bytes {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut names: Vec<String> = vec![];
    for one in attachments {
        let id = one["id"].as_str().unwrap_or("attachment");
        let name = one["name"].as_str().unwrap_or_default();
        let last = name.rsplit(['/', '\\']).next().filter(|last| !last.is_empty()).unwrap_or(id);
        let is_taken = names.iter().any(|known| known == last);
        let name = if is_taken { format!("{} {last}", names.len() + 1) } else { last.to_owned() };
        // Writing into memory cannot fail, and no name is there twice.
        if zip.start_file(&*name, options).is_ok() {
            let _ = zip.write_all(&attachment(seed, one));
        }
        names.push(name);
    }
    zip.finish().map(|whole| whole.into_inner().into()).unwrap_or_default()
}
