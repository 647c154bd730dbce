//! Where a program runs: managed identities, the command line, and the chain of all of them.

use serde_json::json;

use super::*;
use crate::error::ErrorKind;
use crate::identity::{AzureCli, DefaultCredential, ManagedIdentity};

async fn ask(server: &Server, identity: ManagedIdentity, variables: &[(&str, &str)]) -> Result<String> {
    token(&client_with(server, identity, variables, TokenCache::new())).await
}

#[tokio::test]
async fn a_virtual_machine_is_asked_as_it_wants_to_be() {
    let answer = json!({"access_token": "t", "refresh_token": "", "expires_in": "3599", "expires_on": "1800000000",
                        "not_before": "1799996401", "resource": "x", "token_type": "Bearer"});
    for (identity, parameter) in [
        (ManagedIdentity::new(), None),
        (ManagedIdentity::with_client_id("c"), Some(("client_id", "c"))),
        (ManagedIdentity::with_object_id("o"), Some(("object_id", "o"))),
        (ManagedIdentity::with_resource_id("/r"), Some(("msi_res_id", "/r"))),
    ] {
        let server = Server::start([reply(200, &answer)]).await;
        let url = server.url();
        assert_eq!(
            ask(&server, identity, &[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &url)]).await.unwrap(),
            "t"
        );
        let asked = last(&server);
        assert_eq!((asked.method.as_str(), asked.path.as_str()), ("GET", "/metadata/identity/oauth2/token"));
        assert_eq!(
            (asked.headers["metadata"].as_str(), &asked.query["api-version"]),
            ("true", &"2018-02-01".to_owned())
        );
        assert_eq!(asked.query["resource"], url);
        assert_eq!(asked.query.len(), 2 + usize::from(parameter.is_some()));
        if let Some((name, value)) = parameter {
            assert_eq!(asked.query[name], value);
        }
    }
}

#[tokio::test]
async fn an_app_service_is_asked_with_its_header() {
    let in_an_hour = (jiff::Timestamp::now().as_second() + 3_600).to_string();
    let answer = json!({"access_token": "t", "expires_on": in_an_hour, "resource": "x", "token_type": "Bearer",
                        "client_id": "C"});
    let server = Server::start([reply(200, &answer), reply(200, &answer)]).await;
    let endpoint = format!("{}/msi/token", server.url());
    let variables = [("IDENTITY_ENDPOINT", endpoint.as_str()), ("IDENTITY_HEADER", "h")];
    ask(&server, ManagedIdentity::with_client_id("c"), &variables).await.unwrap();
    let asked = last(&server);
    assert_eq!((asked.path.as_str(), asked.headers["x-identity-header"].as_str()), ("/msi/token", "h"));
    assert_eq!((asked.query["api-version"].as_str(), asked.query["client_id"].as_str()), ("2019-08-01", "c"));
    // Another identity than was asked for is nobody's to use.
    let error = ask(&server, ManagedIdentity::with_client_id("d"), &variables).await.unwrap_err();
    assert!(error.message().contains("was asked for"), "{error}");
}

#[tokio::test]
async fn the_other_hosts_are_asked_as_they_want_to_be() {
    let answer = || granted("t");
    let server = Server::start([answer(), answer()]).await;
    let endpoint = format!("{}/token", server.url());
    let learning = [("MSI_ENDPOINT", endpoint.as_str()), ("MSI_SECRET", "s")];
    ask(&server, ManagedIdentity::with_client_id("c"), &learning).await.unwrap();
    let asked = last(&server);
    assert_eq!((asked.headers["secret"].as_str(), asked.query["clientid"].as_str()), ("s", "c"));
    assert_eq!(asked.query["api-version"], "2017-09-01");
    let shell = [("MSI_ENDPOINT", endpoint.as_str())];
    assert!(ask(&server, ManagedIdentity::new(), &shell).await.is_err());
    ask(&server, ManagedIdentity::new().allow_user(true), &shell).await.unwrap();
    let asked = last(&server);
    assert_eq!((asked.method.as_str(), asked.form["resource"].as_str()), ("POST", server.url().as_str()));
    assert_eq!(asked.headers["metadata"], "true");
}

#[tokio::test]
async fn an_arc_endpoint_is_shown_the_key_that_it_names() {
    let data = tempfile::tempdir().unwrap();
    let keys = data.path().join("AzureConnectedMachineAgent").join("Tokens");
    std::fs::create_dir_all(&keys).unwrap();
    let key = keys.join("3f-a.key");
    std::fs::write(&key, "a2V5\n").unwrap();
    let challenge = reply(401, "").header("WWW-Authenticate", &format!("Basic realm={}", key.display()));
    let server = Server::start([challenge, granted("t")]).await;
    let endpoint = format!("{}/token", server.url());
    let variables = [
        ("IDENTITY_ENDPOINT", endpoint.as_str()),
        ("IMDS_ENDPOINT", "http://localhost:40342"),
        ("ProgramData", data.path().to_str().unwrap()),
    ];
    assert_eq!(ask(&server, ManagedIdentity::new(), &variables).await.unwrap(), "t");
    let asked = server.asked();
    assert!(!asked[0].headers.contains_key("authorization"));
    assert_eq!(asked[1].headers["authorization"], "Basic a2V5");
    assert_eq!(
        (asked[1].headers["metadata"].as_str(), asked[1].query["api-version"].as_str()),
        ("true", "2020-06-01")
    );
}

#[tokio::test]
async fn an_arc_endpoint_that_names_a_foreign_file_gets_nothing() {
    let challenge = reply(401, "").header("WWW-Authenticate", "Basic realm=/etc/passwd");
    let server = Server::start([challenge]).await;
    let endpoint = format!("{}/token", server.url());
    let variables = [("IDENTITY_ENDPOINT", endpoint.as_str()), ("IMDS_ENDPOINT", "http://localhost:40342")];
    let error = ask(&server, ManagedIdentity::new(), &variables).await.unwrap_err();
    assert!(error.message().contains("no key of its own"), "{error}");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn an_identity_that_is_not_assigned_is_not_asked_for_again() {
    let body = json!({"error": "invalid_request", "error_description": "Identity not found"});
    let server = Server::start([reply(400, body)]).await;
    let url = server.url();
    let error = ask(&server, ManagedIdentity::new(), &[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &url)])
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Auth, "Identity not found"));
    assert!(error.hint().unwrap().contains("Assign"));
}

#[tokio::test]
async fn a_machine_that_is_not_up_yet_is_waited_for() {
    let server = Server::start([reply(404, ""), granted("t")]).await;
    let url = server.url();
    ask(&server, ManagedIdentity::new(), &[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &url)]).await.unwrap();
    assert_eq!(server.asked().len(), 2);
}

/// A program named `az` that does what a script says.
#[cfg(unix)]
fn az(script: &str) -> (tempfile::TempDir, String) {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = file("az", &format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    (folder, path)
}

#[cfg(unix)]
#[tokio::test]
async fn the_command_line_is_asked_for_the_scope_and_the_tenant() {
    let (folder, path) = az(
        r#"echo "$@" > "$(dirname "$0")/asked"; echo '{"accessToken": "t", "expires_on": 4000000000, "tokenType": "Bearer"}'"#,
    );
    let server = Server::start([]).await;
    let client = client_with(&server, AzureCli::new(), &[("PATH", &path)], TokenCache::new());
    assert_eq!(token(&client).await.unwrap(), "t");
    let asked = std::fs::read_to_string(folder.path().join("asked")).unwrap();
    let expected =
        format!("account get-access-token --output json --scope {}/.default --tenant {TENANT}", server.url());
    assert_eq!(asked.trim(), expected);
    let (_folder, path) = az("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1");
    let client = client_with(&server, AzureCli::new(), &[("PATH", &path)], TokenCache::new());
    assert!(token(&client).await.unwrap_err().hint().unwrap().contains("az login"));
}

#[tokio::test]
async fn the_chain_says_what_each_one_answered() {
    let server = Server::start([]).await;
    // Nobody listens at the discard port.
    let variables = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9")];
    let client = client_with(&server, DefaultCredential::new(), &variables, TokenCache::new());
    let error = token(&client).await.unwrap_err();
    for part in ["environment: ", "workload identity: ", "managed identity: ", "Azure command line: "] {
        assert!(error.message().contains(part), "{part} {error}");
    }
}

#[tokio::test]
async fn the_chain_stays_with_the_first_that_has_a_token() {
    let server = Server::start([granted("t"), granted("u")]).await;
    let variables = [("AZURE_CLIENT_ID", APP), ("AZURE_CLIENT_SECRET", "s")];
    let client = client_with(&server, DefaultCredential::new(), &variables, TokenCache::new());
    assert_eq!(token(&client).await.unwrap(), "t");
    assert_eq!(last(&server).form["client_secret"], "s");
    let (_folder, path) = file("both.pem", include_str!("../certificate/testdata/both.pem"));
    let variables = [("AZURE_CLIENT_ID", APP), ("AZURE_CLIENT_CERTIFICATE_PATH", path.as_str())];
    let client = client_with(&server, DefaultCredential::new(), &variables, TokenCache::new());
    assert_eq!(token(&client).await.unwrap(), "u");
    assert!(last(&server).form.contains_key("client_assertion"));
}

#[cfg(unix)]
#[tokio::test]
async fn no_other_identity_steps_in_for_one_that_is_refused() {
    let (_folder, path) = az(r#"echo '{"accessToken": "t", "expires_on": 4000000000}'"#);
    let server = Server::start([refused(401, "invalid_client", 7_000_222)]).await;
    let variables = [("AZURE_CLIENT_ID", APP), ("AZURE_CLIENT_SECRET", "s"), ("PATH", path.as_str())];
    let client = client_with(&server, DefaultCredential::new(), &variables, TokenCache::new());
    let error = token(&client).await.unwrap_err();
    assert_eq!(error.code(), Some("AADSTS7000222"));
    assert!(error.hint().unwrap().contains("expired") && error.message().contains("environment"), "{error}");
    // Without it, the developer's own account serves.
    let variables = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9"), ("PATH", path.as_str())];
    let client = client_with(&server, DefaultCredential::new(), &variables, TokenCache::new());
    assert_eq!(token(&client).await.unwrap(), "t");
}
