//! `scimd export` and `scimd import`: a whole Directory, out and in.

use super::arguments::Arguments;
use super::failure::Failure;
use super::meter::Meter;
use super::output;
use super::part::Part;
use super::session::Session;
use crate::admin::transfer::{Counts, Export, Progress, Target, check, import};
use crate::directory::Limits;
use std::fs::File;
use std::io::{self, BufReader, Write as _};
use std::path::Path;

/// Bytes that are read at a time.
const BUFFER_BYTES: usize = 256 * 1024;

/// Runs `scimd export`.
///
/// # Errors
/// There is no such Directory, the file is there or cannot be written, or the store failed.
pub async fn run_export(arguments: &Arguments, directory: &str, out: Option<&Path>, secrets: bool) -> Result<(), Failure> {
    let session = Session::open(arguments).await?;
    let done = match out {
        Some(path) => export_to_file(&session, directory, path, secrets).await,
        None => export_to_output(&session, directory, secrets).await,
    };
    session.close(done).await
}

/// Writes under another name first, so that a file of the name that was asked for is whole.
async fn export_to_file(session: &Session, directory: &str, path: &Path, secrets: bool) -> Result<(), Failure> {
    let mut part = Part::open(path)?;
    let mut export = Export::begin(&session.operator(), directory, secrets).await?;
    let went_on = part.begin(&mut export).await?;
    let after =
        went_on.map(|Progress { resources, members }| format!("went on after {resources} resources, {members} memberships"));
    if let Some(after) = &after {
        output::note(&format!("The export that was interrupted {after}."));
    }
    let exported = export_to(session, export, secrets, &mut |lines, export| part.write(lines, export.note().as_deref())).await?;
    part.end()?;
    output::note(&format!("{exported}{}.", after.map(|after| format!("; {after}")).unwrap_or_default()));
    Ok(())
}

async fn export_to_output(session: &Session, directory: &str, secrets: bool) -> Result<(), Failure> {
    let export = Export::begin(&session.operator(), directory, secrets).await?;
    let mut out = io::stdout();
    let exported = export_to(session, export, secrets, &mut |lines, _| Ok(out.write_all(lines.as_bytes())?)).await?;
    out.flush()?;
    output::note(&format!("{exported}."));
    Ok(())
}

/// Gives all lines away, and says what they were.
async fn export_to(
    session: &Session,
    mut export: Export,
    secrets: bool,
    write: &mut (dyn FnMut(&str, &Export) -> Result<(), Failure> + Send),
) -> Result<String, Failure> {
    let mut meter = Meter::new("Exported", None);
    while let Some(lines) = export.next().await? {
        write(&lines, &export)?;
        meter.hear(export.progress());
    }
    meter.end();
    if !export.left_out().is_empty() {
        output::note(&format!("Left out, as they are never returned: {}.", export.left_out().join(", ")));
    }
    let counts = export.end(&session.operator()).await?;
    Ok(format!("Exported {}{}", counted(&counts), if secrets { ", with password hashes" } else { "" }))
}

/// Runs `scimd import`.
///
/// # Errors
/// The file or the Directory is not as it must be, or the store failed.
pub async fn run_import(
    arguments: &Arguments,
    directory: &str,
    file: &Path,
    create: bool,
    only_check: bool,
) -> Result<(), Failure> {
    let session = Session::open(arguments).await?;
    let done = import_file(&session, directory, file, create, only_check).await;
    session.close(done).await
}

async fn import_file(session: &Session, directory: &str, file: &Path, create: bool, only_check: bool) -> Result<(), Failure> {
    let operator = session.operator();
    let limits = Limits::from(&session.config);
    let target = Target::find(operator.store, directory, create).await?;
    let mut meter = Meter::new("Checked", None);
    let checked = check(&operator, &target, &mut open(file)?, &limits, &mut |progress| meter.hear(progress)).await?;
    meter.end();
    if !checked.differs.is_empty() {
        output::note(&format!("The Directory has other values than the file, and keeps them: {}.", checked.differs.join(", ")));
    }
    if !checked.begin.left_out.is_empty() {
        output::note(&format!("Without values in this file: {}.", checked.begin.left_out.join(", ")));
    }
    if only_check {
        output::note(&format!("The file is whole and fits: {}. Nothing was written.", counted(&checked.counts)));
        return Ok(());
    }
    let mut meter = Meter::new("Imported", Some(checked.counts.all_resources()));
    let done = import(&operator, &target, &checked, &mut open(file)?, &limits, &mut |progress| meter.hear(progress)).await?;
    meter.end();
    let passed = done.passed_over;
    let passed = if passed > 0 { format!(", {passed} were there already") } else { String::new() };
    output::note(&format!("Imported {} resources{passed}; {} memberships.", done.created, done.members));
    Ok(())
}

fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    let failed = |problem: String| {
        let what = format!("{} cannot be read: {problem}", path.display());
        Failure::new(what, "Name a file that `scimd export` wrote; it is read twice, so it cannot be a pipe.")
    };
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    match file.metadata() {
        Ok(metadata) if metadata.is_file() => Ok(BufReader::with_capacity(BUFFER_BYTES, file)),
        Ok(_) => Err(failed("it is no regular file".to_owned())),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// `3 User, 1 Group, 2 memberships`.
fn counted(counts: &Counts) -> String {
    let mut parts: Vec<String> = counts.resources.iter().map(|(name, count)| format!("{count} {name}")).collect();
    parts.push(format!("{} memberships", counts.members));
    parts.join(", ")
}
