//! A certificate and its private key, in PEM files.

use super::provider;
use super::validity::validity;
use crate::clock::Timestamp;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::rustls;
use tokio_rustls::rustls::sign::CertifiedKey;

/// Where a certificate and its private key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairFiles {
    /// The certificate, and those that lead from it to a root.
    pub certificate: PathBuf,
    /// Its private key: PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
}

/// What is wrong with a pair. Never says anything of the key but that it is wrong.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: Arc<io::Error>,
    },
    /// There is no certificate in its file.
    #[error("{} has no certificate in PEM form", .0.display())]
    NoCertificate(PathBuf),
    /// There is no key in its file.
    #[error("{} has no private key in PEM form", .0.display())]
    NoKey(PathBuf),
    /// The time for which a certificate is good cannot be read.
    #[error("the certificate in {} does not say until when it is good", .0.display())]
    NoValidity(PathBuf),
    /// The key is that of another certificate.
    #[error("the private key is not that of the certificate")]
    Mismatch,
    /// The library refuses the pair.
    #[error("the certificate and its key are refused: {0}")]
    Refused(rustls::Error),
}

/// A certificate and its key, which belong together.
#[derive(Debug, Clone)]
pub struct Pair {
    pub(super) certified: Arc<CertifiedKey>,
    validity: (Timestamp, Timestamp),
}

/// The bytes of both files.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Pair {
    /// Reads a pair.
    ///
    /// # Errors
    /// What is wrong with it. That it has expired is not: see [`Pair::until`].
    pub fn read(files: &PairFiles) -> Result<Self, TlsError> {
        Contents::read(files)?.pair(files)
    }

    /// From when on the certificate is good.
    pub fn from(&self) -> Timestamp {
        self.validity.0
    }

    /// Until when.
    pub fn until(&self) -> Timestamp {
        self.validity.1
    }
}

impl PairFiles {
    pub(super) async fn contents(&self) -> Result<Contents, TlsError> {
        let read = async |path: &Path| tokio::fs::read(path).await.map_err(|error| unreadable(path, error));
        Ok(Contents { certificate: read(&self.certificate).await?, key: read(&self.key).await? })
    }
}

impl Contents {
    pub(super) fn read(files: &PairFiles) -> Result<Self, TlsError> {
        let read = |path: &Path| std::fs::read(path).map_err(|error| unreadable(path, error));
        Ok(Self { certificate: read(&files.certificate)?, key: read(&files.key)? })
    }

    pub(super) fn pair(&self, files: &PairFiles) -> Result<Pair, TlsError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.certificate).collect();
        let chain = chain.unwrap_or_default();
        let Some(first) = chain.first() else { return Err(TlsError::NoCertificate(files.certificate.clone())) };
        let validity = validity(first).ok_or_else(|| TlsError::NoValidity(files.certificate.clone()))?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| TlsError::NoKey(files.key.clone()))?;
        let certified = CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => TlsError::Mismatch,
            error => TlsError::Refused(error),
        })?;
        Ok(Pair { certified: Arc::new(certified), validity })
    }
}

fn unreadable(path: &Path, error: io::Error) -> TlsError {
    TlsError::Unreadable { path: path.to_owned(), source: Arc::new(error) }
}
