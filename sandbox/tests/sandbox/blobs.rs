use std::collections::{HashMap, HashSet};
use std::io::Read;

use m365kit_sandbox::Sandbox;
use reqwest::Method;
use serde_json::{Value, json};

use crate::visitor::{Visitor, send};

const TYPES: [&str; 5] =
    ["Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"];

async fn bodies(visitor: &Visitor, content_type: &str) -> Vec<bytes::Bytes> {
    let mut bodies = vec![];
    for item in visitor.list(content_type).await {
        let answer = visitor.fetch(&visitor.publish(item["contentUri"].as_str().unwrap())).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        bodies.push(answer.body);
    }
    bodies
}

fn records(body: &[u8]) -> Vec<Value> {
    serde_json::from_slice(body).unwrap()
}

fn id(record: &Value) -> String {
    record["Id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_feed_is_what_the_control_surface_says_it_is() {
    let visitor = Visitor::new(json!({"blobs": 40, "records": 10}));
    let feed = visitor.control("feed", json!({"ids": true}));
    let (mut seen, mut bytes) = (vec![], 0);
    for content_type in TYPES {
        for body in bodies(&visitor, content_type).await {
            bytes += body.len();
            seen.extend(records(&body).iter().map(id));
        }
    }
    assert_eq!(feed["ids"], json!(seen));
    assert_eq!(
        (feed["records"].as_u64(), feed["uniqueRecords"].as_u64()),
        (Some(seen.len() as u64), Some(seen.len() as u64))
    );
    assert_eq!(feed["bytes"], bytes);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len(), "ids are unique");
    let one = visitor.control("feed", json!({"contentTypes": ["DLP.All"], "ids": true}));
    assert!(one["ids"].as_array().unwrap().len() < seen.len());
}

#[tokio::test]
async fn the_records_look_like_a_tenant() {
    let visitor = Visitor::new(json!({"blobs": 60, "records": 40, "now": "2026-11-20T12:00:00Z"}));
    let tenant = visitor.describe("tenant");
    let (mut types, mut users, mut failed, mut attackers) = (HashMap::new(), HashSet::new(), 0, 0);
    for content_type in TYPES {
        for record in bodies(&visitor, content_type).await.iter().flat_map(|body| records(body)) {
            assert_eq!(record["OrganizationId"], tenant);
            let text = record["CreationTime"].as_str().unwrap();
            assert!(("2026-11-19T10:00:00".."2026-11-20T12:00:00").contains(&text), "{text}");
            *types.entry(record["RecordType"].to_string()).or_insert(0) += 1;
            users.insert(record["UserId"].as_str().unwrap().to_owned());
            if record["Operation"] == "UserLoginFailed" {
                assert_eq!(record["RecordType"], 15);
                failed += 1;
                attackers += i32::from(record["ClientIP"].as_str().unwrap().starts_with("192.0.2."));
            }
        }
    }
    assert!(types.len() >= 20, "{types:?}");
    assert!((40..=90).contains(&users.len()), "{}", users.len());
    assert!(failed > 20 && attackers > 5, "{failed} {attackers}");
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes() {
    let feed = async |seed: u64| {
        let visitor =
            Visitor::new(json!({"seed": seed, "blobs": 20, "now": "2026-11-20T12:00:00Z", "shuffle": true}));
        let mut all = vec![];
        for content_type in TYPES {
            all.extend(bodies(&visitor, content_type).await);
        }
        (visitor.describe("tenant"), visitor.describe("clientSecret"), all)
    };
    let first = feed(7).await;
    assert_eq!(first, feed(7).await);
    let other = feed(8).await;
    assert_ne!(first.0, other.0);
    assert_ne!(first.2, other.2);
}

#[tokio::test]
async fn records_repeat_within_and_across_blobs() {
    let config = json!({
        "blobs": 10, "records": 8, "contentTypes": ["Audit.Exchange"], "shuffle": true,
        "duplicates": {"withinBlob": 2, "acrossBlobs": 3},
    });
    let visitor = Visitor::new(config);
    let bodies = bodies(&visitor, "Audit.Exchange").await;
    let mut by_id: HashMap<String, String> = HashMap::new();
    let mut before: HashSet<String> = HashSet::new();
    let mut total = 0;
    for (place, body) in bodies.iter().enumerate() {
        let ids: Vec<_> = records(body).iter().map(id).collect();
        total += ids.len();
        let unique: HashSet<_> = ids.iter().cloned().collect();
        assert_eq!(ids.len() - unique.len(), 2, "two of its own are there twice");
        assert_eq!(unique.intersection(&before).count(), if place == 0 { 0 } else { 3 });
        before = unique;
        for record in records(body) {
            let (id, text) = (id(&record), record.to_string());
            assert_eq!(by_id.entry(id).or_insert_with(|| text.clone()), &text, "repeats are the same record");
        }
    }
    let feed = visitor.control("feed", json!({}));
    assert_eq!(
        (feed["records"].as_u64(), feed["uniqueRecords"].as_u64()),
        (Some(total as u64), Some(by_id.len() as u64))
    );
}

#[tokio::test]
async fn records_can_be_padded() {
    let visitor = Visitor::new(
        json!({"blobs": 6, "records": 60, "recordBytes": 6000, "contentTypes": ["Audit.General"]}),
    );
    let bodies = bodies(&visitor, "Audit.General").await;
    let count: usize = bodies.iter().map(|body| records(body).len()).sum();
    let mean = bodies.iter().map(bytes::Bytes::len).sum::<usize>() / count;
    assert!((5_400..6_600).contains(&mean), "{mean}");
}

#[tokio::test]
async fn a_large_blob_is_streamed_without_a_length() {
    let visitor = Visitor::new(
        json!({"blobs": 5, "records": 2, "largeBlob": 8_000, "contentTypes": ["Audit.General"]}),
    );
    let item = visitor.list("Audit.General").await.pop().unwrap();
    let answer = visitor.fetch(&visitor.publish(item["contentUri"].as_str().unwrap())).await;
    assert_eq!(answer.header("content-length"), None);
    assert_eq!(records(&answer.body).len(), 8_000);
}

#[tokio::test]
async fn bodies_are_compressed_when_asked() {
    let visitor = Visitor::new(json!({"blobs": 6, "largeBlob": 6_000, "contentTypes": ["Audit.General"]}));
    let only = |coding: &str| Visitor::new(json!({"blobs": 6, "compression": coding}));
    for item in visitor.list("Audit.General").await {
        let url = visitor.publish(item["contentUri"].as_str().unwrap());
        let ask = async |accept: &str| {
            send(visitor.request(Method::GET, &url).header("accept-encoding", accept)).await.unwrap()
        };
        let plain = ask("identity").await;
        assert_eq!(plain.header("content-encoding"), None);
        let gzip = ask("br, gzip").await;
        assert_eq!(gzip.header("content-encoding"), Some("gzip"));
        let mut body = vec![];
        flate2::read::GzDecoder::new(&gzip.body[..]).read_to_end(&mut body).unwrap();
        assert_eq!(body, plain.body);
        let brotli = ask("gzip;q=0, br").await;
        assert_eq!(brotli.header("content-encoding"), Some("br"));
        let mut body = vec![];
        brotli::Decompressor::new(&brotli.body[..], 4096).read_to_end(&mut body).unwrap();
        assert_eq!(body, plain.body);
    }
    let brotli = only("br");
    let url = brotli.first_blob("Audit.General").await;
    let answer = send(brotli.request(Method::GET, &url).header("accept-encoding", "gzip, br")).await.unwrap();
    assert_eq!(answer.header("content-encoding"), Some("br"));
    let never = Visitor::new(json!({"blobs": 6, "compression": false}));
    let url = never.first_blob("Audit.General").await;
    let answer = send(never.request(Method::GET, &url).header("accept-encoding", "gzip, br")).await.unwrap();
    assert_eq!(answer.header("content-encoding"), None);
}

#[tokio::test]
async fn ids_that_name_nothing_are_refused() {
    let visitor = Visitor::new(json!({"blobs": 20}));
    let item = visitor.list("Audit.Exchange").await.remove(0);
    let id = item["contentId"].as_str().unwrap();
    let refusal = async |id: &str| visitor.get(&format!("audit/{id}")).await.refusal();
    assert_eq!(refusal("nonsense").await, (400, "AF20052".into()));
    assert_eq!(refusal(&id.replace('$', "%24")).await, (400, "AF20052".into()), "only as it was given");
    assert_eq!(refusal(&id.replacen("20", "19", 1)).await, (404, "AF20050".into()));
    visitor.control("expire_content", json!({"contentId": id}));
    assert_eq!(refusal(id).await, (410, "AF20051".into()));
    let listed = visitor.list("Audit.Exchange").await;
    assert_eq!(listed[0]["contentId"], id, "still listed");
    assert!(listed[0]["contentExpiration"].as_str() < item["contentExpiration"].as_str());
}

#[test]
fn many_sandboxes_live_side_by_side() {
    let all: Vec<_> =
        (0..20).map(|seed| Sandbox::start_json(format!("{{\"seed\":{seed}}}").as_bytes()).unwrap()).collect();
    let urls: HashSet<_> = all.iter().map(|sandbox| sandbox.url().to_owned()).collect();
    assert_eq!(urls.len(), 20);
    let url = all[0].url().trim_start_matches("http://").to_owned();
    assert!(std::net::TcpStream::connect(&url).is_ok());
    drop(all);
    assert!(std::net::TcpStream::connect(&url).is_err(), "nothing listens after the drop");
}

#[tokio::test]
async fn bodies_that_are_kept_are_those_that_would_be_made() {
    let config =
        json!({"seed": 5, "now": "2026-11-20T12:00:00Z", "blobs": 10, "records": 8, "largeBlob": 5000});
    let made = Visitor::new(config.clone());
    let mut config = config;
    config["keepBytes"] = json!(64 << 20);
    let kept = Visitor::new(config);
    for content_type in TYPES {
        let fresh = bodies(&made, content_type).await;
        for _ in 0..2 {
            assert!(bodies(&kept, content_type).await == fresh, "{content_type}");
        }
    }
}

#[tokio::test]
async fn a_compressed_body_is_kept_as_well_and_a_cut_one_is_not() {
    let visitor = Visitor::new(json!({"blobs": 1, "contentTypes": ["DLP.All"], "keepBytes": 1 << 20}));
    let uri = visitor.first_blob("DLP.All").await;
    let plain = visitor.fetch(&uri).await.body;
    let gzipped = async || {
        let request = visitor.http.get(&uri).bearer_auth(&visitor.token).header("accept-encoding", "gzip");
        let answer = send(request).await.unwrap();
        assert_eq!(answer.header("content-encoding"), Some("gzip"));
        let mut text = vec![];
        // A body that was cut before it was compressed is whole as far as gzip can tell.
        flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut text).unwrap();
        text
    };
    visitor.control("fault", json!({"match": {"operation": "blob"}, "action": {"truncate": 700}}));
    assert_eq!(gzipped().await, plain[..700]);
    for _ in 0..2 {
        assert_eq!(gzipped().await, plain);
    }
}

#[tokio::test]
async fn bodies_repeat_when_only_some_are_distinct() {
    let config = json!({"blobs": 30, "records": 6, "contentTypes": ["Audit.Exchange"], "distinctBlobs": 4});
    let visitor = Visitor::new(config);
    let all = bodies(&visitor, "Audit.Exchange").await;
    assert_eq!(all.len(), 30);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 4);
    assert_eq!(all[0], all[4]);
    let feed = visitor.control("feed", json!({"ids": true}));
    let ids: Vec<_> = all.iter().flat_map(|body| records(body)).map(|record| id(&record)).collect();
    let unique: HashSet<_> = ids.iter().collect();
    assert_eq!((&feed["records"], &feed["uniqueRecords"]), (&json!(ids.len()), &json!(unique.len())));
    assert_eq!(feed["bytes"], all.iter().map(bytes::Bytes::len).sum::<usize>());
    let large = Visitor::new(json!({"blobs": 9, "distinctBlobs": 1, "largeBlob": 50, "records": 2}));
    let general = bodies(&large, "Audit.General").await;
    assert_eq!(records(general.last().unwrap()).len(), 50, "the large one stays as it is");
}
