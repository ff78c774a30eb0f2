//! `scimd token`: create, list, revoke.

use super::arguments::{Arguments, TokenCommand};
use super::failure::Failure;
use super::output;
use super::session::Session;
use crate::admin::{directories, tokens};
use crate::clock::{Clock as _, Timestamp};
use crate::store::TokenRow;
use serde_json::{Value, json};
use std::time::Duration;

/// Runs one of the commands.
///
/// # Errors
/// There is no such Directory or token, or a live token of that name already; or the store failed.
pub async fn run(arguments: &Arguments, command: &TokenCommand) -> Result<(), Failure> {
    let session = Session::open(arguments).await?;
    let done = match command {
        TokenCommand::Create { directory, name, expires_in, user } => {
            create(&session, directory, name.as_deref(), *expires_in, user.as_deref()).await
        }
        TokenCommand::List { directory, json } => list(&session, directory, *json).await,
        TokenCommand::Revoke { directory, token } => revoke(&session, directory, token).await,
    };
    session.close(done).await
}

async fn create(
    session: &Session,
    directory: &str,
    name: Option<&str>,
    expires_in: Option<Duration>,
    user: Option<&str>,
) -> Result<(), Failure> {
    let store = session.store.as_ref();
    let directory = directories::find(store, directory).await?;
    let token = match user {
        Some(user) => tokens::create_for_user(store, &session.clock, directory.id, name, expires_in, user).await?,
        None => tokens::create(store, &session.clock, directory.id, name, expires_in).await?,
    };
    output::line(token.secret.expose())?;
    let expires = token.row.expires.map_or_else(|| "does not expire".to_owned(), |at| format!("expires {}", at.to_rfc3339()));
    output::note(&format!("Token {:?} of Directory {:?}, {expires}. It is shown this once.", token.row.name, directory.name));
    Ok(())
}

async fn list(session: &Session, directory: &str, json: bool) -> Result<(), Failure> {
    let store = session.store.as_ref();
    let directory = directories::find(store, directory).await?;
    let tokens = tokens::list(store, directory.id).await?;
    let now = session.clock.now();
    if json {
        output::json(&tokens.iter().map(|token| describe(token, now)).collect())?;
    } else {
        let rows: Vec<[String; 5]> = tokens
            .iter()
            .map(|token| {
                let expires = token.expires.map_or_else(|| "never".to_owned(), Timestamp::to_rfc3339);
                [token.id.0.to_string(), token.name.clone(), state(token, now).to_owned(), token.created.to_rfc3339(), expires]
            })
            .collect();
        output::table(Some(["ID", "NAME", "STATE", "CREATED", "EXPIRES"]), &rows)?;
    }
    Ok(())
}

async fn revoke(session: &Session, directory: &str, name_or_id: &str) -> Result<(), Failure> {
    let store = session.store.as_ref();
    let directory = directories::find(store, directory).await?;
    let token = tokens::revoke(store, &session.clock, directory.id, name_or_id).await?;
    output::note(&format!("Revoked token {:?}, id {}. Every server refuses it within a second.", token.name, token.id.0));
    Ok(())
}

fn describe(token: &TokenRow, now: Timestamp) -> Value {
    json!({
        "id": token.id.0,
        "name": token.name,
        "state": state(token, now),
        "created": token.created.to_rfc3339(),
        "expires": token.expires.map(Timestamp::to_rfc3339),
        "user": token.user.map(|user| user.to_string()),
        "revoked": token.revoked.map(Timestamp::to_rfc3339),
    })
}

fn state(token: &TokenRow, now: Timestamp) -> &'static str {
    if token.revoked.is_some() {
        "revoked"
    } else if token.expires.is_some_and(|expires| expires <= now) {
        "expired"
    } else {
        "active"
    }
}
