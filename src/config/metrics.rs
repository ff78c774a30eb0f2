//! `[metrics]`: where metrics are served.

use super::settings::Settings;
use std::net::SocketAddr;

/// `[metrics]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsConfig {
    /// Where to listen for who asks for them; `None`: nowhere.
    pub listen: Option<SocketAddr>,
}

impl MetricsConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        let wrong = || "must be an IP address and a port, such as 127.0.0.1:9090, or empty".to_owned();
        Self {
            listen: settings.parsed("metrics.listen", |text| match text {
                "" => Ok(None),
                text => text.parse().map(Some).map_err(|_| wrong()),
            }),
        }
    }
}
