//! Every way to a token, as a client walks it.

mod assertions;
mod authorize;
mod challenges;
mod device;
mod discovery;
mod federated;
mod ledger;
mod managed;
mod on_behalf_of;
mod refresh;
mod refusals;

use std::collections::HashMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::GeneralPurpose;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::visitor::{Answer, Visitor, send};

/// The scope that most tests ask for.
const OFFLINE: &str = "openid profile offline_access";

/// A client that can do whatever a test says.
pub(crate) struct Client {
    pub(crate) visitor: Visitor,
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) tenant: String,
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Client {
    pub(crate) fn new(config: Value) -> Self {
        let visitor = Visitor::new(config);
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            url: visitor.sandbox.url().to_owned(),
            tenant: visitor.describe("tenant"),
            id: visitor.describe("clientId"),
            secret: visitor.describe("clientSecret"),
            http,
            visitor,
        }
    }

    pub(crate) fn usual() -> Self {
        Self::new(json!({"blobs": 0}))
    }

    pub(crate) fn control(&self, name: &str, args: Value) -> Value {
        self.visitor.control(name, args)
    }

    pub(crate) fn graph(&self) -> String {
        self.visitor.sandbox.describe()["cloud"]["graph"].as_str().unwrap().to_owned()
    }

    /// The scopes of the management API with those of a sign-in.
    pub(crate) fn scopes(&self) -> String {
        format!("{}/.default {OFFLINE}", self.url)
    }

    /// Posts a form below a directory.
    pub(crate) async fn post_to(&self, directory: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.http.post(format!("{}/{directory}/{path}", self.url));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        send(request.body(body)).await.unwrap()
    }

    /// Asks the token endpoint of version 2.
    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> Answer {
        let mut form = form.to_vec();
        if !form.iter().any(|(name, _)| *name == "client_id") {
            form.push(("client_id", &self.id));
        }
        self.post_to(&self.tenant, "oauth2/v2.0/token", &form).await
    }

    /// Status, error and number of a refusal.
    pub(crate) async fn refusal(&self, form: &[(&str, &str)]) -> (u16, String, u64) {
        refusal(&self.token(form).await)
    }

    /// What a browser is sent back with, and where to.
    pub(crate) async fn sign_in(&self, parameters: &[(&str, &str)]) -> (String, HashMap<String, String>) {
        let answer = self.browse(&self.tenant, parameters).await;
        let place = answer.header("location").unwrap_or_else(|| panic!("{answer:?}")).to_owned();
        arrived(&place)
    }

    /// Opens the authorize endpoint with the usual parameters and these.
    pub(crate) async fn browse(&self, directory: &str, parameters: &[(&str, &str)]) -> Answer {
        let scopes = self.scopes();
        let mut all = vec![
            ("client_id", self.id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", "http://localhost:4000"),
            ("scope", &scopes),
            ("state", "the state"),
        ];
        all.retain(|(name, _)| !parameters.iter().any(|(other, _)| other == name));
        all.extend(parameters.iter().filter(|(_, value)| !value.is_empty()));
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&all).finish();
        let url = format!("{}/{directory}/oauth2/v2.0/authorize?{query}", self.url);
        send(self.http.get(url)).await.unwrap()
    }

    /// The tokens of somebody who signs in at a program.
    pub(crate) async fn signed_in(&self) -> Value {
        let (_, back) = self.sign_in(&[]).await;
        let answer = self
            .token(&[
                ("grant_type", "authorization_code"),
                ("code", &back["code"]),
                ("redirect_uri", "http://localhost:4000"),
            ])
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// The numbers of seconds since 1970 by the sandbox's clock.
    pub(crate) fn now(&self) -> i64 {
        let now = self.control("clock", json!({}))["now"].as_str().unwrap().to_owned();
        now.parse::<jiff::Timestamp>().unwrap().as_second()
    }
}

/// Status, error and number of a refusal.
pub(crate) fn refusal(answer: &Answer) -> (u16, String, u64) {
    let body = answer.json();
    let number = body["error_codes"][0].as_u64().unwrap_or_else(|| panic!("{body}"));
    assert!(body["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{number}: ")), "{body}");
    (answer.status, body["error"].as_str().unwrap().to_owned(), number)
}

/// An address, and the parameters in its query or fragment.
pub(crate) fn arrived(place: &str) -> (String, HashMap<String, String>) {
    let (uri, rest) = place.split_once(['?', '#']).unwrap_or((place, ""));
    (uri.to_owned(), form_urlencoded::parse(rest.as_bytes()).into_owned().collect())
}

pub(crate) fn grant(error: &str, number: u64) -> (u16, String, u64) {
    let status = if error == "invalid_client" { 401 } else { 400 };
    (status, error.to_owned(), number)
}

/// What a token says.
pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}

/// What the head of a token says.
pub(crate) fn header(token: &str) -> Value {
    part(token, 0)
}

fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Whether a token was signed with a key of a published set.
pub(crate) fn is_signed(token: &str, keys: &Value) -> bool {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let kid = header(token)["kid"].clone();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid).unwrap();
    let bytes = |name: &str| BASE64_URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let public = RsaPublicKeyComponents { n: bytes("n"), e: bytes("e") };
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).is_ok()
}

/// Signs with RS256 or PS256, whatever else is in the header.
pub(crate) fn signed(key: &str, header: &Value, claims: &Value) -> String {
    signed_in(&BASE64_URL_SAFE_NO_PAD, key, header, claims)
}

/// Signs, and writes the parts in a form of base64 that need not be the right one.
pub(crate) fn signed_in(form: &GeneralPurpose, key: &str, header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| form.encode(value.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let key = KeyPair::from_pkcs8(&der(key)).unwrap();
    let padding: &'static dyn RsaEncoding =
        if header["alg"] == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(padding, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", form.encode(signature))
}

/// What is in a PEM text.
pub(crate) fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    BASE64_STANDARD.decode(body).unwrap()
}
