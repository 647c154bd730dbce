//! What nobody must guess: from the crypto library, never from the generator of the back-off.

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use zeroize::Zeroizing;

/// Random bytes.
///
/// The library seeds itself from the system and can only fail where that has no randomness at all; then bytes
/// that anybody can guess would be the worse outcome.
pub(super) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    assert!(rand::fill(&mut bytes).is_ok(), "the system has no randomness");
    bytes
}

/// A text of 256 random bits: 43 characters that need no escaping in a URL.
pub(crate) fn text() -> SecretString {
    let bytes = Zeroizing::new(bytes::<32>());
    SecretString::from(URL_SAFE_NO_PAD.encode(*bytes))
}

/// A random GUID.
pub(super) fn guid() -> String {
    let mut bytes = bytes::<16>();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn guids_and_texts_have_their_form() {
        let one = guid();
        assert!(crate::identity::is_guid(&one) && one.as_bytes()[14] == b'4', "{one}");
        assert_ne!(one, guid());
        assert_eq!(text().expose_secret().len(), 43);
    }
}
