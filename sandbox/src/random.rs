//! Seeded randomness: the same seed gives the same tenant, on every machine and in every version of the toolchain.

/// A small, fast generator (`SplitMix64`); one is made for each record, so records do not depend on each other.
pub(crate) struct Random(u64);

impl Random {
    /// Starts at `seed`; near seeds give unrelated sequences.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `limit`; 0 when `limit` is 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        scale(self.next(), limit as u64) as usize
    }

    /// A number in `low..=high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + scale(self.next(), high.abs_diff(low) + 1).cast_signed()
    }
}

/// One hash of several numbers.
pub(crate) fn hash(parts: &[u64]) -> u64 {
    parts
        .iter()
        .fold(0x6a09_e667_f3bc_c908, |state, part| mix(state ^ mix(part.wrapping_add(0xbb67_ae85_84ca_a73b))))
}

/// A number for a word: keeps hashes that are made of the same numbers for different ends apart.
pub(crate) const fn salt(word: &str) -> u64 {
    let bytes = word.as_bytes();
    let (mut number, mut at) = (0u64, 0);
    while at < bytes.len() {
        number = number << 8 | bytes[at] as u64;
        at += 1;
    }
    number
}

/// One hash of a text and a seed.
pub(crate) fn hash_text(seed: u64, text: &str) -> u64 {
    text.bytes().fold(hash(&[seed]), |state, byte| mix(state ^ u64::from(byte)))
}

/// A number in 0..1 from a hash.
pub(crate) fn fraction(hash: u64) -> f64 {
    let kept = (hash >> 11) as f64;
    kept / (1u64 << 53) as f64
}

/// Writes a version 4 GUID made of two hashes.
pub(crate) fn push_guid(out: &mut Vec<u8>, high: u64, low: u64, upper: bool) {
    let digits: &[u8; 16] = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    let high = (high & 0xffff_ffff_ffff_0fff) | 0x4000;
    let low = (low & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    let mut text = [b'-'; 36];
    let mut at = 0;
    for byte in high.to_be_bytes().into_iter().chain(low.to_be_bytes()) {
        if matches!(at, 8 | 13 | 18 | 23) {
            at += 1;
        }
        text[at] = digits[usize::from(byte >> 4)];
        text[at + 1] = digits[usize::from(byte & 15)];
        at += 2;
    }
    out.extend_from_slice(&text);
}

/// A version 4 GUID made of one hash.
pub(crate) fn guid(hash: u64) -> String {
    let mut text = Vec::with_capacity(36);
    push_guid(&mut text, mix(hash), mix(hash ^ 0x5851_f42d_4c95_7f2d), false);
    String::from_utf8_lossy(&text).into_owned()
}

/// Whether `text` is a GUID with dashes, in any case.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

const fn scale(random: u64, limit: u64) -> u64 {
    ((random as u128 * limit as u128) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_have_their_form() {
        let text = guid(7);
        assert!(is_guid(&text), "{text}");
        assert_eq!(text.as_bytes()[14], b'4');
        assert_eq!(text, guid(7));
        assert_ne!(text, guid(8));
    }

    #[test]
    fn ranges_hold() {
        let mut random = Random::new(3);
        for _ in 0..1000 {
            assert!(random.below(7) < 7);
            assert!((-3..=4).contains(&random.between(-3, 4)));
        }
    }
}
