//! What a file of a download may be called: a name that does no harm in any folder of any system.
//!
//! Source: service communications, 3.9; RFC 6266 and RFC 8187 for the header.

use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap};

/// How long a name may be, in bytes.
const LONGEST: usize = 120;
/// How long an ending may be that is kept when a name is cut.
const LONGEST_ENDING: usize = 12;

/// Names that Windows takes for devices, whatever stands behind their first dot.
const RESERVED: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// The name that the answer gives, else the operation's, else one made of an id and the kind of the content.
pub(crate) fn file_name(headers: &HeaderMap, given: Option<&str>, id: &str) -> String {
    let said = headers.get(CONTENT_DISPOSITION).map(|value| String::from_utf8_lossy(value.as_bytes()));
    said.and_then(|said| safe(&from_disposition(&said)?)).or_else(|| safe(given?)).unwrap_or_else(|| {
        let ending = ending(headers);
        let id = safe(id).unwrap_or_else(|| "download".to_owned());
        safe(&format!("{}.{ending}", cut(&id, LONGEST - 1 - ending.len()))).unwrap_or(id)
    })
}

/// A safe form of a name; none if nothing is left of it.
fn safe(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|&c| is_harmless(c)).collect();
    // A leading dot hides it, and trailing ones are not kept by every system.
    let kept = kept.trim_start_matches(['.', ' ', '\u{a0}']).trim_end_matches(['.', ' ', '\u{a0}']);
    let short = shortened(kept);
    let short = short.trim_end_matches(['.', ' ']);
    (!short.is_empty() && !is_reserved(short)).then(|| short.to_owned())
}

fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*')
        // Marks that turn the writing direction, and with it what seems to be the ending.
        && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let numbered = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    let is_port = numbered.is_some_and(|number| {
        let mut digits = number.chars();
        matches!((digits.next(), digits.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
    });
    is_port || RESERVED.contains(&stem.as_str())
}

/// At most so many bytes as a name may have, with the ending that it has.
fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    match name.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= LONGEST_ENDING => {
            format!("{}.{ending}", cut(stem, LONGEST - 1 - ending.len()).trim_end())
        }
        _ => cut(name, LONGEST).to_owned(),
    }
}

fn cut(text: &str, longest: usize) -> &str {
    let mut end = longest.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// What a file of this kind ends with.
fn ending(headers: &HeaderMap) -> &'static str {
    let said = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/pdf" => "pdf",
        "application/zip" | "application/x-zip-compressed" => "zip",
        "application/json" => "json",
        "application/xml" | "text/xml" => "xml",
        "application/msword" => "doc",
        "application/vnd.ms-excel" => "xls",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation" => "pptx",
        "message/rfc822" => "eml",
        "text/plain" => "txt",
        "text/html" => "html",
        "text/csv" => "csv",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "image/svg+xml" => "svg",
        _ => "bin",
    }
}

/// The file's name in a header `Content-Disposition`; that in Unicode, if there are two.
fn from_disposition(header: &str) -> Option<String> {
    let mut plain = None;
    for (name, value) in parameters(header) {
        if name.eq_ignore_ascii_case("filename*") {
            let mut parts = value.splitn(3, '\'');
            let (charset, _, text) = (parts.next()?, parts.next(), parts.next());
            if let Some(text) = text.filter(|_| charset.eq_ignore_ascii_case("utf-8")) {
                return Some(percent_decoded(text));
            }
        } else if name.eq_ignore_ascii_case("filename") {
            plain.get_or_insert(value);
        }
    }
    plain
}

/// The parameters behind the first semicolon, without quotes.
fn parameters(header: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = header.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, behind)) = rest.split_once('=') {
        // What stands there alone has no value.
        let name = name.rsplit(';').next().unwrap_or_default().trim().to_owned();
        let behind = behind.trim_start();
        let mut value = String::new();
        let Some(quoted) = behind.strip_prefix('"') else {
            let (token, after) = behind.split_once(';').unwrap_or((behind, ""));
            found.push((name, token.trim().to_owned()));
            rest = after;
            continue;
        };
        let mut chars = quoted.chars();
        while let Some(c) = chars.next() {
            match c {
                '"' => break,
                // Windows paths come with backslashes that escape nothing; all but quotes stay.
                '\\' => match chars.next() {
                    Some(escaped @ ('"' | '\\')) => value.push(escaped),
                    Some(other) => value.extend(['\\', other]),
                    None => break,
                },
                _ => value.push(c),
            }
        }
        found.push((name, value));
        rest = chars.as_str().split_once(';').map_or("", |(_, rest)| rest);
    }
    found
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.filter(|_| byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(code.unwrap_or(byte));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn named(disposition: &str, given: Option<&str>) -> String {
        let mut headers = HeaderMap::new();
        if !disposition.is_empty() {
            headers.insert(CONTENT_DISPOSITION, HeaderValue::from_bytes(disposition.as_bytes()).unwrap());
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/pdf; charset=binary"));
        file_name(&headers, given, "MO123456")
    }

    #[test]
    fn the_answers_own_name_comes_first_then_the_operations_then_one_that_is_made_up() {
        assert_eq!(named("attachment; filename=\"report.pdf\"", Some("other.pdf")), "report.pdf");
        assert_eq!(named("attachment", Some("other.pdf")), "other.pdf");
        assert_eq!(named("", None), "MO123456.pdf");
        assert_eq!(named("attachment; filename=\"..\"", Some("///")), "MO123456.pdf");
    }

    #[test]
    fn headers_are_read_as_they_are_written_in_the_wild() {
        for (header, name) in [
            ("attachment; filename=plain.txt", "plain.txt"),
            ("attachment; filename=\"a \\\"quoted\\\" name; v2.txt\"", "a quoted name; v2.txt"),
            ("attachment; filename=\"fallback.txt\"; filename*=UTF-8''%e2%82%ac%20rates.txt", "€ rates.txt"),
            ("attachment; filename*=utf-8'en'na%C3%AFve%2Ftxt; filename=x", "txt"),
            ("attachment; filename*=iso-8859-1''a%E4; filename=x.txt", "x.txt"),
            ("attachment; filename=\"Überblick.pdf\"", "Überblick.pdf"),
            ("attachment; size=3; FileName = \"b.txt\"", "b.txt"),
            ("attachment; filename=\"C:\\Users\\sadie\\report.txt\"", "report.txt"),
            ("filename=nothing.txt", "MO123456.pdf"),
        ] {
            assert_eq!(named(header, None), name, "{header}");
        }
    }

    #[test]
    fn no_name_leaves_its_folder_or_is_something_else_than_a_file() {
        for (given, name) in [
            ("../../etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("report\u{0}\r\n.pdf", "report.pdf"),
            ("gpj.\u{202e}exe", "gpj.exe"),
            (".bashrc", "bashrc"),
            ("name.txt. . .", "name.txt"),
            ("file.txt:stream", "file.txtstream"),
            ("nul", "MO123456.pdf"),
            ("Aux.tar.gz", "MO123456.pdf"),
            ("com7.txt", "MO123456.pdf"),
            ("LPT¹", "MO123456.pdf"),
            ("com10.txt", "com10.txt"),
            ("console.txt", "console.txt"),
            ("   ", "MO123456.pdf"),
        ] {
            assert_eq!(named("", Some(given)), name, "{given:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending_and_its_characters() {
        let name = named("", Some(&format!("{}.docx", "ä".repeat(300))));
        assert!(name.len() <= LONGEST && name.ends_with("ä.docx"), "{name}");
        assert_eq!(named("", Some(&"x".repeat(300))).len(), LONGEST);
        let headers = HeaderMap::new();
        let name = file_name(&headers, None, &"i".repeat(300));
        assert_eq!((name.len(), &name[LONGEST - 6..]), (LONGEST, "ii.bin"));
    }
}
