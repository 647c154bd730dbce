//! PEM: blocks of base64 between lines of dashes, among any other text.
//!
//! Source: RFC 7468; RFC 1421 for the headers of keys in the old encrypted form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// One block.
pub(super) struct Block {
    /// Such as `CERTIFICATE` or `PRIVATE KEY`.
    pub(super) label: String,
    pub(super) content: Zeroizing<Vec<u8>>,
    /// Whether its headers say that it is encrypted in the old way.
    pub(super) encrypted: bool,
}

/// Whether a text has a block at all.
pub(super) fn is_pem(text: &[u8]) -> bool {
    text.windows(BEGIN.len()).any(|part| part == BEGIN.as_bytes())
}

/// The blocks of a text; the label of the block that cannot be read, if there is one.
pub(super) fn blocks(text: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(DASHES)) else {
            continue;
        };
        let mut encoded = Zeroizing::new(String::with_capacity(4 * 1024));
        let mut encrypted = false;
        let closed = lines.by_ref().any(|line| {
            if line.contains(": ") || line.ends_with(':') {
                encrypted |= line.starts_with("Proc-Type:") && line.contains("ENCRYPTED");
            } else if !line.starts_with(END) {
                encoded.extend(line.split_whitespace());
            }
            line.strip_prefix(END).and_then(|rest| rest.strip_suffix(DASHES)) == Some(label)
        });
        // What is encrypted in the old way begins with a header that continues on other lines; it is not read.
        let content = if encrypted { Some(Vec::new()) } else { STANDARD.decode(encoded.as_bytes()).ok() };
        match content.filter(|_| closed) {
            Some(content) => {
                let content = Zeroizing::new(content);
                blocks.push(Block { label: label.to_owned(), content, encrypted });
            }
            None => return Err(label.to_owned()),
        }
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blocks_are_found_among_other_text() {
        let text = "Bag Attributes\n    localKeyID: 01\n-----BEGIN CERTIFICATE-----\r\nAQ\r\nID\r\n-----END CERTIFICATE-----\n\
                    junk\n  -----BEGIN PRIVATE KEY-----\n  BAUG\n  -----END PRIVATE KEY-----";
        let read = blocks(text).unwrap();
        let found: Vec<_> = read.iter().map(|b| (b.label.as_str(), b.content.as_slice())).collect();
        assert_eq!(found, [("CERTIFICATE", &[1, 2, 3][..]), ("PRIVATE KEY", &[4, 5, 6])]);
    }

    #[test]
    fn a_block_that_is_cut_or_damaged_is_named() {
        for text in [
            "-----BEGIN X-----\nAQID\n",
            "-----BEGIN X-----\nAQ!D\n-----END X-----",
            "-----BEGIN X-----\nAQID\n-----END Y-----",
        ] {
            assert_eq!(blocks(text).err().as_deref(), Some("X"), "{text}");
        }
        assert!(blocks("no block").unwrap().is_empty());
    }

    #[test]
    fn the_old_encryption_is_noticed() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAQID\n-----END RSA PRIVATE KEY-----";
        assert!(blocks(text).unwrap()[0].encrypted);
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "(-----BEGIN A-----|-----END A-----|[A-Za-z0-9=: ]{0,9}|\n){0,20}") {
            let _ = blocks(&text);
        }

        #[test]
        fn what_was_written_is_read_back(content in prop::collection::vec(any::<u8>(), 0..200)) {
            let text = format!("-----BEGIN K-----\n{}\n-----END K-----\n", STANDARD.encode(&content));
            prop_assert_eq!(&*blocks(&text).unwrap()[0].content, &content);
        }
    }
}
