//! The database, its tables, and the clock beside what is stored.

use super::finding::Finding;
use crate::admin::directories;
use crate::app;
use crate::cli::failure::{chain, store_advice};
use crate::clock::{Clock as _, SystemClock, Timestamp};
use crate::config::DatabaseConfig;
use crate::store::{DirectoryRow, OperatorStore, StoreError};
use std::path::Path;

/// 2026-01-01T00:00:00Z: no scimd is older, so no right clock shows an earlier time.
const EARLIEST: Timestamp = Timestamp(1_767_225_600_000);

/// How far the clock may be behind what another machine has stored, in milliseconds.
const SKEW_MAX_MS: i64 = 60_000;

/// Looks at the database without changing anything in it.
pub async fn examine(config: &DatabaseConfig) -> Vec<Finding> {
    if let Some(file) = config.url.sqlite_file()
        && !file.exists()
    {
        return vec![clock(&[]), missing_file(file)];
    }
    let store = match open(config).await {
        Ok(store) => store,
        Err(error) => return vec![clock(&[]), failed("database", &error)],
    };
    // Opening refuses a database that is not like this.
    let like = if config.url.is_sqlite() {
        "a WAL database with synchronous=FULL"
    } else {
        "PostgreSQL 15 or newer, UTF-8, with fsync and synchronous_commit on"
    };
    let mut findings = vec![Finding::ok("database", format!("{} answers: {like}", config.url))];
    match store.pending_migrations().await {
        Ok(pending) if pending.is_empty() => {
            findings.push(Finding::ok("tables", "up to date".to_owned()));
            findings.extend(contents(store.as_ref()).await);
        }
        Ok(pending) => {
            findings.push(clock(&[]));
            findings.push(Finding::warning(
                "tables",
                format!("not up to date: {} not applied", pending.join(", ")),
                "The next start applies them, unless it has --no-migrate; `scimd migrate` does so now.",
            ));
        }
        Err(error) => findings.extend([clock(&[]), failed("tables", &error)]),
    }
    store.close().await;
    findings
}

async fn open(config: &DatabaseConfig) -> Result<std::sync::Arc<dyn OperatorStore>, StoreError> {
    let store = app::open_store(config).await?;
    store.ping().await?;
    Ok(store)
}

async fn contents(store: &dyn OperatorStore) -> Vec<Finding> {
    match directories::list(store).await {
        Ok(directories) if directories.is_empty() => vec![
            clock(&directories),
            Finding::ok("directories", "none yet; the first start of the server creates one, with a token".to_owned()),
        ],
        Ok(directories) => {
            vec![clock(&directories), Finding::ok("directories", format!("{} of them", directories.len()))]
        }
        Err(error) => {
            vec![clock(&[]), Finding::problem("directories", chain(&error), "Does the database belong to another scimd?")]
        }
    }
}

/// Time only ever goes into what people read (R45), but a wrong clock makes tokens expire early or late.
fn clock(directories: &[DirectoryRow]) -> Finding {
    let now = SystemClock.now();
    let newest = directories.iter().map(|directory| directory.created).max();
    let advice = "Set the clock, best by NTP: tokens expire by it.";
    if now < EARLIEST {
        return Finding::problem("clock", format!("it says {}, which is past", now.to_rfc3339()), advice);
    }
    match newest {
        Some(newest) if newest.0 > now.0.saturating_add(SKEW_MAX_MS) => Finding::problem(
            "clock",
            format!("it says {}, but a Directory was created at {}", now.to_rfc3339(), newest.to_rfc3339()),
            advice,
        ),
        Some(_) | None => Finding::ok("clock", now.to_rfc3339()),
    }
}

/// An SQLite file that is not there will be created; a folder that is not there will not.
fn missing_file(file: &Path) -> Finding {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    // Root may write in a folder without write permission, so only its absence is certain.
    if folder.is_dir() {
        Finding::ok("database", format!("{} is not there yet; the first start creates it", file.display()))
    } else {
        Finding::problem(
            "database",
            format!("there is no folder {} for {}", folder.display(), file.display()),
            "Create the folder, or set database.url to another file.",
        )
    }
}

fn failed(subject: &'static str, error: &StoreError) -> Finding {
    Finding::problem(subject, chain(error), store_advice(error).unwrap_or("The message is the database's own."))
}
