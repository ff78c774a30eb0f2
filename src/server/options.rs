//! The limits and timers of connections.

use super::{Counts, Tls};
use std::sync::Arc;
use std::time::Duration;

/// What connections may cost. All timers end the connection; none waits for the client's good will.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Connections at once, at most; what comes above is answered 503 and closed.
    pub connections_max: usize,
    /// Connections at once from one address, at most. A proxy in front is one address.
    pub connections_per_address_max: usize,
    /// From accepting to the first byte.
    pub first_byte_timeout: Duration,
    /// From the first byte of a head to its end.
    pub head_timeout: Duration,
    /// From the end of the head to the end of the body.
    pub body_timeout: Duration,
    /// For how long the rate of a body is not looked at.
    pub body_grace: Duration,
    /// The average rate of a body after that, at least, in bytes a second; 0: no minimum.
    pub body_rate_min: u32,
    /// From one reply to the first byte of the next request.
    pub idle_timeout: Duration,
    /// For how long the client may take nothing of a reply.
    pub write_timeout: Duration,
    /// Bytes of a request's head, at most; what is longer is answered 431.
    pub head_bytes_max: usize,
    /// For how long, after a reply to a request that was not read to its end, the rest is read and thrown away, so that
    /// the reply is not lost to a reset (R49).
    pub linger_timeout: Duration,
    /// How many bytes of it, at most.
    pub linger_bytes_max: usize,
    /// When draining: for how long a quiet connection may still bring a request that is under way.
    pub drain_idle_grace: Duration,
    /// When draining: after which time the connections that are left are cut.
    pub drain_timeout: Duration,
    /// TLS; `None`: plain HTTP.
    pub tls: Option<Arc<Tls>>,
    /// Where connections are counted.
    pub counts: Arc<Counts>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            connections_max: 4_096,
            connections_per_address_max: 2_048,
            first_byte_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(30),
            body_grace: Duration::from_secs(10),
            body_rate_min: 1_000,
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            head_bytes_max: 96 * 1024,
            linger_timeout: Duration::from_secs(5),
            linger_bytes_max: 64 * 1024 * 1024,
            drain_idle_grace: Duration::from_millis(500),
            drain_timeout: Duration::from_secs(30),
            tls: None,
            counts: Arc::default(),
        }
    }
}
