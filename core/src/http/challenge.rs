//! `WWW-Authenticate`: the challenges of a 401, and the claims that one of them may ask for.
//!
//! Several headers and several challenges in one header are legal, which makes the comma mean two things.
//! Source: RFC 9110, 11.6.1; "Claims challenges, claims requests and client capabilities".

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use serde_json::Value;

/// The longest claims that are believed, decoded.
const LONGEST_CLAIMS: usize = 8 * 1024;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const ANY_PADDING_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// One challenge: its scheme, and its parameters in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// A parameter by its name in lower case; the first, if it was sent twice.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// All challenges of an answer, in the order in which they were sent.
pub(crate) fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
    headers.get_all(WWW_AUTHENTICATE).iter().flat_map(|value| parse(value.as_bytes())).collect()
}

/// The claims that a new token has to satisfy, as JSON text; none if no challenge asks for any.
pub(crate) fn claims(headers: &HeaderMap) -> Option<String> {
    challenges(headers).iter().filter(|challenge| challenge.scheme == "bearer").find_map(|challenge| {
        let insufficient = challenge.parameter("error")? == "insufficient_claims";
        insufficient.then(|| decode(challenge.parameter("claims")?)).flatten()
    })
}

/// Claims from their base64, in either alphabet: a JSON object that is not too long.
fn decode(text: &str) -> Option<String> {
    if text.len() > LONGEST_CLAIMS * 4 / 3 + 4 {
        return None;
    }
    let bytes = ANY_PADDING.decode(text).or_else(|_| ANY_PADDING_URL.decode(text)).ok()?;
    let claims = String::from_utf8(bytes).ok().filter(|claims| claims.len() <= LONGEST_CLAIMS)?;
    serde_json::from_str::<Value>(&claims).ok()?.is_object().then_some(claims)
}

/// The challenges of one header, as far as it can be read.
fn parse(header: &[u8]) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = Rest(header);
    loop {
        rest.skip(|byte| byte == b',' || is_space(byte));
        let word = rest.take(is_token);
        if word.is_empty() {
            return challenges;
        }
        let name = String::from_utf8_lossy(word).to_ascii_lowercase();
        let spaced = rest.skip(is_space);
        match (rest.peek(), challenges.last_mut()) {
            // A name with a value belongs to the challenge before it; without one it is nobody's.
            (Some(b'='), challenge) => {
                rest.advance();
                rest.skip(is_space);
                let Some(value) = rest.value() else { return challenges };
                if let Some(challenge) = challenge {
                    challenge.parameters.push((name, value));
                }
            }
            (None | Some(b','), _) => challenges.push(Challenge { scheme: name, parameters: Vec::new() }),
            _ if spaced => {
                challenges.push(Challenge { scheme: name, parameters: Vec::new() });
                rest.skip_token68();
            }
            _ => return challenges,
        }
    }
}

/// What of a header has not been read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn advance(&mut self) {
        self.0 = self.0.get(1..).unwrap_or_default();
    }

    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|&byte| !wanted(byte)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn skip(&mut self, unwanted: impl Fn(u8) -> bool) -> bool {
        !self.take(unwanted).is_empty()
    }

    /// The one value that some schemes have in place of parameters, such as `Negotiate`: not of use to anybody.
    fn skip_token68(&mut self) {
        let mut ahead = Rest(self.0);
        let word = !ahead.take(|byte| is_token(byte) || byte == b'/').is_empty();
        ahead.skip(|byte| byte == b'=');
        ahead.skip(is_space);
        // Behind padding comes nothing; behind the `=` of a parameter its value.
        if word && matches!(ahead.peek(), None | Some(b',')) {
            self.0 = ahead.0;
        }
    }

    /// A word, or a quoted text without its quotes; none if the quotes are not closed.
    fn value(&mut self) -> Option<String> {
        if self.peek() != Some(b'"') {
            return Some(String::from_utf8_lossy(self.take(|b| b != b',' && !is_space(b))).into_owned());
        }
        self.advance();
        let mut text = Vec::new();
        loop {
            let byte = self.peek()?;
            self.advance();
            match byte {
                b'"' => return Some(String::from_utf8_lossy(&text).into_owned()),
                b'\\' => {
                    text.push(self.peek()?);
                    self.advance();
                }
                other => text.push(other),
            }
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    use super::*;

    const CLAIMS: &str =
        "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNzk0MjY4ODAwIn19fQ==";
    const DECODED: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1794268800"}}}"#;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|v| (WWW_AUTHENTICATE, HeaderValue::from_str(v).unwrap())).collect()
    }

    #[test]
    fn claims_are_found_wherever_they_stand() {
        let full = format!(
            r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="{CLAIMS}""#
        );
        let unquoted = format!("bEaReR CLAIMS={CLAIMS},ERROR=insufficient_claims");
        let unpadded = full.replace("==\"", "\"");
        let behind = format!(r#"Negotiate YII=, Basic realm="a, \"b\", c=d", {full}"#);
        for value in [&full, &unquoted, &unpadded, &behind] {
            assert_eq!(claims(&headers(&[value])).as_deref(), Some(DECODED), "{value}");
        }
        assert_eq!(claims(&headers(&["Negotiate", "Basic realm=\"x\"", &full])).as_deref(), Some(DECODED));
    }

    #[test]
    fn what_is_no_claims_challenge_asks_for_none() {
        let long = format!(r#"Bearer error="insufficient_claims", claims="{}""#, "A".repeat(20_000));
        for value in [
            "",
            "Bearer",
            r#"Bearer error="invalid_token""#,
            r#"Bearer error="insufficient_claims""#,
            r#"Bearer error="insufficient_claims", claims="%%%""#,
            r#"Bearer error="insufficient_claims", claims="WzFd""#, // [1]
            r#"Bearer error="insufficient_claims", claims="e30="#,  // not closed
            r#"PoP error="insufficient_claims", claims="e30=""#,
            &long,
        ] {
            assert_eq!(claims(&headers(&[value])), None, "{value}");
        }
    }

    #[test]
    fn many_challenges_of_one_header_are_told_apart() {
        let read =
            challenges(&headers(&[r#"Basic realm="a", charset=UTF-8, Negotiate, Bearer error = "x""#]));
        let schemes: Vec<_> = read.iter().map(|c| c.scheme.as_str()).collect();
        assert_eq!(schemes, ["basic", "negotiate", "bearer"]);
        assert_eq!(read[0].parameter("charset"), Some("UTF-8"));
        assert_eq!(read[2].parameter("error"), Some("x"));
    }

    proptest! {
        #[test]
        fn any_parameter_can_be_quoted_and_read_back(value in "[ -~]{0,40}", other in "[ -~]{0,40}") {
            let quoted = |text: &str| text.replace('\\', r"\\").replace('"', r#"\""#);
            let header = format!(r#"Digest x="{}", Bearer error="{}""#, quoted(&other), quoted(&value));
            let read = challenges(&headers(&[&header]));
            prop_assert_eq!(read.len(), 2);
            prop_assert_eq!(read[0].parameter("x"), Some(other.as_str()));
            prop_assert_eq!(read[1].parameter("error"), Some(value.as_str()));
        }

        #[test]
        fn anything_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            parse(&bytes);
        }
    }
}
