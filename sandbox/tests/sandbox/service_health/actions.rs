use serde_json::{Value, json};

use super::{Wires, ids, rows};
use crate::visitor::{Answer, send};

const SCOPES: [&str; 2] = ["ServiceMessage.Read.All", "ServiceMessageViewpoint.Write"];

async fn act(wires: &Wires, token: &str, action: &str, body: Value) -> Answer {
    let request = wires.visitor.http.post(wires.url(&format!("messages/{action}"))).bearer_auth(token);
    send(request.header("content-type", "application/json").body(body.to_string())).await.unwrap()
}

#[tokio::test]
async fn a_viewpoint_is_of_one_user() {
    let wires = Wires::new(json!({}));
    let user =
        |name: &str| wires.token(json!({"user": format!("{name}@contoso.onmicrosoft.com"), "roles": SCOPES}));
    let (sadie, arne) = (user("sadie.lund"), user("arne.holt"));
    let all = ids(&rows(&wires.get("messages?$top=2").await));
    let view = async |token: &str| {
        wires.get_as(token, &wires.url(&format!("messages/{}", all[0])), &[]).await.json()["viewPoint"]
            .clone()
    };
    let nothing = json!({"isRead": false, "isArchived": false, "isFavorited": false});
    assert_eq!(view(&sadie).await, nothing);
    for action in ["markRead", "archive", "favorite"] {
        let done = act(&wires, &sadie, action, json!({ "messageIds": all })).await;
        assert_eq!((done.status, &done.json()["value"]), (200, &json!(true)));
    }
    assert_eq!(view(&sadie).await, json!({"isRead": true, "isArchived": true, "isFavorited": true}));
    assert_eq!(view(&arne).await, nothing);
    let read = wires.url("messages?$filter=viewPoint/isRead eq true");
    assert_eq!(rows(&wires.get_as(&sadie, &read, &[]).await).len(), 2);
    for action in ["markUnread", "unarchive", "unfavorite", "unfavorite"] {
        assert_eq!(act(&wires, &sadie, action, json!({ "messageIds": all })).await.status, 200);
    }
    assert_eq!(view(&sadie).await, nothing);
    assert_eq!(view(&wires.token(json!({}))).await, json!(null), "applications have none");
    let operation = wires.visitor.ledger(json!({"operation": "message_action"})).len();
    assert_eq!(operation, 7);
}

#[tokio::test]
async fn actions_are_refused_for_applications_and_for_nonsense() {
    let wires = Wires::new(json!({}));
    let sadie = wires.token(json!({"user": "sadie.lund@contoso.onmicrosoft.com", "roles": SCOPES}));
    let reader = wires
        .token(json!({"user": "sadie.lund@contoso.onmicrosoft.com", "roles": ["ServiceMessage.Read.All"]}));
    let one = json!({"messageIds": ids(&rows(&wires.get("messages?$top=1").await))});
    let application = wires.token(json!({ "roles": SCOPES }));
    assert_eq!(act(&wires, &application, "markRead", one.clone()).await.refusal(), (403, "Forbidden".into()));
    assert_eq!(act(&wires, &reader, "markRead", one).await.refusal(), (403, "Forbidden".into()));
    assert_eq!(act(&wires, &sadie, "markRead", json!({"messageIds": ["MC1"]})).await.status, 404);
    assert_eq!(act(&wires, &sadie, "markRead", json!({"messageIds": []})).await.status, 400);
    assert_eq!(act(&wires, &sadie, "markRead", json!({"ids": []})).await.status, 400);
    assert_eq!(wires.get_as(&sadie, &wires.url("messages/markRead"), &[]).await.status, 405);
}
