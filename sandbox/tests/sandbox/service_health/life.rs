use serde_json::json;

use super::{Wires, ids};

#[tokio::test]
async fn an_issue_lives_by_the_clock() {
    let wires = Wires::new(json!({"issues": 0, "messages": 0, "live": {"every": 1000, "lasts": 1000}}));
    let see = async || {
        let all = wires.all("issues").await;
        let mut shown: Vec<(String, usize, bool)> = all
            .iter()
            .map(|issue| {
                let posts = issue["posts"].as_array().unwrap().len();
                (issue["status"].as_str().unwrap().to_owned(), posts, issue["isResolved"] == true)
            })
            .collect();
        shown.reverse();
        shown
    };
    let at =
        |minute: &str| wires.visitor.control("set_clock", json!({"now": format!("2026-11-20T12:{minute}Z")}));
    let state = |status: &str, posts, resolved| (status.to_owned(), posts, resolved);
    assert_eq!(see().await, []);
    at("16:41");
    assert_eq!(see().await, [state("investigating", 1, false)]);
    at("20:00");
    assert_eq!(see().await.len(), 1);
    assert_eq!(see().await[0].1, 2);
    at("25:30");
    assert_eq!(see().await, [state("restoringService", 3, false)]);
    at("33:21");
    assert_eq!(see().await, [state("serviceRestored", 4, true), state("investigating", 1, false)]);
    at("41:41");
    assert_eq!(see().await[0], state("postIncidentReviewPublished", 5, true));
    let first = ids(&wires.all("issues?$filter=isResolved eq true").await);
    at("16:41");
    assert_eq!(see().await, [state("investigating", 1, false)], "and back again");
    assert!(first.contains(&ids(&wires.all("issues").await)[0]), "ids stay");
}

#[tokio::test]
async fn what_a_test_touches_no_longer_develops() {
    let wires = Wires::new(json!({"issues": 0, "messages": 0, "live": {"every": 600, "messages": 900}}));
    wires.visitor.control("advance", json!({"seconds": 601}));
    let id = ids(&wires.all("issues").await).remove(0);
    wires.visitor.control("update_issue", json!({"id": id, "issue": {"title": "Mine"}}));
    wires.visitor.control("advance", json!({"seconds": 86_400}));
    let issue = wires.get(&format!("issues/{id}")).await.json();
    assert_eq!((&issue["title"], &issue["status"]), (&json!("Mine"), &json!("investigating")));
    let messages = wires.all("messages").await;
    assert_eq!(messages.len(), 96, "one every quarter of an hour");
    let all = wires.all("issues").await;
    assert_eq!(all.iter().filter(|issue| issue["id"].as_str() == Some(&id)).count(), 1);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_store() {
    let list = |wires: &Wires| wires.visitor.control("service_health", json!({}));
    let one = Wires::new(json!({"issues": 50, "messages": 50}));
    let other = Wires::new(json!({"issues": 50, "messages": 50}));
    let third = Wires::with(json!({"seed": 2}), json!({"issues": 50, "messages": 50}));
    assert_eq!(list(&one), list(&other));
    assert_ne!(list(&one)["issues"], list(&third)["issues"]);
}
