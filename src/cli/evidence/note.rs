//! Signed notes (c2sp.org/signed-note): texts with signatures, and the keys that make and verify them. Only Ed25519
//! keys, the type 0x01, are supported.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use sha2::{Digest, Sha256};

use super::super::keys;
use crate::model::Problem;
use crate::model::escape::is_hidden;
use crate::model::secret::Secret;

/// The type of a key and of its signatures.
const ED25519_TYPE: u8 = 1;

/// The longest name of a key, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// The largest number of signatures of a note. Readers must accept 16.
const MAX_SIGNATURES: usize = 100;

/// The beginning of a line with a signature.
const SIGNATURE: &str = "— ";

/// Whether a text can be the name of a key, which is also the origin of its log.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_NAME_BYTES
        && !text.contains(|letter: char| letter == '+' || letter.is_whitespace() || is_hidden(letter))
}

/// Reads the name of a key from the command line.
pub(super) fn name(text: &str) -> Result<String, String> {
    if is_name(text) {
        return Ok(text.to_owned());
    }
    Err(format!("a name has 1 to {MAX_NAME_BYTES} bytes, and no blank, no `+` and no hidden character"))
}

/// The public half of a key, with its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Verifier {
    pub(super) name: String,
    id: [u8; 4],
    key: [u8; 32],
}

impl Verifier {
    fn new(name: String, key: [u8; 32]) -> Verifier {
        let hash = Sha256::new().chain_update(&name).chain_update([b'\n', ED25519_TYPE]).chain_update(key).finalize();
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash);
        Verifier { name, id: [a, b, c, d], key }
    }

    /// Reads a key as `NAME+HASH+KEY`.
    pub(super) fn parse(text: &str) -> Result<Verifier, String> {
        const FORM: &str = "a verifier key is written NAME+HASH+KEY, as `rolebook audit key` prints it";
        let mut parts = text.split('+');
        let (name, hash) = (parts.next().unwrap_or_default(), parts.next().ok_or(FORM)?);
        // The alphabet of the key has a plus sign too.
        let key = text.get(name.len() + hash.len() + 2..).ok_or(FORM)?;
        let key = STANDARD.decode(key).map_err(|_| FORM)?;
        let (kind, key) = key.split_first().ok_or(FORM)?;
        if *kind != ED25519_TYPE {
            return Err(format!("the key is of type {kind:#04x}; only Ed25519 keys, type 0x01, are supported"));
        }
        let key = <[u8; 32]>::try_from(key).map_err(|_| FORM)?;
        if !is_name(name) {
            return Err(FORM.to_owned());
        }
        let verifier = Verifier::new(name.to_owned(), key);
        if verifier.hash() != hash {
            return Err("the hash of the verifier key does not fit its name and its key".to_owned());
        }
        Ok(verifier)
    }

    /// The first bytes of the hash of the key, in hexadecimal.
    fn hash(&self) -> String {
        crate::model::secret::hex(&self.id)
    }
}

impl std::fmt::Display for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = STANDARD.encode([[ED25519_TYPE].as_slice(), &self.key].concat());
        write!(f, "{}+{}+{key}", self.name, self.hash())
    }
}

/// A private key, with its name.
pub(super) struct Signer {
    pair: Ed25519KeyPair,
    pub(super) verifier: Verifier,
}

impl Signer {
    /// A new key, and the text of the file that keeps it: its verifier key, then the private key (PKCS#8 in PEM).
    pub(super) fn generate(name: String) -> Result<(Signer, Secret), Problem> {
        let (pair, pem) = keys::new_private_key()?;
        let signer = Signer::of(pair, name);
        let text = format!("{}\n{}", signer.verifier, pem.reveal());
        Ok((signer, Secret::from_text(text)))
    }

    fn of(pair: Ed25519KeyPair, name: String) -> Signer {
        let key = <[u8; 32]>::try_from(pair.public_key().as_ref()).unwrap_or_default();
        Signer { verifier: Verifier::new(name, key), pair }
    }

    /// Reads the file of a key; `Err` says what is wrong with it and repeats nothing of it.
    pub(super) fn read(text: &str) -> Result<Signer, &'static str> {
        let (above, rest) = text.split_once("-----BEGIN PRIVATE KEY-----").ok_or("has no private key in PEM")?;
        let (key, _) = rest.split_once("-----END PRIVATE KEY-----").ok_or("has no end of its private key")?;
        let key: String = key.split_ascii_whitespace().collect();
        let not_ed25519 = "has no Ed25519 key in PKCS#8";
        let key = STANDARD.decode(key).map_err(|_| not_ed25519)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&key).map_err(|_| not_ed25519)?;
        let verifier = above.lines().find_map(|line| Verifier::parse(line.trim()).ok());
        let verifier = verifier.ok_or("does not have its verifier key above the private key")?;
        let signer = Signer::of(pair, verifier.name.clone());
        if signer.verifier == verifier { Ok(signer) } else { Err("has the verifier key of another private key") }
    }

    /// Signs a text, which ends with a line end and has no other control characters.
    pub(super) fn sign(&self, text: &str) -> String {
        let signature = self.pair.sign(text.as_bytes());
        let signature = STANDARD.encode([self.verifier.id.as_slice(), signature.as_ref()].concat());
        format!("{text}\n{SIGNATURE}{} {signature}\n", self.verifier.name)
    }
}

/// Why a note is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NoteError {
    /// The text is not a signed note.
    Malformed,
    /// None of the keys signed the note.
    Unsigned,
    /// A signature in the name of one of the keys is not of this text.
    Forged,
}

impl NoteError {
    /// The error as the rest of a sentence about the note.
    pub(super) const fn what(self) -> &'static str {
        match self {
            NoteError::Malformed => "is not a signed note",
            NoteError::Unsigned => "is not signed by the given key",
            NoteError::Forged => "has a signature that does not fit its text",
        }
    }
}

/// Reads a note that one of the keys signed; returns the text, and the first of these keys. Signatures by other keys
/// are ignored.
pub(super) fn open<'n, 'k>(note: &'n str, keys: &'k [Verifier]) -> Result<(&'n str, &'k Verifier), NoteError> {
    let malformed = NoteError::Malformed;
    if note.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        return Err(malformed);
    }
    let end = note.rfind("\n\n").ok_or(malformed)? + 1;
    let (text, signatures) = (note.get(..end).ok_or(malformed)?, note.get(end + 1..).ok_or(malformed)?);
    let signatures = signatures.strip_suffix('\n').ok_or(malformed)?;
    let mut signer = None;
    for (count, line) in signatures.split('\n').enumerate() {
        let (name, signature) = line.strip_prefix(SIGNATURE).and_then(|it| it.split_once(' ')).ok_or(malformed)?;
        let signature = STANDARD.decode(signature).map_err(|_| malformed)?;
        let (id, signature) = signature.split_at_checked(4).filter(|(_, it)| !it.is_empty()).ok_or(malformed)?;
        if count >= MAX_SIGNATURES || !is_name(name) {
            return Err(malformed);
        }
        let Some(key) = keys.iter().find(|key| key.name == name && key.id == id) else { continue };
        let verified = UnparsedPublicKey::new(&ED25519, key.key).verify(text.as_bytes(), signature);
        verified.map_err(|_| NoteError::Forged)?;
        signer = signer.or(Some(key));
    }
    Ok((text, signer.ok_or(NoteError::Unsigned)?))
}
