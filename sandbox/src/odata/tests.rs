use serde_json::{Value, json};

use super::filter::Filter;
use super::schema::Property;
use super::{Kind, Page, Query, Type, preferred_size, property};

static POST: Type = Type {
    name: "sandbox.post",
    properties: &[property("createdDateTime", Kind::Time), property("kind", Kind::Text)],
};

static ISSUE: Type = Type {
    name: "sandbox.issue",
    properties: &[
        property("id", Kind::Text),
        property("isResolved", Kind::Bool),
        property("size", Kind::Number),
        property("startDateTime", Kind::Time),
        property("endDateTime", Kind::Time),
        property("key", Kind::Guid),
        property("status", Kind::Enum("sandbox.status", &["investigating", "serviceRestored"])),
        property("tags", Kind::List(&Kind::Text)),
        property("posts", Kind::List(&Kind::Record(&POST))),
        property("first", Kind::Record(&POST)),
        DETAILS,
    ],
};

const DETAILS: Property = property("details", Kind::List(&Kind::Text)).unfilterable();

static SERVICE: Type = Type {
    name: "sandbox.service",
    properties: &[property("id", Kind::Text), property("issues", Kind::Link(&ISSUE))],
};

fn rows() -> Vec<Value> {
    vec![
        json!({
            "id": "O'Brien", "isResolved": false, "size": 3, "startDateTime": "2026-11-20T10:00:00.1234567Z",
            "endDateTime": null, "key": "E2131E38-0000-4000-8000-000000000000", "status": "Investigating",
            "tags": ["Major change", "New feature"], "first": {"kind": "quick"},
            "posts": [{"createdDateTime": "2026-11-20T11:00:00Z", "kind": "quick"}], "details": ["x"],
        }),
        json!({
            "id": "b", "isResolved": true, "size": 10, "startDateTime": "2026-11-19T10:00:00Z",
            "endDateTime": "2026-11-19T12:00:00+01:00", "status": "serviceRestored", "tags": [], "posts": [],
        }),
    ]
}

fn found(filter: &str) -> String {
    let filter = Filter::read(filter, &ISSUE).unwrap_or_else(|what| panic!("{filter}: {what}"));
    let lets = |row: &Value| if filter.lets(row) { 'x' } else { '-' };
    rows().iter().map(lets).collect()
}

#[test]
fn expressions_are_evaluated() {
    let table = [
        ("id eq 'O''Brien'", "x-"),
        ("'b' eq id", "-x"),
        ("isResolved", "-x"),
        ("not isResolved", "x-"),
        ("isResolved eq false or id eq 'b' and size lt 5", "x-"),
        ("(isResolved eq false or id eq 'b') and size gt 5", "-x"),
        ("not (size ge 3 and size le 3)", "-x"),
        ("startDateTime ge 2026-11-20T11:00:00.1234567+01:00", "x-"),
        ("startDateTime lt 2026-11-20", "-x"),
        ("endDateTime eq null", "x-"),
        ("endDateTime ne null and endDateTime le 2026-11-19T11:00:00Z", "-x"),
        ("endDateTime lt 2030-01-01T00:00:00Z", "-x"),
        ("key eq e2131e38-0000-4000-8000-000000000000", "x-"),
        ("status eq 'investigating'", "x-"),
        ("status ne 'INVESTIGATING'", "-x"),
        ("status eq sandbox.status'serviceRestored'", "-x"),
        ("status in ('investigating','serviceRestored')", "xx"),
        ("size in (1, 3)", "x-"),
        ("startswith(id,'O')", "x-"),
        ("endswith(tolower(id), 'brien') or contains(id, 'zz')", "x-"),
        ("toupper(id) eq 'B'", "-x"),
        ("tags/any(t:t eq 'Major change')", "x-"),
        ("tags/any()", "x-"),
        ("tags/all(t: startswith(t, 'M') or contains(t, 'feature'))", "xx"),
        ("posts/any(p:p/kind eq 'quick' and p/createdDateTime gt 2026-11-20T00:00:00Z)", "x-"),
        ("posts/any(p:p/kind eq 'quick' and tags/any(t:t eq p/kind))", "--"),
        ("first/kind eq 'quick'", "x-"),
    ];
    for (filter, wanted) in table {
        assert_eq!(found(filter), wanted, "{filter}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let table = [
        ("colour eq 'red'", "Could not find a property named 'colour' on type 'sandbox.issue'."),
        ("posts/any(p:p/colour eq 1)", "sandbox.post"),
        ("details/any(d:d eq 'x')", "'details' is not supported"),
        ("isResolved eq 'false'", "incompatible"),
        ("startDateTime ge '2026-11-20T00:00:00Z'", "incompatible"),
        ("startDateTime ge 2026-11-20T00:00:00", "zone"),
        ("status eq 'broken'", "incompatible"),
        ("id eq 3", "incompatible"),
        ("id", "boolean"),
        ("tags eq 'x'", "any"),
        ("id eq", "Syntax"),
        ("id eq 'a' id", "Syntax"),
        ("id like 'a'", "Syntax"),
        ("(id eq 'a'", "Syntax"),
        ("id eq 'a", "unterminated"),
        ("length(id) eq 3", "length"),
        ("contains(size, 'a')", "signature"),
        ("", "Syntax"),
    ];
    for (filter, wanted) in table {
        let what = Filter::read(filter, &ISSUE).expect_err(filter);
        assert!(what.contains(wanted), "{filter}: {what}");
    }
    let deep = format!("{}isResolved{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(Filter::read(&deep, &ISSUE).is_err_and(|what| what.contains("deep")));
    let deep = format!("{}id{} eq 'a'", "tolower(".repeat(10_000), ")".repeat(10_000));
    assert!(Filter::read(&deep, &ISSUE).is_err_and(|what| what.contains("deep")));
}

fn pairs(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

#[test]
fn options_choose_order_and_shape() {
    let rows = rows();
    let query =
        Query::of_many(&pairs("$orderby=size desc,id&$select=id,tags&$count=true&x=1"), &ISSUE).unwrap();
    let shown: Vec<Value> = query.rows(&rows).into_iter().map(|row| query.shape(row, &ISSUE)).collect();
    assert_eq!(
        shown,
        [json!({"id": "b", "tags": []}), json!({"id": "O'Brien", "tags": ["Major change", "New feature"]})]
    );
    assert!(query.count);
    let service = json!({"@odata.id": "y", "id": "x", "issues": rows, "more": 1});
    let plain = Query::default().shape(&service, &SERVICE);
    assert_eq!(plain, json!({"@odata.id": "y", "id": "x", "more": 1}), "unknown members stay, links do not");
    let nested = "$expand=issues($filter=isResolved eq false and id ne 'a;b,(';$select=id;$top=5)";
    let query = Query::of_one(&pairs(nested), &SERVICE).unwrap();
    assert_eq!(query.shape(&service, &SERVICE)["issues"], json!([{"id": "O'Brien"}]));
    let refused = [
        ("$select=colour", "colour"),
        ("$expand=id", "navigation"),
        ("$expand=issues($filter=colour eq 1)", "colour"),
        ("$expand=issues($filter=isResolved", "Syntax"),
        ("$orderby=colour", "colour"),
        ("$orderby=tags", "ordered"),
        ("$top=-1", "$top"),
        ("$top=1&$top=2", "more than once"),
        ("$count=yes", "$count"),
        ("$search=x", "not supported"),
        ("$fitler=x", "not supported"),
    ];
    for (options, wanted) in refused {
        let what =
            Query::of_many(&pairs(options), if options.contains("expand") { &SERVICE } else { &ISSUE });
        assert!(what.as_ref().is_err_and(|what| what.contains(wanted)), "{options}: {what:?}");
    }
    assert!(Query::of_one(&pairs("$filter=isResolved"), &ISSUE).is_err(), "one entity is not filtered");
}

#[test]
fn pages_link_to_the_next() {
    let page = Page::new(25, 10, None, 10);
    assert_eq!(page.window, 10..20);
    let link = page.link("http://g/v1.0/issues", &pairs("$filter=service eq 'Exchange Online'&$skip=10"));
    assert_eq!(
        link.as_deref(),
        Some("http://g/v1.0/issues?$filter=service%20eq%20'Exchange%20Online'&$skip=20")
    );
    assert_eq!(Page::new(25, 20, None, 10).link("x", &[]), None);
    let top = Page::new(25, 0, Some(3), 10);
    assert_eq!((top.window.clone(), top.link("x", &[])), (0..3, None));
    assert_eq!(Page::new(2, 9, None, 10).window, 2..2);
}

#[test]
fn a_page_size_is_preferred() {
    let size = |text: &'static str| {
        preferred_size(
            &std::iter::once((hyper::header::HeaderName::from_static("prefer"), text.parse().ok()?))
                .collect(),
        )
    };
    assert_eq!(size("odata.maxpagesize=50"), Some(50));
    assert_eq!(size("include-unknown-enum-members, OData.MaxPageSize = 7"), Some(7));
    assert_eq!((size("odata.maxpagesize=0"), size("return=minimal")), (None, None));
}
