//! `scimd client`: create, list, set-keys. What is done with tokens otherwise, `scimd token` does with clients too.

use super::arguments::{Arguments, ClientCommand};
use super::failure::Failure;
use super::output;
use super::session::Session;
use crate::admin::clients::{self, NewClient, Wanted};
use crate::admin::tokens::State;
use crate::admin::{Operator, directories};
use crate::auth::oauth::keys::PublicKey;
use crate::auth::oauth::{ClientId, PublicKeys};
use crate::clock::Timestamp;
use crate::http::oauth::TOKEN_PATH;
use crate::store::{DirectoryRow, TokenRow};
use serde_json::{Value, json};
use std::io::Read as _;
use std::path::Path;

/// Runs one of the commands.
///
/// # Errors
/// There is no such Directory or client, or a live token of that name already; the keys are none; or the store failed.
pub async fn run(arguments: &Arguments, command: &ClientCommand) -> Result<(), Failure> {
    let session = Session::open(arguments).await?;
    let done = perform(&session, command).await;
    session.close(done).await
}

async fn perform(session: &Session, command: &ClientCommand) -> Result<(), Failure> {
    let operator = session.operator();
    let directory = directories::find(operator.store, command.directory()).await?;
    match command {
        ClientCommand::Create { name, expires_in, scopes, keys, json, .. } => {
            let keys = keys.as_deref().map(read).transpose()?;
            let scopes = scopes.clone().unwrap_or_default();
            let wanted = Wanted { name: name.clone(), expires_in: *expires_in, scopes, keys };
            let client = clients::create(&operator, &directory, wanted).await?;
            show(session, &directory, &client, *json)
        }
        ClientCommand::List { json, .. } => list(&operator, &directory, *json).await,
        ClientCommand::SetKeys { client, keys, .. } => {
            let row = clients::set_keys(&operator, &directory, client, &read(keys)?).await?;
            output::note(&format!(
                "Client {:?} has these keys from now on. What it was issued for others is refused by every server within a second.",
                row.name
            ));
            Ok(())
        }
    }
}

/// Public keys from a file, or from standard input for `-`.
fn read(file: &Path) -> Result<PublicKeys, Failure> {
    let mut text = String::new();
    let done = if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(file).map(|read| text = read)
    };
    done.map_err(|error| {
        Failure::new(format!("{} cannot be read: {error}", file.display()), "Name a file with a JSON Web Key Set.")
    })?;
    PublicKeys::parse(&text).map_err(|error| {
        Failure::new(
            format!("{}: {error}", file.display()),
            "docs/oauth.md says how to make a key, and a set of its public half.",
        )
    })
}

fn show(session: &Session, directory: &DirectoryRow, client: &NewClient, json: bool) -> Result<(), Failure> {
    let endpoint = format!("{}{TOKEN_PATH}", session.public_url());
    let secret = client.secret.as_ref().map(|secret| secret.expose().to_owned());
    let expires = client.row.expires.map(Timestamp::to_rfc3339);
    if json {
        let id = client.id.to_string();
        output::json(&json!({ "clientId": id, "clientSecret": secret, "tokenEndpoint": endpoint, "expires": expires }))?;
    } else {
        let mut pairs = vec![("Client id", client.id.to_string())];
        pairs.extend(secret.map(|secret| ("Client secret", secret)));
        pairs.push(("Token endpoint", endpoint));
        output::pairs(&pairs)?;
    }
    let shown = if client.secret.is_some() { "The secret is shown this once." } else { "It signs with its private key." };
    let expires = expires.map_or_else(|| "does not expire".to_owned(), |at| format!("expires {at}"));
    output::note(&format!("Client {:?} of Directory {:?}, {expires}. {shown}", client.row.name, directory.name));
    Ok(())
}

async fn list(operator: &Operator<'_>, directory: &DirectoryRow, json: bool) -> Result<(), Failure> {
    let all = clients::list(operator.store, directory.id).await?;
    let now = operator.clock.now();
    if json {
        output::json(&all.iter().map(|client| describe(client, now)).collect())?;
    } else {
        let rows: Vec<[String; 6]> = all
            .iter()
            .map(|client| {
                let expires = client.expires.map_or_else(|| "never".to_owned(), Timestamp::to_rfc3339);
                let scopes = if client.scopes.is_empty() { "everything".to_owned() } else { client.scopes.clone() };
                let shows = if client.jwks.is_some() { "keys" } else { "secret" };
                [id(client), client.name.clone(), State::of(client, now).word().to_owned(), shows.to_owned(), scopes, expires]
            })
            .collect();
        output::table(Some(["CLIENT ID", "NAME", "STATE", "SHOWS", "SCOPES", "EXPIRES"]), &rows)?;
    }
    Ok(())
}

fn id(client: &TokenRow) -> String {
    ClientId::of(client).map(|id| id.to_string()).unwrap_or_default()
}

fn describe(client: &TokenRow, now: Timestamp) -> Value {
    let keys = client.jwks.as_deref().and_then(|keys| PublicKeys::parse(keys).ok());
    let key = |key: &PublicKey| json!({ "kid": key.id, "thumbprint": key.thumbprint_text() });
    json!({
        "clientId": id(client),
        "id": client.id.0,
        "name": client.name,
        "state": State::of(client, now).word(),
        "scopes": client.scopes,
        "created": client.created.to_rfc3339(),
        "expires": client.expires.map(Timestamp::to_rfc3339),
        "renewed": client.renewed.map(Timestamp::to_rfc3339),
        "keys": keys.map(|keys| keys.iter().map(key).collect::<Vec<_>>()),
    })
}
