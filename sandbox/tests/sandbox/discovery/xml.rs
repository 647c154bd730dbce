//! As much of an XML reader as the sandbox's own Atom needs: elements, attributes, text and the five entities.

/// An element.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    pub(super) text: String,
}

impl Element {
    pub(super) fn read(text: &str) -> Self {
        let mut rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"utf-8\"?>").unwrap();
        let mut open = vec![Self::default()];
        while let Some(at) = rest.find('<') {
            let here = open.last_mut().unwrap();
            here.text.push_str(&plain(&rest[..at]));
            let end = at + rest[at..].find('>').unwrap();
            let tag = &rest[at + 1..end];
            rest = &rest[end + 1..];
            if let Some(name) = tag.strip_prefix('/') {
                let element = open.pop().unwrap();
                assert_eq!(element.name, name);
                open.last_mut().unwrap().children.push(element);
                continue;
            }
            let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let element = Self::tagged(tag);
            if empty {
                open.last_mut().unwrap().children.push(element);
            } else {
                open.push(element);
            }
        }
        assert_eq!(open.len(), 1, "{open:?}");
        open[0].children.remove(0)
    }

    fn tagged(tag: &str) -> Self {
        let (name, mut rest) = tag.trim().split_once(' ').unwrap_or((tag.trim(), ""));
        let mut attributes = vec![];
        while let Some((name, after)) = rest.split_once("=\"") {
            let (value, after) = after.split_once('"').unwrap();
            attributes.push((name.trim().to_owned(), plain(value)));
            rest = after;
        }
        Self { name: name.to_owned(), attributes, ..Self::default() }
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    pub(super) fn child(&self, name: &str) -> &Self {
        self.children.iter().find(|child| child.name == name).unwrap_or_else(|| panic!("{name} in {self:?}"))
    }
}

fn plain(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}
