use serde_json::json;

use super::{Client, is_signed};
use crate::visitor::{Answer, send};

async fn get(client: &Client, path: &str) -> Answer {
    send(client.http.get(format!("{}/{path}", client.url))).await.unwrap()
}

#[tokio::test]
async fn tokens_are_signed_with_the_published_key() {
    let client = Client::usual();
    let metadata =
        get(&client, &format!("{}/v2.0/.well-known/openid-configuration", client.tenant)).await.json();
    let keys = send(client.http.get(metadata["jwks_uri"].as_str().unwrap())).await.unwrap().json();
    let body = client.signed_in().await;
    for member in ["access_token", "id_token"] {
        let token = body[member].as_str().unwrap();
        assert!(is_signed(token, &keys), "{member}");
        let other = token.replacen('.', ".e30", 1);
        assert!(!is_signed(&other, &keys), "{member}");
    }
    let one = get(&client, "common/discovery/keys").await.json();
    assert_eq!(one["keys"][0]["n"], keys["keys"][0]["n"]);
}

#[tokio::test]
async fn aliases_have_templates() {
    let client = Client::usual();
    for alias in ["common", "organizations"] {
        let metadata = get(&client, &format!("{alias}/v2.0/.well-known/openid-configuration")).await.json();
        assert_eq!(metadata["issuer"], format!("{}/{{tenantid}}/v2.0", client.url));
        assert_eq!(metadata["token_endpoint"], format!("{}/{alias}/oauth2/v2.0/token", client.url));
    }
    let metadata = get(&client, "consumers/v2.0/.well-known/openid-configuration").await.json();
    assert!(metadata["issuer"].as_str().unwrap().contains("9188040d-6c67-4c5b-b112-36a304b66dad"));
}

#[tokio::test]
async fn instances_are_known_or_not() {
    let client = Client::usual();
    let ask = async |query: &str| get(&client, &format!("common/discovery/instance?{query}")).await;
    let host = client.url.trim_start_matches("http://").to_owned();
    let endpoint = |host: &str| {
        format!(
            "api-version=1.1&authorization_endpoint=https://{host}/{}/oauth2/v2.0/authorize",
            client.tenant
        )
    };
    let own = ask(&endpoint(&host)).await.json();
    assert!(own["metadata"][0]["aliases"].as_array().unwrap().contains(&json!(host)));
    let found = send(client.http.get(own["tenant_discovery_endpoint"].as_str().unwrap())).await.unwrap();
    assert_eq!(found.status, 200);
    let cloud = ask(&endpoint("login.chinacloudapi.cn")).await.json();
    assert!(
        cloud["tenant_discovery_endpoint"].as_str().unwrap().starts_with("https://login.chinacloudapi.cn/")
    );
    let rows = cloud["metadata"].as_array().unwrap();
    let china =
        rows.iter().find(|row| row["aliases"].as_array().unwrap().contains(&json!("login.chinacloudapi.cn")));
    assert_eq!(china.unwrap()["preferred_network"], "login.partner.microsoftonline.cn");
    let unknown = ask(&endpoint("login.evil.example")).await;
    assert_eq!((unknown.status, unknown.json()["error"].as_str()), (400, Some("invalid_instance")));
    for query in [
        "",
        "api-version=1.1",
        "api-version=2&authorization_endpoint=https://a/b",
        "api-version=1.1&authorization_endpoint=x",
    ] {
        assert_eq!(ask(query).await.status, 400, "{query}");
    }
}
