//! `scimd user`: what it has in common with groups; disable, enable, reset-password.

use super::arguments::{Arguments, UserCommand};
use super::failure::Failure;
use super::output;
use super::resource;
use super::session::Session;
use crate::admin::{AdminError, Kind, directories, resources, users};
use crate::auth::PasswordHasher;
use crate::config::PasswordConfig;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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
        UserCommand::Resource(command) => resource::run(&session, Kind::User, command).await,
        UserCommand::Disable { directory, user } => set_active(&session, directory, user, false).await,
        UserCommand::Enable { directory, user } => set_active(&session, directory, user, true).await,
        UserCommand::ResetPassword { directory, user, generate } => reset_password(&session, directory, user, *generate).await,
    };
    session.close(done).await
}

async fn set_active(session: &Session, directory: &str, user: &str, active: bool) -> Result<(), Failure> {
    let workplace = session.workplace(directory).await?;
    let user = resources::find(session.store.as_ref(), workplace.directory.id, Kind::User, user).await?;
    let desk = workplace.desk().await?;
    let user = if active { users::enable(&desk, &user).await? } else { users::disable(&desk, &user).await? };
    output::note(&match (active, user.held) {
        (true, _) => format!("User {} is active.", user.id),
        (false, true) => format!("User {} is disabled until an operator enables it.", user.id),
        (false, false) => format!("User {} is disabled.", user.id),
    });
    Ok(())
}

async fn reset_password(session: &Session, directory: &str, user: &str, generate: bool) -> Result<(), Failure> {
    let store = session.store.as_ref();
    let directory = directories::find(store, directory).await?;
    let user = resources::find(store, directory.id, Kind::User, user).await?;
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
