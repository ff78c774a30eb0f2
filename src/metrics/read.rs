//! Metrics that are read at the moment that somebody looks.

use crate::clock::{Clock, Timestamp};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// What a day has.
const DAY_MS: f64 = 86_400_000.0;

/// How a [`Reading`] moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Up and down.
    Gauge,
    /// Up only.
    Counter,
}

/// A metric without labels whose value a function knows.
pub(super) struct Reading {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: Kind,
    pub(super) read: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Collector for Reading {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let value = (self.read)();
        match self.kind {
            Kind::Gauge => {
                let gauge = ConstGauge::new(value);
                gauge.encode(encoder.encode_descriptor(self.name, self.help, None, MetricType::Gauge)?)
            }
            Kind::Counter => {
                let counter = ConstCounter::new(value);
                counter.encode(encoder.encode_descriptor(self.name, self.help, None, MetricType::Counter)?)
            }
        }
    }
}

/// When a token expires, by names that operators gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenExpiry {
    /// The name of its Directory.
    pub directory: String,
    /// Its name.
    pub token: String,
    /// When it expires.
    pub expires: Timestamp,
}

/// The days until the tokens that expire first do so.
pub(super) struct ExpiringTokens {
    pub(super) tokens: Arc<Mutex<Vec<TokenExpiry>>>,
    pub(super) clock: Arc<dyn Clock>,
}

impl fmt::Debug for ExpiringTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpiringTokens").finish_non_exhaustive()
    }
}

impl Collector for ExpiringTokens {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        const HELP: &str = "Days until a token in use expires, of those that expire first";
        let now = self.clock.now();
        let mut family = encoder.encode_descriptor("token_expiry_days", HELP, None, MetricType::Gauge)?;
        for token in self.tokens.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let labels = [("directory", token.directory.as_str()), ("token", token.token.as_str())];
            let days = token.expires.0.saturating_sub(now.0) as f64 / DAY_MS;
            ConstGauge::new(days).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
