//! Services in Atom, as OData v3 wrote them.
//!
//! Source: "OData Version 3.0, Atom Format"; "OData Atom Format Version 4.0".

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, NamespaceResolver, ResolveResult};
use quick_xml::reader::NsReader;
use serde_json::{Map, Value};
use url::Url;

use super::read::{Rows, never};
use crate::error::{Error, Result};

const ATOM: &str = "http://www.w3.org/2005/Atom";
const DATA: [&str; 2] =
    ["http://schemas.microsoft.com/ado/2007/08/dataservices", "http://docs.oasis-open.org/odata/ns/data"];
const METADATA: [&str; 2] = [
    "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata",
    "http://docs.oasis-open.org/odata/ns/metadata",
];
const XML: &str = "http://www.w3.org/XML/1998/namespace";
const DEEPEST: usize = 64;
/// Each is held against those before it, so that their number must have an end.
const MOST_ATTRIBUTES: usize = 64;

/// What an element is to us. Names are compared by namespace, whatever its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Feed,
    Entry,
    Content,
    Properties,
    /// A property of a service, or a part of one that has parts.
    Property,
    Link,
    Other,
}

/// An element that has begun.
struct Open {
    role: Role,
    /// What relative links within it belong to.
    base: Option<Url>,
    property: Option<Property>,
}

/// A property that is being read.
struct Property {
    name: String,
    kind: String,
    is_null: bool,
    text: String,
    parts: Vec<(String, Value)>,
}

/// The rows of a feed, or of a single entry. Relative links are of the address that was asked, unless the feed says
/// otherwise.
pub(super) fn rows(text: &str, asked: &Url) -> Result<Rows> {
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut walk = Walk { asked, open: Vec::new(), root: None, rows: Rows::default() };
    loop {
        let event = reader.read_event().map_err(broken)?;
        match event {
            Event::Start(start) => walk.begin(&start, reader.resolver())?,
            Event::End(_) => walk.end(),
            Event::Text(text) => walk.text(&text.xml10_content())?,
            Event::CData(text) => walk.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let of_number = reference.resolve_char_ref().map_err(broken)?.map(String::from);
                let known = || quick_xml::escape::resolve_xml_entity(&reference).map(str::to_owned);
                let text = of_number.or_else(known);
                walk.text(&text.ok_or_else(|| never(format!("the entity &{};", &*reference)).refused())?)?;
            }
            Event::DocType(_) => return Err(never("a document type definition (DOCTYPE)").refused()),
            Event::Decl(declaration) => {
                let encoding = declaration.encoding().transpose().map_err(broken)?.unwrap_or("utf-8".into());
                let known = ["utf-8", "utf-16", "us-ascii", "iso-8859-1"]
                    .iter()
                    .any(|of| encoding.eq_ignore_ascii_case(of));
                if !known {
                    return Err(never(format!("the encoding {encoding}")).refused());
                }
            }
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::PI(_) => {}
        }
    }
    walk.finish()
}

/// Code and message of an error document; none of anything else.
pub(super) fn refusal(text: &str) -> Option<(Option<String>, String)> {
    let mut reader = NsReader::from_str(text.trim_start());
    let (mut path, mut code, mut message): (Vec<String>, String, String) = Default::default();
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                let (namespace, local) = reader.resolver().resolve_element(start.name());
                let is_ours =
                    matches!(namespace, ResolveResult::Bound(Namespace(of)) if METADATA.contains(&of));
                if !is_ours || path.is_empty() && local.as_ref() != "error" || path.len() >= DEEPEST {
                    return None;
                }
                path.push(local.as_ref().to_owned());
            }
            Event::End(_) => _ = path.pop(),
            Event::Text(text) => said(&path, &text, &mut code, &mut message),
            Event::CData(text) => said(&path, &text, &mut code, &mut message),
            Event::GeneralRef(reference) => {
                let of_number = reference.resolve_char_ref().ok()?.map(String::from);
                let known = || quick_xml::escape::resolve_xml_entity(&reference).map(str::to_owned);
                said(&path, &of_number.or_else(known)?, &mut code, &mut message);
            }
            Event::DocType(_) => return None,
            Event::Eof => break,
            Event::Empty(_) | Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
        }
    }
    let message = message.trim().to_owned();
    (!message.is_empty()).then(|| (Some(code.trim().to_owned()).filter(|code| !code.is_empty()), message))
}

fn said(path: &[String], text: &str, code: &mut String, message: &mut String) {
    match path {
        [_, part] if part == "code" => code.push_str(text),
        [_, part] if part == "message" => message.push_str(text),
        _ => {}
    }
}

trait Refused {
    fn refused(self) -> Error;
}

impl Refused for Error {
    /// What is in the message is not read, as a matter of safety.
    fn refused(self) -> Error {
        never(format!("the Atom document has {}: it is not read", self.message()))
    }
}

fn broken(error: impl Into<quick_xml::Error>) -> Error {
    let error = error.into();
    Error::decode(format!("the answer is no Atom document: {error}")).with_source(error)
}

struct Walk<'a> {
    asked: &'a Url,
    open: Vec<Open>,
    /// What the document is: known once its first element has begun.
    root: Option<Role>,
    rows: Rows,
}

impl Walk<'_> {
    fn begin(&mut self, start: &BytesStart<'_>, names: &NamespaceResolver) -> Result<()> {
        if self.open.len() >= DEEPEST {
            return Err(never(format!("elements more than {DEEPEST} deep")).refused());
        }
        let element = Element::of(start, names)?;
        let role = self.role(&element);
        if self.open.is_empty() {
            if self.root.is_some() {
                return Err(Error::decode("the answer is no Atom document: it has two roots"));
            }
            if !matches!(role, Role::Feed | Role::Entry) {
                let name = element.local;
                return Err(Error::decode(format!(
                    "the answer is no Atom document: it begins with {name:?}"
                )));
            }
            self.root = Some(role);
        }
        let base = match element.attribute(&[XML], "base") {
            Some(base) => self.resolve(base),
            None => self.base().cloned(),
        };
        match role {
            Role::Entry => self.rows.rows.push(Map::new()),
            Role::Link if element.attribute(&[], "rel") == Some("next") => {
                let href = element.attribute(&[], "href").and_then(|href| self.resolve(href));
                self.rows.next = href.map(String::from);
            }
            _ => {}
        }
        let property = (role == Role::Property).then(|| Property {
            name: element.local.clone(),
            kind: element.attribute(&METADATA, "type").unwrap_or_default().to_owned(),
            is_null: element
                .attribute(&METADATA, "null")
                .is_some_and(|null| null.eq_ignore_ascii_case("true")),
            text: String::new(),
            parts: Vec::new(),
        });
        self.open.push(Open { role, base, property });
        Ok(())
    }

    /// What an element is, by its name and where it stands.
    fn role(&self, element: &Element) -> Role {
        let above = self.open.last().map(|open| open.role);
        let is = |namespaces: &[&str], local: &str| element.is_in(namespaces) && element.local == local;
        match above {
            None if is(&[ATOM], "feed") => Role::Feed,
            None | Some(Role::Feed) if is(&[ATOM], "entry") => Role::Entry,
            // Of the feed only: an entry's links are about itself.
            Some(Role::Feed) if is(&[ATOM], "link") => Role::Link,
            Some(Role::Entry) if is(&[ATOM], "content") => Role::Content,
            // Beside the content where that is a file.
            Some(Role::Entry | Role::Content) if is(&METADATA, "properties") => Role::Properties,
            Some(Role::Properties) if element.is_in(&DATA) => Role::Property,
            // The elements of a list are in either namespace, by version.
            Some(Role::Property) if element.is_in(&DATA) || element.is_in(&METADATA) => Role::Property,
            _ => Role::Other,
        }
    }

    fn base(&self) -> Option<&Url> {
        match self.open.last() {
            Some(open) => open.base.as_ref(),
            None => Some(self.asked),
        }
    }

    fn resolve(&self, link: &str) -> Option<Url> {
        self.base()?.join(link.trim()).ok()
    }

    fn text(&mut self, text: &str) -> Result<()> {
        match self.open.last_mut() {
            Some(Open { property: Some(property), .. }) => property.text.push_str(text),
            Some(_) => {}
            None if text.trim().is_empty() => {}
            None => return Err(Error::decode("the answer is no Atom document: text stands outside of it")),
        }
        Ok(())
    }

    fn end(&mut self) {
        let Some(property) = self.open.pop().and_then(|ended| ended.property) else { return };
        let (name, value) = property.finish();
        match self.open.last_mut() {
            Some(Open { property: Some(whole), .. }) => whole.parts.push((name, value)),
            _ => {
                if let Some(row) = self.rows.rows.last_mut() {
                    row.insert(name, value);
                }
            }
        }
    }

    fn finish(self) -> Result<Rows> {
        match self.root {
            Some(_) if self.open.is_empty() => Ok(self.rows),
            Some(_) => Err(Error::decode("the answer is no whole Atom document: it was cut")),
            None => Err(Error::decode("the answer is no Atom document: it has no element")),
        }
    }
}

impl Property {
    /// The value that JSON would have in its place.
    fn finish(self) -> (String, Value) {
        let value = if self.is_null {
            Value::Null
        } else if self.kind.starts_with("Collection(") || self.parts.iter().any(|(name, _)| name == "element")
        {
            Value::Array(self.parts.into_iter().map(|(_, value)| value).collect())
        } else if !self.parts.is_empty() {
            Value::Object(self.parts.into_iter().collect())
        } else {
            typed(&self.kind, self.text)
        };
        (self.name, value)
    }
}

/// A number or a truth value where the document says that it is one; a text otherwise.
fn typed(kind: &str, text: String) -> Value {
    let kind = kind.strip_prefix("Edm.").unwrap_or(kind);
    let value = match kind {
        "Byte" | "SByte" | "Int16" | "Int32" | "Int64" => text.trim().parse::<i64>().ok().map(Value::from),
        "Single" | "Double" => text.trim().parse::<f64>().ok().map(Value::from),
        "Boolean" => match text.trim() {
            "true" | "1" => Some(Value::Bool(true)),
            "false" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => None,
    };
    value.unwrap_or(Value::String(text))
}

/// The name of an element and its attributes, without prefixes.
struct Element {
    namespace: Option<String>,
    local: String,
    attributes: Vec<(Option<String>, String, String)>,
}

impl Element {
    fn of(start: &BytesStart<'_>, names: &NamespaceResolver) -> Result<Self> {
        let (namespace, local) = names.resolve_element(start.name());
        let mut attributes: Vec<(Option<String>, String, String)> = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(broken)?;
            if attributes.len() >= MOST_ATTRIBUTES {
                return Err(
                    never(format!("an element with more than {MOST_ATTRIBUTES} attributes")).refused()
                );
            }
            let (namespace, local) = names.resolve_attribute(attribute.key);
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(broken)?;
            attributes.push((bound(namespace)?, local.as_ref().to_owned(), value.into_owned()));
        }
        Ok(Element { namespace: bound(namespace)?, local: local.as_ref().to_owned(), attributes })
    }

    fn is_in(&self, namespaces: &[&str]) -> bool {
        self.namespace.as_deref().is_some_and(|own| namespaces.contains(&own))
    }

    /// An attribute of one of these namespaces; of none, if there are none.
    fn attribute(&self, namespaces: &[&str], local: &str) -> Option<&str> {
        let fits = |namespace: &Option<String>| match namespace {
            Some(own) => namespaces.contains(&own.as_str()),
            None => namespaces.is_empty(),
        };
        let mut own = self.attributes.iter().filter(|(namespace, name, _)| fits(namespace) && name == local);
        own.next().map(|(_, _, value)| value.as_str())
    }
}

fn bound(namespace: ResolveResult<'_>) -> Result<Option<String>> {
    match namespace {
        ResolveResult::Bound(Namespace(namespace)) => Ok(Some(namespace.to_owned())),
        ResolveResult::Unbound => Ok(None),
        ResolveResult::Unknown(prefix) => Err(Error::decode(format!(
            "the answer is no Atom document: nothing is bound to the prefix {prefix:?}"
        ))),
    }
}

#[cfg(test)]
mod tests;
