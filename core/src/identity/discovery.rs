//! Instance discovery: whether a host that is in no table speaks for an authority that is.
//!
//! A secret, an assertion or a code goes to a host of the table, to one that the caller has declared, or to one
//! that is confirmed here. Source: "Microsoft identity platform, instance discovery", as MSAL asks it.

use reqwest::Method;
use serde::Deserialize;
use url::Url;

use super::authority::PATIENCE;
use super::refusal::judge;
use crate::cloud::alias_group;
use crate::error::{Error, Result};
use crate::http::{Corridor, Request};

/// Who is asked: the public authority knows all others.
const ORACLE: &str = "https://login.microsoftonline.com/common/discovery/instance";

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    metadata: Vec<Instance>,
}

#[derive(Deserialize)]
struct Instance {
    #[serde(default)]
    aliases: Vec<String>,
}

/// Whether a host is another name of the client's authority. Hosts of the table, and authorities that the caller
/// has declared, are known without asking.
pub(super) async fn is_alias(corridor: &Corridor, host: &str) -> Result<bool> {
    let own = corridor.hosts.authority()?.host_str().unwrap_or_default();
    if alias_group(host).is_some() || alias_group(own).is_none() {
        return Ok(false);
    }
    let mut url = Url::parse(ORACLE).map_err(|e| Error::invalid("no discovery").with_source(e))?;
    url.query_pairs_mut()
        .append_pair("api-version", "1.1")
        .append_pair("authorization_endpoint", &format!("https://{host}/common/oauth2/v2.0/authorize"));
    let request = Request::new(Method::GET, url).patience(&PATIENCE).judge(judge);
    let outcome = Box::pin(corridor.exchange(&request, |answer| {
        serde_json::from_slice::<Answer>(&answer.body)
            .map_err(|e| Error::decode("instance discovery gave something else").with_source(e))
    }))
    .await;
    match outcome {
        Ok(answer) => Ok(confirms(&answer, own, host)),
        Err(error) if error.sign_in().error.as_deref() == Some("invalid_instance") => Ok(false),
        Err(error) => Err(error),
    }
}

fn confirms(answer: &Answer, own: &str, host: &str) -> bool {
    answer.metadata.iter().any(|instance| {
        let has = |host: &str| instance.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(host));
        has(own) && has(host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_confirmed_by_standing_beside_the_own() {
        let answer: Answer = serde_json::from_str(
            r#"{"tenant_discovery_endpoint":"x","metadata":[{"aliases":["login.microsoftonline.com","new.example"]},
                {"preferred_network":"y","aliases":["other.example"]}]}"#,
        )
        .unwrap();
        assert!(confirms(&answer, "login.microsoftonline.com", "NEW.example"));
        assert!(!confirms(&answer, "login.microsoftonline.com", "other.example"));
        assert!(!confirms(&serde_json::from_str("{}").unwrap(), "login.microsoftonline.com", "new.example"));
    }
}
