//! As much of ASN.1 as certificates and key stores need: values in DER, and in the looser BER that Windows and
//! older tools write.
//!
//! Not a crate: those that read BER bring a grammar of everything along, and a PFX needs twelve shapes of it.

use std::borrow::Cow;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
/// `[0]`, holding other values.
pub(super) const CONTEXT_0: u8 = 0xa0;
/// `[0]`, holding bytes.
pub(super) const CONTEXT_0_BYTES: u8 = 0x80;
/// Says that a value is made of others.
const CONSTRUCTED: u8 = 0x20;
/// Nobody nests deeper; it keeps hostile input off the stack.
const DEEPEST: usize = 32;

/// One value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// The value with its tag and length.
    pub(super) whole: &'a [u8],
}

/// Values one behind the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a>(&'a [u8]);

impl<'a> Values<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Values(bytes)
    }

    /// The next value, if there is one that can be read.
    pub(super) fn any(&mut self) -> Option<Value<'a>> {
        self.read(DEEPEST)
    }

    /// The next value, if it has this tag.
    pub(super) fn take(&mut self, tag: u8) -> Option<Value<'a>> {
        let mut ahead = *self;
        let value = ahead.any().filter(|value| value.tag == tag)?;
        *self = ahead;
        Some(value)
    }

    /// What a value with this tag is made of.
    pub(super) fn enter(&mut self, tag: u8) -> Option<Values<'a>> {
        self.take(tag).map(|value| Values(value.content))
    }

    pub(super) fn oid(&mut self) -> Option<&'a [u8]> {
        self.take(OID).map(|value| value.content)
    }

    /// A whole number that is not negative and not large.
    pub(super) fn number(&mut self) -> Option<u32> {
        let content = self.take(INTEGER)?.content;
        let digits = content.iter().position(|&byte| byte != 0).map_or(&[][..], |start| &content[start..]);
        let negative = content.first().is_none_or(|byte| byte & 0x80 != 0);
        (!negative && digits.len() <= 4)
            .then(|| digits.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)))
    }

    /// Bytes, in one piece or in several.
    pub(super) fn octets(&mut self, tag: u8) -> Option<Cow<'a, [u8]>> {
        let mut ahead = *self;
        let value = ahead.any()?;
        let octets = if value.tag == tag {
            Cow::Borrowed(value.content)
        } else if value.tag == tag | CONSTRUCTED {
            let mut joined = Vec::new();
            join(Values(value.content), &mut joined, DEEPEST)?;
            Cow::Owned(joined)
        } else {
            return None;
        };
        *self = ahead;
        Some(octets)
    }

    fn read(&mut self, depth: usize) -> Option<Value<'a>> {
        let start = self.0;
        let (&tag, rest) = start.split_first()?;
        // Tags above 30 and the end of an open value are nothing that is looked for.
        if tag & 0x1f == 0x1f || tag == 0 || depth == 0 {
            return None;
        }
        let (&first, rest) = rest.split_first()?;
        if first == 0x80 && tag & CONSTRUCTED != 0 {
            return self.read_open(start, rest, tag, depth);
        }
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (digits.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(Value { tag, content, whole: &start[..start.len() - rest.len()] })
    }

    /// A value whose length is not said: it goes on until two zeros stand where a value should begin.
    fn read_open(&mut self, start: &'a [u8], content: &'a [u8], tag: u8, depth: usize) -> Option<Value<'a>> {
        let mut inner = Values(content);
        while !inner.0.starts_with(&[0, 0]) {
            inner.read(depth - 1)?;
        }
        let length = content.len() - inner.0.len();
        let rest = &inner.0[2..];
        self.0 = rest;
        Some(Value { tag, content: &content[..length], whole: &start[..start.len() - rest.len()] })
    }
}

fn join(mut parts: Values<'_>, joined: &mut Vec<u8>, depth: usize) -> Option<()> {
    while !parts.0.is_empty() {
        let part = parts.any()?;
        match part.tag {
            OCTET_STRING => joined.extend_from_slice(part.content),
            0x24 if depth > 0 => join(Values(part.content), joined, depth - 1)?,
            _ => return None,
        }
    }
    Some(())
}

/// A value with its tag and length, for putting one together.
#[cfg(test)]
pub(super) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    let mut value = vec![tag];
    match content.len() {
        0..=0x7f => value.push(length[3]),
        _ => value.extend([&[0x84][..], &length].concat()),
    }
    value.extend_from_slice(content);
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_are_read_however_they_are_written() {
        for bytes in [&[0x04, 2, 7, 8][..], &[0x04, 0x81, 2, 7, 8], &[0x04, 0x84, 0, 0, 0, 2, 7, 8]] {
            assert_eq!(Values::of(bytes).octets(OCTET_STRING).as_deref(), Some(&[7, 8][..]));
        }
        let open = [0x24, 0x80, 0x04, 1, 7, 0x24, 0x80, 0x04, 1, 8, 0, 0, 0, 0];
        assert_eq!(Values::of(&open).octets(OCTET_STRING).as_deref(), Some(&[7, 8][..]));
        for cut in 0..open.len() {
            assert!(Values::of(&open[..cut]).any().is_none(), "{cut}");
        }
    }

    #[test]
    fn numbers_are_small_and_not_negative() {
        let number = |content: &[u8]| Values::of(&value(INTEGER, content)).number();
        assert_eq!(number(&[0x08, 0x00]), Some(2048));
        assert_eq!(number(&[0, 0xff, 0xff, 0xff, 0xff]), Some(u32::MAX));
        assert_eq!(number(&[0]), Some(0));
        for bad in [&[][..], &[0xff], &[1, 0, 0, 0, 0]] {
            assert_eq!(number(bad), None);
        }
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let bytes = [0x30, 0x80].repeat(100_000);
        assert!(Values::of(&bytes).any().is_none());
    }

    proptest! {
        #[test]
        fn whatever_is_read_lies_within(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut values = Values::of(&bytes);
            let mut read = 0;
            while let Some(value) = values.any() {
                read += value.whole.len();
                prop_assert!(value.content.len() < value.whole.len());
            }
            prop_assert!(read <= bytes.len());
        }
    }
}
