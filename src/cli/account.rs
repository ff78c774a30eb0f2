//! `scimd account` and `scimd api-key`: who may act as an operator.

use super::arguments::{AccountCommand, ApiKeyCommand, Arguments};
use super::failure::Failure;
use super::session::Session;
use super::{output, user};
use crate::admin::accounts::{self, Edit};
use crate::auth::PasswordHasher;
use crate::clock::Timestamp;
use crate::store::operator::{AccountRow, ApiKeyRow};
use serde_json::{Value, json};

/// Runs a command of `scimd account`.
///
/// # Errors
/// There is no such account, or one already; or no owner would be left.
pub async fn run(arguments: &Arguments, command: &AccountCommand) -> Result<(), Failure> {
    let session = Session::open(arguments).await?;
    let done = perform(&session, command).await;
    session.close(done).await
}

async fn perform(session: &Session, command: &AccountCommand) -> Result<(), Failure> {
    let operator = session.operator();
    match command {
        AccountCommand::Create { name, role } => {
            accounts::create(&operator, name, *role, None).await?;
            output::note(&format!("Created. A key for it: `scimd api-key create {name} --name NAME`."));
            Ok(())
        }
        AccountCommand::List { json } => list(session, *json).await,
        AccountCommand::Edit { name, role, disable, enable } => {
            let account = accounts::find(operator.store, name).await?;
            let disabled = (*disable || *enable).then_some(*disable);
            accounts::edit(&operator, &account, Edit { role: *role, disabled, password_hash: None }).await?;
            output::note("Changed.");
            Ok(())
        }
        AccountCommand::SetPassword { name } => {
            let account = accounts::find(operator.store, name).await?;
            let config = &session.config.password;
            let hash = accounts::hash(&PasswordHasher::new(config), &user::asked(config)?).await?;
            accounts::edit(&operator, &account, Edit { password_hash: Some(Some(hash)), ..Edit::default() }).await?;
            output::note(&format!("The password of account {name:?} is set."));
            Ok(())
        }
        AccountCommand::Delete { name } => {
            let account = accounts::find(operator.store, name).await?;
            accounts::delete(&operator, &account).await?;
            output::note(&format!("Deleted account {name:?}, and its API keys with it."));
            Ok(())
        }
    }
}

async fn list(session: &Session, json: bool) -> Result<(), Failure> {
    let all = accounts::list(session.store.as_ref()).await?;
    if json {
        output::json(&all.iter().map(describe).collect())?;
        return Ok(());
    }
    let state = |account: &AccountRow| if account.disabled.is_some() { "disabled" } else { "active" };
    let rows: Vec<[String; 4]> =
        all.iter().map(|row| [row.name.clone(), row.role.word().into(), state(row).into(), row.created.to_rfc3339()]).collect();
    Ok(output::table(Some(["NAME", "ROLE", "STATE", "CREATED"]), &rows)?)
}

/// Runs a command of `scimd api-key`.
///
/// # Errors
/// There is no such account or key, or a key of that name already.
pub async fn run_keys(arguments: &Arguments, command: &ApiKeyCommand) -> Result<(), Failure> {
    let session = Session::open(arguments).await?;
    let done = perform_keys(&session, command).await;
    session.close(done).await
}

async fn perform_keys(session: &Session, command: &ApiKeyCommand) -> Result<(), Failure> {
    let operator = session.operator();
    match command {
        ApiKeyCommand::Create { account, name, expires_in } => {
            let account = accounts::find(operator.store, account).await?;
            let key = accounts::create_key(&operator, &account, name, *expires_in).await?;
            output::line(key.secret.expose())?;
            let (account, role) = (&account.name, account.role.word());
            output::note(&format!("API key {name:?} of account {account:?}, as {role}. It is shown this once."));
            Ok(())
        }
        ApiKeyCommand::List { account, json } => list_keys(session, account, *json).await,
        ApiKeyCommand::Delete { account, key } => {
            let account = accounts::find(operator.store, account).await?;
            let key = accounts::delete_key(&operator, &account, key).await?;
            output::note(&format!("Deleted API key {:?} of account {:?}.", key.name, account.name));
            Ok(())
        }
    }
}

async fn list_keys(session: &Session, account: &str, json: bool) -> Result<(), Failure> {
    let account = accounts::find(session.store.as_ref(), account).await?;
    let keys = accounts::keys(session.store.as_ref(), &account).await?;
    if json {
        output::json(&keys.iter().map(describe_key).collect())?;
        return Ok(());
    }
    let when = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), Timestamp::to_rfc3339);
    let rows: Vec<[String; 5]> = keys
        .iter()
        .map(|key| {
            let created = key.created.to_rfc3339();
            [key.id.0.to_string(), key.name.clone(), created, when(key.expires), when(key.last_used)]
        })
        .collect();
    Ok(output::table(Some(["ID", "NAME", "CREATED", "EXPIRES", "LAST USED"]), &rows)?)
}

fn describe(account: &AccountRow) -> Value {
    json!({
        "name": account.name,
        "role": account.role.word(),
        "disabled": account.disabled.map(Timestamp::to_rfc3339),
        "hasPassword": account.password_hash.is_some(),
        "created": account.created.to_rfc3339(),
    })
}

fn describe_key(key: &ApiKeyRow) -> Value {
    json!({
        "id": key.id.0,
        "name": key.name,
        "created": key.created.to_rfc3339(),
        "expires": key.expires.map(Timestamp::to_rfc3339),
        "lastUsed": key.last_used.map(Timestamp::to_rfc3339),
        "lastAddress": key.last_address,
    })
}
