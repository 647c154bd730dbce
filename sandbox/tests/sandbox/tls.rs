use m365kit_sandbox::Sandbox;
use reqwest::{Certificate, Client, Version};

#[tokio::test]
async fn tls_is_trusted_by_who_trusts_its_authority() {
    let sandbox = Sandbox::start_json(br#"{"https":true,"blobs":0}"#).unwrap();
    let about = sandbox.describe();
    assert!(sandbox.url().starts_with("https://127.0.0.1:"));
    let authority = Certificate::from_pem(about["caCertificate"].as_str().unwrap().as_bytes()).unwrap();
    let trusting = || Client::builder().no_proxy().tls_certs_only([authority.clone()]);
    let path = format!("/{}/.well-known/openid-configuration", about["tenant"].as_str().unwrap());
    for host in [sandbox.url().to_owned(), sandbox.url().replace("127.0.0.1", "localhost")] {
        let response = trusting().build().unwrap().get(format!("{host}{path}")).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2));
    }
    let old = trusting().http1_only().build().unwrap();
    let response = old.get(format!("{}{path}", sandbox.url())).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_11));
    let stranger = Client::builder().no_proxy().build().unwrap();
    assert!(stranger.get(format!("{}{path}", sandbox.url())).send().await.is_err());
}

#[tokio::test]
async fn faults_work_inside_tls() {
    let sandbox = Sandbox::start_json(br#"{"https":true,"blobs":0}"#).unwrap();
    let about = sandbox.describe();
    let authority = Certificate::from_pem(about["caCertificate"].as_str().unwrap().as_bytes()).unwrap();
    let url =
        format!("{}/{}/.well-known/openid-configuration", sandbox.url(), about["tenant"].as_str().unwrap());
    for action in [r#"{"reset":true}"#, r#"{"cutAfter":50}"#, r#"{"wrongLength":5}"#] {
        for version in [Version::HTTP_11, Version::HTTP_2] {
            let builder = Client::builder().no_proxy().tls_certs_only([authority.clone()]);
            let builder = if version == Version::HTTP_11 { builder.http1_only() } else { builder };
            let http = builder.build().unwrap();
            let rule = format!(r#"{{"action":{action},"times":9}}"#);
            sandbox.control("fault", serde_json::from_str(&rule).unwrap()).unwrap();
            let body = async { http.get(&url).send().await?.bytes().await };
            assert!(body.await.is_err(), "{action} {version:?}");
            sandbox.control("clear_faults", serde_json::Value::Null).unwrap();
            assert_eq!(http.get(&url).send().await.unwrap().status(), 200);
        }
    }
}
