//! `scimd user`: list, show, reset-password.

use super::arguments::{Arguments, UserCommand};
use super::failure::Failure;
use super::output;
use super::session::Session;
use crate::admin::{AdminError, directories, users};
use crate::auth::PasswordHasher;
use crate::config::PasswordConfig;
use crate::store::Stored;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

/// Random bytes of a generated password at least: 128 bits.
const GENERATED_BYTES_MIN: usize = 16;

/// Runs one of the commands.
///
/// # Errors
/// There is no such Directory or user, or the password is refused; or the store failed.
pub async fn run(arguments: &Arguments, command: &UserCommand) -> Result<(), Failure> {
    let session = Session::open(arguments).await?;
    let done = match command {
        UserCommand::List { directory, json } => list(&session, directory, *json).await,
        UserCommand::Show { directory, user, json } => show(&session, directory, user, *json).await,
        UserCommand::ResetPassword { directory, user, generate } => reset_password(&session, directory, user, *generate).await,
    };
    session.close(done).await
}

async fn list(session: &Session, directory: &str, json: bool) -> Result<(), Failure> {
    let store = session.store.as_ref();
    let directory = directories::find(store, directory).await?;
    let mut array = output::JsonArray::default();
    let mut names = Some(["ID", "USERNAME", "ACTIVE", "CREATED"]);
    let mut page = users::page(store, directory.id, None).await?;
    while let Some(last) = page.last().map(|user| user.id) {
        if json {
            for user in &page {
                array.push(&describe(user)?)?;
            }
        } else {
            let rows = page.iter().map(row).collect::<Result<Vec<_>, _>>()?;
            output::table(names.take(), &rows)?;
        }
        page = users::page(store, directory.id, Some(last)).await?;
    }
    if json {
        array.end()?;
    } else if names.is_some() {
        output::note("There are no users.");
    }
    Ok(())
}

async fn show(session: &Session, directory: &str, user: &str, json: bool) -> Result<(), Failure> {
    let store = session.store.as_ref();
    let directory = directories::find(store, directory).await?;
    let user = users::find(store, directory.id, user).await?;
    if json {
        output::json(&describe(&user)?)?;
        return Ok(());
    }
    let attributes = users::attributes(&user)?;
    let mut pairs = vec![
        ("id", user.id.to_string()),
        ("version", user.version.to_string()),
        ("created", user.created.to_rfc3339()),
        ("lastModified", user.last_modified.to_rfc3339()),
    ];
    pairs.extend(attributes.iter().map(|(name, value)| (name.as_str(), plain(value))));
    output::pairs(&pairs)?;
    Ok(())
}

async fn reset_password(session: &Session, directory: &str, user: &str, generate: bool) -> Result<(), Failure> {
    let store = session.store.as_ref();
    let directory = directories::find(store, directory).await?;
    let user = users::find(store, directory.id, user).await?;
    let config = &session.config.password;
    let password = if generate { generated(config)? } else { asked(config)? };
    users::set_password(&session.operator(), &PasswordHasher::new(config), &directory, &user, &password).await?;
    if generate {
        output::line(&password)?;
    }
    output::note(&format!("The password of user {} is set.", user.id));
    Ok(())
}

/// A random password, longer if the policy asks for more.
fn generated(config: &PasswordConfig) -> Result<String, Failure> {
    let mut random = vec![0; GENERATED_BYTES_MIN.max(config.length_min)];
    getrandom::fill(&mut random).map_err(AdminError::from)?;
    // Base64 is longer than its bytes by a third: cut where the policy ends.
    let mut password = URL_SAFE_NO_PAD.encode(random);
    password.truncate(config.bytes_max);
    Ok(password)
}

/// A password from the terminal, asked for twice and not shown; else the first line of standard input.
///
/// # Errors
/// The two differ, or the line is not UTF-8.
pub fn asked(config: &PasswordConfig) -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        let password = rpassword::prompt_password("New password: ")?;
        if rpassword::prompt_password("Once more: ")? != password {
            return Err(Failure::new("the two passwords differ", "Nothing was changed; try again."));
        }
        return Ok(password);
    }
    // One byte more than is allowed, so that what is too long is seen to be; two for the end of the line.
    let bytes_max = u64::try_from(config.bytes_max).unwrap_or(u64::MAX).saturating_add(3);
    let mut line = Vec::new();
    io::stdin().lock().take(bytes_max).read_until(b'\n', &mut line)?;
    let line = String::from_utf8(line).map_err(|_| Failure::new("the password is not UTF-8", "Nothing was changed."))?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    Ok(password.strip_suffix('\r').unwrap_or(password).to_owned())
}

fn row(user: &Stored) -> Result<[String; 4], Failure> {
    let attributes = users::attributes(user)?;
    let text = |name: &str| attributes.get(name).map(plain).unwrap_or_default();
    Ok([user.id.to_string(), text("userName"), text("active"), user.created.to_rfc3339()])
}

/// The stored attributes, with `id` and what the store knows of `meta`.
fn describe(user: &Stored) -> Result<Value, Failure> {
    let mut object = Map::new();
    object.insert("id".to_owned(), json!(user.id.to_string()));
    object.extend(users::attributes(user)?);
    let meta = json!({
        "resourceType": user.resource_type,
        "created": user.created.to_rfc3339(),
        "lastModified": user.last_modified.to_rfc3339(),
        "version": user.version,
    });
    object.insert("meta".to_owned(), meta);
    Ok(Value::Object(object))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
