use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::discovery::samples::Sample;

fn asked() -> Url {
    Url::parse("https://api.office.com/discovery/v2.0/me/services?$top=1").unwrap()
}

fn read(text: &str) -> Result<Rows> {
    rows(text, &asked())
}

/// An entry with these properties, by prefixes that nobody else uses.
fn entry(properties: &str, data: &str, metadata: &str) -> String {
    format!(
        r#"<x:entry xmlns:x="{ATOM}" xmlns:y="{data}" xmlns:z="{metadata}"><x:content type="application/xml">
        <z:properties>{properties}</z:properties></x:content></x:entry>"#
    )
}

fn only(text: &str) -> Value {
    let mut rows = read(text).unwrap().rows;
    assert_eq!(rows.len(), 1);
    Value::Object(rows.remove(0))
}

#[test]
fn names_are_compared_by_namespace_in_both_versions() {
    for (data, metadata) in DATA.into_iter().zip(METADATA) {
        let text = entry("<y:Capability>Mail</y:Capability><Capability>no</Capability>", data, metadata);
        assert_eq!(only(&text), json!({"Capability": "Mail"}), "{data}");
    }
    let text = entry("<y:Capability>Mail</y:Capability>", "http://elsewhere.example/", METADATA[0]);
    assert_eq!(only(&text), json!({}));
}

#[test]
fn null_and_empty_and_typed_values_are_what_json_has() {
    let text = entry(
        r#"<y:A z:null="true"/><y:B/><y:C></y:C><y:D z:type="Edm.Int32">2</y:D><y:E z:type="Int64"> 3 </y:E>
        <y:F z:type="Edm.Boolean">true</y:F><y:G z:type="Edm.Double">1.5</y:G><y:H z:type="Edm.Int32">x</y:H>
        <y:I z:null="false"> t </y:I><y:J null="true">n</y:J>"#,
        DATA[0],
        METADATA[0],
    );
    assert_eq!(
        only(&text),
        json!({"A": null, "B": "", "C": "", "D": 2, "E": 3, "F": true, "G": 1.5, "H": "x", "I": " t ", "J": "n"})
    );
}

#[test]
fn texts_are_whole_whatever_they_are_written_as() {
    let text = entry(
        "<y:A>a &amp; b &lt;&gt;&apos;&quot; &#228;&#x1f9c0;<![CDATA[<raw & c>]]><!-- no -->d</y:A>",
        DATA[0],
        METADATA[0],
    );
    assert_eq!(only(&text), json!({"A": "a & b <>'\" \u{e4}\u{1f9c0}<raw & c>d"}));
}

#[test]
fn properties_with_parts_are_lists_and_objects() {
    let text = entry(
        r#"<y:A z:type="Collection(Edm.String)"><y:element>a</y:element><z:element>b</z:element></y:A>
        <y:B z:type="Collection(Edm.Int32)"/><y:C><y:X>1</y:X><y:Y><y:Z z:type="Edm.Int32">2</y:Z></y:Y></y:C>"#,
        DATA[0],
        METADATA[0],
    );
    assert_eq!(only(&text), json!({"A": ["a", "b"], "B": [], "C": {"X": "1", "Y": {"Z": 2}}}));
}

#[test]
fn the_properties_of_a_file_stand_beside_it() {
    let text = format!(
        r#"<entry xmlns="{ATOM}" xmlns:d="{}" xmlns:m="{}"><content type="image/png" src="x"/>
        <m:properties><d:ServiceName>n</d:ServiceName></m:properties></entry>"#,
        DATA[1], METADATA[1]
    );
    assert_eq!(only(&text), json!({"ServiceName": "n"}));
}

#[test]
fn links_are_resolved_against_the_base_and_only_the_feed_s_leads_on() {
    let feed =
        |attributes: &str, inside: &str| format!(r#"<feed xmlns="{ATOM}" {attributes}>{inside}</feed>"#);
    let next = |text: &str| read(text).unwrap().next;
    let link = r#"<link rel="next" href="services?$skiptoken=7&amp;x=1"/>"#;
    assert_eq!(
        next(&feed(r#"xml:base="https://api.office.com/discovery/me/""#, link)).unwrap(),
        "https://api.office.com/discovery/me/services?$skiptoken=7&x=1"
    );
    assert_eq!(
        next(&feed(r#"xml:base="../me/""#, link)).unwrap(),
        "https://api.office.com/discovery/v2.0/me/services?$skiptoken=7&x=1"
    );
    assert_eq!(
        next(&feed("", link)).unwrap(),
        "https://api.office.com/discovery/v2.0/me/services?$skiptoken=7&x=1"
    );
    assert_eq!(next(&feed("", r#"<link rel="self" href="a"/>"#)), None);
    assert_eq!(next(&feed("", &format!("<entry>{link}</entry>"))), None);
}

#[test]
fn what_could_do_harm_is_refused_with_the_reason() {
    let deep = |depth: usize| {
        let inner = depth - 1;
        format!(r#"<feed xmlns="{ATOM}">{}{}</feed>"#, "<a>".repeat(inner), "</a>".repeat(inner))
    };
    assert!(read(&deep(64)).is_ok());
    let attributes = (0..65).map(|n| format!(" a{n}=\"\"")).collect::<Vec<_>>().concat();
    for (text, why) in [
        (format!(r#"<!DOCTYPE feed [<!ENTITY x "y">]><feed xmlns="{ATOM}"/>"#), "DOCTYPE"),
        (format!(r#"<!DOCTYPE feed SYSTEM "http://evil.example/x.dtd"><feed xmlns="{ATOM}"/>"#), "DOCTYPE"),
        (entry("<y:A>&x;</y:A>", DATA[0], METADATA[0]), "&x;"),
        (deep(65), "64 deep"),
        (deep(200_000), "64 deep"),
        (format!(r#"<?xml version="1.0" encoding="windows-1252"?><feed xmlns="{ATOM}"/>"#), "windows-1252"),
        (format!(r#"<feed xmlns="{ATOM}"{attributes}/>"#), "attributes"),
    ] {
        let error = read(&text).unwrap_err();
        assert!(error.message().contains(why) && !error.is_retryable(), "{error}");
    }
}

#[test]
fn what_is_no_whole_document_is_refused() {
    let whole = Sample::default().atom();
    for text in [
        "",
        "   ",
        "hello",
        "<feed/>",
        "<html xmlns='http://www.w3.org/1999/xhtml'/>",
        "<a:feed/>",
        &whole[..whole.len() / 2],
        &whole[..whole.len() - 3],
        &format!("{whole}{whole}"),
        &format!("{whole}x"),
        &whole.replace("</entry>", "</entri>"),
    ] {
        assert!(read(text).is_err(), "{text}");
    }
    assert!(read(&format!("<?xml version=\"1.0\"?>\n<!-- a -->{whole}\n<?b c?>")).is_ok());
}

proptest! {
    #[test]
    fn any_part_of_a_document_is_read_or_refused_without_a_panic(
        from in 0_usize..2000, length in 0_usize..2000, put in "[<>&;\"a-c!\\[ ]{0,6}"
    ) {
        let whole = Sample::default().atom();
        let (from, to) = (from.min(whole.len()), (from + length).min(whole.len()));
        if whole.is_char_boundary(from) && whole.is_char_boundary(to) {
            let _ = read(&whole[from..to]);
            let _ = read(&format!("{}{put}{}", &whole[..from], &whole[to..]));
        }
    }
}
