//! Listings that are not what they should be.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::visitor::{Answer, Visitor};

fn visitor() -> Visitor {
    let config = json!({
        "blobs": 30, "contentTypes": ["Audit.Exchange"], "pageSize": 10, "now": "2026-11-20T12:00:00Z",
    });
    Visitor::new(config)
}

fn fault(visitor: &Visitor, action: Value, when: Value) {
    visitor.control("fault", json!({"match": {"operation": "content"}, "action": action, "when": when}));
}

async fn first(visitor: &Visitor) -> Answer {
    visitor.get(&visitor.day("Audit.Exchange")).await
}

fn link(page: &Answer) -> String {
    page.header("nextpageuri").unwrap_or_default().to_owned()
}

fn ids(page: &Answer) -> Vec<String> {
    let items = page.json();
    items.as_array().unwrap().iter().map(|item| item["contentId"].as_str().unwrap().to_owned()).collect()
}

/// All pages on this host, whatever host the links name. Ends after many.
async fn walk(visitor: &Visitor) -> Vec<Answer> {
    let mut pages = vec![first(visitor).await];
    while pages.len() < 50 {
        let next = link(pages.last().unwrap());
        let Some((_, path)) = next.split_once("/api/") else { break };
        pages.push(visitor.fetch(&visitor.publish(&format!("{}/api/{path}", visitor.sandbox.url()))).await);
    }
    pages
}

#[tokio::test]
async fn a_foreign_link_on_every_page_ends_with_the_listing() {
    let visitor = visitor();
    fault(&visitor, json!({"foreignNext": "https://evil.example"}), json!("always"));
    let pages = walk(&visitor).await;
    assert_eq!(pages.len(), 3);
    assert!(pages[..2].iter().all(|page| link(page).starts_with("https://evil.example/")));
    let single = Visitor::new(json!({"blobs": 5, "contentTypes": ["Audit.Exchange"]}));
    fault(&single, json!({"foreignNext": "https://evil.example"}), json!("always"));
    assert_eq!(walk(&single).await.len(), 2, "a page that has no next one names one all the same");
}

#[tokio::test]
async fn a_link_may_be_of_another_year() {
    let visitor = visitor();
    fault(&visitor, json!({"nextFromYear": 2019}), json!("once"));
    let next = link(&first(&visitor).await);
    assert!(
        next.contains("starttime=2019-11-19T12:00:0") && next.contains("endtime=2019-11-20T12:00:0"),
        "{next}"
    );
    let page = visitor.fetch(&visitor.publish(&next)).await;
    assert_eq!((page.status, page.json()), (200, json!([])));
    fault(&visitor, json!({"nextFromYear": 2019}), json!("always"));
    assert_eq!(walk(&visitor).await.len(), 2, "always ends too");
}

#[tokio::test]
async fn empty_pages_may_come_where_a_rule_says() {
    let visitor = visitor();
    let sizes = async || -> Vec<usize> { walk(&visitor).await.iter().map(|page| ids(page).len()).collect() };
    fault(&visitor, json!({"emptyPages": 2}), json!("once"));
    assert_eq!(sizes().await, [10, 0, 0, 10, 10]);
    visitor.control("clear_faults", json!({}));
    fault(&visitor, json!({"emptyPages": 1}), json!("always"));
    assert_eq!(sizes().await, [10, 0, 10, 0, 10, 0], "and the last one has no link");
}

#[tokio::test]
async fn links_may_lead_back_to_the_first_page() {
    let visitor = visitor();
    let next = json!({"operation": "content", "page": "next"});
    visitor.control("fault", json!({"match": next, "action": {"loopFirst": true}, "when": "always"}));
    let pages = walk(&visitor).await;
    assert_eq!(pages.len(), 50, "it never ends");
    let links: HashSet<_> = pages.iter().map(link).collect();
    assert!(links.len() <= 4, "the same links come again: {links:?}");
    visitor.control("clear_faults", json!({}));
    visitor.control("fault", json!({"match": {"page": "next"}, "action": {"loopFirst": true}}));
    assert_eq!(walk(&visitor).await.len(), 5, "once is two pages more");
}

#[tokio::test]
async fn a_listing_may_change_from_one_time_to_the_next() {
    let visitor = visitor();
    let whole: HashSet<_> = visitor.list("Audit.Exchange").await.iter().map(Value::to_string).collect();
    fault(&visitor, json!({"listingChanges": 0.3}), json!("always"));
    let mut seen = HashSet::new();
    let mut sizes = HashSet::new();
    for _ in 0..8 {
        let listed: HashSet<_> = visitor.list("Audit.Exchange").await.iter().map(Value::to_string).collect();
        assert!(listed.len() < whole.len() && listed.is_subset(&whole));
        sizes.insert(listed.len());
        seen.extend(listed);
    }
    assert_eq!(seen, whole, "what is missing comes again");
    assert!(sizes.len() > 1);
}

#[tokio::test]
async fn items_may_be_listed_in_two_windows() {
    let visitor = visitor();
    let day = visitor.list("Audit.Exchange").await;
    let (start, end) = (visitor.ago(6 * 3_600), visitor.ago(0));
    let path = format!("subscriptions/content?contentType=Audit.Exchange&startTime={start}&endTime={end}");
    let regular = ids(&visitor.get(&path).await);
    fault(&visitor, json!({"repeatBefore": 2}), json!("once"));
    let bent = ids(&visitor.get(&path).await);
    assert_eq!(bent[2..], regular[..]);
    let place = day.iter().position(|item| item["contentId"] == bent[1]).unwrap();
    assert_eq!(day[place + 1]["contentId"], bent[2], "the ones just before");
}

#[tokio::test]
async fn addresses_of_contents_may_be_wrong_in_each_part() {
    let visitor = visitor();
    let address = async |action: Value| {
        fault(&visitor, action, json!("once"));
        first(&visitor).await.json()[0]["contentUri"].as_str().unwrap().to_owned()
    };
    let tenant = visitor.describe("tenant");
    let other = address(json!({"wrongUri": "tenant"})).await;
    assert!(other.contains("/api/v1.0/") && !other.contains(&tenant), "{other}");
    assert_eq!(visitor.fetch(&visitor.publish(&other)).await.refusal(), (403, "AF20010".into()));
    let short = address(json!({"wrongUri": "path"})).await;
    assert!(short.starts_with(&format!("{}/{tenant}/activity/", visitor.sandbox.url())), "{short}");
    assert_eq!(visitor.fetch(&visitor.publish(&short)).await.status, 404);
}

#[tokio::test]
async fn a_code_stands_for_its_answer() {
    let visitor = visitor();
    for (code, status) in
        [("AF10001", 401), ("AF20051", 410), ("AF20023", 400), ("AF429", 429), ("AF50005", 500)]
    {
        fault(&visitor, json!({ "code": code }), json!("once"));
        assert_eq!(first(&visitor).await.refusal(), (status, code.into()));
    }
    fault(&visitor, json!({"code": "AF429", "status": 403, "message": "slow"}), json!("once"));
    let answer = first(&visitor).await;
    assert_eq!((answer.status, answer.json()["error"]["message"].clone()), (403, json!("slow")));
}

#[tokio::test]
async fn a_storm_lasts_for_its_time() {
    let visitor = visitor();
    fault(&visitor, json!({"storm": {"seconds": 30}}), json!("once"));
    let mut statuses = vec![];
    for _ in 0..5 {
        statuses.push(first(&visitor).await.status);
    }
    assert_eq!(statuses, [500, 502, 503, 504, 500]);
    assert_eq!(visitor.get("subscriptions/list").await.status, 200, "only what the rule means");
    visitor.control("advance", json!({"seconds": 31}));
    assert_eq!(first(&visitor).await.status, 200);
    assert_eq!(first(&visitor).await.status, 200, "once is once");
}

#[tokio::test]
async fn a_share_of_items_may_fail_for_good() {
    let visitor = visitor();
    let when = json!({"share": 0.2, "seed": 3, "permanent": true});
    visitor
        .control("fault", json!({"match": {"operation": "blob"}, "action": {"status": 404}, "when": when}));
    let mut failed = (0, 0);
    for item in visitor.list("Audit.Exchange").await {
        let url = visitor.publish(item["contentUri"].as_str().unwrap());
        let (one, two) = (visitor.fetch(&url).await.status, visitor.fetch(&url).await.status);
        assert_eq!(one, two);
        failed = (failed.0 + i32::from(one == 404), failed.1 + 1);
    }
    assert!((1..15).contains(&failed.0), "{failed:?}");
}
