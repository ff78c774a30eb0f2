//! `scimd check`, the doctor: looks at everything that a server needs, says what is wrong and how to mend it. Changes
//! nothing.
//!
//! - [`finding`]: one line of the doctor's report
//! - [`tls`]: certificate and key, or what is there in their place
//! - [`database`]: the database, its tables, the clock beside what is stored
//! - this file: the configuration, the addresses, and the report

mod database;
mod finding;
pub(super) mod tls;

use super::arguments::Arguments;
use super::failure::Failure;
use super::{health, output, session};
use crate::config::{Config, ServerConfig};
use finding::Finding;
use std::io;
use tokio::net::TcpListener;

/// Examines and reports.
///
/// # Errors
/// [`Failure::Unhealthy`] if there is a problem; a warning is none.
pub async fn run(arguments: &Arguments, json: bool) -> Result<(), Failure> {
    let findings = examine(arguments).await;
    if json {
        output::json(&findings.iter().map(Finding::describe).collect())?;
    } else {
        for finding in &findings {
            output::line(&finding.line())?;
            if let Some(advice) = &finding.advice {
                output::line(&format!("         {advice}"))?;
            }
        }
    }
    if findings.iter().any(Finding::is_problem) { Err(Failure::Unhealthy) } else { Ok(()) }
}

async fn examine(arguments: &Arguments) -> Vec<Finding> {
    let sources = session::sources(arguments);
    let config = match Config::load(&sources) {
        Ok(config) => config,
        Err(faults) => {
            let advice = "config/default.toml explains each key.";
            return faults.0.iter().map(|fault| Finding::problem("configuration", fault.to_string(), advice)).collect();
        }
    };
    let read_from = match &sources.file {
        Some(file) => format!("valid, with {}", file.path.display()),
        None => "valid, without a file".to_owned(),
    };
    let mut findings = vec![Finding::ok("configuration", read_from), public_url(&config.server), tls::examine(&config.server)];
    findings.push(listen(&config.server).await);
    findings.extend(database::examine(&config.database).await);
    findings
}

fn public_url(config: &ServerConfig) -> Finding {
    let url = config.public_url(config.listen);
    match &config.public_url {
        Some(_) => Finding::ok("public URL", url),
        None if config.listen.ip().is_loopback() => Finding::ok("public URL", format!("{url}, from the listen address")),
        None => Finding::warning(
            "public URL",
            format!("{url}, from the listen address; clients on other machines cannot use that"),
            "Set SCIMD_PUBLIC_URL or server.public_url to the URL that clients reach the server by.",
        ),
    }
}

async fn listen(config: &ServerConfig) -> Finding {
    const SUBJECT: &str = "listen address";
    let address = config.listen;
    match TcpListener::bind(address).await {
        Ok(_) => Finding::ok(SUBJECT, format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => match health::probe(address, config.tls.is_some()).await {
            Ok(200) => Finding::ok(SUBJECT, format!("a server runs at {address} and is healthy")),
            Ok(_) | Err(_) => Finding::problem(
                SUBJECT,
                format!("another program listens on {address}"),
                "Stop it, or choose another address by --listen or SCIMD_LISTEN.",
            ),
        },
        Err(error) => Finding::problem(
            SUBJECT,
            format!("cannot listen on {address}: {error}"),
            "Choose an address of this machine, and a port that this user may open (1024 and above).",
        ),
    }
}
