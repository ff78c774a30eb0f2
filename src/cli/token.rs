//! `scimd token`: create, list, activate, deactivate, renew, edit, revoke, delete.

use super::arguments::{Arguments, TokenCommand};
use super::failure::Failure;
use super::output;
use super::session::Session;
use crate::admin::tokens::{self, Edit, Lifetime, NewToken, OVERLAP_DEFAULT, State, Wanted};
use crate::admin::{Operator, directories};
use crate::clock::Timestamp;
use crate::store::operator::TokenUse;
use crate::store::{DirectoryRow, TokenRow};
use serde_json::{Value, json};
use std::time::Duration;

/// Runs one of the commands.
///
/// # Errors
/// There is no such Directory or token, or a live token of that name already; or the store failed.
pub async fn run(arguments: &Arguments, command: &TokenCommand) -> Result<(), Failure> {
    let session = Session::open(arguments).await?;
    let done = perform(&session, command).await;
    session.close(done).await
}

async fn perform(session: &Session, command: &TokenCommand) -> Result<(), Failure> {
    let operator = session.operator();
    let directory = directories::find(operator.store, command.directory()).await?;
    let directory = &directory;
    match command {
        TokenCommand::Create { name, expires_in, user, scopes, .. } => {
            let (expires_in, scopes) = (*expires_in, scopes.clone().unwrap_or_default());
            let wanted = Wanted { name: name.clone(), expires_in, scopes, user: user.clone() };
            show_secret(directory, &tokens::create(&operator, directory, wanted).await?)
        }
        TokenCommand::List { json, .. } => list(&operator, directory, *json).await,
        TokenCommand::Activate { token, .. } => {
            say("Activated", &tokens::activate(&operator, directory, token).await?, "Every server takes it within a second.");
            Ok(())
        }
        TokenCommand::Deactivate { token, .. } => {
            let row = tokens::deactivate(&operator, directory, token).await?;
            say("Deactivated", &row, "Every server refuses it within a second, until it is activated.");
            Ok(())
        }
        TokenCommand::Renew { token, overlap, expires_in, .. } => {
            let overlap = overlap.unwrap_or(OVERLAP_DEFAULT);
            renew(&operator, directory, token, overlap, *expires_in).await
        }
        TokenCommand::Edit { token, name, expires_in, never_expires, scopes, .. } => {
            let now = operator.clock.now();
            let at = |time: &Duration| Timestamp(now.0.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)));
            let expires = if *never_expires { Some(None) } else { expires_in.as_ref().map(|time| Some(at(time))) };
            let edit = Edit { name: name.clone(), expires, scopes: scopes.clone() };
            say("Changed", &tokens::edit(&operator, directory, token, edit).await?, "");
            Ok(())
        }
        TokenCommand::Revoke { token, .. } => {
            let row = tokens::revoke(&operator, directory, token).await?;
            say("Revoked", &row, "Every server refuses it within a second.");
            Ok(())
        }
        TokenCommand::Delete { token, .. } => {
            say("Deleted", &tokens::delete(&operator, directory, token).await?, "Every server refuses it within a second.");
            Ok(())
        }
    }
}

fn say(done: &str, token: &TokenRow, more: &str) {
    output::note(format!("{done} token {:?}, id {}. {more}", token.name, token.id.0).trim_end());
}

fn show_secret(directory: &DirectoryRow, token: &NewToken) -> Result<(), Failure> {
    output::line(token.secret.expose())?;
    let expires = token.row.expires.map_or_else(|| "does not expire".to_owned(), |at| format!("expires {}", at.to_rfc3339()));
    output::note(&format!("Token {:?} of Directory {:?}, {expires}. It is shown this once.", token.row.name, directory.name));
    Ok(())
}

async fn renew(
    operator: &Operator<'_>,
    directory: &DirectoryRow,
    token: &str,
    overlap: Duration,
    expires_in: Option<Duration>,
) -> Result<(), Failure> {
    let token = tokens::renew(operator, directory, token, overlap, expires_in).await?;
    show_secret(directory, &token)?;
    match &token.row.former {
        Some(former) => output::note(&format!("The secret of before is good until {}.", former.expires.to_rfc3339())),
        None => output::note("The secret of before is refused from now on, by every server within a second."),
    }
    Ok(())
}

async fn list(operator: &Operator<'_>, directory: &DirectoryRow, json: bool) -> Result<(), Failure> {
    let all = tokens::list(operator.store, directory.id).await?;
    let uses = tokens::uses(operator.store, directory.id).await?;
    let used = |token: &TokenRow| uses.iter().find(|one| one.token == token.id);
    let (lifetime, now) = (Lifetime::of(directory)?, operator.clock.now());
    if json {
        output::json(&all.iter().map(|token| describe(token, used(token), lifetime, now)).collect())?;
    } else {
        let rows: Vec<[String; 7]> = all
            .iter()
            .map(|token| {
                let expires = token.expires.map_or_else(|| "never".to_owned(), Timestamp::to_rfc3339);
                let beyond = if lifetime.is_exceeded_by(token, now) { " (beyond tokenDaysMax)" } else { "" };
                let scopes = if token.scopes.is_empty() { "everything".to_owned() } else { token.scopes.clone() };
                let last = used(token).map_or_else(|| "never".to_owned(), last_used);
                let state = State::of(token, now).word().to_owned();
                [token.id.0.to_string(), token.name.clone(), state, scopes, token.created.to_rfc3339(), expires + beyond, last]
            })
            .collect();
        output::table(Some(["ID", "NAME", "STATE", "SCOPES", "CREATED", "EXPIRES", "LAST USED"]), &rows)?;
    }
    Ok(())
}

fn last_used(one: &TokenUse) -> String {
    match &one.last_address {
        Some(address) => format!("{} from {address}", one.last_used.to_rfc3339()),
        None => one.last_used.to_rfc3339(),
    }
}

fn describe(token: &TokenRow, used: Option<&TokenUse>, lifetime: Lifetime, now: Timestamp) -> Value {
    json!({
        "id": token.id.0,
        "name": token.name,
        "kind": token.kind.word(),
        "state": State::of(token, now).word(),
        "scopes": token.scopes,
        "created": token.created.to_rfc3339(),
        "renewed": token.renewed.map(Timestamp::to_rfc3339),
        "formerExpires": token.former.as_ref().map(|former| former.expires.to_rfc3339()),
        "expires": token.expires.map(Timestamp::to_rfc3339),
        "beyondTokenDaysMax": lifetime.is_exceeded_by(token, now),
        "user": token.user.map(|user| user.to_string()),
        "inactive": token.inactive.map(Timestamp::to_rfc3339),
        "revoked": token.revoked.map(Timestamp::to_rfc3339),
        "lastUsed": used.map(|one| one.last_used.to_rfc3339()),
        "lastAddress": used.and_then(|one| one.last_address.clone()),
        "uses": used.map_or(0, |one| one.uses),
    })
}
