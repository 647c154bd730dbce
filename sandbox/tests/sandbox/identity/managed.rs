use serde_json::{Value, json};

use super::{Client, claims};
use crate::visitor::{Answer, send};

const IMDS: &str = "metadata/identity/oauth2/token?api-version=2018-02-01";
const APP_SERVICE: &str = "msi/app-service/token?api-version=2019-08-01";
const ARC: &str = "msi/arc/metadata/identity/oauth2/token?api-version=2020-06-01";

/// Asks a machine's endpoint for a token of the management API.
async fn ask(client: &Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = client.http.get(format!("{}/{path}&resource={}", client.url, client.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(request).await.unwrap()
}

fn managed(client: &Client) -> Value {
    client.visitor.sandbox.describe()["identity"]["managed"].clone()
}

#[tokio::test]
async fn a_virtual_machine_has_rules() {
    let client = Client::usual();
    let yes = ("Metadata", "true");
    let body = ask(&client, IMDS, &[yes]).await.json();
    for member in ["expires_in", "expires_on", "not_before", "resource", "client_id"] {
        assert!(body[member].is_string(), "{member}: {body}");
    }
    assert_eq!((body["token_type"].as_str(), body["refresh_token"].as_str()), (Some("Bearer"), Some("")));
    let token = claims(body["access_token"].as_str().unwrap());
    assert_eq!((&token["aud"], &token["tid"]), (&json!(client.url), &json!(client.tenant)));
    let subscriptions = format!("{}/api/v1.0/{}/activity/feed/subscriptions/list", client.url, client.tenant);
    let list = client.http.get(subscriptions).bearer_auth(body["access_token"].as_str().unwrap());
    assert_eq!(send(list).await.unwrap().status, 200);
    for (headers, error) in [
        (vec![], "bad_request_102"),
        (vec![("Metadata", "True")], "bad_request_102"),
        (vec![yes, ("X-Forwarded-For", "10.0.0.1")], "invalid_request"),
    ] {
        let refused = ask(&client, IMDS, &headers).await;
        assert_eq!((refused.status, refused.json()["error"].as_str()), (400, Some(error)), "{headers:?}");
    }
    let old = ask(&client, "metadata/identity/oauth2/token?api-version=2017-01-01", &[yes]).await;
    assert_eq!((old.status, old.json()["error"].as_str()), (400, Some("invalid_request")));
    let url = |resource: &str| format!("{}/{IMDS}&resource={resource}", client.url);
    for (resource, error) in [("", "invalid_request"), ("https://unknown.example", "invalid_resource")] {
        let refused = send(client.http.get(url(resource)).header("Metadata", "true")).await.unwrap();
        assert_eq!((refused.status, refused.json()["error"].as_str()), (400, Some(error)));
    }
}

#[tokio::test]
async fn a_path_may_end_in_a_slash() {
    let client = Client::usual();
    let secret = managed(&client)["header"].as_str().unwrap().to_owned();
    for (path, headers) in [(IMDS, [("Metadata", "true")]), (APP_SERVICE, [("X-IDENTITY-HEADER", &secret)])] {
        let answer = ask(&client, &path.replacen("token?", "token/?", 1), &headers).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn an_identity_is_named_in_three_ways() {
    let client = Client::usual();
    let assigned = managed(&client)["user"][0].clone();
    let named = |path: &str, parameter: &str, member: &str| {
        let value: String =
            form_urlencoded::byte_serialize(assigned[member].as_str().unwrap().as_bytes()).collect();
        format!("{path}&{parameter}={value}")
    };
    let header = managed(&client)["header"].as_str().unwrap().to_owned();
    for (path, resource, headers) in [
        (IMDS, "msi_res_id", ("Metadata", "true")),
        (APP_SERVICE, "mi_res_id", ("X-IDENTITY-HEADER", header.as_str())),
    ] {
        for (parameter, member) in
            [("client_id", "clientId"), ("object_id", "objectId"), (resource, "resourceId")]
        {
            let answer = ask(&client, &named(path, parameter, member), &[headers]).await;
            assert_eq!(answer.status, 200, "{parameter}: {answer:?}");
            let token = claims(answer.json()["access_token"].as_str().unwrap());
            assert_eq!((&token["appid"], &token["oid"]), (&assigned["clientId"], &assigned["objectId"]));
            assert_eq!(token["xms_mirid"], assigned["resourceId"]);
        }
        let two = named(&named(path, "client_id", "clientId"), "object_id", "objectId");
        assert_eq!(ask(&client, &two, &[headers]).await.status, 400);
        let unknown = ask(&client, &format!("{path}&client_id=unknown"), &[headers]).await;
        assert_eq!(unknown.status, 400, "{unknown:?}");
    }
}

#[tokio::test]
async fn a_machine_without_an_identity_says_so_and_one_with_a_single_one_takes_it() {
    let user = json!([{"clientId": "c", "objectId": "o", "resourceId": "/r"}]);
    let client = Client::new(json!({"blobs": 0, "identity": {"managed": {"system": false, "user": user}}}));
    let body = ask(&client, IMDS, &[("Metadata", "true")]).await.json();
    assert_eq!(body["client_id"], "c");
    let header = managed(&client)["header"].as_str().unwrap().to_owned();
    let refused = ask(&client, APP_SERVICE, &[("X-IDENTITY-HEADER", &header)]).await;
    assert_eq!((refused.status, refused.json()["statusCode"].as_u64()), (400, Some(400)));
    let refused = ask(&client, &format!("{IMDS}&client_id=x"), &[("Metadata", "true")]).await.json();
    assert_eq!(
        (&refused["error"], &refused["error_description"]),
        (&json!("invalid_request"), &json!("Identity not found"))
    );
}

#[tokio::test]
async fn the_names_of_other_hosts_are_not_passed_over() {
    let client = Client::usual();
    let managed = managed(&client);
    let (header, resource) =
        (managed["header"].as_str().unwrap(), managed["user"][0]["clientId"].as_str().unwrap());
    let fabric = "msi/service-fabric/token?api-version=2019-07-01-preview";
    for (path, name, headers) in [
        (IMDS, "mi_res_id", ("Metadata", "true")),
        (IMDS, "clientid", ("Metadata", "true")),
        (APP_SERVICE, "msi_res_id", ("X-IDENTITY-HEADER", header)),
        (fabric, "client_id", ("Secret", header)),
    ] {
        let refused = ask(&client, &format!("{path}&{name}={resource}"), &[headers]).await;
        assert_eq!(refused.status, 400, "{name}: {refused:?}");
    }
}

#[tokio::test]
async fn app_service_wants_its_header_and_says_when_and_not_how_long() {
    let client = Client::usual();
    let header = managed(&client)["header"].as_str().unwrap().to_owned();
    let body = ask(&client, APP_SERVICE, &[("X-IDENTITY-HEADER", &header)]).await.json();
    assert!(body["expires_on"].is_string() && body["client_id"].is_string(), "{body}");
    assert!(body.get("expires_in").is_none(), "{body}");
    for headers in [vec![], vec![("X-IDENTITY-HEADER", "wrong")], vec![("secret", header.as_str())]] {
        let refused = ask(&client, APP_SERVICE, &headers).await;
        assert_eq!((refused.status, refused.json()["message"].is_string()), (401, true));
    }
    let old =
        ask(&client, "msi/app-service/token?api-version=2017-09-01", &[("secret", &header)]).await.json();
    assert!(old["expires_on"].as_str().unwrap().ends_with(" +00:00"), "{old}");
    let capable = format!("{APP_SERVICE}&xms_cc=cp1");
    let body = ask(&client, &capable, &[("X-IDENTITY-HEADER", &header)]).await.json();
    assert_eq!(claims(body["access_token"].as_str().unwrap())["xms_cc"], json!(["cp1"]));
}

#[tokio::test]
async fn fabric_learning_and_shell_have_ways_of_their_own() {
    let client = Client::usual();
    let header = managed(&client)["header"].as_str().unwrap().to_owned();
    let fabric = "msi/service-fabric/token?api-version=2019-07-01-preview";
    assert!(ask(&client, fabric, &[("Secret", &header)]).await.json()["expires_on"].is_number());
    let refused = ask(&client, fabric, &[]).await;
    assert_eq!((refused.status, refused.code().as_str()), (401, "SecretHeaderNotFound"));
    let learning = "msi/machine-learning/token?api-version=2017-09-01";
    assert_eq!(ask(&client, learning, &[("secret", &header)]).await.status, 200);
    assert_eq!(ask(&client, learning, &[]).await.status, 401);
    let shell = |metadata: &str| {
        let request = client.http.post(format!("{}/msi/cloud-shell/token", client.url));
        request.header("Metadata", metadata).body(format!("resource={}", client.url))
    };
    let body = send(shell("true")).await.unwrap().json();
    assert!(claims(body["access_token"].as_str().unwrap())["scp"].is_string());
    assert_eq!(send(shell("false")).await.unwrap().status, 400);
}

#[tokio::test]
async fn arc_challenges_with_a_file() {
    let client = Client::usual();
    let metadata = ("Metadata", "true");
    assert_eq!(ask(&client, ARC, &[]).await.status, 400);
    let path = async || {
        let challenged = ask(&client, ARC, &[metadata]).await;
        assert_eq!(challenged.status, 401);
        challenged.header("www-authenticate").unwrap().strip_prefix("Basic realm=").unwrap().to_owned()
    };
    let file = path().await;
    assert_eq!(
        file,
        format!(
            "{}/{}",
            managed(&client)["arcDirectory"].as_str().unwrap(),
            file.rsplit('/').next().unwrap()
        )
    );
    let shown = format!("Basic {}", std::fs::read_to_string(&file).unwrap());
    let answer = ask(&client, ARC, &[metadata, ("Authorization", &shown)]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        ask(&client, ARC, &[metadata, ("Authorization", &shown)]).await.status,
        401,
        "a key opens once"
    );
    assert_eq!(ask(&client, ARC, &[metadata, ("Authorization", "Basic wrong")]).await.status, 401);
    drop(client);
    assert!(!std::path::Path::new(&file).exists());
}

#[tokio::test]
async fn arc_can_be_made_to_lie() {
    for (kind, wrong) in [("foreign", "elsewhere"), ("large", ".key"), ("absent", "Basic")] {
        let seed = kind.len();
        let config = json!({"blobs": 0, "seed": seed, "identity": {"managed": {"arcChallenge": kind}}});
        let client = Client::new(config);
        let challenged = ask(&client, ARC, &[("Metadata", "true")]).await;
        let realm = challenged.header("www-authenticate").unwrap().to_owned();
        assert!(realm.contains(wrong), "{realm}");
        if kind == "large" {
            let file = realm.strip_prefix("Basic realm=").unwrap();
            assert!(std::fs::metadata(file).unwrap().len() > 4_096);
        }
    }
}

#[tokio::test]
async fn machines_fail_as_they_do() {
    let client = Client::usual();
    for status in [404, 410, 429, 500] {
        client.control(
            "fault",
            json!({"match": {"operation": "managed_identity"}, "action": {"status": status}}),
        );
        let refused = ask(&client, IMDS, &[("Metadata", "true")]).await;
        assert_eq!((refused.status, refused.json()["error_description"].is_string()), (status, true));
        assert_eq!(ask(&client, IMDS, &[("Metadata", "true")]).await.status, 200);
    }
}
