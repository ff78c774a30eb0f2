//! `scimd apply`, and `apply.file` when a server starts: Directories as a file declares them.

use super::arguments::Arguments;
use super::failure::Failure;
use super::output;
use super::session::Session;
use crate::admin::declared::file::FILE_BYTES_MAX;
use crate::admin::declared::{Change, Declared, Field, Plan, perform, plan, settle};
use crate::admin::definitions::Timing;
use crate::admin::{Operator, directories};
use crate::clock::SystemClock;
use crate::config::ApplyConfig;
use crate::scim::schema::definition::DEFINITION_BYTES_MAX;
use crate::store::OperatorStore;
use crate::store::audit::Actor;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

/// A file and those that it names, read.
struct Files {
    declared: Declared,
    /// The texts of schemas and resource types, by path.
    schemas: BTreeMap<String, String>,
}

/// Runs `scimd apply`.
///
/// # Errors
/// The file is refused, nobody agreed, or the store failed.
pub async fn run(arguments: &Arguments, file: &Path, yes: bool) -> Result<(), Failure> {
    let session = Session::open(arguments).await?;
    let done = apply(&session, file, yes).await;
    session.close(done).await
}

async fn apply(session: &Session, file: &Path, yes: bool) -> Result<(), Failure> {
    let operator = session.operator();
    let Files { declared, schemas } = read(file)?;
    let plan = plan(&operator, &declared, &schemas).await?;
    show(&plan)?;
    left_alone(&operator, &declared).await?;
    if plan.changes.is_empty() {
        output::note("Nothing to do: everything is as the file says.");
        return Ok(());
    }
    if !yes && !agreed()? {
        return Err(Failure::new("nobody agreed, and nothing was changed", "Answer y, or give --yes."));
    }
    perform(&operator, &plan, Timing::default()).await?;
    output::note("Applied; every server has it within a second.");
    Ok(())
}

/// What will be created and changed, field by field.
fn show(plan: &Plan) -> io::Result<()> {
    for change in &plan.changes {
        let (sign, verb) = if change.row.is_some() { ("~", "is changed") } else { ("+", "is created") };
        output::line(&format!("{sign} Directory {} {verb}", change.name))?;
        for field in lines(change) {
            output::line(&format!("    {field}"))?;
        }
    }
    Ok(())
}

/// `displayName: "Old" → "New"`, one for each field.
fn lines(change: &Change) -> Vec<String> {
    let line = |field: &Field| {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        match change.row {
            Some(_) => format!("{}: {} → {}", field.name, text(&field.before), text(&field.after)),
            None => format!("{}: {}", field.name, text(&field.after)),
        }
    };
    change.fields.iter().map(line).collect()
}

async fn left_alone(operator: &Operator<'_>, declared: &Declared) -> Result<(), Failure> {
    let all = directories::list(operator.store).await?;
    let is_named = |name: &str| declared.directories.iter().any(|directory| directory.name == name);
    let others: Vec<&str> = all.iter().map(|row| row.name.as_str()).filter(|name| !is_named(name)).collect();
    if !others.is_empty() {
        output::note(&format!("Left alone, as the file does not name them: {}.", others.join(", ")));
    }
    Ok(())
}

/// Asks the person at the terminal; without a terminal nobody agrees.
fn agreed() -> io::Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    write!(io::stderr(), "Apply this? [y/N] ")?;
    let mut answer = String::new();
    io::stdin().lock().take(16).read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Makes the Directories as the file of the configuration declares them, if there is one.
///
/// # Errors
/// The file is refused, or the store failed: the server does not start.
pub async fn bring(config: &ApplyConfig, store: &dyn OperatorStore) -> Result<(), Failure> {
    let Some(file) = &config.file else { return Ok(()) };
    let Files { declared, schemas } = read(file)?;
    let operator = Operator::new(store, &SystemClock, Actor::server());
    for plan in settle(&operator, &declared, &schemas, Timing::default()).await? {
        for change in &plan.changes {
            let created = change.row.is_none();
            let fields = lines(change).join("; ");
            tracing::info!(directory.name = %change.name, created, fields, "a Directory is as apply.file declares it");
        }
    }
    Ok(())
}

/// Reads the file and those that it names, by paths from its folder on.
fn read(path: &Path) -> Result<Files, Failure> {
    let advice = "It takes a TOML file with [[directory]] tables: see docs/transfer.md.";
    let failed = |path: &Path, problem: String| Failure::new(format!("{} cannot be read: {problem}", path.display()), advice);
    let text = bounded(path, FILE_BYTES_MAX).map_err(|problem| failed(path, problem))?;
    let declared = Declared::parse(&text)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut schemas = BTreeMap::new();
    for name in declared.schema_paths() {
        let path = folder.join(name);
        let text = bounded(&path, DEFINITION_BYTES_MAX).map_err(|problem| failed(&path, problem))?;
        schemas.insert(name.to_owned(), text);
    }
    Ok(Files { declared, schemas })
}

fn bounded(path: &Path, bytes_max: usize) -> Result<String, String> {
    // One byte more than is allowed, so that what is too long is seen to be.
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(bytes_max as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|error| error.to_string())?;
    if bytes.len() > bytes_max {
        return Err(format!("it is longer than {bytes_max} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}
