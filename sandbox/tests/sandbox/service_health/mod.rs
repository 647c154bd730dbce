//! Service health as clients of either wire see it.

mod actions;
mod binaries;
mod control;
mod gate;
mod graph;
mod legacy;
mod life;
mod limits;
mod round_trip;

use serde_json::{Value, json};

use crate::visitor::{Answer, Visitor};

/// Both wires of a sandbox whose clock begins at a known time.
struct Wires {
    visitor: Visitor,
    graph: String,
}

impl Wires {
    fn new(service_health: Value) -> Self {
        Self::with(json!({}), service_health)
    }

    fn with(config: Value, service_health: Value) -> Self {
        let mut whole = json!({
            "now": "2026-11-20T12:00:00Z", "blobs": 0, "archivePerDay": 0, "tokenLifetime": 9_999_999,
            "serviceHealth": service_health,
        });
        whole.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
        let visitor = Visitor::new(whole);
        let graph = visitor.sandbox.describe()["cloud"]["graph"].as_str().unwrap().to_owned();
        Self { visitor, graph }
    }

    /// A token for Graph; `more` says what is different about it.
    fn token(&self, more: Value) -> String {
        let mut wish = json!({ "audience": self.graph });
        wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.visitor.issue(wish)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v1.0/admin/serviceAnnouncement/{path}", self.graph)
    }

    async fn get_as(&self, token: &str, url: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.visitor.http.get(url).bearer_auth(token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        crate::visitor::send(request).await.unwrap()
    }

    /// What Graph answers an application.
    async fn get(&self, path: &str) -> Answer {
        self.get_as(&self.token(json!({})), &self.url(path), &[]).await
    }

    async fn prefer(&self, path: &str, preference: &str) -> Answer {
        self.get_as(&self.token(json!({})), &self.url(path), &[("prefer", preference)]).await
    }

    /// Everything on all pages.
    async fn all(&self, path: &str) -> Vec<Value> {
        let token = self.token(json!({}));
        let (mut rows, mut next) = (vec![], Some(self.url(path)));
        while let Some(url) = next {
            let page = self.get_as(&token, &url, &[]).await;
            assert_eq!(page.status, 200, "{page:?}");
            rows.extend(page.json()["value"].as_array().unwrap().clone());
            next = page.json()["@odata.nextLink"].as_str().map(str::to_owned);
        }
        rows
    }

    fn legacy_url(&self, path: &str) -> String {
        format!(
            "{}/api/v1.0/{}/ServiceComms/{path}",
            self.visitor.sandbox.url(),
            self.visitor.describe("tenant")
        )
    }

    /// What the older wire answers.
    async fn legacy(&self, path: &str) -> Answer {
        self.visitor.fetch(&self.legacy_url(path)).await
    }

    async fn legacy_rows(&self, path: &str) -> Vec<Value> {
        let answer = self.legacy(path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["value"].as_array().unwrap().clone()
    }
}

fn rows(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["value"].as_array().unwrap().clone()
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["id"].as_str().or(row["Id"].as_str()).unwrap().to_owned()).collect()
}
