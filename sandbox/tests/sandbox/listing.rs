use std::collections::HashSet;

use serde_json::{Value, json};

use crate::visitor::Visitor;

fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["contentId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_day_lists_everything_once_whatever_the_page_size() {
    let whole = Visitor::new(json!({"blobs": 120, "now": "2026-11-20T12:00:00Z"}));
    let expected = whole.list("Audit.Exchange").await;
    assert!(expected.len() >= 30, "{}", expected.len());
    let unique: HashSet<_> = ids(&expected).into_iter().collect();
    assert_eq!(unique.len(), expected.len());
    assert!(expected.is_sorted_by_key(|item| item["contentCreated"].as_str().unwrap().to_owned()));
    for size in [1, 7, expected.len()] {
        let paged = Visitor::new(json!({"blobs": 120, "now": "2026-11-20T12:00:00Z", "pageSize": size}));
        assert_eq!(ids(&paged.list("Audit.Exchange").await), ids(&expected), "{size}");
    }
}

#[tokio::test]
async fn the_number_of_blobs_is_what_was_asked_for() {
    let visitor = Visitor::new(json!({"blobs": 57}));
    let feed = visitor.control("feed", json!({"bytes": false}));
    assert_eq!(feed["blobs"], 57);
    let mut listed = 0;
    for content_type in
        ["Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"]
    {
        listed += visitor.list(content_type).await.len();
    }
    assert_eq!(listed, 57);
}

#[tokio::test]
async fn an_item_looks_like_that_of_the_service() {
    let visitor = Visitor::new(json!({"blobs": 20, "now": "2026-11-20T12:00:00Z"}));
    let item = &visitor.list("Audit.SharePoint").await[0];
    let id = item["contentId"].as_str().unwrap();
    let parts: Vec<_> = id.split('$').collect();
    assert_eq!(parts.len(), 5, "{id}");
    assert_eq!((parts[0].len(), parts[1].len()), (23, 23), "{id}");
    assert_eq!(parts[2..4], ["audit_sharepoint", "Audit_SharePoint"]);
    let tenant = visitor.describe("tenant");
    let uri = format!("{}/api/v1.0/{tenant}/activity/feed/audit/{id}", visitor.sandbox.url());
    assert_eq!(item["contentUri"], uri);
    let created: jiff::Timestamp = item["contentCreated"].as_str().unwrap().parse().unwrap();
    let expires: jiff::Timestamp = item["contentExpiration"].as_str().unwrap().parse().unwrap();
    assert_eq!(expires.duration_since(created).as_hours(), 168);
}

#[tokio::test]
async fn windows_are_half_open_and_join_without_gap_or_overlap() {
    let visitor = Visitor::new(json!({"blobs": 100, "now": "2026-11-20T12:00:00Z"}));
    let all = visitor.list("Audit.Exchange").await;
    let mut joined = vec![];
    let noon: jiff::civil::DateTime = "2026-11-19T12:00:00".parse().unwrap();
    for hour in 0..24 {
        let (start, end) = (
            noon + jiff::SignedDuration::from_hours(hour),
            noon + jiff::SignedDuration::from_hours(hour + 1),
        );
        let path =
            format!("subscriptions/content?contentType=Audit.Exchange&startTime={start}&endTime={end}");
        joined.extend(visitor.get(&path).await.json().as_array().unwrap().clone());
    }
    assert_eq!(ids(&joined), ids(&all));
    let created = all[3]["contentCreated"].as_str().unwrap();
    let exact = |start: &str, end: &str| {
        format!("subscriptions/content?contentType=Audit.Exchange&startTime={start}&endTime={end}")
    };
    let from = visitor.get(&exact(created, "2026-11-20T12:00:00")).await.json();
    assert_eq!(from[0]["contentId"], all[3]["contentId"], "the start belongs to it");
    let until = visitor.get(&exact("2026-11-19T12:00:30", created)).await.json();
    assert_eq!(
        until.as_array().unwrap().last().unwrap()["contentId"],
        all[2]["contentId"],
        "the end does not"
    );
}

#[tokio::test]
async fn bad_windows_are_refused() {
    let visitor = Visitor::new(json!({"blobs": 10, "days": 7, "now": "2026-11-20T12:00:00Z"}));
    let ask = async |range: &str| {
        visitor.get(&format!("subscriptions/content?contentType=Audit.Exchange{range}")).await
    };
    let refusal = async |range: &str| ask(range).await.refusal();
    let bad = |code: &str| (400, code.to_owned());
    assert_eq!(refusal("&startTime=2026-11-20T00:00:00").await, bad("AF20030"));
    assert_eq!(refusal("&endTime=2026-11-20T00:00:00").await, bad("AF20030"));
    assert_eq!(refusal("&startTime=2026-11-20T02:00:00&endTime=2026-11-20T01:00:00").await, bad("AF20055"));
    assert_eq!(refusal("&startTime=2026-11-20T02:00:00&endTime=2026-11-20T02:00:00").await, bad("AF20055"));
    assert_eq!(refusal("&startTime=2026-11-18T00:00:00&endTime=2026-11-19T00:00:01").await, bad("AF20055"));
    assert_eq!(refusal("&startTime=2026-11-13T10:59:00&endTime=2026-11-13T12:00:00").await, bad("AF20030"));
    assert_eq!(refusal("&startTime=soon&endTime=2026-11-19T00:00:01").await, bad("AF20002"));
    let plus = "&startTime=2026-11-20T01:00:00+00:00&endTime=2026-11-20T02:00:00+00:00";
    assert_eq!(refusal(plus).await, bad("AF20002"), "an unescaped plus is a blank");
    for fine in [
        "",
        "&startTime=2026-11-13T11:05:00&endTime=2026-11-13T12:00:00",
        "&startTime=2026-11-20&endTime=2026-11-21",
        "&startTime=2026-11-20T01:00&endTime=2026-11-20T02:00",
        "&startTime=2026-11-20T01:00:00.5Z&endTime=2026-11-20T02:00:00Z",
        "&starttime=2026-11-20T11:00:00&ENDTIME=2026-11-21T10:00:00",
    ] {
        assert_eq!(ask(fine).await.status, 200, "{fine}");
    }
    let strict = Visitor::new(json!({"blobs": 0, "now": "2026-11-20T12:00:00Z", "strictWindow": true}));
    let edge = "subscriptions/content?contentType=Audit.Exchange&startTime=2026-11-13T11:59:00&endTime=2026-11-13T13:00:00";
    assert_eq!(strict.get(edge).await.refusal(), (400, "AF20030".into()));
}

#[tokio::test]
async fn links_come_in_every_spelling() {
    for (paging, header, start) in [
        (json!({}), "nextpageuri", "starttime="),
        (json!({"header": "NextPageUrl", "lowerCase": false}), "nextpageurl", "startTime="),
        (json!({"header": "nextpageuri"}), "nextpageuri", "starttime="),
    ] {
        let visitor = Visitor::new(json!({"blobs": 30, "pageSize": 2, "paging": paging}));
        let page = visitor.get(&visitor.day("Audit.Exchange")).await;
        let link = page.header(header).unwrap();
        assert!(link.contains(start) && link.contains("/api/v1.0/"), "{link}");
        assert!(!link.to_lowercase().contains("publisher"), "{link}");
        assert_eq!(visitor.fetch(&visitor.publish(link)).await.status, 200);
    }
    let visitor = Visitor::new(json!({"blobs": 30, "pageSize": 2, "paging": {"v1": true}}));
    let page = visitor.get(&visitor.day("Audit.Exchange")).await;
    assert!(page.header("nextpageuri").unwrap().contains("/api/v1/"));
    assert_eq!(visitor.list("Audit.Exchange").await.len(), 9);
    let raw = |header: &str| {
        let visitor = Visitor::new(json!({"blobs": 30, "pageSize": 2, "paging": {"header": header}}));
        let (answer, _) = visitor.raw_get(&visitor.operation(&visitor.day("Audit.Exchange")));
        String::from_utf8_lossy(&answer).into_owned()
    };
    assert!(raw("nextpageuri").contains("\r\nnextpageuri: "));
    assert!(
        raw("NextPageUri").contains("\r\nNextpageuri: "),
        "the case of each word's first letter is hyper's"
    );
}

#[tokio::test]
async fn empty_pages_may_come_in_between() {
    let visitor = Visitor::new(json!({"blobs": 30, "pageSize": 4, "paging": {"emptyPages": 2}}));
    let mut sizes = vec![];
    let mut next = Some(visitor.operation(&visitor.day("Audit.Exchange")));
    while let Some(url) = next {
        let page = visitor.fetch(&url).await;
        sizes.push(page.json().as_array().unwrap().len());
        next = page.header("nextpageuri").map(|link| visitor.publish(link));
    }
    assert_eq!(sizes, [4, 0, 0, 4, 1]);
    let single = Visitor::new(json!({"blobs": 30, "paging": {"emptyPages": 1}}));
    assert_eq!(single.list("Audit.Exchange").await.len(), 9);
}

#[tokio::test]
async fn links_expire_and_belong_to_their_window() {
    let visitor = Visitor::new(json!({"blobs": 30, "pageSize": 2}));
    let page = visitor.get(&visitor.day("Audit.Exchange")).await;
    let link = visitor.publish(page.header("nextpageuri").unwrap());
    assert_eq!(visitor.fetch(&link).await.status, 200);
    let bad = (400, "AF20031".to_owned());
    assert_eq!(visitor.fetch(&link.replace("nextpage=2", "nextpage=3")).await.refusal(), bad);
    assert_eq!(visitor.fetch(&link.replace("Audit.Exchange", "Audit.General")).await.refusal(), bad);
    visitor.control("advance", json!({"seconds": 605}));
    assert_eq!(visitor.fetch(&link).await.refusal(), bad);
}

#[tokio::test]
async fn items_may_be_listed_twice() {
    let visitor = Visitor::new(json!({"blobs": 30, "pageSize": 4, "duplicates": {"listing": 2}}));
    let items = visitor.list("Audit.Exchange").await;
    assert_eq!(items.len(), 9 + 2 + 2 + 1);
    assert_eq!(ids(&items).into_iter().collect::<HashSet<_>>().len(), 9);
}

#[tokio::test]
async fn content_becomes_available_and_expires_by_the_clock() {
    let visitor = Visitor::new(json!({"blobs": 20, "now": "2026-11-20T12:00:00Z"}));
    assert!(!visitor.list("Audit.General").await.is_empty());
    let blob = visitor.first_blob("Audit.General").await;
    visitor.control("set_clock", json!({"now": "2026-11-19T12:00:00Z"}));
    assert!(visitor.list("Audit.General").await.is_empty(), "not there yet");
    assert_eq!(visitor.fetch(&blob).await.refusal(), (404, "AF20050".into()));
    visitor.control("set_clock", json!({"now": "2026-11-28T12:00:00Z"}));
    let visitor = Visitor { token: visitor.issue(json!({})), ..visitor };
    assert_eq!(visitor.control("feed", json!({}))["blobs"], 0);
    assert_eq!(visitor.fetch(&blob).await.refusal(), (410, "AF20051".into()));
}

#[tokio::test]
async fn added_content_is_listed_among_the_feed() {
    let visitor = Visitor::new(json!({"blobs": 40, "pageSize": 3}));
    let before = visitor.list("Audit.Exchange").await.len();
    let created = visitor.ago(7_200) + "Z";
    let args = json!({"contentType": "Audit.Exchange", "records": [{"Id": "x"}], "created": created});
    let added = visitor.control("add_content", args);
    let odd =
        json!({"contentType": "Audit.Exchange", "body": "[1]", "contentUri": "https://elsewhere.example/x"});
    visitor.control("add_content", odd);
    visitor.control("advance", json!({"seconds": 1}));
    let items = visitor.list("Audit.Exchange").await;
    assert_eq!(items.len(), before + 2);
    assert!(items.is_sorted_by_key(|item| item["contentCreated"].as_str().unwrap().to_owned()));
    assert_eq!(items.last().unwrap()["contentUri"], "https://elsewhere.example/x");
    let item = items.iter().find(|item| item["contentId"] == added["contentId"]).unwrap();
    assert_eq!(item["contentUri"], added["contentUri"]);
    let blob = visitor.fetch(&visitor.publish(added["contentUri"].as_str().unwrap())).await;
    assert_eq!(blob.json(), json!([{"Id": "x"}]));
}

#[tokio::test]
async fn a_deep_feed_is_cheap_to_page() {
    let visitor = Visitor::new(json!({"blobs": 100_000, "contentTypes": ["Audit.General"], "pageSize": 600}));
    let first = visitor.get(&visitor.day("Audit.General")).await;
    assert_eq!(first.json().as_array().unwrap().len(), 600);
    assert_eq!(visitor.control("feed", json!({"bytes": false}))["blobs"], 100_000);
}
