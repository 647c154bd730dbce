use serde_json::json;

use super::Wires;

#[tokio::test]
async fn each_graph_call_needs_its_permission() {
    let wires = Wires::new(json!({}));
    let health = wires.token(json!({"roles": ["ServiceHealth.Read.All"]}));
    let messages = wires.token(json!({"roles": ["ServiceMessage.Read.All"]}));
    for (path, token, other) in [
        ("issues", &health, &messages),
        ("healthOverviews", &health, &messages),
        ("messages", &messages, &health),
    ] {
        assert_eq!(wires.get_as(token, &wires.url(path), &[]).await.status, 200, "{path}");
        let refused = wires.get_as(other, &wires.url(path), &[("client-request-id", "abc")]).await;
        assert_eq!(refused.refusal(), (403, "Forbidden".into()), "{path}");
        let inner = refused.json()["error"]["innerError"].clone();
        assert_eq!(inner["client-request-id"], "abc");
        assert_eq!(inner["request-id"].as_str(), refused.header("request-id"));
        assert!(refused.header("x-ms-ags-diagnostic").is_some());
    }
    let elsewhere = wires.visitor.issue(json!({}));
    assert_eq!(wires.get_as(&elsewhere, &wires.url("issues"), &[]).await.status, 401);
}

#[tokio::test]
async fn a_scope_is_not_enough_for_a_user_without_a_role() {
    let wires = Wires::new(json!({"administrators": ["arne.holt@contoso.onmicrosoft.com"]}));
    let user = |name: &str| wires.token(json!({"user": name, "roles": ["ServiceHealth.Read.All"]}));
    let (arne, sadie) =
        (user("arne.holt@contoso.onmicrosoft.com"), user("sadie.lund@contoso.onmicrosoft.com"));
    assert_eq!(wires.get_as(&arne, &wires.url("issues"), &[]).await.status, 200);
    assert_eq!(wires.get_as(&sadie, &wires.url("issues"), &[]).await.refusal(), (403, "Forbidden".into()));
}

#[tokio::test]
async fn the_older_wire_checks_tenant_and_role() {
    let wires = Wires::new(json!({}));
    let sandbox = wires.visitor.sandbox.url();
    let at = |tenant: &str| format!("{sandbox}/api/v1.0/{tenant}/servicecomms/SERVICES");
    let token = &wires.visitor.token;
    let refusal = async |tenant: &str| wires.get_as(token, &at(tenant), &[]).await.refusal();
    assert_eq!(wires.get_as(token, &at("contoso.onmicrosoft.com"), &[]).await.status, 200);
    assert_eq!(refusal("contoso").await, (400, "AF20013".into()));
    assert_eq!(refusal("fabrikam.com").await, (404, "AF20011".into()));
    assert_eq!(refusal("11111111-2222-3333-4444-555555555555").await, (403, "AF20010".into()));
    let other = wires.visitor.issue(json!({"roles": ["ActivityFeed.Read"]}));
    let ours = wires.legacy_url("Messages");
    assert_eq!(wires.get_as(&other, &ours, &[]).await.refusal(), (403, "AF10001".into()));
    let nobody = wires.get_as("x", &ours, &[]).await;
    assert_eq!((nobody.status, nobody.body.len()), (401, 0));
    assert!(nobody.header("www-authenticate").unwrap().starts_with("Bearer "));
    wires.visitor.control("set_tenant", json!({"standing": "misconfigured"}));
    assert_eq!(wires.legacy("Services").await.refusal(), (400, "AF20012".into()));
    wires.visitor.control("set_tenant", json!({"standing": "ok"}));
    wires.visitor.control("rate_limit", json!({"perMinute": 1}));
    assert_eq!(wires.legacy("Services").await.status, 200);
    let refused = wires.legacy("Services").await;
    assert_eq!(refused.refusal(), (429, "AF429".into()));
    assert!(refused.json()["error"]["message"].as_str().unwrap().contains("Method=GetServices"));
}
