//! Secrets: the text of a link, token or key. It is shown once, and the store keeps only its SHA-256.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A secret, mostly 256 random bits as 43 characters of base64url.
///
/// It cannot be printed by accident: `Debug` hides it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Makes a secret from 32 random bytes of the operating system.
    pub fn from_bytes(bytes: &[u8; 32]) -> Secret {
        Secret(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Wraps a text that is secret as a whole, such as a private key.
    pub const fn from_text(text: String) -> Secret {
        Secret(text)
    }

    /// Reads a secret from input: the bare text, or a link that ends in `#TEXT`.
    pub fn from_presented(text: &str) -> Secret {
        let text = text.trim();
        Secret(text.rsplit_once('#').map_or(text, |(_, secret)| secret).to_owned())
    }

    /// The text itself, for the one output that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The SHA-256 of the text, in hexadecimal. The store keeps this.
    pub fn hash(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_base64url_of_its_bytes() {
        // RFC 4648 alphabet for URLs; 0xff repeated is all underscores but the last four bits.
        assert_eq!(Secret::from_bytes(&[0; 32]).reveal(), "A".repeat(43));
        assert_eq!(Secret::from_bytes(&[0xff; 32]).reveal(), format!("{}8", "_".repeat(42)));
        let mut bytes = [0; 32];
        bytes[..3].copy_from_slice(b"Man");
        assert!(Secret::from_bytes(&bytes).reveal().starts_with("TWFuAAAA"));
    }

    #[test]
    fn a_link_is_accepted_in_place_of_its_secret() {
        let secret = Secret::from_bytes(&[7; 32]);
        let link = format!("https://example.com/dropbox/intake#{}\n", secret.reveal());
        assert_eq!(Secret::from_presented(&link).hash(), secret.hash());
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
