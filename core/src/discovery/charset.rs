//! From bytes to text: UTF-8 and UTF-16, which all readers of XML know, and ISO-8859-1, which costs nothing. Anything
//! else is refused.

use std::borrow::Cow;

use super::read::never;
use crate::error::Result;

const LONGEST_DECLARATION: usize = 200;

/// The text of a body, without its byte order mark. `declared` is what the content type says, in lower case.
pub(super) fn decode<'a>(body: &'a [u8], declared: Option<&str>) -> Result<Cow<'a, str>> {
    match body {
        // The mark is part of the bytes, and so it knows best.
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        // Without a mark, by the zeros around the first character, which is ASCII in both languages.
        [0, first, ..] if *first != 0 => utf16(body, u16::from_be_bytes),
        [first, 0, ..] if *first != 0 => utf16(body, u16::from_le_bytes),
        _ => match declared.map(str::to_owned).or_else(|| of_document(body)).as_deref() {
            None | Some("utf-8" | "utf8" | "us-ascii" | "ascii") => utf8(body),
            // Each byte is the character of that number.
            Some("iso-8859-1" | "latin1") => Ok(Cow::Owned(body.iter().copied().map(char::from).collect())),
            Some(other) => {
                Err(never(format!("the answer is in {other}: only UTF-8, UTF-16 and ISO-8859-1 are read")))
            }
        },
    }
}

/// What the first line of an XML document says of its encoding, in lower case.
fn of_document(body: &[u8]) -> Option<String> {
    let start = body.strip_prefix(b"<?xml")?;
    let line = &start[..memchr::memchr(b'>', start)?.min(LONGEST_DECLARATION)];
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    let (_, said) = line.split_once("encoding")?;
    let said = said.trim_start().strip_prefix('=')?.trim_start();
    let quote = said.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    Some(said[1..].split_once(quote)?.0.to_owned())
}

fn utf8(body: &[u8]) -> Result<Cow<'_, str>> {
    let text = std::str::from_utf8(body).map_err(|e| {
        never(format!("the answer is not UTF-8: byte {} is no part of a character", e.valid_up_to()))
    })?;
    Ok(Cow::Borrowed(text))
}

fn utf16(body: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>> {
    let (pairs, rest) = body.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(never("the answer is UTF-16 and ends within a character"));
    }
    let text: std::result::Result<String, _> =
        char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    text.map(Cow::Owned).map_err(|_| never("the answer is not UTF-16: a character lacks its other half"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16_of(text: &str, mark: bool, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        mark.then_some(0xfeff).into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
    }

    #[test]
    fn texts_are_read_in_each_of_the_two() {
        let text = "<a>K\u{e4}se \u{1f9c0}</a>";
        for body in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            utf16_of(text, true, u16::to_le_bytes),
            utf16_of(text, true, u16::to_be_bytes),
            utf16_of(text, false, u16::to_le_bytes),
            utf16_of(text, false, u16::to_be_bytes),
        ] {
            assert_eq!(decode(&body, Some("utf-8")).unwrap(), text);
            assert_eq!(decode(&body, None).unwrap(), text);
        }
        assert_eq!(decode(b"", None).unwrap(), "");
        let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>K\xe4se</a>";
        assert!(decode(latin, None).unwrap().ends_with("<a>K\u{e4}se</a>"));
        assert_eq!(decode(b"\xe4", Some("iso-8859-1")).unwrap(), "\u{e4}");
    }

    #[test]
    fn what_is_neither_is_refused_with_the_reason() {
        for (body, declared, why) in [
            (&b"<a>\xe4</a>"[..], None, "byte 3"),
            (b"<a/>", Some("shift_jis"), "shift_jis"),
            (b"<?xml version='1.0' encoding = 'Windows-1252'?><a>\xe4</a>", None, "windows-1252"),
            (b"\xff\xfea", None, "within a character"),
            (b"\xfe\xff\xd8\x00", None, "other half"),
        ] {
            let error = decode(body, declared).unwrap_err();
            assert!(error.message().contains(why) && !error.is_retryable(), "{error}");
        }
    }
}
