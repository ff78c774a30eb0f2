//! TLS 1.2 and 1.3 by rustls: a pair of certificate and key that is read again when its files change, and the handshake.
//!
//! - [`pair`]: the files, and what can be wrong with them
//! - [`probe`]: a client that asks whether the server is alive
//! - [`validity`]: until when a certificate is good
//! - `handshake`: from a connection to a stream, within a time

pub(super) mod handshake;
pub mod pair;
pub mod probe;
pub mod validity;

pub use pair::{Pair, PairFiles, TlsError};

use pair::Contents;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::crypto::ring as cryptography;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::version::{TLS12, TLS13};

/// The TLS of a listener.
pub struct Tls {
    acceptor: TlsAcceptor,
    current: Arc<Current>,
    files: PairFiles,
    /// What the files had at first.
    loaded: Contents,
    handshake_timeout: Duration,
}

impl Tls {
    /// TLS with the pair in `files`; a client has `handshake_timeout` to shake hands.
    ///
    /// # Errors
    /// The pair is not there, or wrong.
    pub fn load(files: PairFiles, handshake_timeout: Duration) -> Result<Self, TlsError> {
        let loaded = Contents::read(&files)?;
        let pair = loaded.pair(&files)?;
        let current = Arc::new(Current(RwLock::new(pair)));
        // Nothing below TLS 1.2 is in the library at all (RFC 7644 §7.2).
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS12, &TLS13])
            .map_err(TlsError::Refused)?
            .with_no_client_auth();
        let mut config = config.with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), current, files, loaded, handshake_timeout })
    }

    /// Reads the files every `period`, for ever, and takes a new pair for the connections to come. If that is wrong, it says so once,
    /// and the old one stays: the two files are seldom written in one moment.
    pub async fn follow(&self, period: Duration) {
        let mut seen = Some(self.loaded.clone());
        loop {
            tokio::time::sleep(period).await;
            let contents = self.files.contents().await;
            let taken = match &contents {
                Ok(contents) if seen.as_ref() == Some(contents) => continue,
                Ok(contents) => contents.pair(&self.files),
                Err(_) if seen.is_none() => continue,
                Err(error) => Err(TlsError::clone(error)),
            };
            seen = contents.ok();
            match taken {
                Ok(pair) => {
                    let until = pair.until().to_rfc3339();
                    *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = pair;
                    tracing::info!(valid_until = until, "the certificate has changed and was read again");
                }
                Err(error) => {
                    tracing::error!(error = %error, "the new certificate or its key is wrong; the one of before stays");
                }
            }
        }
    }
}

impl fmt::Debug for Tls {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

/// The pair that is in force.
struct Current(RwLock<Pair>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).certified.clone())
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}

/// The cryptography that the rest of the server uses as well.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(cryptography::default_provider())
}
