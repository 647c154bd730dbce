//! Bodies that do harm to whoever reads them carelessly (discovery-service, 3 and 6.3).

use std::fmt::Write;

use super::DiscoveryMischief as Mischief;
use super::format::Format;
use super::{atom, json};

/// What Atom is called that declares an encoding itself: the header must not speak against it.
const PLAIN: &str = "application/atom+xml;type=feed";
/// How deep a bomb is.
const DEEP: usize = 100_000;
/// How large a large body is: more than any list has to be.
const LARGE: usize = 5 * 1024 * 1024;

/// A body as a list has it, or worse; and how it calls itself.
pub(super) fn spoil(
    mischief: Option<Mischief>,
    format: Format,
    text: String,
    content_type: &'static str,
) -> (Vec<u8>, &'static str) {
    let Some(mischief) = mischief else { return (text.into_bytes(), content_type) };
    let atom = format == Format::Atom;
    match mischief {
        Mischief::Doctype if atom => {
            let kind = "<!DOCTYPE feed SYSTEM \"https://entities.evil.example/feed.dtd\">";
            (after_head(&text, kind).into_bytes(), content_type)
        }
        Mischief::Entities if atom => (entities(&text).into_bytes(), content_type),
        Mischief::Depth => (deep(&text, atom).into_bytes(), content_type),
        Mischief::BadUtf8 => (bad_utf8(text.as_bytes()), content_type),
        Mischief::UnknownEncoding if atom => (declared(&text, "x-nobody-1").into_bytes(), PLAIN),
        Mischief::Latin1 if atom => {
            let text = declared(&text, "iso-8859-1").replace("Microsoft</d:", "Microsôft</d:");
            (text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect(), PLAIN)
        }
        Mischief::Utf16 if atom => {
            let text = declared(&text, "utf-16");
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            (units.flat_map(u16::to_le_bytes).collect(), PLAIN)
        }
        Mischief::Large => {
            let mut body = text.into_bytes();
            body.resize(body.len().max(LARGE), b' ');
            (body, content_type)
        }
        Mischief::WrongType if atom => {
            (text.into_bytes(), json::content_type(super::Base::V1, super::Metadata::Minimal))
        }
        Mischief::WrongType => (text.into_bytes(), atom::content_type(false)),
        _ => (text.into_bytes(), content_type),
    }
}

/// A document with something behind its declaration.
fn after_head(text: &str, what: &str) -> String {
    text.replacen("?>", &format!("?>{what}"), 1)
}

/// Ten entities of ten others each, and the last one in use.
fn entities(text: &str) -> String {
    let mut kind = String::from("<!DOCTYPE feed [<!ENTITY e0 \"ha\">");
    for number in 1..10 {
        let inner = format!("&e{};", number - 1).repeat(10);
        let _ = write!(kind, "<!ENTITY e{number} \"{inner}\">");
    }
    kind.push_str("]>");
    let text = after_head(text, &kind);
    text.replacen("<title", "<rights>&e9;</rights><title", 1)
}

fn deep(text: &str, atom: bool) -> String {
    if atom {
        let bomb = format!("{}{}", "<x>".repeat(DEEP), "</x>".repeat(DEEP));
        return text.replacen("<title", &format!("{bomb}<title"), 1);
    }
    let bomb = format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP));
    text.replacen('{', &format!("{{\"deep\":{bomb},"), 1)
}

fn bad_utf8(body: &[u8]) -> Vec<u8> {
    const WORD: &[u8] = b"Microsoft";
    let place = body.windows(WORD.len()).position(|window| window == WORD).unwrap_or(body.len());
    [&body[..place], &[0xc3, 0x28], &body[place..]].concat()
}

fn declared(text: &str, encoding: &str) -> String {
    text.replacen("encoding=\"utf-8\"", &format!("encoding=\"{encoding}\""), 1)
}
