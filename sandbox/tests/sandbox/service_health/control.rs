use serde_json::json;

use super::Wires;

#[tokio::test]
async fn a_test_writes_the_life_of_an_issue() {
    let wires = Wires::new(json!({"issues": 0, "messages": 0}));
    let control = |name: &str, args| wires.visitor.control(name, args);
    let made = control("add_issue", json!({"issue": {"service": "SharePoint Online", "title": "Mine"}}));
    let id = made["issue"]["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("SP"), "{id}");
    let overview = async || wires.get("healthOverviews/SharePoint%20Online").await.json()["status"].clone();
    assert_eq!(overview().await, "investigating");
    control("advance", json!({"seconds": 60}));
    let post = json!({"id": id, "content": "Soon.", "postType": "quick", "status": "restoringService"});
    let posted = control("add_post", post);
    assert_eq!(posted["issue"]["posts"][0]["postType"], "quick");
    assert!(
        posted["issue"]["lastModifiedDateTime"].as_str() > made["issue"]["lastModifiedDateTime"].as_str()
    );
    assert_eq!(overview().await, "restoringService");
    let done = control("resolve_issue", json!({"id": id, "content": "Done.", "at": "2026-11-20T12:00:30Z"}));
    assert_eq!(
        (&done["issue"]["isResolved"], &done["issue"]["endDateTime"]),
        (&json!(true), &json!("2026-11-20T12:00:30Z"))
    );
    assert_eq!(done["issue"]["posts"].as_array().unwrap().len(), 2);
    assert_eq!(overview().await, "serviceOperational");
    let patch = json!({"id": id, "issue": {"status": "postIncidentReviewPublished"}});
    control("update_issue", patch);
    assert_eq!(wires.get(&format!("issues/{id}/incidentReport")).await.status, 200);
    let message = control("add_message", json!({"message": {"tags": ["Major change"], "newMember": 1}}));
    let id = message["message"]["id"].as_str().unwrap().to_owned();
    control("update_message", json!({"id": id, "message": {"severity": "critical"}}));
    let shown = wires.get(&format!("messages/{id}")).await.json();
    assert_eq!((&shown["severity"], &shown["newMember"]), (&json!("critical"), &json!(1)));
    let all = control("service_health", json!({}));
    assert_eq!((all["issues"].as_array().unwrap().len(), all["messages"].as_array().unwrap().len()), (1, 1));
}

#[test]
fn what_cannot_be_is_refused() {
    let wires = Wires::new(json!({}));
    for (name, args, what) in [
        ("update_issue", json!({"id": "EX1", "issue": {}}), "EX1"),
        ("add_post", json!({"id": "EX1", "content": ""}), "EX1"),
        ("resolve_issue", json!({"id": "EX1", "when": 1}), "when"),
        ("update_message", json!({"id": "MC1", "message": {}}), "MC1"),
        ("add_issue", json!({"title": "x"}), "title"),
        ("set_service_health", json!({"issues": 3}), "issues"),
        ("set_service_health", json!({"colour": 3}), "colour"),
        ("set_service_health", json!({"retired": 200}), "retired"),
    ] {
        let error = wires.visitor.sandbox.control(name, args).unwrap_err().to_string();
        assert!(error.contains(what) && error.contains(name), "{name}: {error}");
    }
    for (config, what) in [
        (json!({"issues": [{"title": "x"}]}), "id"),
        (json!({"messages": [{"id": "a"}, {"id": "a"}]}), "twice"),
        (json!({"services": [{"id": "a"}]}), "service"),
        (json!({"live": {"every": 0}}), "every"),
        (json!({"limits": {"perMinute": 0}}), "limits"),
        (json!({"dialect": "latin"}), "latin"),
        (json!({"days": 0}), "days"),
    ] {
        let config = json!({ "serviceHealth": config }).to_string();
        let error = m365kit_sandbox::Sandbox::start_json(config.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
}
