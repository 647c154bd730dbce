//! The first sign-in: a page asks who somebody is, and answers where they belong.
//!
//! It knows no `state`, so what nobody can guess becomes the last part of the redirect's path; and it is never given
//! an address of mail, which would leave the user's own domain with it.

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::model::{BegunFirstSignIn, DiscoveryVersion, FirstSignIn};
use super::redirect::{self, Trust};
use crate::Client;
use crate::cloud::{Service, is_loopback};
use crate::dispatch::{Call, Operation};
use crate::error::{Error, ErrorKind, Result};
use crate::identity::nonce;
use crate::wire::Wire;

/// What replaces all of it.
const INSTEAD: &str = "discovery.find_tenant";
/// As many characters hold 96 random bits in the alphabet of a state.
const SHORTEST_STATE: usize = 16;
/// No language has a larger number.
const LARGEST_LCID: u32 = 0xf_ffff;

/// Begins a first sign-in: makes the address of the page that asks who the user is, to be opened in the system's
/// browser.
///
/// The answer comes to the redirect URI with the state as the last part of its path. It is the same for an account
/// each time, so ask `first_sign_in` before.
///
/// Source: "Discovery Service REST API reference", First sign in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BeginFirstSignIn {
    /// What the application will ask for, in the words of Office 365: `MyFiles.Write`, `Mail.Read`.
    pub scopes: Vec<String>,
    /// Where the answer is to go: https, or http to this machine, without a query or a fragment.
    pub redirect_uri: String,
    /// The language of the page, as the number that Windows gives it: 1031 is German. Default: the browser's.
    #[serde(default)]
    pub language: Option<u32>,
    /// What the answer must bring back: 16 or more letters, digits, `-` or `_` that nobody can guess. Default: made
    /// here.
    #[serde(default)]
    pub state: Option<String>,
}

/// Finishes a first sign-in with the address that the browser was sent to, and keeps the answer with the client's
/// tokens.
///
/// An answer that did not come to where it was asked for, or that names a host which is no authority of this cloud, is
/// refused. One that names no account is kept only if `account` is given.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FinishFirstSignIn {
    /// The whole address that the browser was sent to.
    pub redirect: String,
    /// The redirect URI that the sign-in was begun with.
    pub redirect_uri: String,
    /// The state that it was begun with.
    pub state: String,
    /// What the answer is kept under. Default: the address that the user typed.
    #[serde(default)]
    pub account: Option<String>,
}

/// Gives the answer of an earlier first sign-in, without asking anybody.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetFirstSignIn {
    /// What it was kept under: the address that the user typed, in any case, or what it was finished with.
    pub account: String,
}

/// Forgets the answer of an earlier first sign-in: when a sign-in with it has failed, or the user goes on with another
/// account. Gives whether there was one.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ForgetFirstSignIn {
    /// What it was kept under.
    pub account: String,
}

impl BeginFirstSignIn {
    fn begin(&self, client: &Client) -> Result<BegunFirstSignIn> {
        if self.scopes.is_empty() {
            return Err(Error::invalid(
                "scopes is empty: name what the application will ask for, such as Mail.Read",
            ));
        }
        self.scopes.iter().try_for_each(|scope| check_scope(scope))?;
        if let Some(language) = self.language
            && !(1..=LARGEST_LCID).contains(&language)
        {
            return Err(Error::invalid(format!(
                "language {language} is not the number of a language: German is 1031"
            )));
        }
        let state = match &self.state {
            Some(state) => SecretString::from(state.clone()),
            None => nonce(),
        };
        let back = back(&self.redirect_uri, state.expose_secret())?;
        let mut url = client.corridor().hosts.service(&Service::Discovery)?.clone();
        url.set_path(&format!("/discovery/{}/me/FirstSignIn", DiscoveryVersion::V2));
        url.query_pairs_mut()
            .append_pair("scope", &self.scopes.join(" "))
            .append_pair("redirect_uri", back.as_str())
            .extend_pairs(self.language.map(|language| ("lcid", language.to_string())));
        Ok(BegunFirstSignIn {
            url: url.into(),
            redirect_uri: back.into(),
            state: state.expose_secret().to_owned(),
        })
    }
}

/// A capability and what is to be done with it, or one of the two words that are known for a whole API.
fn check_scope(scope: &str) -> Result<()> {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let is_scope = match scope.split_once('.') {
        Some((capability, operation)) => is_word(capability) && is_word(operation),
        None => matches!(scope, "user_impersonation" | "full_access"),
    };
    if is_scope {
        return Ok(());
    }
    let error =
        Error::invalid(format!("scope {scope:?} is not a capability and an operation, such as Mail.Read"));
    Err(if scope.contains("://") || scope.matches('.').count() > 1 {
        error.with_hint("A first sign-in takes the words of Office 365, without the address of an API")
    } else {
        error
    })
}

/// Where the answer comes to: the redirect URI, and the state behind it.
fn back(redirect_uri: &str, state: &str) -> Result<Url> {
    let wrong = |why: &str| Error::invalid(format!("the redirect URI {redirect_uri:?} {why}"));
    let mut url = Url::parse(redirect_uri).map_err(|e| wrong("is no absolute URL").with_source(e))?;
    if !(url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)) {
        return Err(wrong("is neither https nor http to this machine: others could read the answer"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("names a user"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has a query or a fragment, which is where the answer goes"));
    }
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if state.len() < SHORTEST_STATE || !state.bytes().all(is_good) {
        return Err(Error::invalid(format!(
            "the state is not {SHORTEST_STATE} or more letters, digits, - or _, that nobody can guess"
        )));
    }
    match url.path_segments_mut() {
        Ok(mut segments) => _ = segments.pop_if_empty().push(state),
        Err(()) => return Err(wrong("names no host")),
    }
    Ok(url)
}

/// What an answer is kept under: addresses mean the same in any case.
fn account(given: &str) -> Result<String> {
    let account = given.trim().to_lowercase();
    if account.is_empty() { Err(Error::invalid("account is empty")) } else { Ok(account) }
}

impl Call for BeginFirstSignIn {
    type Output = BegunFirstSignIn;

    async fn send(self, client: Client, _: Option<Bytes>) -> Result<BegunFirstSignIn> {
        client.require(&Wire::Office365, Self::NAME, INSTEAD)?;
        self.begin(&client)
    }
}

impl Call for FinishFirstSignIn {
    type Output = FirstSignIn;

    async fn send(self, client: Client, _: Option<Bytes>) -> Result<FirstSignIn> {
        client.require(&Wire::Office365, Self::NAME, INSTEAD)?;
        let expected = back(&self.redirect_uri, &self.state)?;
        let given = self.account.as_deref().map(account).transpose()?;
        let corridor = client.corridor();
        let trust = Trust { cloud: client.cloud(), hosts: &corridor.hosts };
        let answer = redirect::read(&self.redirect, &expected, &trust)?;
        let typed = || answer.user_email.as_deref().and_then(|email| account(email).ok());
        if let Some(account) = given.or_else(typed) {
            // Texts and a number: there is nothing that could not be written.
            let text = serde_json::to_string(&answer).unwrap_or_default();
            corridor.identity.keep_answer(corridor, account, Some(text.into())).await?;
        }
        Ok(answer)
    }
}

impl Call for GetFirstSignIn {
    type Output = FirstSignIn;

    async fn send(self, client: Client, _: Option<Bytes>) -> Result<FirstSignIn> {
        client.require(&Wire::Office365, Self::NAME, INSTEAD)?;
        let account = account(&self.account)?;
        let corridor = client.corridor();
        let kept = corridor.identity.kept_answer(corridor, account).await?;
        // What another program has kept and this one cannot read is as good as nothing.
        kept.and_then(|text| serde_json::from_str(text.expose_secret()).ok()).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "no answer to a first sign-in is kept under this account")
                .with_hint("Begin one with discovery.begin_first_sign_in")
        })
    }
}

impl Call for ForgetFirstSignIn {
    type Output = bool;

    async fn send(self, client: Client, _: Option<Bytes>) -> Result<bool> {
        client.require(&Wire::Office365, Self::NAME, INSTEAD)?;
        let account = account(&self.account)?;
        let corridor = client.corridor();
        let was_there = corridor.identity.kept_answer(corridor, account.clone()).await?.is_some();
        corridor.identity.keep_answer(corridor, account, None).await?;
        Ok(was_there)
    }
}

#[cfg(test)]
mod tests {
    use super::super::redirect::tests::ANSWER;
    use super::super::tests::client;
    use super::*;
    use crate::identity::TokenCache;

    const STATE: &str = "k3Jd81mT0q_5Zr-9";

    fn begin(begin: &BeginFirstSignIn) -> Result<BegunFirstSignIn> {
        begin.begin(&client(Wire::Office365))
    }

    fn good() -> BeginFirstSignIn {
        BeginFirstSignIn {
            scopes: vec!["MyFiles.Read".into(), "Mail.Read".into()],
            redirect_uri: "http://localhost:53682/cb".into(),
            language: Some(1031),
            state: Some(STATE.into()),
        }
    }

    #[test]
    fn the_address_is_that_of_the_specification() {
        let begun = begin(&good()).unwrap();
        assert_eq!(
            begun.url,
            "https://api.office.com/discovery/v2.0/me/FirstSignIn?scope=MyFiles.Read+Mail.Read\
             &redirect_uri=http%3A%2F%2Flocalhost%3A53682%2Fcb%2Fk3Jd81mT0q_5Zr-9&lcid=1031"
        );
        assert_eq!(
            (begun.redirect_uri.as_str(), begun.state.as_str()),
            ("http://localhost:53682/cb/k3Jd81mT0q_5Zr-9", STATE)
        );
        let own = begin(&BeginFirstSignIn { state: None, ..good() }).unwrap();
        assert!(
            own.state.len() == 43
                && own.redirect_uri.ends_with(&own.state)
                && !format!("{own:?}").contains(&own.state)
        );
        for (uri, back) in [
            ("https://contoso.com", "https://contoso.com/k3Jd81mT0q_5Zr-9"),
            ("https://contoso.com/a/", "https://contoso.com/a/k3Jd81mT0q_5Zr-9"),
            ("http://[::1]:8/a", "http://[::1]:8/a/k3Jd81mT0q_5Zr-9"),
        ] {
            assert_eq!(
                begin(&BeginFirstSignIn { redirect_uri: uri.into(), ..good() }).unwrap().redirect_uri,
                back
            );
        }
    }

    #[test]
    fn what_cannot_be_right_is_refused_by_name() {
        let scoped = |scope: &str| BeginFirstSignIn { scopes: vec![scope.into()], ..good() };
        let to = |uri: &str| BeginFirstSignIn { redirect_uri: uri.into(), ..good() };
        let with = |state: &str| BeginFirstSignIn { state: Some(state.into()), ..good() };
        for (request, named) in [
            (BeginFirstSignIn { scopes: Vec::new(), ..good() }, "scopes is empty"),
            (scoped(""), "scope \"\""),
            (scoped("Mail.Read Files.Read"), "Mail.Read Files.Read"),
            (scoped("https://graph.microsoft.com/Mail.Read"), "graph.microsoft.com"),
            (scoped("Mail"), "Mail"),
            (scoped("Mail.Read.All"), "Mail.Read.All"),
            (to("/cb"), "absolute"),
            (to("http://contoso.com/cb"), "https"),
            (to("myapp://cb"), "https"),
            (to("https://contoso.com/cb#x"), "fragment"),
            (to("https://contoso.com/cb?x=1"), "query"),
            (to("https://me@contoso.com/cb"), "user"),
            (with("short"), "state"),
            (with("k3Jd81mT0q_5Zr-9/.."), "state"),
            (BeginFirstSignIn { language: Some(0), ..good() }, "language 0"),
        ] {
            let error = begin(&request).unwrap_err();
            assert!(error.kind() == ErrorKind::InvalidRequest && error.message().contains(named), "{error}");
        }
    }

    #[tokio::test]
    async fn an_answer_is_kept_until_it_is_forgotten_and_for_its_application_only() {
        let cache = TokenCache::new();
        let client = super::super::tests::sharing(Wire::Office365, "app", &cache);
        let finish = |account: Option<&str>| FinishFirstSignIn {
            redirect: format!("http://localhost:53682/cb/{STATE}?{ANSWER}"),
            redirect_uri: "http://localhost:53682/cb".into(),
            state: STATE.into(),
            account: account.map(str::to_owned),
        };
        let get = |account: &str| GetFirstSignIn { account: account.into() };
        let answer = finish(None).send(client.clone(), None).await.unwrap();
        for account in ["alex@contoso.example", " Alex@Contoso.Example "] {
            assert_eq!(get(account).send(client.clone(), None).await.unwrap(), answer);
        }
        finish(Some("work")).send(client.clone(), None).await.unwrap();
        let forget = || ForgetFirstSignIn { account: "ALEX@contoso.example".into() };
        assert!(forget().send(client.clone(), None).await.unwrap());
        assert!(!forget().send(client.clone(), None).await.unwrap());
        let error = get("alex@contoso.example").send(client.clone(), None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(!error.to_string().contains("alex"));
        assert_eq!(get("work").send(client.clone(), None).await.unwrap(), answer);
        let other = super::super::tests::sharing(Wire::Office365, "other", &cache);
        assert!(get("work").send(other, None).await.is_err());
        assert_eq!(get(" ").send(client, None).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    }

    #[tokio::test]
    async fn microsoft_graph_has_no_first_sign_in() {
        let error = good().send(client(Wire::Graph), None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnsupportedOnWire);
        assert!(error.hint().unwrap().contains("find_tenant"), "{error}");
    }
}
