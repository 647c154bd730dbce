//! What a token says of itself. Nobody checks its signature here: it came straight from the authority, or it is
//! somebody else's to judge. `jsonwebtoken` validates claims along with a signature or not at all, and by the
//! system's clock: so what is checked of a sign-in is written here.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use jsonwebtoken::dangerous::insecure_decode_claims;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};

/// By how much the clocks may differ, in seconds.
const LEEWAY: i64 = 120;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The claims of a token; none if it is not of the kind that can be read.
pub(crate) fn claims(token: &SecretString) -> Option<Value> {
    insecure_decode_claims(token.expose_secret()).ok().filter(Value::is_object)
}

fn object(encoded: &str) -> Option<Value> {
    let bytes = LENIENT.decode(encoded).ok()?;
    serde_json::from_slice(&bytes).ok().filter(Value::is_object)
}

/// Whether a token is of a user, as far as it can be read.
pub(super) fn is_app_only(token: &SecretString) -> bool {
    claims(token).is_some_and(|claims| claims.get("scp").is_none())
}

/// The account of a sign-in: what `client_info` says, or else the id token.
pub(super) fn account(client_info: Option<&str>, id_token: Option<&SecretString>) -> Option<String> {
    let pair = |of: &Value, user: &str, tenant: &str| {
        Some(format!("{}.{}", of.get(user)?.as_str()?, of.get(tenant)?.as_str()?))
    };
    let told = client_info.and_then(object).and_then(|info| pair(&info, "uid", "utid"));
    told.or_else(|| pair(&claims(id_token?)?, "oid", "tid")).map(|account| account.to_ascii_lowercase())
}

/// Checks the id token of a sign-in: it is for this application, answers this sign-in, and holds now.
pub(super) fn check_id_token(
    token: &SecretString,
    client_id: &str,
    nonce: Option<&SecretString>,
    now: Timestamp,
) -> Result<()> {
    let wrong = |what: &str| Error::new(ErrorKind::Auth, format!("the sign-in cannot be trusted: {what}"));
    let claims = claims(token).ok_or_else(|| wrong("its id token cannot be read"))?;
    if !claims["aud"].as_str().is_some_and(|aud| aud.eq_ignore_ascii_case(client_id)) {
        return Err(wrong("its id token is for another application"));
    }
    if let Some(nonce) = nonce
        && claims["nonce"].as_str() != Some(nonce.expose_secret())
    {
        return Err(wrong("its id token answers another sign-in (the nonce differs)"));
    }
    // The issuer has the tenant's id in it, whichever version it is of.
    if let (Some(tenant), Some(issuer)) = (claims["tid"].as_str(), claims["iss"].as_str())
        && !issuer.split('/').any(|part| part.eq_ignore_ascii_case(tenant))
    {
        return Err(wrong("its id token is of another tenant than its issuer"));
    }
    let now = now.as_second();
    if claims["exp"].as_i64().is_some_and(|exp| exp.saturating_add(LEEWAY) < now) {
        return Err(wrong("its id token has expired").with_hint("Check the clock"));
    }
    if claims["nbf"].as_i64().is_some_and(|nbf| nbf.saturating_sub(LEEWAY) > now) {
        return Err(wrong("its id token is not valid yet").with_hint("Check the clock"));
    }
    Ok(())
}

#[cfg(test)]
pub(super) fn unsigned(claims: &Value) -> String {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_token_is_checked_for_all_that_it_says() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let good = json!({"aud": "app", "nonce": "n", "tid": "t", "iss": "https://login/t/v2.0",
                          "exp": now.as_second() - 100, "nbf": now.as_second() + 100});
        let nonce = SecretString::from("n".to_owned());
        let check = |claims: &Value| check_id_token(&unsigned(claims).into(), "APP", Some(&nonce), now);
        check(&good).unwrap();
        for (name, value) in [
            ("aud", json!("other")),
            ("nonce", json!("m")),
            ("nonce", Value::Null),
            ("iss", json!("https://login/u/v2.0")),
            ("exp", json!(now.as_second() - 121)),
            ("nbf", json!(now.as_second() + 121)),
        ] {
            let mut bad = good.clone();
            bad[name] = value;
            assert!(check(&bad).is_err(), "{bad}");
        }
        assert!(check_id_token(&"opaque".to_owned().into(), "app", None, now).is_err());
    }

    #[test]
    fn accounts_are_told_by_either_source() {
        let info = "eyJ1aWQiOiJVIiwidXRpZCI6IlQifQ"; // {"uid":"U","utid":"T"}
        assert_eq!(account(Some(info), None).as_deref(), Some("u.t"));
        let token = SecretString::from(unsigned(&json!({"oid": "o", "tid": "t"})));
        assert_eq!(account(None, Some(&token)).as_deref(), Some("o.t"));
        assert_eq!(account(Some("?"), None), None);
    }

    #[test]
    fn a_token_of_an_application_has_no_scopes() {
        let token = |claims: &Value| SecretString::from(unsigned(claims));
        assert!(is_app_only(&token(&json!({"roles": ["x"]}))));
        assert!(!is_app_only(&token(&json!({"scp": "x"}))));
        assert!(!is_app_only(&"opaque".to_owned().into()));
    }
}
