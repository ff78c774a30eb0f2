//! What `scimd user` and `scimd group` have in common: create, edit, list, show, delete, deleted, purge.

use super::arguments::resource::{ResourceCommand, SourceArgument, StatusArgument};
use super::failure::Failure;
use super::output;
use super::session::Session;
use crate::admin::resources::{self, Wanted};
use crate::admin::{Desk, Kind, directories};
use crate::directory::Precondition;
use crate::id::ResourceId;
use crate::store::{Source, Standing, Stored, Tombstone};
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// How many are read at a time.
const PAGE: u32 = 500;

/// Runs one of the commands.
///
/// # Errors
/// There is no such Directory or resource, or what is asked is refused; or the store failed.
pub async fn run(session: &Session, kind: Kind, command: &ResourceCommand) -> Result<(), Failure> {
    match command {
        ResourceCommand::Create { directory, file } => create(session, kind, directory, file).await,
        ResourceCommand::Edit { directory, name, file } => edit(session, kind, directory, name, file).await,
        ResourceCommand::List { directory, filter, source, status, json } => {
            let standing = match (source, status) {
                (Some(SourceArgument::Provisioned), _) => Some(Standing::Of(Source::Provisioned)),
                (Some(SourceArgument::Manual), _) => Some(Standing::Of(Source::Manual)),
                (None, Some(StatusArgument::Held)) => Some(Standing::Held),
                (None, Some(StatusArgument::Active | StatusArgument::Disabled) | None) => None,
            };
            let active = match status {
                Some(StatusArgument::Active) => Some(true),
                Some(StatusArgument::Disabled) => Some(false),
                Some(StatusArgument::Held) | None => None,
            };
            list(session, kind, directory, &Wanted { filter: filter.as_deref(), standing, active }, *json).await
        }
        ResourceCommand::Show { directory, name, json } => show(session, kind, directory, name, *json).await,
        ResourceCommand::Delete { directory, name } => delete(session, kind, directory, name).await,
        ResourceCommand::Deleted { directory, json } => deleted(session, kind, directory, *json).await,
        ResourceCommand::Purge { directory, id } => purge(session, kind, directory, id).await,
    }
}

async fn create(session: &Session, kind: Kind, directory: &str, file: &Path) -> Result<(), Failure> {
    let body = read(session, file)?;
    let workplace = session.workplace(directory).await?;
    let id = resources::create(&workplace.desk().await?, kind, &body).await?;
    output::line(&id.to_string())?;
    Ok(())
}

async fn edit(session: &Session, kind: Kind, directory: &str, name: &str, file: &Path) -> Result<(), Failure> {
    let body = read(session, file)?;
    let workplace = session.workplace(directory).await?;
    let resource = resources::find(session.store.as_ref(), workplace.directory.id, kind, name).await?;
    resources::replace(&workplace.desk().await?, kind, resource.id, &body, &Precondition::None).await?;
    output::note(&format!("{} {} is changed.", kind.name(), resource.id));
    Ok(())
}

async fn list(session: &Session, kind: Kind, directory: &str, wanted: &Wanted<'_>, json: bool) -> Result<(), Failure> {
    let workplace = session.workplace(directory).await?;
    let desk = workplace.desk().await?;
    let mut array = output::JsonArray::default();
    let mut names = Some(["ID", if kind == Kind::User { "USERNAME" } else { "DISPLAYNAME" }, "STATUS", "SOURCE", "CREATED"]);
    let mut after = None;
    loop {
        let page = resources::list(&desk, kind, wanted, after, PAGE).await?;
        if json {
            for resource in &page.resources {
                array.push(&describe(&desk, kind, resource)?)?;
            }
        } else if !page.resources.is_empty() {
            let rows = page.resources.iter().map(|resource| row(&desk, kind, resource)).collect::<Result<Vec<_>, _>>()?;
            output::table(names.take(), &rows)?;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if json {
        array.end()?;
    } else if names.is_some() {
        output::note("There are none.");
    }
    Ok(())
}

async fn show(session: &Session, kind: Kind, directory: &str, name: &str, json: bool) -> Result<(), Failure> {
    let workplace = session.workplace(directory).await?;
    let desk = workplace.desk().await?;
    let resource = resources::find(session.store.as_ref(), workplace.directory.id, kind, name).await?;
    if json {
        output::json(&describe(&desk, kind, &resource)?)?;
        return Ok(());
    }
    let attributes = resources::attributes(&desk, kind, &resource)?;
    let mut pairs = vec![
        ("id", resource.id.to_string()),
        ("version", resource.version.to_string()),
        ("created", resource.created.to_rfc3339()),
        ("lastModified", resource.last_modified.to_rfc3339()),
        ("source", resource.source.word().to_owned()),
        ("status", status(&resource, &attributes).to_owned()),
    ];
    pairs.extend(attributes.iter().map(|(name, value)| (name.as_str(), plain(value))));
    output::pairs(&pairs)?;
    Ok(())
}

async fn delete(session: &Session, kind: Kind, directory: &str, name: &str) -> Result<(), Failure> {
    let workplace = session.workplace(directory).await?;
    let resource = resources::find(session.store.as_ref(), workplace.directory.id, kind, name).await?;
    resources::delete(&workplace.desk().await?, kind, &resource, &Precondition::None).await?;
    output::note(&format!("{} {} is deleted.", kind.name(), resource.id));
    Ok(())
}

async fn deleted(session: &Session, kind: Kind, directory: &str, json: bool) -> Result<(), Failure> {
    let store = session.store.as_ref();
    let workplace = session.workplace(directory).await?;
    let (desk, directory) = (workplace.desk().await?, workplace.directory.id);
    let mut array = output::JsonArray::default();
    let mut names = Some(["ID", "NAME", "DELETED", "BY", "KEPT", "BARRED"]);
    let mut page = resources::deleted(store, directory, kind, None, PAGE).await?;
    while let Some(last) = page.last().map(|tombstone| tombstone.id) {
        if json {
            for tombstone in &page {
                array.push(&resources::describe_deleted(&desk, kind, tombstone)?)?;
            }
        } else {
            output::table(names.take(), &page.iter().map(deleted_row).collect::<Vec<_>>())?;
        }
        page = resources::deleted(store, directory, kind, Some(last), PAGE).await?;
    }
    if json {
        array.end()?;
    } else if names.is_some() {
        output::note("There are none.");
    }
    Ok(())
}

async fn purge(session: &Session, kind: Kind, directory: &str, id: &str) -> Result<(), Failure> {
    let directory = directories::find(session.store.as_ref(), directory).await?;
    let none = || Failure::new(format!("{id:?} is no id"), "`deleted` lists the ids of those that were deleted.");
    let id = ResourceId::parse(id).ok_or_else(none)?;
    resources::purge(&session.operator(), &directory, kind, id).await?;
    output::note(&format!("{} {id} is forgotten.", kind.name()));
    Ok(())
}

/// The text of a file, or of standard input, as long as a request may be.
fn read(session: &Session, file: &Path) -> Result<Vec<u8>, Failure> {
    let bytes_max = session.config.limits.body_bytes_max;
    let mut bytes = Vec::new();
    // One byte more than is allowed, so that what is too long is seen to be.
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    if file.as_os_str() == "-" {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        let unreadable = |error: io::Error| Failure::new(format!("{}: {error}", file.display()), "Give a file of JSON, or -.");
        File::open(file).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(unreadable)?;
    }
    if bytes.len() > bytes_max {
        return Err(Failure::new(
            format!("the resource has more than {bytes_max} bytes"),
            "limits.body_bytes_max allows no more.",
        ));
    }
    Ok(bytes)
}

fn row(desk: &Desk<'_>, kind: Kind, resource: &Stored) -> Result<[String; 5], Failure> {
    let attributes = resources::attributes(desk, kind, resource)?;
    let name = attributes.get(kind.name_attribute()).map(plain).unwrap_or_default();
    let (status, source) = (status(resource, &attributes).to_owned(), resource.source.word().to_owned());
    Ok([resource.id.to_string(), name, status, source, resource.created.to_rfc3339()])
}

fn deleted_row(tombstone: &Tombstone) -> [String; 6] {
    let by = tombstone.actor.map_or_else(|| "operator".to_owned(), |token| format!("token {}", token.0));
    let kept = if tombstone.document.is_some() { "yes" } else { "no" };
    let (id, at) = (tombstone.id.to_string(), tombstone.at.to_rfc3339());
    [id, tombstone.name.clone(), at, by, kept.to_owned(), tombstone.bar.word().to_owned()]
}

fn status(resource: &Stored, attributes: &Map<String, Value>) -> &'static str {
    match attributes.get("active") {
        Some(Value::Bool(false)) if resource.held => "held",
        Some(Value::Bool(false)) => "disabled",
        _ => "active",
    }
}

/// The stored attributes, with `id`, what the store knows of `meta`, and what operators see besides.
fn describe(desk: &Desk<'_>, kind: Kind, resource: &Stored) -> Result<Value, Failure> {
    let mut object = Map::new();
    object.insert("id".to_owned(), json!(resource.id.to_string()));
    let attributes = resources::attributes(desk, kind, resource)?;
    let status = status(resource, &attributes);
    object.extend(attributes);
    let meta = json!({
        "resourceType": resource.resource_type,
        "created": resource.created.to_rfc3339(),
        "lastModified": resource.last_modified.to_rfc3339(),
        "version": resource.version,
    });
    object.insert("meta".to_owned(), meta);
    object.insert("source".to_owned(), json!(resource.source.word()));
    object.insert("status".to_owned(), json!(status));
    Ok(Value::Object(object))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
