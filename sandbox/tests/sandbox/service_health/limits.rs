use serde_json::json;

use super::Wires;

#[tokio::test]
async fn both_windows_are_kept_by_the_clock() {
    let wires = Wires::new(json!({"issues": 1, "messages": 0, "limits": {"perMinute": 4, "perHour": 6}}));
    let token = wires.token(json!({}));
    let get = async || wires.get_as(&token, &wires.url("issues"), &[]).await;
    for _ in 0..4 {
        assert_eq!(get().await.status, 200);
    }
    let refused = get().await;
    assert_eq!(refused.refusal(), (429, "TooManyRequests".into()));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((50..=60).contains(&wait), "{wait}");
    wires.visitor.control("advance", json!({"seconds": 61}));
    assert_eq!((get().await.status, get().await.status), (200, 200));
    let wait: u64 = get().await.header("retry-after").unwrap().parse().unwrap();
    assert!(wait > 3_000, "the hour: {wait}");
    wires.visitor.control("set_service_health", json!({"limits": {"perHour": 6, "retryAfter": false}}));
    let bare = get().await;
    assert_eq!((bare.status, bare.header("retry-after")), (429, None));
    let other = wires.token(json!({"clientId": "11111111-2222-3333-4444-555555555555"}));
    assert_eq!(
        wires.get_as(&other, &wires.url("issues"), &[]).await.status,
        200,
        "each application has its own"
    );
    wires.visitor.control("set_service_health", json!({"limits": false}));
    assert_eq!(get().await.status, 200);
}
