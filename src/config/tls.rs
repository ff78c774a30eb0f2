//! `[tls]`: the server's own TLS.

use super::settings::Settings;
use std::path::PathBuf;
use std::time::Duration;

/// `[tls]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// The certificate, with those that lead from it to a root (PEM).
    pub certificate: PathBuf,
    /// Its private key (PEM).
    pub key: PathBuf,
    /// How long a handshake may take.
    pub handshake_timeout: Duration,
}

impl TlsConfig {
    /// `None`: plain HTTP.
    pub(super) fn read(settings: &mut Settings) -> Option<Self> {
        let handshake_timeout = settings.milliseconds("tls.handshake_timeout_ms", 1);
        let mut path = |key| settings.parsed(key, |text| Ok((!text.is_empty()).then(|| PathBuf::from(text))));
        match (path("tls.certificate"), path("tls.key")) {
            (Some(certificate), Some(key)) => Some(Self { certificate, key, handshake_timeout }),
            (None, None) => None,
            (certificate, _) => {
                let missing = if certificate.is_none() { "tls.certificate" } else { "tls.key" };
                settings.fault(missing, "is missing: TLS needs both tls.certificate and tls.key".to_owned());
                None
            }
        }
    }
}
