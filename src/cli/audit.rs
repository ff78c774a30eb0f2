//! `scimd audit`: what operators did.

use super::arguments::{Arguments, AuditCommand, AuditSelection};
use super::failure::Failure;
use super::output;
use super::session::Session;
use crate::admin::{audit, directories};
use crate::clock::Clock as _;
use crate::store::audit::{AuditFilter, AuditRow};

/// How many rows are written out at a time.
const EXPORT_ROWS: u32 = 500;

/// Runs one of the commands.
///
/// # Errors
/// There is no such Directory, or the record is not as it was written.
pub async fn run(arguments: &Arguments, command: &AuditCommand) -> Result<(), Failure> {
    let session = Session::open(arguments).await?;
    let done = match command {
        AuditCommand::List { selection, limit, json } => list(&session, selection, *limit, *json).await,
        AuditCommand::Export { selection, format } => export(&session, selection, format == "csv").await,
        AuditCommand::Verify => verify(&session).await,
    };
    session.close(done).await
}

async fn filter(session: &Session, selection: &AuditSelection) -> Result<AuditFilter, Failure> {
    let AuditSelection { directory, act, actor, since, until } = selection;
    let directory = match directory {
        Some(name) => Some(directories::find(session.store.as_ref(), name).await?.id),
        None => None,
    };
    let now = session.clock.now();
    let (since, until) = (since.map(|moment| moment.at(now)), until.map(|moment| moment.at(now)));
    Ok(AuditFilter { directory, act: act.clone(), actor: actor.clone(), since, until })
}

async fn list(session: &Session, selection: &AuditSelection, limit: u32, json: bool) -> Result<(), Failure> {
    let rows = audit::page(session.store.as_ref(), &filter(session, selection).await?, None, limit).await?;
    if json {
        output::json(&rows.iter().map(audit::to_json).collect())?;
        return Ok(());
    }
    let cells = |row: &AuditRow| {
        let directory = row.directory_name.clone().unwrap_or_default();
        [row.seq.to_string(), row.at.to_rfc3339(), row.actor.clone(), row.act.clone(), directory, row.target_name.clone()]
    };
    let rows: Vec<[String; 6]> = rows.iter().map(cells).collect();
    Ok(output::table(Some(["NUMBER", "AT", "BY", "ACT", "DIRECTORY", "OF"]), &rows)?)
}

async fn export(session: &Session, selection: &AuditSelection, csv: bool) -> Result<(), Failure> {
    let filter = filter(session, selection).await?;
    if csv {
        output::line(audit::CSV_HEADER)?;
    }
    let mut last = 0;
    loop {
        let rows = session.store.audit_after(&filter, last, EXPORT_ROWS).await?;
        let Some(end) = rows.last() else { return Ok(()) };
        last = end.seq;
        for row in &rows {
            output::line(&if csv { audit::to_csv(row) } else { audit::to_json(row).to_string() })?;
        }
    }
}

async fn verify(session: &Session) -> Result<(), Failure> {
    let verified = audit::verify(session.store.as_ref()).await?;
    if let Some(seq) = verified.broken {
        let what = format!("the record is not as it was written: act {seq} was changed, or others before it are missing");
        return Err(Failure::new(what, "Compare it with an earlier export."));
    }
    output::note(&format!("{} acts, all as they were written.", verified.rows));
    if let Some((seq, hash)) = verified.last {
        output::line(&format!("{seq} {hash}"))?;
    }
    Ok(())
}
