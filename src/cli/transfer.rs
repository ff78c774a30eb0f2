//! `scimd export` and `scimd import`: a whole Directory, out and in.

use super::arguments::Arguments;
use super::failure::Failure;
use super::meter::Meter;
use super::output;
use super::session::Session;
use crate::admin::transfer::{Counts, Export, Target, check, import};
use crate::directory::Limits;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Bytes that are read or written at a time.
const BUFFER_BYTES: usize = 256 * 1024;

/// Runs `scimd export`.
///
/// # Errors
/// There is no such Directory, the file is there or cannot be written, or the store failed.
pub async fn run_export(arguments: &Arguments, directory: &str, out: Option<&Path>, secrets: bool) -> Result<(), Failure> {
    let session = Session::open(arguments).await?;
    let done = match out {
        Some(path) => export_to_file(&session, directory, path, secrets).await,
        None => export(&session, directory, &mut io::stdout(), secrets).await,
    };
    session.close(done).await
}

/// Writes under another name first, so that a file of the name that was asked for is whole.
async fn export_to_file(session: &Session, directory: &str, path: &Path, secrets: bool) -> Result<(), Failure> {
    if path.exists() {
        return Err(Failure::new(format!("{} is there already", path.display()), "Name another file, or remove that one."));
    }
    let part = part_of(path);
    let failed = |error: io::Error| {
        let what = format!("{} cannot be written: {error}", path.display());
        Failure::new(what, "Name a file in a folder that this user may write to.")
    };
    let file = create(&part).map_err(failed)?;
    let mut writer = BufWriter::with_capacity(BUFFER_BYTES, file);
    export(session, directory, &mut writer, secrets).await?;
    let file = writer.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().and_then(|()| fs::rename(&part, path)).map_err(failed)
}

/// The name under which a file is written.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// A new file that its owner alone can read. One that an earlier export left is replaced.
fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

async fn export(session: &Session, directory: &str, out: &mut (dyn Write + Send), secrets: bool) -> Result<(), Failure> {
    let operator = session.operator();
    let mut export = Export::begin(&operator, directory, secrets).await?;
    let mut meter = Meter::new("Exported", None);
    while let Some(lines) = export.next().await? {
        out.write_all(lines.as_bytes())?;
        meter.hear(export.progress());
    }
    out.flush()?;
    meter.end();
    if !export.left_out().is_empty() {
        output::note(&format!("Left out, as they are never returned: {}.", export.left_out().join(", ")));
    }
    let counts = export.end(&operator).await?;
    output::note(&format!("Exported {}{}.", counted(&counts), if secrets { ", with password hashes" } else { "" }));
    Ok(())
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
