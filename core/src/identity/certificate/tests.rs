use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures::FutureExt;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

const PASSWORD: &str = "opensesame";

macro_rules! data {
    ($name:literal) => {
        &include_bytes!(concat!("testdata/", $name))[..]
    };
}

fn read(certificate: &[u8], key: Option<&[u8]>, password: Option<&str>) -> Result<Material> {
    Material::read(certificate, key, password)
}

#[test]
fn a_key_is_read_in_every_form_that_it_comes_in() {
    let cert = data!("cert.pem");
    for (name, certificate, key, password) in [
        ("both", data!("both.pem"), None, None),
        ("two files", cert, Some(data!("key.pem")), None),
        ("a password that is not needed", data!("both.pem"), None, Some("x")),
        ("PKCS#1", cert, Some(data!("pkcs1.pem")), None),
        ("PBES2", cert, Some(data!("encrypted.pem")), Some(PASSWORD)),
        ("PBES2 with triple DES and SHA-1", cert, Some(data!("encrypted_des3.pem")), Some(PASSWORD)),
        ("PKCS#12's own encryption", cert, Some(data!("encrypted_legacy.pem")), Some(PASSWORD)),
        ("PFX of today", data!("modern.pfx"), None, Some(PASSWORD)),
        ("PFX with 3DES and RC2-40", data!("legacy.pfx"), None, Some(PASSWORD)),
        ("PFX with RC2-128", data!("rc2_128.pfx"), None, Some(PASSWORD)),
        ("PFX in BER", data!("ber.pfx"), None, Some(PASSWORD)),
        ("PFX without a password", data!("empty_password.pfx"), None, None),
        ("PFX that is not closed at all", data!("plain.pfx"), None, None),
    ] {
        let material = read(certificate, key, password).unwrap_or_else(|e| panic!("{name}: {e}"));
        let signature = assertion::sign(&material.key, &SigningAlgorithm::Ps256, "a.b").unwrap();
        assert_eq!(signature.len(), 256, "{name}");
    }
    let encoded = STANDARD.encode(data!("modern.pfx"));
    assert!(read(encoded.as_bytes(), None, Some(PASSWORD)).is_ok(), "as a key vault gives it");
}

#[test]
fn text_is_read_whatever_has_come_over_it() {
    let good = String::from_utf8_lossy(data!("both.pem"));
    let indented = good
        .lines()
        .fold("Bag Attributes\n    localKeyID: 01\n".to_owned(), |text, line| text + "  " + line + " \n");
    for text in [good.replace('\n', "\r\n"), good.replace('\n', "\n\n"), indented] {
        read(text.as_bytes(), None, None).unwrap_or_else(|e| panic!("{text}: {e}"));
    }
    // OpenSSL puts what it trusts a certificate for behind it.
    let mut cert = pem::parse(data!("cert.pem")).unwrap().into_contents();
    let thumbprint = |chain: &Chain| URL_SAFE_NO_PAD.encode(chain.sha256());
    let own = thumbprint(&Chain::read(&cert).unwrap());
    cert.extend([0x30, 0x00]);
    let trusted = pem::encode(&pem::Pem::new("TRUSTED CERTIFICATE", cert));
    assert_eq!(thumbprint(&Chain::read(trusted.as_bytes()).unwrap()), own);
}

#[test]
fn text_that_is_cut_or_damaged_is_refused() {
    for text in [
        "-----BEGIN X-----\nAQID\n",
        "-----BEGIN X-----\nAQ!D\n-----END X-----",
        "-----BEGIN X-----\nAQID\n-----END Y-----",
    ] {
        let text = format!("{}{text}", String::from_utf8_lossy(data!("both.pem")));
        let error = read(text.as_bytes(), None, None).err().unwrap();
        assert!(error.message().contains("damaged"), "{text}: {error}");
    }
}

#[test]
fn what_cannot_be_used_is_refused_with_the_reason() {
    let cert = data!("cert.pem");
    for (certificate, key, password, reason) in [
        (cert, None, None, "no private key"),
        (data!("key.pem"), None, None, "no certificate"),
        (cert, Some(data!("other_key.pem")), None, "does not fit"),
        (cert, Some(data!("encrypted.pem")), None, "pass its password"),
        (cert, Some(data!("encrypted.pem")), Some("wrong"), "does not open"),
        (cert, Some(data!("encrypted_legacy.pem")), Some("wrong"), "does not open"),
        (cert, Some(data!("encrypted_scrypt.pem")), Some(PASSWORD), "not known here"),
        (cert, Some(data!("old_encryption.pem")), Some(PASSWORD), "old way"),
        (data!("modern.pfx"), None, None, "pass its password"),
        (data!("modern.pfx"), None, Some("wrong"), "does not open"),
        (data!("legacy.pfx"), None, Some("wrong"), "does not open"),
        (data!("weak.pem"), None, None, "1024 bits"),
        (data!("ec.pem"), None, None, "not RSA"),
        (data!("both.pem"), Some(data!("key.pem")), None, "2 private keys"),
        (b"something else", None, None, "cannot be read"),
        (&data!("both.pem")[..800], None, None, "damaged"),
    ] {
        let error = read(certificate, key, password).err().unwrap_or_else(|| panic!("{reason}: was taken"));
        assert!(error.message().contains(reason), "{reason}: {error}");
    }
}

#[test]
fn a_certificate_out_of_its_time_is_refused() {
    let expired = read(data!("expired.pem"), None, None).unwrap();
    let error = expired.chain.check_time(Timestamp::now()).unwrap_err();
    assert!(error.message().contains("expired"), "{error}");
    let error = ClientCertificate::from_pem("app", String::from_utf8_lossy(data!("expired.pem")))
        .check()
        .unwrap_err();
    assert!(error.message().contains("expired"), "{error}");
    let good = read(data!("both.pem"), None, None).unwrap().chain;
    assert!(good.check_time(Timestamp::now()).is_ok());
    assert!(good.check_time(Timestamp::UNIX_EPOCH).unwrap_err().message().contains("clock"));
}

#[test]
fn the_certificate_is_given_once() {
    let check = |json: &str| serde_json::from_str::<ClientCertificate>(json).unwrap().check().unwrap_err();
    for json in [
        r#"{"client_id": "app"}"#,
        r#"{"client_id": "app", "certificate_path": "/a", "certificate": "b"}"#,
        r#"{"client_id": "app", "certificate": "  "}"#,
        r#"{"client_id": "app", "certificate_path": "/does/not/exist.pem"}"#,
        r#"{"client_id": "", "certificate": "x"}"#,
        r#"{"client_id": "app", "certificate": "x", "algorithm": "es256"}"#,
        r#"{"client_id": "app", "certificate": "x", "endpoint": "v3"}"#,
    ] {
        assert_eq!(check(json).kind(), ErrorKind::InvalidRequest, "{json}");
    }
}

fn taken_apart(assertion: &SecretString) -> (Value, Value, Vec<u8>, String) {
    let text = assertion.expose_secret();
    let parts: Vec<&str> = text.split('.').collect();
    let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let message = format!("{}.{}", parts[0], parts[1]);
    (json(parts[0]), json(parts[1]), URL_SAFE_NO_PAD.decode(parts[2]).unwrap(), message)
}

#[test]
fn an_assertion_says_who_and_where_and_can_be_verified() {
    let material = read(data!("chain.pem"), None, None).unwrap();
    let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    for (algorithm, verification) in [
        (SigningAlgorithm::Ps256, &RSA_PSS_2048_8192_SHA256 as &dyn VerificationAlgorithm),
        (SigningAlgorithm::Rs256, &RSA_PKCS1_2048_8192_SHA256),
    ] {
        let rs256 = algorithm == SigningAlgorithm::Rs256;
        let make = || {
            let url = "https://login.microsoftonline.us/t/oauth2/v2.0/token";
            let message = assertion::unsigned("app", url, now, &algorithm, &material.chain, rs256).unwrap();
            let signature = assertion::sign(&material.key, &algorithm, &message).unwrap();
            assertion::signed(message, &signature)
        };
        let (header, claims, signature, message) = taken_apart(&make());
        assert_eq!(
            (&header["typ"], &header["alg"]),
            (&"JWT".into(), &algorithm.as_str().to_uppercase().into())
        );
        assert_eq!(header.get("x5t").is_some(), rs256);
        assert_eq!(header.get("x5t#S256").is_some(), !rs256);
        // Leaf first, and the root behind it, whatever their order was.
        assert_eq!(header.get("x5c").map(|chain| chain.as_array().unwrap().len()), rs256.then_some(2));
        if rs256 {
            assert_eq!(header["x5c"][0], STANDARD.encode(&material.chain.leaf.der));
        }
        assert_eq!(claims["aud"], "https://login.microsoftonline.us/t/oauth2/v2.0/token");
        assert_eq!((&claims["iss"], &claims["sub"]), (&"app".into(), &"app".into()));
        let at = |name: &str| claims[name].as_i64().unwrap() - now.as_second();
        assert_eq!((at("nbf"), at("iat"), at("exp")), (-60, 0, 300));
        let key = UnparsedPublicKey::new(verification, material.chain.leaf.public_key.as_ref().unwrap());
        key.verify(message.as_bytes(), &signature).unwrap();
        assert_ne!(taken_apart(&make()).1["jti"], claims["jti"]);
    }
}

#[test]
fn thumbprints_are_those_of_the_bytes() {
    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
    let bytes = b"not-a-real-certificate";
    assert_eq!(
        URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes)),
        "lwE5fLyw8oYOZNvwRLKRv-jV3Pg"
    );
    assert_eq!(URL_SAFE_NO_PAD.encode(digest(&SHA256, bytes)), "gm-l1-4vyW7qq1izO9P0g8P3wf7MK7-C5Cj6gFlQAIE");
}

struct Vault(Material);

impl AssertionSigner for Vault {
    fn sign(&self, message: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>, Box<dyn StdError + Send + Sync>>> {
        let message = String::from_utf8(message).unwrap();
        async move { Ok(assertion::sign(&self.0.key, &SigningAlgorithm::Ps256, &message)?) }.boxed()
    }
}

#[tokio::test]
async fn a_key_may_be_elsewhere() {
    let vault = || Vault(read(data!("both.pem"), None, None).unwrap());
    let credential = ClientCertificate::with_signer("app", data!("cert.pem"), vault());
    credential.check().unwrap();
    let signature = credential.loaded().unwrap().sign(&SigningAlgorithm::Ps256, "a.b").await.unwrap();
    assert_eq!(signature.len(), 256);
    let error = ClientCertificate::with_signer("app", data!("ec.pem"), vault()).check().unwrap_err();
    assert!(error.message().contains("not RSA"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_key_file_that_all_can_read_is_noticed_and_taken_all_the_same() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("both.pem");
    std::fs::write(&path, data!("both.pem")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    ClientCertificate::from_file("app", &path).check().unwrap();
    assert_eq!(given::mode_for_all(&path), Some(0o644));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(given::mode_for_all(&path), None);
    ClientCertificate::from_file("app", folder.path().join("none.pem")).check().unwrap_err();
}

#[test]
fn nothing_that_can_be_printed_shows_the_key() {
    let pem = String::from_utf8_lossy(data!("both.pem")).into_owned();
    let credential = ClientCertificate::from_pem("app", pem.clone()).password("s3cret");
    credential.check().unwrap();
    let shown = format!("{credential:?}");
    assert!(
        !shown.contains("s3cret") && !pem.lines().filter(|l| l.len() > 40).any(|line| shown.contains(line))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_survived(text in "(-----BEGIN |-----END |PRIVATE KEY|CERTIFICATE|-----|[A-Za-z0-9=: ]{0,9}|\n){0,30}") {
        let _ = read(text.as_bytes(), None, Some(PASSWORD));
    }

    /// Damage is noticed, or does no harm; it never ends in a panic.
    #[test]
    fn damage_is_survived(at in 0_usize..2_000, to in any::<u8>()) {
        for good in [data!("modern.pfx"), data!("legacy.pfx"), data!("ber.pfx"), data!("plain.pfx"), data!("both.pem")] {
            let mut bad = good.to_vec();
            let at = at % bad.len();
            bad[at] = to;
            let _ = read(&bad, None, Some(PASSWORD));
            let _ = read(&bad[..at], None, Some(PASSWORD));
        }
    }
}
