use std::collections::HashSet;

use reqwest::Method;
use serde_json::json;

use super::{Wires, ids, rows};

#[tokio::test]
async fn pages_follow_preferences_and_link_by_what_they_skip() {
    let wires = Wires::new(json!({"issues": 259, "messages": 1234}));
    let first = wires.get("issues").await;
    assert_eq!(rows(&first).len(), 100);
    assert_eq!(first.header("preference-applied"), None);
    let link = first.json()["@odata.nextLink"].as_str().unwrap().to_owned();
    assert!(link.ends_with("/v1.0/admin/serviceAnnouncement/issues?$skip=100"), "{link}");
    let all = wires.all("issues").await;
    assert_eq!(ids(&all).into_iter().collect::<HashSet<_>>().len(), 259);
    let large = wires.prefer("messages", "odata.maxpagesize=5000, include-unknown-enum-members").await;
    assert_eq!(rows(&large).len(), 1_000);
    assert_eq!(
        large.header("preference-applied"),
        Some("odata.maxpagesize=1000, include-unknown-enum-members")
    );
    let small = wires.prefer("messages", "odata.maxpagesize=7").await;
    assert_eq!((rows(&small).len(), small.header("preference-applied")), (7, Some("odata.maxpagesize=7")));
    assert_eq!(wires.all("messages").await.len(), 1_234);
}

#[tokio::test]
async fn top_hides_that_there_is_more() {
    let wires = Wires::new(json!({"issues": 30}));
    let page = wires.get("issues?$top=5&$skip=2&$count=true").await;
    assert_eq!(rows(&page).len(), 5);
    assert_eq!((&page.json()["@odata.nextLink"], &page.json()["@odata.count"]), (&json!(null), &json!(30)));
    let plain =
        rows(&wires.get("issues?$orderby=lastModifiedDateTime desc&$select=id,lastModifiedDateTime").await);
    assert!(
        plain.is_sorted_by(|a, b| a["lastModifiedDateTime"].as_str() >= b["lastModifiedDateTime"].as_str())
    );
    assert_eq!(plain[0].as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn filters_are_evaluated_or_refused() {
    let wires = Wires::new(json!({"issues": 90, "messages": 90}));
    let all = wires.all("issues").await;
    let open = wires.all("issues?$filter=isResolved%20eq%20false").await;
    assert_eq!(open.len(), all.iter().filter(|issue| issue["isResolved"] == false).count());
    assert!(!open.is_empty() && open.len() < all.len());
    let one = wires
        .all("issues?$filter=service eq 'Exchange Online' and startDateTime ge 2026-10-20T00:00:00Z")
        .await;
    assert!(one.iter().all(|issue| issue["service"] == "Exchange Online") && !one.is_empty());
    let major = wires.all("messages?$filter=tags/any(t:t eq 'Major change')").await;
    assert!(major.iter().all(|message| message["isMajorChange"] == true) && !major.is_empty());
    let attached = wires.all("messages?$filter=hasAttachments eq true").await;
    assert!(attached.iter().all(|message| message["hasAttachments"] == true) && !attached.is_empty());
    for wrong in [
        "messages?$filter=messageType eq 'x'",
        "issues?$filter=details/any(d:d/name eq 'NotifyInApp')",
        "issues?$filter=isResolved eq 'false'",
        "issues?$select=colour",
        "issues?$expand=posts",
        "issues?$search=mail",
        "issues?$orderby=colour",
        "issues/X?$filter=isResolved",
    ] {
        let answer = wires.get(wrong).await;
        if !wrong.contains("/X") {
            assert_eq!(answer.refusal(), (400, "BadRequest".into()), "{wrong}");
        }
    }
}

#[tokio::test]
async fn services_are_found_by_name_and_have_their_issues() {
    let wires = Wires::new(json!({"issues": 90}));
    let plain = rows(&wires.get("healthOverviews").await);
    assert_eq!(plain.len(), 24);
    assert!(plain.iter().all(|one| one.get("issues").is_none()));
    let whole = rows(&wires.get("healthOverviews?$expand=issues").await);
    let exchange = &whole[0];
    assert_eq!((&exchange["id"], &exchange["service"]), (&json!("Exchange"), &json!("Exchange Online")));
    let issues = exchange["issues"].as_array().unwrap();
    assert!(issues.iter().any(|issue| issue["isResolved"] == true), "resolved ones as well");
    let all = wires.all("issues").await;
    assert_eq!(issues.len(), all.iter().filter(|issue| issue["service"] == "Exchange Online").count());
    let nested = wires.get("healthOverviews?$expand=issues($filter=isResolved eq false;$select=id)").await;
    let open: usize = rows(&nested).iter().map(|one| one["issues"].as_array().unwrap().len()).sum();
    assert_eq!(open, all.iter().filter(|issue| issue["isResolved"] == false).count());
    for one in &whole {
        let well = one["issues"].as_array().unwrap().iter().all(|issue| issue["isResolved"] == true);
        assert_eq!(well, one["status"] == "serviceOperational", "{one}");
    }
    let by_name = wires.get("healthOverviews/Microsoft%20365%20suite").await.json();
    assert_eq!(by_name["id"], "OSDPPlatform");
    assert_eq!(wires.get("healthOverviews/OSDPPlatform").await.json()["service"], "Microsoft 365 suite");
    let inside = wires.get("healthOverviews/OSDPPlatform/issues").await;
    assert_eq!(
        (inside.refusal(), &inside.json()["error"]["message"]),
        ((404, "UnknownError".into()), &json!(""))
    );
    wires.visitor.control("set_service_health", json!({"strictKey": true}));
    assert_eq!(wires.get("healthOverviews/OSDPPlatform").await.status, 404);
    assert_eq!(wires.get("healthOverviews('Microsoft%20365%20suite')").await.status, 200);
}

#[tokio::test]
async fn single_items_are_there_and_nothing_can_be_written() {
    let wires = Wires::new(json!({}));
    let issue = ids(&rows(&wires.get("issues?$top=1").await)).remove(0);
    let one = wires.get(&format!("issues/{issue}?$select=title,posts")).await.json();
    assert!(one["posts"][0]["description"]["content"].as_str().unwrap().contains("Current status:"), "{one}");
    assert!(one["@odata.context"].as_str().unwrap().ends_with("/issues/$entity"));
    assert_eq!(wires.get("issues/EX1").await.status, 404);
    assert_eq!(wires.get("messages/MC1").await.status, 404);
    let beta = wires.url("issues").replace("/v1.0/", "/beta/");
    assert_eq!(wires.get_as(&wires.token(json!({})), &beta, &[]).await.status, 200);
    for (method, path) in
        [(Method::POST, "issues"), (Method::PATCH, "issues/EX1"), (Method::DELETE, "messages/MC1")]
    {
        let request = wires.visitor.http.request(method, wires.url(path)).bearer_auth(wires.token(json!({})));
        let answer = crate::visitor::send(request.body("{}")).await.unwrap();
        assert_eq!(answer.refusal(), (405, "MethodNotAllowed".into()));
    }
    let operations: Vec<_> = wires
        .visitor
        .ledger(json!({}))
        .iter()
        .map(|row| row["operation"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(operations[..3], ["health_issues", "health_issues", "health_issues"]);
    assert_eq!(operations.last().map(String::as_str), Some("service_messages"));
}

#[tokio::test]
async fn what_is_given_stays_as_it_is() {
    let wires = Wires::new(json!({
        "services": [
            {"id": "Exchange", "service": "Exchange Online", "features": [{"id": "Signin", "name": "Sign-in"}], "colour": 1},
            {"id": "Odd", "service": "O'Brien & co", "status": "serviceInterruption"},
        ],
        "issues": [{"id": "EX1", "service": "Exchange Online", "status": "正在调查", "newMember": {"a": [1]},
            "legacy": {"Severity": "Sev0"}}],
        "messages": [],
    }));
    let issue = wires.get("issues/ex1").await.json();
    assert_eq!((&issue["status"], &issue["newMember"]), (&json!("正在调查"), &json!({"a": [1]})));
    assert_eq!(issue.get("legacy"), None);
    let services = rows(&wires.get("healthOverviews").await);
    assert_eq!((&services[0]["status"], &services[0]["colour"]), (&json!("正在调查"), &json!(1)));
    assert_eq!(services[1]["status"], "serviceInterruption");
    assert_eq!(wires.get("healthOverviews/O'Brien%20%26%20co").await.json()["id"], "Odd");
    let old = wires.legacy_rows("Messages").await;
    assert_eq!((&old[0]["Severity"], &old[0]["Status"]), (&json!("Sev0"), &json!("正在调查")));
}

#[tokio::test]
async fn enums_may_come_in_more_than_one_case() {
    let wires = Wires::new(json!({"issues": 60, "mixedCaseEnums": true}));
    let all = wires.all("issues").await;
    let capital = |text: &str| text.starts_with(|letter: char| letter.is_ascii_uppercase());
    let values: HashSet<String> = all
        .iter()
        .flat_map(|issue| {
            ["status", "classification", "origin"].map(|name| issue[name].as_str().unwrap().to_owned())
        })
        .collect();
    assert!(
        values.iter().any(|value| capital(value)) && values.iter().any(|value| !capital(value)),
        "{values:?}"
    );
    let open = wires.all("issues?$filter=status eq 'serviceRestored'").await;
    assert!(!open.is_empty());
}

#[tokio::test]
async fn faults_strike_by_operation() {
    let wires = Wires::new(json!({}));
    let fault = |operation: &str, status: u16| json!({"match": {"operation": operation}, "action": {"status": status}});
    wires.visitor.control("fault", fault("health_overviews", 503));
    assert_eq!(wires.get("issues").await.status, 200);
    assert_eq!(wires.get("healthOverviews").await.refusal(), (503, "ServiceUnavailable".into()));
    wires.visitor.control("fault", fault("service_comms", 500));
    assert_eq!(wires.legacy("Services").await.refusal(), (500, "AF50000".into()));
}
