//! `scimd schema` and `scimd resource-type`: add, list, show, remove.

use super::arguments::{Arguments, DefinitionCommand};
use super::failure::Failure;
use super::output;
use super::session::Session;
use crate::admin::definitions::{self, Applied, Timing};
use crate::admin::{AdminError, directories};
use crate::scim::schema::definition::{DEFINITION_BYTES_MAX, parse};
use crate::scim::schema::{Definition, Faults};
use crate::store::{DefinitionKind, DefinitionRow};
use serde_json::{Value, json};
use std::io::{self, Read as _};
use std::path::Path;

/// Runs one of the commands for definitions of `kind`.
///
/// # Errors
/// There is no such Directory or definition, or the definition is refused; or the store failed.
pub async fn run(arguments: &Arguments, kind: DefinitionKind, command: &DefinitionCommand) -> Result<(), Failure> {
    let session = Session::open(arguments).await?;
    let done = match command {
        DefinitionCommand::Add { directory, file } => add(&session, kind, directory, file).await,
        DefinitionCommand::List { directory, json } => list(&session, kind, directory, *json).await,
        DefinitionCommand::Show { directory, name } => show(&session, kind, directory, name).await,
        DefinitionCommand::Remove { directory, name } => remove(&session, kind, directory, name).await,
    };
    session.close(done).await
}

async fn add(session: &Session, kind: DefinitionKind, directory: &str, file: &Path) -> Result<(), Failure> {
    let text = read(file)?;
    let store = session.store.as_ref();
    let directory = directories::find(store, directory).await?;
    let added = definitions::add(&session.operator(), &directory, kind, &text, Timing::default()).await?;
    for warning in &added.warnings {
        output::note(&format!("Odd: {warning}"));
    }
    let done = if added.replaced { "replaced" } else { "added" };
    output::note(&format!("{} {} {done}. Every server has it within a second.", word(kind), added.name));
    if added.applied.built > 0 {
        let (built, examined) = (added.applied.built, added.applied.examined);
        output::note(&format!("Indexes built: {built}, for {examined} stored resources."));
    }
    complete(added.applied)
}

/// Says which indexes could not be completed.
fn complete(applied: Applied) -> Result<(), Failure> {
    if applied.unfinished.is_empty() { Ok(()) } else { Err(AdminError::Unfinished(Faults(applied.unfinished)).into()) }
}

async fn list(session: &Session, kind: DefinitionKind, directory: &str, json: bool) -> Result<(), Failure> {
    let store = session.store.as_ref();
    let directory = directories::find(store, directory).await?;
    let rows = definitions::list(store, &directory, kind).await?;
    if json {
        output::json(&rows.iter().map(describe).collect())?;
    } else if rows.is_empty() {
        output::note("There are none beside those that are built in.");
    } else {
        let rows: Vec<[String; 3]> = rows.iter().map(|row| [row.name.clone(), detail(row), origin(row).to_owned()]).collect();
        let second = if kind == DefinitionKind::Schema { "EXTENDS" } else { "ENDPOINT" };
        output::table(Some(["NAME", second, "FROM"]), &rows)?;
    }
    Ok(())
}

async fn show(session: &Session, kind: DefinitionKind, directory: &str, name: &str) -> Result<(), Failure> {
    let store = session.store.as_ref();
    let directory = directories::find(store, directory).await?;
    let rows = definitions::list(store, &directory, kind).await?;
    let row = rows.iter().find(|row| row.name.eq_ignore_ascii_case(name));
    let row = row.ok_or_else(|| AdminError::NoDefinition(name.to_owned()))?;
    row.definition.lines().try_for_each(output::line)?;
    Ok(())
}

async fn remove(session: &Session, kind: DefinitionKind, directory: &str, name: &str) -> Result<(), Failure> {
    let store = session.store.as_ref();
    let directory = directories::find(store, directory).await?;
    let applied = definitions::remove(&session.operator(), &directory, kind, name, Timing::default()).await?;
    output::note(&format!("{} {name} removed.", word(kind)));
    complete(applied)
}

/// The text of a file, of standard input for `-`.
fn read(file: &Path) -> Result<String, Failure> {
    // One byte more than is allowed, so that what is too long is seen to be.
    let bytes_max = DEFINITION_BYTES_MAX as u64 + 1;
    let mut bytes = Vec::new();
    let done = if file == Path::new("-") {
        io::stdin().lock().take(bytes_max).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|open| open.take(bytes_max).read_to_end(&mut bytes))
    };
    let advice = "Name a file with a schema or a resource type, or - for standard input.";
    done.map_err(|error| Failure::new(format!("{} cannot be read: {error}", file.display()), advice))?;
    String::from_utf8(bytes).map_err(|_| Failure::new(format!("{} is not UTF-8", file.display()), advice))
}

fn describe(row: &DefinitionRow) -> Value {
    let definition: Value = serde_json::from_str(&row.definition).unwrap_or_default();
    json!({ "name": row.name, "from": origin(row), "definition": definition })
}

/// What tells most about a definition: what a schema extends, where a resource type is.
fn detail(row: &DefinitionRow) -> String {
    match parse(&row.definition).map(|parsed| parsed.definition) {
        Ok(Definition::Schema(schema)) => schema.extends.join(", "),
        Ok(Definition::ResourceType(resource_type)) => resource_type.endpoint,
        Err(_) => String::new(),
    }
}

fn origin(row: &DefinitionRow) -> &'static str {
    if row.directory.is_some() { "this Directory" } else { "configuration" }
}

fn word(kind: DefinitionKind) -> &'static str {
    match kind {
        DefinitionKind::ResourceType => "Resource type",
        DefinitionKind::Schema | DefinitionKind::Building => "Schema",
    }
}
