//! The last guard of tokens: whatever has the shape of one is not shown, wherever it came from.

use std::borrow::Cow;

/// How a token begins: `{"` in base64.
const START: &str = "eyJ";
const MASK: &str = "***";

/// The text with a mask in place of each JWT: two or more parts of base64url, of which the first begins as a JSON
/// object does.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(at) = rest[from..].find(START).map(|at| from + at) {
        let end = at + rest.as_bytes()[at..].iter().take_while(|byte| is_token(**byte)).count();
        let inside = at.checked_sub(1).is_some_and(|before| is_token(rest.as_bytes()[before]));
        if inside || !rest[at..end].contains('.') {
            from = end;
            continue;
        }
        shown.push_str(&rest[..at]);
        shown.push_str(MASK);
        (rest, from) = (&rest[end..], 0);
    }
    if shown.is_empty() && rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_has_the_shape_of_a_token_is_masked() {
        for (text, shown) in [
            ("", ""),
            ("nothing here", "nothing here"),
            ("Bearer eyJhbGciOi.eyJpc3Mi.c2ln and more", "Bearer *** and more"),
            ("eyJhbGciOi.eyJpc3Mi.", "***"),
            ("a=\"eyJh.eyJi.x\", b=eyJh.eyJi.y", "a=\"***\", b=***"),
            ("eyJalone is no token", "eyJalone is no token"),
            ("abceyJh.eyJi.x", "abceyJh.eyJi.x"),
            ("käse eyJh.b.c ß", "käse *** ß"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_masked_and_no_token_is_left(before in "[ -~äß]{0,20} ", after in " [ -~äß]{0,20}") {
            let text = format!("{before}eyJhbGciOi.eyJzdWIi.c2VjcmV0{after}");
            prop_assert!(!masked(&text).contains("c2VjcmV0"));
        }
    }
}
