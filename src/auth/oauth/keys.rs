//! Public keys of clients: a JSON Web Key Set (RFC 7517), read strictly.
//!
//! What is kept of a set is its public members in one form, so that nothing else of what somebody pastes is stored. A set that
//! holds a private key is refused whole: whoever sends one has given it away, and has to hear of it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// Keys of a set at most: two for each way in which they may overlap are plenty.
pub const KEYS_MAX: usize = 10;
/// Bytes of a set at most.
pub const KEYS_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a `kid` at most.
const ID_BYTES_MAX: usize = 255;
/// Bits of the modulus of an RSA key (RFC 7518 §3.3), as bytes.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1_024;

/// The members by which a key would be a private or a symmetric one (RFC 7518 §6.2.2, §6.3.2, §6.4).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Why a set is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// It is no key set.
    #[error(
        "this is no JSON Web Key Set: an object with a list \"keys\" of 1 to {KEYS_MAX} keys, {KEYS_BYTES_MAX} bytes at most"
    )]
    NoSet,
    /// It holds what must not leave its owner.
    #[error(
        "key {0} has the member {1:?} of a private or secret key; give public keys only, and replace this one, as it was shown"
    )]
    Private(usize, &'static str),
    /// A key is of no use here.
    #[error("key {0}: {1}")]
    Key(usize, &'static str),
}

/// The public keys of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKeys(Vec<PublicKey>);

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// What the client calls it.
    pub id: Option<String>,
    /// The one algorithm that it is for, if it says so.
    algorithm: Option<Algorithm>,
    kind: Kind,
}

/// Its numbers, as the set has them: base64url without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Rsa { n: String, e: String },
    P256 { x: String, y: String },
    Ed25519 { x: String },
}

impl PublicKeys {
    /// Reads a set as an operator gives it, or as it is kept.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        if text.len() > KEYS_BYTES_MAX {
            return Err(KeysError::NoSet);
        }
        let set: Value = serde_json::from_str(text).map_err(|_| KeysError::NoSet)?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or(KeysError::NoSet)?;
        if !(1..=KEYS_MAX).contains(&keys.len()) {
            return Err(KeysError::NoSet);
        }
        let mut read: Vec<PublicKey> = Vec::with_capacity(keys.len());
        for (place, key) in (1..).zip(keys) {
            let key = PublicKey::read(place, key.as_object().ok_or(KeysError::NoSet)?)?;
            if key.id.is_some() && read.iter().any(|other| other.id == key.id) {
                return Err(KeysError::Key(place, "another key has the same \"kid\""));
            }
            read.push(key);
        }
        Ok(Self(read))
    }

    /// The keys.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.0.iter()
    }
}

/// As [`PublicKeys::parse`] reads them.
impl std::fmt::Display for PublicKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<Value> = self.0.iter().map(PublicKey::to_json).collect();
        write!(f, "{}", json!({ "keys": keys }))
    }
}

impl PublicKey {
    fn read(place: usize, key: &Map<String, Value>) -> Result<Self, KeysError> {
        if let Some(member) = PRIVATE_MEMBERS.into_iter().find(|member| key.contains_key(*member)) {
            return Err(KeysError::Private(place, member));
        }
        let refuse = |problem| KeysError::Key(place, problem);
        let text = |member: &str| key.get(member).and_then(Value::as_str);
        let bytes = |member: &str| text(member).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).unwrap_or_default();
        let own = |member: &str| text(member).unwrap_or_default().to_owned();
        let kind = match (text("kty"), text("crv")) {
            (Some("RSA"), _) => {
                let (n, e) = (bytes("n"), bytes("e"));
                if !MODULUS_BYTES.contains(&n.len()) || n.first().is_none_or(|first| *first < 0x80) || e.is_empty() {
                    return Err(refuse(
                        "an RSA key has an \"n\" of 2048 to 8192 bits, in whole bytes, and an \"e\", in base64url",
                    ));
                }
                Kind::Rsa { n: own("n"), e: own("e") }
            }
            (Some("EC"), Some("P-256")) if bytes("x").len() == 32 && bytes("y").len() == 32 => {
                Kind::P256 { x: own("x"), y: own("y") }
            }
            (Some("OKP"), Some("Ed25519")) if bytes("x").len() == 32 => Kind::Ed25519 { x: own("x") },
            _ => {
                return Err(refuse(
                    "there are RSA keys, EC keys on P-256 and OKP keys on Ed25519, with all their public members",
                ));
            }
        };
        if key.get("use").is_some_and(|usage| usage != "sig") {
            return Err(refuse("it is not for signatures, says its \"use\""));
        }
        let id = match key.get("kid") {
            None => None,
            Some(Value::String(id)) if (1..=ID_BYTES_MAX).contains(&id.len()) => Some(id.clone()),
            Some(_) => return Err(refuse("a \"kid\" is a string of 1 to 255 bytes")),
        };
        let algorithm = match key.get("alg") {
            None => None,
            Some(name) => {
                let found = kind.algorithms().iter().find(|algorithm| name.as_str() == Some(name_of(**algorithm)));
                Some(*found.ok_or_else(|| refuse("its \"alg\" is none that is taken for such a key"))?)
            }
        };
        Ok(Self { id, algorithm, kind })
    }

    fn to_json(&self) -> Value {
        let mut key = self.kind.to_json();
        if let Value::Object(members) = &mut key {
            members.extend(self.id.iter().map(|id| ("kid".to_owned(), json!(id))));
            members.extend(self.algorithm.iter().map(|algorithm| ("alg".to_owned(), json!(name_of(*algorithm)))));
        }
        key
    }

    /// Whether it is for signatures of this algorithm.
    pub fn takes(&self, algorithm: Algorithm) -> bool {
        self.kind.algorithms().contains(&algorithm) && self.algorithm.is_none_or(|own| own == algorithm)
    }

    /// The key for the library that checks signatures. `None`: its numbers do not read, which [`PublicKeys::parse`] would
    /// have refused.
    pub fn decoding(&self) -> Option<DecodingKey> {
        let key = match &self.kind {
            Kind::Rsa { n, e } => DecodingKey::from_rsa_components(n, e),
            Kind::P256 { x, y } => DecodingKey::from_ec_components(x, y),
            Kind::Ed25519 { x } => DecodingKey::from_ed_components(x),
        };
        key.ok()
    }

    /// The SHA-256 of its numbers, whatever it is called (RFC 7638).
    pub fn thumbprint(&self) -> [u8; 32] {
        // The members come in the order of their names, as §3.3 has it.
        Sha256::digest(self.kind.to_json().to_string()).into()
    }

    /// The thumbprint as text.
    pub fn thumbprint_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.thumbprint())
    }
}

impl Kind {
    fn algorithms(&self) -> &'static [Algorithm] {
        match self {
            Self::Rsa { .. } => &[Algorithm::RS256, Algorithm::PS256],
            Self::P256 { .. } => &[Algorithm::ES256],
            Self::Ed25519 { .. } => &[Algorithm::EdDSA],
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Rsa { n, e } => json!({ "e": e, "kty": "RSA", "n": n }),
            Self::P256 { x, y } => json!({ "crv": "P-256", "kty": "EC", "x": x, "y": y }),
            Self::Ed25519 { x } => json!({ "crv": "Ed25519", "kty": "OKP", "x": x }),
        }
    }
}

/// The algorithms that assertions may be signed with. None is symmetric, and `none` is none.
pub const ALGORITHMS: [Algorithm; 4] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];

/// The name of an algorithm in `alg`; empty for those that are not taken.
pub fn name_of(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RS256 => "RS256",
        Algorithm::PS256 => "PS256",
        Algorithm::ES256 => "ES256",
        Algorithm::EdDSA => "EdDSA",
        Algorithm::HS256
        | Algorithm::HS384
        | Algorithm::HS512
        | Algorithm::ES384
        | Algorithm::RS384
        | Algorithm::RS512
        | Algorithm::PS384
        | Algorithm::PS512 => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 7638 §3.1.
    const RSA: &str = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    /// The key of RFC 8037 appendix A.2.
    const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    const P256: &str = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig"}"#;

    fn set(keys: &[&str]) -> Result<PublicKeys, KeysError> {
        PublicKeys::parse(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")))
    }

    #[test]
    fn public_keys_are_read_and_kept_in_one_form() {
        let keys = set(&[RSA, ED25519, P256]).expect("a set");
        assert_eq!(PublicKeys::parse(&keys.to_string()).as_ref(), Ok(&keys));
        let prints: Vec<String> = keys.iter().map(PublicKey::thumbprint_text).collect();
        // Those of RFC 7638 §3.1 and RFC 8037 appendix A.3.
        assert_eq!(prints[..2], ["NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"]);
        let taken: Vec<Vec<bool>> = keys.iter().map(|key| ALGORITHMS.map(|algorithm| key.takes(algorithm)).to_vec()).collect();
        assert_eq!(taken[0], [true, false, false, false], "its alg says RS256");
        assert_eq!(taken[1], [false, false, false, true]);
        assert_eq!(taken[2], [false, false, true, false]);
        assert!(keys.iter().all(|key| key.decoding().is_some() && !key.takes(Algorithm::HS256)));
        let more = P256.replace("\"use\"", "\"x5c\":[\"secret?\"],\"use\"");
        assert!(!set(&[&more]).expect("a set").to_string().contains("secret?"), "what is not known is not kept");
    }

    #[test]
    fn a_private_or_symmetric_key_is_refused_by_its_member() {
        for member in PRIVATE_MEMBERS {
            let key = P256.replace("\"use\"", &format!("\"{member}\":\"kanarie\",\"use\""));
            let error = set(&[ED25519, &key]).expect_err("private");
            assert_eq!(error, KeysError::Private(2, member));
            assert!(!error.to_string().contains("kanarie"));
        }
        assert_eq!(set(&[r#"{"kty":"oct","k":"AAAA"}"#]), Err(KeysError::Private(1, "k")));
    }

    #[test]
    fn what_is_no_set_of_usable_keys_is_refused() {
        for text in ["", "{}", "[]", r#"{"keys":[]}"#, r#"{"keys":{}}"#, r#"{"keys":[1]}"#, RSA, &" ".repeat(KEYS_BYTES_MAX + 1)]
        {
            assert_eq!(PublicKeys::parse(text), Err(KeysError::NoSet), "{text:.40}");
        }
        assert_eq!(set(&[ED25519; KEYS_MAX + 1]), Err(KeysError::NoSet));
        let short = RSA.replace("0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_B", "");
        for key in [
            short.as_str(),
            &RSA.replace("\"AQAB\"", "\"\""),
            &RSA.replace("RS256", "RS512"),
            &RSA.replace("RS256", "HS256"),
            &RSA.replace("RS256", "none"),
            &RSA.replace("\"2011-04-29\"", "7"),
            &RSA.replace("2011-04-29", ""),
            &RSA.replace("2011-04-29", &"x".repeat(256)),
            &P256.replace("P-256", "P-384"),
            &P256.replace("sig", "enc"),
            &P256.replace("MKBC", ""),
            &P256.replace("MKBC", "MK=C"),
            &ED25519.replace("Ed25519", "X25519"),
            r#"{"kty":"RSA"}"#,
            r#"{"kty":"XYZ"}"#,
            "{}",
        ] {
            assert!(matches!(set(&[key]), Err(KeysError::Key(1, _))), "{key}: {:?}", set(&[key]));
        }
        assert!(matches!(set(&[RSA, RSA]), Err(KeysError::Key(2, _))), "one kid twice");
    }
}
