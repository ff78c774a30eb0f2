//! `scimd directory`: create, list, show, edit, pause, resume, disable, delete.

use super::arguments::{Arguments, DirectoryCommand, Users};
use super::failure::Failure;
use super::output;
use super::session::Session;
use crate::admin::directories::{self, Edit};
use crate::admin::tokens::lifetime;
use crate::admin::{AdminError, Operator, deletion};
use crate::directory::settings::Settings;
use crate::scim::quirks::{Listed, listed, profile};
use crate::store::{DirectoryRow, DirectoryStatus};
use serde_json::{Value, json};

/// Runs one of the commands.
///
/// # Errors
/// There is no such Directory, or one of that name already; or the store failed.
pub async fn run(arguments: &Arguments, command: &DirectoryCommand) -> Result<(), Failure> {
    let session = Session::open(arguments).await?;
    let done = perform(&session, command).await;
    session.close(done).await
}

async fn perform(session: &Session, command: &DirectoryCommand) -> Result<(), Failure> {
    let operator = session.operator();
    match command {
        DirectoryCommand::Create { name, display_name, provider, settings, json } => {
            let settings = Settings::of_pairs(settings).map_err(AdminError::Settings)?;
            let directory = directories::create(&operator, name, display_name, provider, &settings).await?;
            print(session, &directory, *json)?;
            output::note(&format!("Created. A token for it: `scimd token create {name}`."));
            Ok(())
        }
        DirectoryCommand::List { json } => list(session, *json).await,
        DirectoryCommand::Show { name, json } => show(session, name, *json).await,
        DirectoryCommand::Edit { name, display_name, provider, settings, protected, json } => {
            let directory = directories::find(operator.store, name).await?;
            let has_other_rules = !settings.is_empty() || provider.is_some();
            let settings = Settings::of(&directory).and_then(|old| old.with_pairs(settings)).map_err(AdminError::Settings)?;
            let edit = Edit {
                display_name: display_name.clone(),
                provider: provider.clone(),
                settings: Some(settings),
                protected: *protected,
            };
            let edited = directories::edit(&operator, &directory, edit).await?;
            print(session, &edited, *json)?;
            if has_other_rules { point_out_tokens(&operator, &edited).await } else { Ok(()) }
        }
        DirectoryCommand::Pause { name } => set_status(&operator, name, DirectoryStatus::Paused).await,
        DirectoryCommand::Resume { name } => set_status(&operator, name, DirectoryStatus::Active).await,
        DirectoryCommand::Disable { name } => set_status(&operator, name, DirectoryStatus::Disabled).await,
        DirectoryCommand::Delete { name, users } => delete(&operator, name, *users).await,
    }
}

/// Says which tokens are good for longer than a new one would be: a setting ends none.
async fn point_out_tokens(operator: &Operator<'_>, directory: &DirectoryRow) -> Result<(), Failure> {
    let beyond = lifetime::exceeding(operator.store, directory, operator.clock.now()).await?;
    if !beyond.is_empty() {
        let names: Vec<String> = beyond.iter().map(|token| format!("{:?}", token.name)).collect();
        output::note(&format!(
            "Good for longer than tokenDaysMax allows, until they are renewed or given an earlier expiry: {}.",
            names.join(", ")
        ));
    }
    Ok(())
}

async fn set_status(operator: &Operator<'_>, name: &str, status: DirectoryStatus) -> Result<(), Failure> {
    let directory = directories::find(operator.store, name).await?;
    directories::set_status(operator, &directory, status).await?;
    output::note(&format!("Directory {name:?} is {} now, on every server within a second.", status.word()));
    Ok(())
}

async fn delete(operator: &Operator<'_>, name: &str, users: Users) -> Result<(), Failure> {
    let directory = directories::find(operator.store, name).await?;
    match users {
        Users::Keep => {
            deletion::disconnect(operator, &directory).await?;
            output::note(&format!("No provider is connected to Directory {name:?} any more; its users and groups are there."));
        }
        Users::Remove => {
            let deleting = deletion::begin(operator, &directory).await?;
            output::note("Its tokens are refused. What is in it is being removed; if this is interrupted, a server goes on.");
            deletion::finish(operator, &deleting).await?;
            output::note(&format!("Directory {name:?} is gone; another one may have its name."));
        }
    }
    Ok(())
}

async fn list(session: &Session, json: bool) -> Result<(), Failure> {
    let directories = directories::list(session.store.as_ref()).await?;
    if json {
        output::json(&directories.iter().map(|directory| describe(session, directory)).collect())?;
    } else {
        let rows: Vec<[String; 5]> = directories
            .iter()
            .map(|row| {
                let (status, created) = (row.status.word().to_owned(), row.created.to_rfc3339());
                [row.name.clone(), row.provider.clone(), status, created, base_url(session, row)]
            })
            .collect();
        output::table(Some(["NAME", "PROVIDER", "STATUS", "CREATED", "BASE URL"]), &rows)?;
    }
    Ok(())
}

async fn show(session: &Session, name: &str, json: bool) -> Result<(), Failure> {
    let directory = directories::find(session.store.as_ref(), name).await?;
    print(session, &directory, json)
}

fn print(session: &Session, directory: &DirectoryRow, json: bool) -> Result<(), Failure> {
    if json {
        output::json(&described(session, directory)?)?;
    } else {
        output::pairs(&[
            ("Name", directory.name.clone()),
            ("Display name", directory.display_name.clone()),
            ("Provider", directory.provider.clone()),
            ("Status", directory.status.word().to_owned()),
            ("Protected", directory.protected.to_string()),
            ("Settings", settings(directory).to_string()),
            ("Quirks", quirks(directory)?.iter().map(in_words).collect::<Vec<_>>().join(", ")),
            ("Base URL", base_url(session, directory)),
            ("Created", directory.created.to_rfc3339()),
        ])?;
    }
    Ok(())
}

/// As in a list, and how the Directory treats what its provider sends.
fn described(session: &Session, directory: &DirectoryRow) -> Result<Value, Failure> {
    let quirks: Vec<Value> = quirks(directory)?
        .iter()
        .map(|quirk| json!({ "name": quirk.name, "on": quirk.on, "from": origin(quirk), "about": quirk.account.about }))
        .collect();
    let mut described = describe(session, directory);
    described["quirks"] = Value::Array(quirks);
    Ok(described)
}

fn quirks(directory: &DirectoryRow) -> Result<Vec<Listed>, Failure> {
    let settings = Settings::of(directory).map_err(AdminError::Settings)?;
    Ok(profile(&directory.provider).map(|profile| listed(profile, &settings.quirks)).unwrap_or_default())
}

/// `members-as-strings on`, with the word `set` if the Directory says so itself.
fn in_words(quirk: &Listed) -> String {
    let state = if quirk.on { "on" } else { "off" };
    let set = if quirk.adjusted { " (set)" } else { "" };
    format!("{} {state}{set}", quirk.name)
}

fn origin(quirk: &Listed) -> &'static str {
    if quirk.adjusted { "settings" } else { "profile" }
}

fn describe(session: &Session, directory: &DirectoryRow) -> Value {
    json!({
        "name": directory.name,
        "displayName": directory.display_name,
        "provider": directory.provider,
        "status": directory.status.word(),
        "protected": directory.protected,
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
