//! `scimd directory`: create, list, show.

use super::arguments::{Arguments, DirectoryCommand};
use super::failure::Failure;
use super::output;
use super::session::Session;
use crate::admin::{AdminError, directories};
use crate::directory::settings::Settings;
use crate::store::DirectoryRow;
use serde_json::{Value, json};

/// Runs one of the commands.
///
/// # Errors
/// There is no such Directory, or one of that name already; or the store failed.
pub async fn run(arguments: &Arguments, command: &DirectoryCommand) -> Result<(), Failure> {
    let session = Session::open(arguments).await?;
    let done = match command {
        DirectoryCommand::Create { name, provider, settings, json } => create(&session, name, provider, settings, *json).await,
        DirectoryCommand::List { json } => list(&session, *json).await,
        DirectoryCommand::Show { name, json } => show(&session, name, *json).await,
    };
    session.close(done).await
}

async fn create(session: &Session, name: &str, provider: &str, settings: &[(String, String)], json: bool) -> Result<(), Failure> {
    let settings = Settings::of_pairs(settings).map_err(AdminError::Settings)?;
    let directory = directories::create_with(session.store.as_ref(), &session.clock, name, provider, &settings).await?;
    print(session, &directory, json)?;
    output::note(&format!("Created. A token for it: `scimd token create {name}`."));
    Ok(())
}

async fn list(session: &Session, json: bool) -> Result<(), Failure> {
    let directories = directories::list(session.store.as_ref()).await?;
    if json {
        output::json(&directories.iter().map(|directory| describe(session, directory)).collect())?;
    } else {
        let rows: Vec<[String; 4]> = directories
            .iter()
            .map(|row| [row.name.clone(), row.provider.clone(), row.created.to_rfc3339(), base_url(session, row)])
            .collect();
        output::table(Some(["NAME", "PROVIDER", "CREATED", "BASE URL"]), &rows)?;
    }
    Ok(())
}

async fn show(session: &Session, name: &str, json: bool) -> Result<(), Failure> {
    let directory = directories::find(session.store.as_ref(), name).await?;
    print(session, &directory, json)
}

fn print(session: &Session, directory: &DirectoryRow, json: bool) -> Result<(), Failure> {
    if json {
        output::json(&describe(session, directory))?;
    } else {
        output::pairs(&[
            ("Name", directory.name.clone()),
            ("Provider", directory.provider.clone()),
            ("Settings", settings(directory).to_string()),
            ("Base URL", base_url(session, directory)),
            ("Created", directory.created.to_rfc3339()),
        ])?;
    }
    Ok(())
}

fn describe(session: &Session, directory: &DirectoryRow) -> Value {
    json!({
        "name": directory.name,
        "provider": directory.provider,
        "settings": settings(directory),
        "baseUrl": base_url(session, directory),
        "created": directory.created.to_rfc3339(),
    })
}

/// The settings that differ from the profile's.
fn settings(directory: &DirectoryRow) -> Value {
    serde_json::from_str(&directory.settings).unwrap_or_else(|_| Value::String(directory.settings.clone()))
}

fn base_url(session: &Session, directory: &DirectoryRow) -> String {
    format!("{}/directories/{}/scim/v2", session.public_url(), directory.name)
}
