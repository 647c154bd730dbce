//! Bytes: attachments, archives of them, incident reports.

use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use serde_json::Value;

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
    let mut zip = Zip::default();
    for one in attachments {
        let id = one["id"].as_str().unwrap_or("attachment");
        let name = one["name"].as_str().unwrap_or_default();
        let last = name.rsplit(['/', '\\']).next().filter(|last| !last.is_empty()).unwrap_or(id);
        zip.add(last, &attachment(seed, one));
    }
    zip.finish()
}

/// A zip as it grows: entries, and the directory that follows them.
#[derive(Default)]
struct Zip {
    out: Vec<u8>,
    directory: Vec<u8>,
    names: Vec<String>,
}

impl Zip {
    fn add(&mut self, name: &str, data: &[u8]) {
        let name = if self.names.iter().any(|known| known == name) {
            format!("{} {name}", self.names.len() + 1)
        } else {
            name.to_owned()
        };
        let mut crc = Crc::new();
        crc.update(data);
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
        // Writing into a vector cannot fail.
        let _ = deflate.write_all(data);
        let packed = deflate.finish().unwrap_or_default();
        let start = self.out.len() as u32;
        let mut head = vec![];
        // Needs version 2.0; names are in UTF-8; deflated; the first of January 1980.
        for short in [20_u16, 1 << 11, 8, 0, 33] {
            head.extend_from_slice(&short.to_le_bytes());
        }
        for long in [crc.sum(), packed.len() as u32, data.len() as u32] {
            head.extend_from_slice(&long.to_le_bytes());
        }
        head.extend_from_slice(&(name.len() as u16).to_le_bytes());
        head.extend_from_slice(&[0; 2]);
        self.out.extend_from_slice(b"PK\x03\x04");
        self.out.extend_from_slice(&head);
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(&packed);
        self.directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        self.directory.extend_from_slice(&head);
        // No comment, the first disk, no attributes.
        self.directory.extend_from_slice(&[0; 10]);
        self.directory.extend_from_slice(&start.to_le_bytes());
        self.directory.extend_from_slice(name.as_bytes());
        self.names.push(name);
    }

    fn finish(mut self) -> Bytes {
        let (start, count) = (self.out.len() as u32, self.names.len() as u16);
        self.out.extend_from_slice(&self.directory);
        self.out.extend_from_slice(b"PK\x05\x06\x00\x00\x00\x00");
        for short in [count, count] {
            self.out.extend_from_slice(&short.to_le_bytes());
        }
        for long in [self.directory.len() as u32, start] {
            self.out.extend_from_slice(&long.to_le_bytes());
        }
        self.out.extend_from_slice(&[0; 2]);
        self.out.into()
    }
}
