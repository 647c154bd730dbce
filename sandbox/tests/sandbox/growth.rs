use std::collections::HashSet;
use std::time::Instant;

use serde_json::{Value, json};

use crate::visitor::Visitor;

const NOON: &str = "2026-11-20T12:00:00Z";

fn count(visitor: &Visitor) -> u64 {
    visitor.control("feed", json!({"bytes": false}))["blobs"].as_u64().unwrap()
}

fn ids(visitor: &Visitor) -> Vec<Value> {
    visitor.control("feed", json!({"bytes": false, "ids": true}))["ids"].as_array().unwrap().clone()
}

fn advance(visitor: &Visitor, seconds: i64) {
    visitor.control("advance", json!({"seconds": seconds}));
}

fn grown(seed: u64) -> Visitor {
    let live = json!({"blobsPerMinute": 60, "records": 3});
    Visitor::new(
        json!({"seed": seed, "blobs": 10, "records": 2, "now": NOON, "live": live, "tokenLifetime": 999_999}),
    )
}

#[tokio::test]
async fn a_growing_feed_lists_new_content_as_its_clock_passes() {
    let visitor = grown(1);
    assert!((10..=40).contains(&count(&visitor)), "{}", count(&visitor));
    advance(&visitor, 600);
    let after = count(&visitor);
    assert!((600..=640).contains(&after), "{after}");
    let listed = visitor.list("Audit.Exchange").await;
    let unique: HashSet<_> = listed.iter().map(|item| item["contentId"].as_str().unwrap()).collect();
    assert_eq!(unique.len(), listed.len());
    assert!(listed.is_sorted_by_key(|item| item["contentCreated"].as_str().unwrap().to_owned()));
    assert!(listed.len() > 150, "{}", listed.len());
    for item in listed.iter().rev().take(3) {
        let blob = visitor.fetch(&visitor.publish(item["contentUri"].as_str().unwrap())).await;
        assert!((2..=4).contains(&blob.json().as_array().unwrap().len()), "{blob:?}");
    }
    let known = ids(&visitor);
    assert_eq!(known.iter().collect::<HashSet<_>>().len(), known.len());
}

#[tokio::test]
async fn growth_comes_from_the_seed_and_the_clock_alone() {
    let (one, other) = (grown(7), grown(7));
    advance(&one, 1_000);
    for _ in 0..10 {
        advance(&other, 100);
    }
    let (one, other) = (ids(&one), ids(&other));
    let both = one.len().min(other.len()) - 5;
    assert!(both > 2_900, "{both}");
    let other: HashSet<_> = other.iter().collect();
    assert!(one.iter().filter(|id| other.contains(id)).count() >= both, "the same but for the last moments");
    assert_ne!(ids(&grown(8))[0], one[0]);
}

#[tokio::test]
async fn content_that_is_not_there_yet_cannot_be_fetched() {
    let visitor = grown(1);
    advance(&visitor, 3_600);
    let last = visitor.list("Audit.General").await.pop().unwrap();
    let url = visitor.publish(last["contentUri"].as_str().unwrap());
    assert_eq!(visitor.fetch(&url).await.status, 200);
    advance(&visitor, -1_800);
    assert_eq!(visitor.fetch(&url).await.refusal(), (404, "AF20050".into()));
}

#[tokio::test]
async fn the_pace_changes_and_ends() {
    let visitor = Visitor::new(json!({"blobs": 5, "now": NOON, "tokenLifetime": 99_999}));
    assert_eq!(count(&visitor), 5);
    visitor.control("live", json!({"blobsPerMinute": 600, "contentTypes": ["Audit.General"]}));
    advance(&visitor, 60);
    let first = count(&visitor);
    assert!((595..=900).contains(&first), "{first}");
    visitor.control("live", json!({"blobsPerMinute": 60, "contentTypes": ["DLP.All"], "records": 1}));
    advance(&visitor, 60);
    let second = count(&visitor);
    assert!((first + 55..=first + 300).contains(&second), "{first} {second}");
    visitor.control("live", json!({"blobsPerMinute": null}));
    let third = count(&visitor);
    advance(&visitor, 3_600);
    assert_eq!(count(&visitor), third);
    assert_eq!(visitor.list("Audit.Exchange").await.len(), 1, "the others did not grow");
    let listed = visitor.list("Audit.General").await;
    let unique: HashSet<_> = listed.iter().map(|item| item["contentId"].as_str().unwrap()).collect();
    assert_eq!(unique.len(), listed.len());
}

#[tokio::test]
async fn a_week_of_growth_is_cheap() {
    let live = json!({"blobsPerMinute": 6_000, "contentTypes": ["Audit.General"]});
    let visitor = Visitor::new(json!({"blobs": 5, "now": NOON, "live": live, "tokenLifetime": 9_999_999}));
    advance(&visitor, 7 * 86_400);
    let begun = Instant::now();
    let (start, end) = (visitor.ago(3_600), visitor.ago(0));
    let mut url = visitor.operation(&format!(
        "subscriptions/content?contentType=Audit.General&startTime={start}&endTime={end}"
    ));
    for _ in 0..20 {
        let page = visitor.fetch(&url).await;
        assert_eq!(page.json().as_array().unwrap().len(), 200);
        url = visitor.publish(page.header("nextpageuri").unwrap());
    }
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    let last = visitor.fetch(&url).await.json()[0].clone();
    let id = last["contentId"].as_str().unwrap();
    assert!(
        id.split('$').next().unwrap()[17..].parse::<u64>().unwrap() > 900_000,
        "beyond the first million: {id}"
    );
    assert_eq!(visitor.fetch(&visitor.publish(last["contentUri"].as_str().unwrap())).await.status, 200);
}

#[tokio::test]
async fn late_content_is_listed_late_and_not_lost() {
    let late = json!({"share": 0.5, "seconds": 300});
    let live = json!({"blobsPerMinute": 60, "contentTypes": ["Audit.General"]});
    let config = json!({"blobs": 0, "pageSize": 7, "now": NOON, "live": live, "late": late});
    let visitor = Visitor::new(config);
    advance(&visitor, 120);
    let early = visitor.list("Audit.General").await;
    assert!((40..=80).contains(&early.len()), "about half of 120: {}", early.len());
    visitor.control("live", json!({"blobsPerMinute": null}));
    advance(&visitor, 301);
    let all = visitor.list("Audit.General").await;
    assert!((118..=150).contains(&all.len()), "{}", all.len());
    assert!(all.is_sorted_by_key(|item| item["contentCreated"].as_str().unwrap().to_owned()));
    let missing = all.iter().find(|item| !early.contains(item)).unwrap();
    let url = visitor.publish(missing["contentUri"].as_str().unwrap());
    assert_eq!(visitor.fetch(&url).await.status, 200);
    advance(&visitor, -301);
    assert_eq!(visitor.fetch(&url).await.refusal(), (404, "AF20050".into()));
}

#[tokio::test]
async fn added_content_may_be_listed_later_than_it_was_created() {
    let visitor = Visitor::new(json!({"blobs": 0, "now": NOON}));
    let args = json!({
        "contentType": "Audit.Exchange", "records": [{"Id": "x"}],
        "created": "2026-11-20T11:00:00Z", "listedAt": "2026-11-20T12:05:00Z",
    });
    let uri = visitor.control("add_content", args)["contentUri"].as_str().unwrap().to_owned();
    assert_eq!(count(&visitor), 0);
    assert!(visitor.list("Audit.Exchange").await.is_empty());
    assert_eq!(visitor.fetch(&visitor.publish(&uri)).await.status, 404);
    advance(&visitor, 300);
    assert_eq!(visitor.list("Audit.Exchange").await[0]["contentCreated"], "2026-11-20T11:00:00.000Z");
    assert_eq!(visitor.fetch(&visitor.publish(&uri)).await.status, 200);
    assert_eq!(ids(&visitor), [json!("x")]);
}

#[tokio::test]
async fn what_comes_meanwhile_does_not_move_the_pages() {
    let visitor = Visitor::new(json!({"blobs": 40, "pageSize": 3, "now": NOON}));
    let all = visitor.list("Audit.Exchange").await;
    let page = visitor.get(&visitor.day("Audit.Exchange")).await;
    let mut seen = page.json().as_array().unwrap().clone();
    // Listed among what was read already: not on a later page, and nothing else is there twice.
    let created = all[0]["contentCreated"].clone();
    visitor
        .control("add_content", json!({"contentType": "Audit.Exchange", "records": [], "created": created}));
    let mut next = page.header("nextpageuri").map(|link| visitor.publish(link));
    while let Some(url) = next {
        let page = visitor.fetch(&url).await;
        seen.extend(page.json().as_array().unwrap().iter().cloned());
        next = page.header("nextpageuri").map(|link| visitor.publish(link));
    }
    let regular: Vec<_> =
        seen.iter().filter(|item| !item["contentId"].as_str().unwrap().ends_with("na9999")).collect();
    assert_eq!(regular, all.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn content_may_be_told_to_expire_at_a_time() {
    let visitor = Visitor::new(json!({"blobs": 20, "now": NOON}));
    let item = visitor.list("Audit.Exchange").await.remove(0);
    let url = visitor.publish(item["contentUri"].as_str().unwrap());
    let args = json!({"contentId": item["contentId"], "at": "2026-11-20T12:01:00Z"});
    visitor.control("expire_content", args);
    assert_eq!(visitor.list("Audit.Exchange").await[0]["contentExpiration"], "2026-11-20T12:01:00.000Z");
    assert_eq!(visitor.fetch(&url).await.status, 200);
    advance(&visitor, 60);
    assert_eq!(visitor.fetch(&url).await.refusal(), (410, "AF20051".into()));
}
