//! What an address below `/discovery` asks for. Its segments are read in any case, and empty ones are none
//! (discovery-service, 2).

/// Which version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// `/discovery/me`, OData 3.
    Preview,
    V1,
    V2,
}

/// Which operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The base itself.
    Document,
    FirstSignIn,
    Services,
    AllServices,
}

/// What an address asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) base: Base,
    pub(super) what: What,
    /// `Services('key')`.
    pub(super) key: Option<String>,
}

/// Whether a path is the service's.
pub(crate) fn is_at(path: &str) -> bool {
    path.split('/').find(|part| !part.is_empty()).is_some_and(|part| part.eq_ignore_ascii_case("discovery"))
}

impl Base {
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Preview => "/discovery/me",
            Self::V1 => "/discovery/v1.0/me",
            Self::V2 => "/discovery/v2.0/me",
        }
    }
}

impl What {
    /// The name of a list in addresses.
    pub(super) const fn list(self) -> &'static str {
        match self {
            Self::AllServices => "allServices",
            _ => "services",
        }
    }
}

impl Place {
    pub(super) fn read(path: &str) -> Option<Self> {
        let path = decoded(path);
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let is = |part: &str, name: &str| part.eq_ignore_ascii_case(name);
        let (base, rest) = match parts.as_slice() {
            [top, me, rest @ ..] if is(top, "discovery") && is(me, "me") => (Base::Preview, rest),
            [top, version, me, rest @ ..] if is(top, "discovery") && is(me, "me") => {
                let base = match *version {
                    version if is(version, "v1.0") => Base::V1,
                    version if is(version, "v2.0") => Base::V2,
                    _ => return None,
                };
                (base, rest)
            }
            _ => return None,
        };
        let (what, key) = match rest {
            [] => (What::Document, None),
            [name] if is(name, "firstsignin") => (What::FirstSignIn, None),
            [name] => {
                let (name, key) = keyed(name)?;
                match name {
                    name if is(name, "services") => (What::Services, key),
                    name if is(name, "allservices") => (What::AllServices, key),
                    _ => return None,
                }
            }
            _ => return None,
        };
        Some(Self { base, what, key })
    }
}

/// Name and key of `name('key')` or `name`.
fn keyed(part: &str) -> Option<(&str, Option<String>)> {
    let Some((name, key)) = part.split_once('(') else { return Some((part, None)) };
    let key = key.strip_suffix(')')?.trim();
    // A key may be named, as any may.
    let key = match key.split_once('=') {
        Some((member, key)) if member.trim().eq_ignore_ascii_case("entityKey") => key.trim(),
        _ => key,
    };
    let key = key.strip_prefix('\'')?.strip_suffix('\'')?;
    Some((name, Some(key.replace("''", "'"))))
}

/// A path without its percent signs; bytes that are no text stay marked as such.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|pair| first == b'%' && pair.iter().all(u8::is_ascii_hexdigit));
        let byte = digits.and_then(|pair| std::str::from_utf8(pair).ok());
        if let Some(byte) = byte.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Option<(Base, What, Option<String>)> {
        Place::read(path).map(|place| (place.base, place.what, place.key))
    }

    #[test]
    fn segments_are_read_in_any_case() {
        assert_eq!(read("/discovery/me/services"), Some((Base::Preview, What::Services, None)));
        assert_eq!(read("//Discovery/V1.0/Me//ALLSERVICES/"), Some((Base::V1, What::AllServices, None)));
        assert_eq!(read("/discovery/v2.0/me/FirstSignIn"), Some((Base::V2, What::FirstSignIn, None)));
        assert_eq!(read("/discovery/v2.0/me"), Some((Base::V2, What::Document, None)));
        for nothing in
            ["/discovery/", "/discovery/v3.0/me", "/discovery/v2.0/me/services/x", "/discovery/me/x"]
        {
            assert_eq!(read(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn keys_are_decoded_and_may_be_named() {
        let key = |path: &str| read(path).and_then(|(_, _, key)| key);
        assert_eq!(
            key("/discovery/me/Services('Mail%40O365_EXCHANGE')").as_deref(),
            Some("Mail@O365_EXCHANGE")
        );
        assert_eq!(key("/discovery/me/Services(entityKey='it''s')").as_deref(), Some("it's"));
        assert_eq!(read("/discovery/me/Services(Mail)"), None);
        assert_eq!(decoded("/a%4"), "/a%4");
        assert_eq!(decoded("/a%+4"), "/a%+4");
        assert_eq!(decoded("/%ü"), "/%ü");
    }
}
