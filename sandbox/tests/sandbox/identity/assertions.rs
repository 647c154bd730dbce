use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use serde_json::{Value, json};

use super::{Client, claims, der, grant, signed, signed_in};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client with a certificate.
struct Signer {
    client: Client,
    made: Value,
}

impl Signer {
    fn new() -> Self {
        Self::with(json!({"register": true}))
    }

    fn with(order: Value) -> Self {
        let client = Client::usual();
        let made = client.control("make_certificate", order);
        Self { client, made }
    }

    fn text(&self, member: &str) -> &str {
        self.made[member].as_str().unwrap()
    }

    fn endpoint(&self) -> String {
        format!("{}/{}/oauth2/v2.0/token", self.client.url, self.client.tenant)
    }

    fn header(&self) -> Value {
        json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.text("x5tS256")})
    }

    fn claims(&self, jti: &str) -> Value {
        let (id, now) = (&self.client.id, self.client.now());
        json!({"aud": self.endpoint(), "iss": id, "sub": id, "jti": jti, "nbf": now, "iat": now, "exp": now + 600})
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        signed(self.text("privateKey"), header, claims)
    }

    async fn show(&self, assertion: &str) -> crate::visitor::Answer {
        let scope = format!("{}/.default", self.client.url);
        self.client
            .token(&[
                ("grant_type", "client_credentials"),
                ("scope", &scope),
                ("client_assertion_type", TYPE),
                ("client_assertion", assertion),
            ])
            .await
    }

    async fn refusal(&self, header: &Value, claims: &Value) -> (u16, String, u64) {
        super::refusal(&self.show(&self.sign(header, claims)).await)
    }
}

fn changed(mut value: Value, member: &str, to: Value) -> Value {
    if to.is_null() {
        value.as_object_mut().unwrap().remove(member);
    } else {
        value[member] = to;
    }
    value
}

#[tokio::test]
async fn both_algorithms_and_both_thumbprints_are_taken() {
    let signer = Signer::new();
    let old = json!({"alg": "RS256", "typ": "JWT", "x5t": signer.text("x5t")});
    let padded = json!({"alg": "RS256", "typ": "JWT", "x5t": format!("{}=", signer.text("x5t"))});
    let chain = json!({"alg": "PS256", "typ": "JWT", "x5c": [BASE64_STANDARD.encode(der(signer.text("certificate")))]});
    let broken: Vec<&str> =
        signer.text("certificate").lines().filter(|line| !line.starts_with('-')).collect();
    let lines =
        json!({"alg": "PS256", "typ": "JWT", "x5t#S256": signer.text("x5tS256"), "x5c": [broken.join("\n")]});
    for (number, header) in [signer.header(), old, padded, chain, lines].into_iter().enumerate() {
        let answer = signer.show(&signer.sign(&header, &signer.claims(&number.to_string()))).await;
        assert_eq!(answer.status, 200, "{header}: {answer:?}");
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        assert_eq!(claims(&token)["appidacr"], "2");
    }
}

// The asynchronous Azure Identity of Python writes its assertions so, and the service takes them.
#[tokio::test]
async fn the_parts_of_an_assertion_may_be_padded() {
    let signer = Signer::new();
    let mut padded = 0;
    for jti in ["a", "ab", "abc"] {
        let assertion =
            signed_in(&BASE64_URL_SAFE, signer.text("privateKey"), &signer.header(), &signer.claims(jti));
        padded += usize::from(assertion.contains("=."));
        let answer = signer.show(&assertion).await;
        assert_eq!(answer.status, 200, "{assertion}: {answer:?}");
    }
    assert!(padded > 0);
}

#[tokio::test]
async fn an_assertion_counts_once() {
    let signer = Signer::new();
    let first = signer.sign(&signer.header(), &signer.claims("one"));
    assert_eq!(signer.show(&first).await.status, 200);
    assert_eq!(super::refusal(&signer.show(&first).await), grant("invalid_client", 50_012));
    let other = changed(signer.claims("one"), "note", json!("another assertion"));
    assert_eq!(signer.refusal(&signer.header(), &other).await, grant("invalid_client", 50_012));
    let none = changed(signer.claims("x"), "jti", Value::Null);
    assert_eq!(signer.refusal(&signer.header(), &none).await, grant("invalid_request", 50_027));

    signer.client.control("set_behaviour", json!({"assertionReplay": "same"}));
    assert_eq!(signer.show(&first).await.status, 200);
    assert_eq!(signer.refusal(&signer.header(), &other).await, grant("invalid_client", 50_012));
    signer.client.control("set_behaviour", json!({"assertionReplay": "allow"}));
    assert_eq!(signer.show(&signer.sign(&signer.header(), &other)).await.status, 200);
}

#[tokio::test]
async fn the_audience_is_this_endpoint() {
    let signer = Signer::new();
    let (url, tenant) = (&signer.client.url, &signer.client.tenant);
    for audience in [
        "https://login.microsoftonline.com/common/oauth2/v2.0/token".to_owned(),
        format!("{url}/{tenant}/oauth2/token"),
        format!("{url}/{tenant}"),
        String::new(),
    ] {
        let claims = changed(signer.claims("x"), "aud", json!(audience));
        assert_eq!(
            signer.refusal(&signer.header(), &claims).await,
            grant("invalid_client", 700_023),
            "{audience}"
        );
    }
}

#[tokio::test]
async fn times_are_numbers_and_hold_now() {
    let signer = Signer::new();
    let now = signer.client.now();
    let late = grant("invalid_client", 700_024);
    let wrong = grant("invalid_request", 50_027);
    for (member, to, expected) in [
        ("exp", json!(now - 301), late.clone()),
        ("nbf", json!(now + 400), late),
        ("exp", json!((now + 600).to_string()), wrong.clone()),
        ("nbf", json!(now.to_string()), wrong.clone()),
        ("exp", Value::Null, wrong),
    ] {
        let claims = changed(signer.claims("x"), member, to);
        assert_eq!(signer.refusal(&signer.header(), &claims).await, expected, "{claims}");
    }
}

#[tokio::test]
async fn the_certificate_is_registered_and_fits() {
    let signer = Signer::new();
    let unknown = grant("invalid_client", 700_027);
    let wrong =
        json!({"alg": "PS256", "typ": "JWT", "x5t#S256": "gm-l1-4vyW7qq1izO9P0g8P3wf7MK7-C5Cj6gFlQAIE"});
    assert_eq!(signer.refusal(&wrong, &signer.claims("a")).await, unknown);
    let none = json!({"alg": "PS256", "typ": "JWT"});
    assert_eq!(signer.refusal(&none, &signer.claims("b")).await, unknown);
    let both =
        json!({"alg": "PS256", "x5t": "lwE5fLyw8oYOZNvwRLKRv-jV3Pg", "x5t#S256": signer.text("x5tS256")});
    assert_eq!(signer.refusal(&both, &signer.claims("c")).await, unknown);
    for algorithm in ["HS256", "none", "ES256"] {
        let header = changed(signer.header(), "alg", json!(algorithm));
        assert_eq!(signer.refusal(&header, &signer.claims("d")).await, grant("invalid_client", 50_012));
    }
    // Another key, and the thumbprint of the registered certificate.
    let other = signer.client.control("make_certificate", json!({}));
    let forged = signed(other["privateKey"].as_str().unwrap(), &signer.header(), &signer.claims("e"));
    assert_eq!(super::refusal(&signer.show(&forged).await), unknown);
    // The claims were changed after they were signed.
    let assertion = signer.sign(&signer.header(), &signer.claims("f"));
    let parts: Vec<&str> = assertion.split('.').collect();
    let swapped = signer.sign(&signer.header(), &signer.claims("g"));
    let mixed = format!("{}.{}.{}", parts[0], swapped.split('.').nth(1).unwrap(), parts[2]);
    assert_eq!(super::refusal(&signer.show(&mixed).await), unknown);
    assert_eq!(super::refusal(&signer.show("a.b.c").await), grant("invalid_request", 50_027));
}

/// A certificate with an RSA key of 1,024 bits.
const WEAK: &str = "-----BEGIN CERTIFICATE-----\n\
MIICGjCCAYOgAwIBAgIUSqDvIjjsb2tZjh4qI1G27d6MC4gwDQYJKoZIhvcNAQEL\n\
BQAwHzEdMBsGA1UEAwwUd2Vhay5jb250b3NvLmV4YW1wbGUwHhcNMjYxMTIyMTMz\n\
MjEwWhcNNDYwMTIxMTMzMjEwWjAfMR0wGwYDVQQDDBR3ZWFrLmNvbnRvc28uZXhh\n\
bXBsZTCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEA42/Or+bvw+y7j4/KmN8a\n\
XE30+Oy1FGLmONJce0hlODXSmX+UvCCPv9MDJb5h0Oglbq4lClndP2OshwxhO73p\n\
cL5zhF7r6QcMEF2UtSU30hz5TBsAw6ndf4ruN+yD/VbHrPnRqD/PfEN4+gPD3x+2\n\
XSl5K1W2++lXEJpqe/0dmscCAwEAAaNTMFEwHQYDVR0OBBYEFOItLhFyCM8f/VgO\n\
xx1bvbi2GdYGMB8GA1UdIwQYMBaAFOItLhFyCM8f/VgOxx1bvbi2GdYGMA8GA1Ud\n\
EwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADgYEAaqkgT7ee7d1xTSUBw7saiU4Z\n\
rEyi6P2iVf5X9tMNNs5/8EcfEGMq8NEuV7pb4yG/H73It0k1s6dZY8LeroYM4EE6\n\
suJF0ZXz0QqrceqNyGJVWH/Mst2HwHzscD9C4fy+ixMlHxyOOaGRVDlY39ND8C4d\n\
cfBuS7QvpKe/oyRBoEk=\n\
-----END CERTIFICATE-----\n";

#[tokio::test]
async fn weak_keys_and_other_kinds_of_keys_are_refused() {
    let signer = Signer::new();
    let curve = signer.client.control("make_certificate", json!({"kind": "ec"}));
    let curve = curve["certificate"].as_str().unwrap();
    signer.client.control("set_app", json!({"certificates": [WEAK, curve]}));
    for (pem, number) in [(WEAK, 50_032), (curve, 700_027)] {
        let header = json!({"alg": "PS256", "typ": "JWT", "x5c": [BASE64_STANDARD.encode(der(pem))]});
        assert_eq!(signer.refusal(&header, &signer.claims("a")).await, grant("invalid_client", number));
    }
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let signer = Signer::with(json!({"register": true, "notBefore": "2020-01-01", "notAfter": "2021-01-01"}));
    let refused = signer.refusal(&signer.header(), &signer.claims("a")).await;
    assert_eq!(refused, grant("invalid_client", 700_027));
}

#[tokio::test]
async fn issuer_and_subject_are_the_client() {
    let signer = Signer::new();
    let other = "99999999-0000-4000-8000-000000000000";
    for member in ["iss", "sub"] {
        let claims = changed(signer.claims("a"), member, json!(other));
        assert_eq!(signer.refusal(&signer.header(), &claims).await, grant("invalid_client", 50_048));
    }
    let both = changed(changed(signer.claims("a"), "iss", json!(other)), "sub", json!(other));
    assert_eq!(signer.refusal(&signer.header(), &both).await, grant("invalid_client", 700_211));
}

#[tokio::test]
async fn a_certificate_may_be_trusted_by_its_names() {
    let signer = Signer::with(json!({"subject": "audit.contoso.example", "chain": true}));
    let leaf = BASE64_STANDARD.encode(der(signer.text("certificate")));
    let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": signer.text("x5tS256"), "x5c": [leaf]});
    assert_eq!(signer.refusal(&header, &signer.claims("a")).await, grant("invalid_client", 700_027));
    let trust = |subject: &str, issuer: &str| {
        signer.client.control("set_app", json!({"subjectNames": [{"subject": subject, "issuer": issuer}]}))
    };
    trust(signer.text("subject"), signer.text("issuer"));
    assert_eq!(signer.show(&signer.sign(&header, &signer.claims("b"))).await.status, 200);
    trust("CN=other.contoso.example", signer.text("issuer"));
    assert_eq!(signer.refusal(&header, &signer.claims("c")).await, grant("invalid_client", 700_030));
    let stranger = Signer::with(json!({"chain": true}));
    trust(signer.text("subject"), stranger.text("issuer"));
    assert_eq!(signer.refusal(&header, &signer.claims("d")).await, grant("invalid_client", 700_030));
    // As one text, or as base64 of PEM, it is no chain.
    for wrong in [json!(leaf), json!([BASE64_STANDARD.encode(signer.text("certificate"))])] {
        let header = changed(header.clone(), "x5c", wrong);
        assert_eq!(signer.refusal(&header, &signer.claims("e")).await, grant("invalid_request", 50_027));
    }
}

#[tokio::test]
async fn the_type_of_an_assertion_is_said() {
    let signer = Signer::new();
    let assertion = signer.sign(&signer.header(), &signer.claims("a"));
    let form =
        |kind: &'static str| vec![("grant_type", "client_credentials"), ("client_assertion_type", kind)];
    for (kind, number) in [("", 900_144), ("urn:other", 9_002_313)] {
        let mut form = form(kind);
        form.push(("client_assertion", &assertion));
        assert_eq!(signer.client.refusal(&form).await, grant("invalid_request", number), "{kind}");
    }
    let mut both = form(TYPE);
    both.extend([("client_assertion", assertion.as_str()), ("client_secret", signer.client.secret.as_str())]);
    assert_eq!(signer.client.refusal(&both).await, grant("invalid_request", 9_002_313));
}
