//! A client that signs: keys of each kind, and assertions in every state of disrepair.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair, RsaPublicKeyComponents,
};
use scimd::auth::oauth::PublicKeys;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

/// A key of tests, and of nothing else: making one takes too long.
const RSA: &[u8] = include_bytes!("rsa.der");

/// A private key, and the public one for the server.
pub struct Signer {
    pub algorithm: Algorithm,
    pub key: EncodingKey,
    pub public: Value,
}

impl Signer {
    pub fn p256() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("makes");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).expect("reads");
        // 4, x, y
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let public = json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) });
        Self { algorithm: Algorithm::ES256, key: EncodingKey::from_ec_der(pkcs8.as_ref()), public }
    }

    pub fn ed25519() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("makes");
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("reads");
        let public = json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref()) });
        Self { algorithm: Algorithm::EdDSA, key: EncodingKey::from_ed_der(pkcs8.as_ref()), public }
    }

    pub fn rsa(algorithm: Algorithm) -> Self {
        let pair = RsaKeyPair::from_der(RSA).expect("reads");
        let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
        let public = json!({ "kty": "RSA", "n": encode(&n), "e": encode(&e) });
        Self { algorithm, key: EncodingKey::from_rsa_der(RSA), public }
    }

    /// The set of this one key.
    pub fn keys(&self) -> PublicKeys {
        keys(std::slice::from_ref(&self.public))
    }

    /// An assertion with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(&Header::new(self.algorithm), claims)
    }

    pub fn sign_with(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.key).expect("signs")
    }
}

/// A set of public keys.
pub fn keys(keys: &[Value]) -> PublicKeys {
    PublicKeys::parse(&json!({ "keys": keys }).to_string()).expect("a set")
}

/// Claims that are as they must be, for a client at a moment, with a `jti` of their own.
pub fn claims(client: &str, now_ms: i64) -> Value {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let now = now_ms / 1_000;
    json!({
        "iss": client, "sub": client, "aud": "https://scim.example.com/oauth/token",
        "iat": now, "exp": now + 300, "jti": format!("{number}-{now_ms}"),
    })
}

pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
