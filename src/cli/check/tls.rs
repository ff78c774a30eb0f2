//! TLS: the server's own certificate and key, or that tokens do not cross a network in the clear.

use super::finding::Finding;
use crate::app;
use crate::clock::{Clock as _, SystemClock, Timestamp};
use crate::config::{ServerConfig, TlsConfig};
use crate::server::tls::Pair;

/// What to call it.
const SUBJECT: &str = "TLS";

/// From how many milliseconds before its expiry on a certificate is worth a warning: two weeks.
const SOON_MS: i64 = 14 * 24 * 60 * 60 * 1000;

/// What to do about [`exposed`].
pub const END_TLS: &str = "Give the server a certificate (tls.certificate, tls.key), or put a proxy that ends TLS in front, and name it in \
    server.trusted_proxies; if its addresses cannot be named, server.plain_http = \"anywhere\" (SCIMD_PLAIN_HTTP) says that it is there.";

/// Looks at the files, and at who can reach the listen address.
pub fn examine(config: &ServerConfig) -> Finding {
    if let Some(tls) = &config.tls {
        pair(tls, SystemClock.now())
    } else if config.is_exposed_without_tls() {
        Finding::problem(SUBJECT, exposed(config), END_TLS)
    } else if !config.trusted_proxies.is_empty() {
        Finding::ok(SUBJECT, "left to the proxies of server.trusted_proxies".to_owned())
    } else if config.listen.ip().is_loopback() {
        Finding::ok(SUBJECT, "not needed: only this machine can reach the listen address".to_owned())
    } else {
        Finding::ok(SUBJECT, "left to what stands in front of the server (server.plain_http)".to_owned())
    }
}

/// That other machines can reach the server by plain HTTP, and it does not start so.
pub fn exposed(config: &ServerConfig) -> String {
    let address = config.listen;
    format!(
        "{address} is reachable from other machines, and by plain HTTP everybody on the way reads the tokens (RFC 7644 section 7.2)"
    )
}

fn pair(tls: &TlsConfig, now: Timestamp) -> Finding {
    let renew = "Renew it; a running server takes the new files within seconds.";
    let pair = match Pair::read(&app::pair_files(tls)) {
        Ok(pair) => pair,
        Err(error) => {
            let advice = "tls.certificate and tls.key name two PEM files that this user may read and that belong together.";
            return Finding::problem(SUBJECT, error.to_string(), advice);
        }
    };
    let (from, until) = (pair.from(), pair.until());
    if now > until {
        Finding::problem(SUBJECT, format!("the certificate has expired, at {}", until.to_rfc3339()), renew)
    } else if now < from {
        let says = format!("the certificate is good only from {} on", from.to_rfc3339());
        Finding::problem(SUBJECT, says, "Is the clock of this machine right?")
    } else if until.0 - now.0 < SOON_MS {
        Finding::warning(SUBJECT, format!("the certificate expires soon, at {}", until.to_rfc3339()), renew)
    } else {
        Finding::ok(SUBJECT, format!("the certificate and its key belong together, and are good until {}", until.to_rfc3339()))
    }
}
