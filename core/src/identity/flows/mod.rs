//! Every credential from its first request to the token, against a server that follows a script.

mod apps;
mod challenges;
mod logs;
mod machines;
mod server;
mod users;

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{Credential, TokenCache};
use crate::Client;
use crate::cloud::Service;
use crate::error::Result;
use server::{Asked, Reply, Server, reply};

const TENANT: &str = "3b0f7c9e-1d2a-4c55-9a41-7f2f0c5f9a10";
const APP: &str = "c7f2d3a4-58b1-4d0c-8a25-1d7e0b9b6e55";

/// The success of a token endpoint.
fn granted(token: &str) -> Reply {
    granted_with(token, &json!({}))
}

fn granted_with(token: &str, more: &Value) -> Reply {
    let mut body = json!({"access_token": token, "token_type": "Bearer", "expires_in": 3599});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    reply(200, body)
}

fn refused(status: u16, error: &str, number: u32) -> Reply {
    let description = format!("AADSTS{number}: no");
    reply(status, json!({"error": error, "error_description": description, "error_codes": [number]}))
}

fn client(server: &Server, credential: impl Into<Credential>) -> Client {
    client_with(server, credential, &[], TokenCache::new())
}

fn client_with(
    server: &Server,
    credential: impl Into<Credential>,
    variables: &[(&str, &str)],
    cache: TokenCache,
) -> Client {
    Client::builder(TENANT)
        .credential(credential)
        .cloud(server.cloud())
        .environment(variables.iter().copied())
        .token_cache(cache)
        .build()
        .unwrap()
}

/// The token for Microsoft Graph.
async fn token(client: &Client) -> Result<String> {
    token_of(client, &Service::Graph).await
}

async fn token_of(client: &Client, service: &Service) -> Result<String> {
    let corridor = client.corridor();
    let token = corridor.identity.token(corridor, service).await?;
    Ok(token.secret().expose_secret().to_owned())
}

fn last(server: &Server) -> Asked {
    server.asked().pop().unwrap()
}

/// A folder with one file, and the path of that.
fn file(name: &str, content: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    (folder, path.to_str().unwrap().to_owned())
}
