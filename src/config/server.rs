//! `[server]`: sockets and timers.

use super::settings::Settings;
use super::{Network, PublicUrl, TlsConfig};
use std::net::SocketAddr;
use std::time::Duration;

/// `[server]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Under which URL clients reach the server; `None`: that of the listen address.
    pub public_url: Option<PublicUrl>,
    /// Proxies that end TLS in front of the server (P-7.2-01), and whose word about the client's address is taken.
    pub trusted_proxies: Vec<Network>,
    /// Where plain HTTP may be spoken.
    pub plain_http: PlainHttp,
    /// The header by which they give it.
    pub client_address_header: ForwardedHeader,
    /// Open connections at most.
    pub connections_max: usize,
    /// Open connections from one address at most.
    pub connections_per_address_max: usize,
    /// How long a new connection may stay silent (R24).
    pub first_byte_timeout: Duration,
    /// From the first byte of a request to the end of its headers.
    pub head_timeout: Duration,
    /// From the end of the headers to the end of the body.
    pub body_timeout: Duration,
    /// For how long the rate of a body is not looked at.
    pub body_grace: Duration,
    /// Bytes per second that a body must arrive with after that, on average; 0: no minimum.
    pub body_rate_bytes_per_s_min: u32,
    /// Between two requests of a connection.
    pub idle_timeout: Duration,
    /// How long writing to a client may make no progress.
    pub write_timeout: Duration,
    /// For how long the rest of a request is read and thrown away after an early answer (R49).
    pub linger_timeout: Duration,
    /// Bytes of such a rest at most.
    pub linger_bytes_max: usize,
    /// For how long a quiet connection may still bring a request after SIGTERM.
    pub drain_idle_grace: Duration,
    /// How long accepted requests are still answered after SIGTERM.
    pub drain_timeout: Duration,
    /// `[tls]`: the server's own TLS; `None`: plain HTTP.
    pub tls: Option<TlsConfig>,
}

/// Where plain HTTP may be spoken, if no proxy that ends TLS is declared (P-7.2-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainHttp {
    /// On this machine alone.
    Local,
    /// Beyond it: TLS ends at something whose addresses cannot be named, as on many platforms for containers.
    Anywhere,
}

impl PlainHttp {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "local" => Ok(Self::Local),
            "anywhere" => Ok(Self::Anywhere),
            _ => Err("must be local or anywhere".to_owned()),
        }
    }
}

/// The header by which proxies say from where their own clients come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For: 192.0.2.60`
    XForwardedFor,
    /// `Forwarded: for=192.0.2.60` (RFC 7239)
    Forwarded,
}

impl ForwardedHeader {
    fn parse(text: &str) -> Result<Self, String> {
        let is = |name: &str| text.eq_ignore_ascii_case(name);
        match () {
            () if is("X-Forwarded-For") => Ok(Self::XForwardedFor),
            () if is("Forwarded") => Ok(Self::Forwarded),
            () => Err("must be X-Forwarded-For or Forwarded".to_owned()),
        }
    }
}

impl ServerConfig {
    /// The public URL of a server that listens on `bound`, without a slash at its end: the configured one, else `http://`
    /// or, with TLS, `https://`, and the address, with `localhost` for "every address".
    pub fn public_url(&self, bound: SocketAddr) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        match &self.public_url {
            Some(url) => url.as_str().to_owned(),
            None if bound.ip().is_unspecified() => format!("{scheme}://localhost:{}", bound.port()),
            None => format!("{scheme}://{bound}"),
        }
    }

    /// Whether tokens would cross a network in the clear: the address is reachable from outside, the server has no TLS of its
    /// own, and nobody has said that TLS ends in front of it (P-7.2-01). Such a server does not start.
    pub fn is_exposed_without_tls(&self) -> bool {
        let is_declared = !self.trusted_proxies.is_empty() || self.plain_http == PlainHttp::Anywhere;
        !self.listen.ip().is_loopback() && self.tls.is_none() && !is_declared
    }

    pub(super) fn read(settings: &mut Settings) -> Self {
        Self {
            listen: settings.parsed("server.listen", |text| {
                text.parse().map_err(|_| {
                    "must be an IP address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080".to_owned()
                })
            }),
            public_url: settings.parsed("server.public_url", |text| match text {
                "" => Ok(None),
                text => PublicUrl::parse(text).map(Some),
            }),
            trusted_proxies: settings.list("server.trusted_proxies", Network::parse),
            plain_http: settings.parsed("server.plain_http", PlainHttp::parse),
            client_address_header: settings.parsed("server.client_address_header", ForwardedHeader::parse),
            connections_max: settings.integer("server.connections_max", 1..=1_000_000),
            connections_per_address_max: settings.integer("server.connections_per_address_max", 1..=1_000_000),
            first_byte_timeout: settings.milliseconds("server.first_byte_timeout_ms", 1),
            head_timeout: settings.milliseconds("server.head_timeout_ms", 1),
            body_timeout: settings.milliseconds("server.body_timeout_ms", 1),
            body_grace: settings.milliseconds("server.body_grace_ms", 0),
            body_rate_bytes_per_s_min: settings.integer("server.body_rate_bytes_per_s_min", 0..=1_000_000_000),
            idle_timeout: settings.milliseconds("server.idle_timeout_ms", 1),
            write_timeout: settings.milliseconds("server.write_timeout_ms", 1),
            linger_timeout: settings.milliseconds("server.linger_timeout_ms", 0),
            linger_bytes_max: settings.integer("server.linger_bytes_max", 0..=1_073_741_824),
            drain_idle_grace: settings.milliseconds("server.drain_idle_grace_ms", 0),
            drain_timeout: settings.milliseconds("server.drain_timeout_ms", 0),
            tls: TlsConfig::read(settings),
        }
    }
}
