//! What a listing of 50 pages of 200 blobs costs, against a server in the same process that only sends bytes.

#![allow(missing_docs, clippy::unwrap_used)] // Criterion's own function; and a benchmark that fails may panic.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use m365kit::audit::{ContentType, ListContent};
use m365kit::{Client, Cloud, CustomCloud, StaticToken};

const TENANT: &str = "3b0f7c9e-1d2a-4c55-9a41-7f2f0c5f9a10";
const PAGES: usize = 50;
const ROWS: usize = 200;

fn pager(criterion: &mut Criterion) {
    let address = serve();
    let hosts =
        CustomCloud { management: Some(address.clone()), authority: Some(address), ..CustomCloud::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let client = Client::builder(TENANT)
        .credential(StaticToken::new("any"))
        .cloud(Cloud::custom(hosts))
        .rate_limit(1e9)
        .build()
        .unwrap();
    let mut group = criterion.benchmark_group("pager");
    group.throughput(Throughput::Elements((PAGES * ROWS) as u64));
    group.bench_function("list_content", |b| {
        b.iter(|| {
            let request = ListContent {
                content_type: ContentType::General,
                start: None,
                end: None,
                last: None,
                token: None,
            };
            let rows = client.audit().list_content(request).unwrap();
            let count = runtime.block_on(rows.try_fold(0, async |count, _| Ok(count + 1))).unwrap();
            assert_eq!(count, PAGES * ROWS);
        });
    });
    group.finish();
}

/// Serves the listing, and gives the address.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let pages: Vec<String> = (0..PAGES).map(|page| answer(&address, page)).collect();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let pages = pages.clone();
            std::thread::spawn(move || answer_all(&connection, &pages));
        }
    });
    address
}

fn answer_all(mut connection: &TcpStream, pages: &[String]) -> Option<()> {
    let mut lines = BufReader::new(connection).lines();
    loop {
        let request = lines.next()?.ok()?;
        let page =
            request.split_once("page=").map_or("0", |(_, rest)| rest.split(['&', ' ']).next().unwrap_or("0"));
        while !lines.next()?.ok()?.is_empty() {}
        connection.write_all(pages.get(page.parse::<usize>().ok()?)?.as_bytes()).ok()?;
    }
}

fn answer(address: &str, page: usize) -> String {
    let now = Timestamp::now();
    let feed = format!("{address}/api/v1.0/{TENANT}/activity/feed");
    let (created, expires) = (now - SignedDuration::from_hours(1), now + SignedDuration::from_hours(100));
    let rows: Vec<String> = (page * ROWS..(page + 1) * ROWS)
        .map(|row| {
            format!(
                r#"{{"contentType":"Audit.General","contentId":"blob{row}","contentUri":"{feed}/audit/blob{row}",
                "contentCreated":"{created}","contentExpiration":"{expires}"}}"#
            )
        })
        .collect();
    let body = format!("[{}]", rows.join(","));
    let next = if page + 1 < PAGES {
        format!("NextPageUri: {feed}/subscriptions/content?contentType=Audit.General&page={}\r\n", page + 1)
    } else {
        String::new()
    };
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{next}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

criterion_group!(benches, pager);
criterion_main!(benches);
