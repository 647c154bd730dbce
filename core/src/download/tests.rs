//! What operations that expect binary bodies can rely on, before a server that answers what it is told, in order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Asked, Download};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Request, Wanted};
use crate::{Client, StaticToken};

const ZIP: Wanted = Wanted { is_binary: true, begins_with: b"PK" };

struct Server {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

/// Answers with these texts, one a connection.
async fn server(answers: impl IntoIterator<Item = String>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server { port: listener.local_addr().unwrap().port(), heads: Arc::default() };
    let heads = Arc::clone(&server.heads);
    let mut answers: VecDeque<String> = answers.into_iter().collect();
    tokio::spawn(async move {
        while let Some(answer) = answers.pop_front() {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                stream.read_buf(&mut head).await.unwrap();
            }
            heads.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.ok();
        }
    });
    server
}

fn answer(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

async fn open(server: &Server, wanted: Wanted) -> Result<Download> {
    let client = Client::builder("contoso.com").credential(StaticToken::new("t")).attempts(2u32).build()?;
    let url = format!("http://127.0.0.1:{}/thing", server.port).parse().unwrap();
    let request = Request::new(Method::GET, url);
    let asked = Asked { request, wanted, max_bytes: None, name: None, id: "thing".to_owned() };
    Download::open(client, asked).await
}

async fn refused(answers: impl IntoIterator<Item = String>, wanted: Wanted) -> Error {
    let server = server(answers).await;
    open(&server, wanted).await.err().unwrap()
}

const JSON: &str = "Content-Type: application/json; charset=utf-8\r\n";
const ERROR: &str = r#"{"error":{"code":"notReady","message":"The report is not there yet."}}"#;

#[tokio::test]
async fn json_with_an_error_in_it_is_no_file() {
    let error = refused([answer(200, JSON, ERROR)], ZIP).await;
    assert_eq!(
        (error.kind(), error.code(), error.status()),
        (ErrorKind::Service, Some("notReady"), Some(200))
    );
    assert_eq!(error.message(), "The report is not there yet.");

    // Whoever expects no binary may want just that.
    let server = server([answer(200, JSON, ERROR)]).await;
    let download = open(&server, Wanted::default()).await.unwrap();
    assert_eq!(download.file_name(), "thing.json");
    assert_eq!(download.bytes().await.unwrap(), ERROR);
}

#[tokio::test]
async fn json_without_an_error_and_long_json_are_handed_on_whole() {
    let binary = Wanted { is_binary: true, begins_with: b"" };
    let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(70 * 1024));
    for body in [r#"{"error":null,"a":1}"#, "[1]", "{", &long] {
        let server = server([answer(200, JSON, body)]).await;
        let whole = open(&server, binary).await.unwrap().bytes().await.unwrap();
        assert_eq!(whole, body);
    }
}

#[tokio::test]
async fn a_zip_that_is_none_is_asked_for_again_and_then_refused() {
    let error = refused([answer(200, "", "<html>"), answer(200, "", "P")], ZIP).await;
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.message().contains("PK"), "{error}");

    let server = server([answer(200, "", "<html>"), answer(200, "", "PK\x03\x04rest")]).await;
    assert_eq!(open(&server, ZIP).await.unwrap().bytes().await.unwrap(), "PK\x03\x04rest");
}

#[tokio::test]
async fn a_redirect_that_leads_nowhere_is_an_error() {
    let error = refused([answer(302, "", "")], ZIP).await;
    assert_eq!((error.kind(), error.status()), (ErrorKind::Service, Some(302)));
    let error = refused([answer(302, "Location: http://example.com/thing\r\n", "")], ZIP).await;
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.message().contains("plain http"), "{error}");
}

#[tokio::test]
async fn cookies_and_what_limits_another_host_stay_with_it() {
    let away = server([answer(429, "Retry-After: 0\r\n", ""), answer(401, "", "")]).await;
    let moved = format!("Location: http://localhost:{}/there\r\n", away.port);
    let here = server([answer(307, &moved, ""), answer(307, &moved, "")]).await;
    let client = Client::builder("contoso.com").credential(StaticToken::new("t")).build().unwrap();
    let url = format!("http://127.0.0.1:{}/thing", here.port).parse().unwrap();
    let request = Request::new(Method::GET, url).header("cookie", "a=b".parse().unwrap());
    let asked = Asked { request, wanted: Wanted::default(), max_bytes: None, name: None, id: String::new() };
    let error = Download::open(client, asked).await.err().unwrap();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Auth, false));
    let heads = away.heads.lock().unwrap().clone();
    assert_eq!(heads.len(), 2);
    assert!(heads.iter().all(|head| !head.to_lowercase().contains("cookie")), "{heads:?}");
    assert!(here.heads.lock().unwrap().iter().all(|head| head.contains("a=b")));
}

#[tokio::test]
async fn what_was_cut_begins_again_unless_some_of_it_was_handed_out() {
    let cut = || "HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\n12345".to_owned();
    let whole = || answer(200, "Content-Type: text/plain\r\n", "1234567890");

    let server_of_bytes = server([cut(), whole()]).await;
    assert_eq!(open(&server_of_bytes, Wanted::default()).await.unwrap().bytes().await.unwrap(), "1234567890");

    let folder = tempfile::tempdir().unwrap();
    let server_of_files = server([cut(), whole()]).await;
    let mut download = open(&server_of_files, Wanted::default()).await.unwrap();
    let saved = download.save(folder.path()).await.unwrap();
    assert_eq!((saved.bytes, saved.content_type.as_deref()), (10, Some("text/plain")));
    assert_eq!(std::fs::read(folder.path().join("thing.bin")).unwrap(), b"1234567890");

    let server_of_chunks = server([cut()]).await;
    let mut download = open(&server_of_chunks, Wanted::default()).await.unwrap();
    assert_eq!(download.next_chunk().await.unwrap().unwrap(), "12345");
    assert_eq!(download.next_chunk().await.unwrap_err().kind(), ErrorKind::Network);
    // It does not seem to have ended afterwards.
    assert_eq!(download.next_chunk().await.unwrap_err().kind(), ErrorKind::Network);
    let elsewhere = folder.path().join("other.bin");
    assert_eq!(download.save(elsewhere).await.unwrap_err().kind(), ErrorKind::Network);
}

#[tokio::test]
async fn what_cannot_be_saved_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let cut = || "HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\n12345".to_owned();
    let server_that_cuts = server([cut(), cut()]).await;
    let mut download = open(&server_that_cuts, Wanted::default()).await.unwrap();
    assert_eq!(download.save(folder.path().join("a.txt")).await.unwrap_err().kind(), ErrorKind::Network);
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);

    std::fs::write(folder.path().join("a.txt"), "old").unwrap();
    let server_that_works = server([answer(200, "", "new")]).await;
    let mut download = open(&server_that_works, Wanted::default()).await.unwrap();
    let refused = download.save(folder.path().join("a.txt")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidRequest);
    // Nothing was read for it.
    let saved = download.save(folder.path().join("a.txt")).overwrite(true).await.unwrap();
    assert_eq!((saved.bytes, std::fs::read(&saved.path).unwrap()), (3, b"new".to_vec()));
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    assert_eq!(download.save(folder.path()).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
}
