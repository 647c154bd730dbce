//! Claims that a token is asked for: what the client is capable of, and what a service has demanded.
//!
//! Source: "Claims challenges, claims requests and client capabilities".

use serde_json::{Map, Value, json};

/// The claims to ask for; none if there is nothing to say.
///
/// What was demanded wins over what the client says of itself.
pub(super) fn merged(demanded: Option<&str>, continuous_access: bool) -> Option<String> {
    let mut claims = match demanded.map(serde_json::from_str::<Value>) {
        Some(Ok(claims @ Value::Object(_))) => claims,
        _ => Value::Object(Map::new()),
    };
    if continuous_access {
        fill(&mut claims, json!({"access_token": {"xms_cc": {"values": ["cp1"]}}}));
    }
    claims.as_object().is_some_and(|claims| !claims.is_empty()).then(|| claims.to_string())
}

/// Adds what is absent; what is there stays.
fn fill(claims: &mut Value, more: Value) {
    match (claims, more) {
        (Value::Object(present), Value::Object(more)) => {
            for (name, value) in more {
                match present.get_mut(&name) {
                    // `null` says "this claim, whatever its value"; under `access_token` it says nothing.
                    Some(own @ Value::Object(_)) => fill(own, value),
                    Some(own @ Value::Null) => *own = value,
                    Some(_) => {}
                    None => _ = present.insert(name, value),
                }
            }
        }
        (present, more) => {
            if present.is_null() {
                *present = more;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demands_are_merged_with_what_the_client_can_do() {
        let demanded = r#"{"access_token":{"nbf":{"essential":true,"value":"1794268800"}}}"#;
        assert_eq!(
            merged(Some(demanded), true).unwrap(),
            r#"{"access_token":{"nbf":{"essential":true,"value":"1794268800"},"xms_cc":{"values":["cp1"]}}}"#
        );
        assert_eq!(merged(Some(demanded), false).unwrap(), demanded);
        assert_eq!(merged(None, true).unwrap(), r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#);
        assert_eq!(merged(None, false), None);
    }

    #[test]
    fn what_was_demanded_wins() {
        let demanded = r#"{"access_token":{"xms_cc":{"values":["cp2"]}},"id_token":{"x":null}}"#;
        let expected = r#"{"access_token":{"xms_cc":{"values":["cp2"]}},"id_token":{"x":null}}"#;
        assert_eq!(merged(Some(demanded), true).unwrap(), expected);
        assert!(merged(Some(r#"{"access_token":null}"#), true).unwrap().contains("cp1"));
        assert!(merged(Some("not json"), true).unwrap().contains("cp1"));
    }
}
