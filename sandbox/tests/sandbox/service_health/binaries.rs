use serde_json::{Value, json};

use super::{Wires, ids, rows};
use crate::visitor::send;

#[tokio::test]
async fn reports_are_there_once_published() {
    let wires = Wires::new(json!({"issues": 90}));
    let all = wires.all("issues").await;
    let id = |published: bool| {
        let found = all.iter().find(|issue| (issue["status"] == "postIncidentReviewPublished") == published);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let published = id(true);
    let mut bodies = vec![];
    for spelling in ["incidentReport", "incidentReport()", "microsoft.graph.incidentReport()"] {
        let answer = wires.get(&format!("issues/{published}/{spelling}")).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/pdf")));
        bodies.push(answer.body);
    }
    assert!(bodies[0].starts_with(b"%PDF") && bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(wires.get(&format!("issues/{}/incidentReport", id(false))).await.status, 404);
    assert_eq!(wires.get("issues/EX1/incidentReport").await.status, 404);
    assert_eq!(wires.visitor.ledger(json!({"operation": "incident_report"})).len(), 5);
}

async fn attached(wires: &Wires) -> (String, Vec<Value>) {
    let message = ids(&wires.all("messages?$filter=hasAttachments eq true").await).remove(0);
    let attachments = rows(&wires.get(&format!("messages/{message}/attachments")).await);
    (message, attachments)
}

#[tokio::test]
async fn attachments_have_their_bytes_and_an_archive() {
    let wires = Wires::new(json!({"messages": 90}));
    let (message, attachments) = attached(&wires).await;
    for one in &attachments {
        let path = format!("messages/{message}/attachments/{}", one["id"].as_str().unwrap());
        assert_eq!(wires.get(&path).await.json()["name"], one["name"]);
        let content = wires.get(&format!("{path}/content")).await;
        assert_eq!(content.header("content-type"), one["contentType"].as_str());
        assert_eq!(content.body.len() as u64, one["size"].as_u64().unwrap());
        assert_eq!(content.body, wires.get(&format!("{path}/content")).await.body, "the same each time");
    }
    let archive = wires.get(&format!("messages/{message}/attachmentsArchive")).await;
    assert_eq!((archive.status, archive.header("content-type")), (200, Some("application/zip")));
    let entries = archive.body.windows(4).filter(|bytes| bytes == b"PK\x01\x02").count();
    assert!(archive.body.starts_with(b"PK\x03\x04") && entries == attachments.len());
    let expanded =
        wires.get(&format!("messages/{message}?$expand=attachments($select=id)&$select=id")).await.json();
    assert_eq!(expanded["attachments"].as_array().unwrap().len(), attachments.len());
    let without = ids(&wires.all("messages?$filter=hasAttachments eq false").await).remove(0);
    assert_eq!(wires.get(&format!("messages/{without}/attachmentsArchive")).await.status, 404);
    assert_eq!(rows(&wires.get(&format!("messages/{without}/attachments")).await), [] as [Value; 0]);
    assert_eq!(wires.get(&format!("messages/{message}/attachments/x/content")).await.status, 404);
    let names = wires.all("messages?$filter=hasAttachments eq true&$expand=attachments").await;
    let names = Value::Array(names).to_string();
    assert!(names.contains("../../Settings.json") && names.contains("\"name\":null"), "awkward ones");
}

#[tokio::test]
async fn bytes_may_be_elsewhere() {
    let wires = Wires::new(json!({"messages": 90, "redirect": "host"}));
    let (message, attachments) = attached(&wires).await;
    let path = format!("messages/{message}/attachments/{}/content", attachments[0]["id"].as_str().unwrap());
    let http =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let token = wires.token(json!({}));
    let found = send(http.get(wires.url(&path)).bearer_auth(&token)).await.unwrap();
    let location = found.header("location").unwrap().to_owned();
    assert_eq!(found.status, 302);
    assert!(location.starts_with(wires.visitor.sandbox.url()), "another host: {location}");
    let bytes = send(http.get(&location)).await.unwrap();
    assert_eq!(bytes.body.len() as u64, attachments[0]["size"].as_u64().unwrap());
    assert_eq!(send(http.get(&location).bearer_auth(&token)).await.unwrap().status, 400, "no token there");
    let seen = wires.visitor.ledger(json!({"path": "/announcement-content/"}));
    let shown: Vec<bool> = seen.iter().map(|row| row["headers"]["authorization"].is_string()).collect();
    assert_eq!(shown, [false, true]);
    assert_eq!(send(http.get(location.replace("sig=", "sig=0"))).await.unwrap().status, 403);
    wires.visitor.control("set_service_health", json!({"redirect": "path"}));
    let found = send(http.get(wires.url(&path)).bearer_auth(&token)).await.unwrap();
    let location = found.header("location").unwrap().to_owned();
    assert!(location.starts_with(&wires.graph), "the same host: {location}");
    assert_eq!(send(http.get(&location).bearer_auth(&token)).await.unwrap().status, 200);
}

#[tokio::test]
async fn given_attachments_are_sent_as_they_are() {
    let wires = Wires::new(json!({"messages": [{
        "id": "MC1", "hasAttachments": true,
        "attachments": [{"id": "a", "name": "/etc/passwd", "contentType": "text/plain", "size": 5, "content": "aGVsbG8="}],
    }]}));
    let content = wires.get("messages/MC1/attachments/a/content").await;
    assert_eq!((&content.body[..], content.header("content-type")), (&b"hello"[..], Some("text/plain")));
    let listed = rows(&wires.get("messages/MC1/attachments").await);
    assert_eq!(listed[0].get("content"), None, "bytes are not in the list");
    let archive = wires.get("messages/MC1/attachmentsArchive").await.body;
    assert!(
        archive.windows(6).any(|bytes| bytes == b"passwd")
            && !archive.windows(4).any(|bytes| bytes == b"/etc")
    );
}
