use serde_json::{Value, json};

use crate::visitor::Visitor;

async fn burst(visitor: &Visitor, count: usize) -> Vec<u16> {
    let mut statuses = vec![];
    for _ in 0..count {
        statuses.push(visitor.get("subscriptions/list").await.status);
    }
    statuses
}

fn passed(statuses: &[u16]) -> usize {
    statuses.iter().filter(|status| **status == 200).count()
}

fn limited(limit: Value) -> Visitor {
    Visitor::new(json!({"blobs": 0, "rateLimit": limit, "tokenLifetime": 86_400}))
}

#[tokio::test]
async fn a_limit_refuses_what_is_over_it_and_forgives_with_time() {
    let visitor = limited(json!({"perMinute": 6, "burst": 4}));
    assert_eq!(passed(&burst(&visitor, 8).await), 4);
    visitor.control("advance", json!({"seconds": 20}));
    assert_eq!(passed(&burst(&visitor, 4).await), 2);
    visitor.control("advance", json!({"seconds": 3600}));
    assert_eq!(passed(&burst(&visitor, 8).await), 4);
    let stats = visitor.control("stats", json!({}));
    assert_eq!((&stats["requests"], &stats["refused"]), (&json!(20), &json!(10)));
    visitor.control("rate_limit", json!(null));
    assert_eq!(passed(&burst(&visitor, 8).await), 8);
    visitor.control("rate_limit", json!({"perMinute": 60}));
    assert_eq!(passed(&burst(&visitor, 4).await), 1);
}

#[tokio::test]
async fn a_stampede_may_cost() {
    let visitor = limited(json!({"perMinute": 6, "burst": 3, "countRefused": true}));
    assert_eq!(passed(&burst(&visitor, 10).await), 3);
    visitor.control("advance", json!({"seconds": 30}));
    assert_eq!(passed(&burst(&visitor, 1).await), 0, "three tokens were owed");
}

#[tokio::test]
async fn refusals_have_the_shape_and_wait_that_were_chosen() {
    let visitor = limited(json!({"perMinute": 1, "burst": 1, "shape": "403-text", "retryAfter": "fraction"}));
    burst(&visitor, 1).await;
    let refused = visitor.get("subscriptions/list").await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.starts_with(b"{'error'"));
    let wait: f64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((58.0..=60.0).contains(&wait), "{wait}");
    visitor.control("rate_limit", json!({"perMinute": 1, "burst": 1, "shape": "429-empty", "retryAfter": 3}));
    burst(&visitor, 1).await;
    let refused = visitor.get("subscriptions/list").await;
    assert_eq!((refused.status, refused.body.len(), refused.header("retry-after")), (429, 0, Some("3")));
}

#[tokio::test]
async fn a_wait_that_is_named_is_named_whatever_the_bucket_holds() {
    let visitor = limited(json!({"perMinute": 600, "retryAfter": 5}));
    assert!(passed(&burst(&visitor, 40).await) >= 10);
    visitor.control("rate_limit", json!({"perMinute": 6, "burst": 1, "retryAfter": 5}));
    burst(&visitor, 1).await;
    for _ in 0..2 {
        assert_eq!(visitor.get("subscriptions/list").await.header("retry-after"), Some("5"));
    }
    visitor.control("rate_limit", json!({"perMinute": 6, "burst": 1}));
    burst(&visitor, 1).await;
    assert_eq!(visitor.get("subscriptions/list").await.header("retry-after"), None, "none is named");
}
