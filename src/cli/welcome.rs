//! The very first start: a Directory, a token, an owner's account, and how to use them.

use super::failure::Failure;
use super::output;
use crate::admin::Operator;
use crate::admin::first_start::{self, First};
use crate::auth::Secret;
use crate::clock::{SystemClock, Timestamp};
use crate::config::{Config, DatabaseUrl};
use crate::store::OperatorStore;
use crate::store::audit::Actor;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

/// The file that the first token is written to when nobody watches.
const TOKEN_FILE: &str = "scimd-first-token";

/// And the first owner's API key.
const KEY_FILE: &str = "scimd-first-api-key";

/// Sets up a first Directory and token if there is no Directory, and an owner's account if there is no account, and says
/// once how to use them.
///
/// On a terminal the secrets are printed. Otherwise standard output may well be a log, so each goes into a file that
/// its owner alone can read, beside the SQLite database or in the working folder, and the path is printed (R31).
///
/// # Errors
/// The store failed, or a file that was opened could not be written.
pub async fn welcome(config: &Config, store: &dyn OperatorStore, public_url: &str) -> Result<(), Failure> {
    let operator = Operator::new(store, &SystemClock, Actor::server());
    let folder = folder(&config.database.url);
    if first_start::is_first(store).await? {
        let lost =
            "there is no Directory yet, and no place for a first token: use `scimd directory create` and `scimd token create`";
        if let Some(place) = Place::open(&folder, TOKEN_FILE, lost) {
            match first_start::set_up(&operator).await {
                Ok(Some(First { directory, token })) => {
                    let shown = place.hand_over(token.secret).map_err(|error| unwritten(TOKEN_FILE, &error))?;
                    said(say_token(&directory.name, &format!("{public_url}/scim/v2"), &shown, token.row.expires));
                }
                Ok(None) => place.discard(),
                Err(error) => {
                    place.discard();
                    return Err(error.into());
                }
            }
        }
    }
    if config.admin.enabled && first_start::needs_owner(store).await? {
        let lost =
            "there is no account yet, and no place for a first API key: use `scimd account create` and `scimd api-key create`";
        if let Some(place) = Place::open(&folder, KEY_FILE, lost) {
            match first_start::set_up_owner(&operator).await {
                Ok(Some(key)) => {
                    let shown = place.hand_over(key.secret).map_err(|error| unwritten(KEY_FILE, &error))?;
                    said(say_key(public_url, &shown));
                }
                Ok(None) => place.discard(),
                Err(error) => {
                    place.discard();
                    return Err(error.into());
                }
            }
        }
    }
    Ok(())
}

/// Where a secret will be handed over.
enum Place {
    Terminal,
    File(SecretFile),
}

/// How it was handed over.
enum Shown {
    Secret(Secret),
    File(PathBuf),
}

impl Place {
    /// The terminal, or a new file called `name`; if there can be none, the log has `lost`, and nothing is to be made.
    fn open(folder: &Path, name: &str, lost: &str) -> Option<Self> {
        if io::stdout().is_terminal() {
            return Some(Self::Terminal);
        }
        match SecretFile::create(folder, name) {
            Ok(file) => Some(Self::File(file)),
            Err(error) => {
                tracing::warn!(error = %error, "{lost}");
                None
            }
        }
    }

    fn hand_over(self, secret: Secret) -> io::Result<Shown> {
        match self {
            Self::Terminal => Ok(Shown::Secret(secret)),
            Self::File(file) => file.write(&secret).map(Shown::File),
        }
    }

    /// There is nothing to hand over.
    fn discard(self) {
        if let Self::File(file) = self {
            // What is left behind if this fails is an empty file.
            let _ = std::fs::remove_file(&file.path);
        }
    }
}

impl Shown {
    /// As people read it, and as a shell does.
    fn texts(&self) -> (String, String) {
        match self {
            Self::Secret(secret) => (secret.expose().to_owned(), secret.expose().to_owned()),
            Self::File(path) => {
                (format!("in {}, which its owner alone can read", path.display()), format!("$(cat {})", quoted(path)))
            }
        }
    }
}

fn say_token(directory: &str, base_url: &str, shown: &Shown, expires: Option<Timestamp>) -> io::Result<()> {
    let (token, in_curl) = shown.texts();
    output::line(&format!("scimd begins with a Directory \"{directory}\" and a token for it. This is said once."))?;
    output::line("")?;
    output::line(&format!("  Base URL  {base_url}"))?;
    output::line(&format!("  Token     {token}"))?;
    if let Some(expires) = expires {
        output::line(&format!("  Expires   {}", expires.to_rfc3339()))?;
    }
    output::line("")?;
    output::line(&format!("  curl -H \"Authorization: Bearer {in_curl}\" {base_url}/Users"))?;
    output::line("")
}

fn say_key(public_url: &str, shown: &Shown) -> io::Result<()> {
    let (key, in_curl) = shown.texts();
    output::line("It also begins with an account \"owner\" and an API key of it, for the admin API. This is said once.")?;
    output::line("")?;
    output::line(&format!("  Admin API {public_url}/admin/api/v1/docs"))?;
    output::line(&format!("  API key   {key}"))?;
    output::line("")?;
    output::line(&format!("  curl -H \"Authorization: Bearer {in_curl}\" {public_url}/admin/api/v1/directories"))?;
    output::line("")
}

/// A server is no less a server when nobody reads its output.
fn said(done: io::Result<()>) {
    if let Err(error) = done {
        tracing::warn!(error = %error, "a first secret could not be shown; `scimd token create` and `scimd api-key create` make others");
    }
}

fn unwritten(name: &str, error: &io::Error) -> Failure {
    let what = format!("the file {name} could not be written: {error}");
    Failure::new(what, "Make another secret: `scimd token create default`, `scimd api-key create owner`.")
}

/// The folder of the SQLite database, or the working folder.
fn folder(url: &DatabaseUrl) -> PathBuf {
    let beside = match url.sqlite_file().and_then(Path::parent) {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    // Absolute, because who reads the line may stand elsewhere.
    std::path::absolute(beside).unwrap_or_else(|_| beside.to_owned())
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// A new file for a secret.
struct SecretFile {
    path: PathBuf,
    file: File,
}

impl SecretFile {
    /// Creates it in `folder`, with mode 0600. One that is left of an earlier database is replaced; `create_new` makes sure
    /// that the file is nobody else's, not even through a link.
    fn create(folder: &Path, name: &str) -> io::Result<Self> {
        let path = folder.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        Ok(Self { path, file })
    }

    /// Writes the secret, alone on a line. Returns the path.
    fn write(mut self, secret: &Secret) -> io::Result<PathBuf> {
        writeln!(self.file, "{}", secret.expose())?;
        self.file.sync_all()?;
        Ok(self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_file_is_new_and_its_owner_alone_can_read_it() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().expect("a folder");
        let elsewhere = folder.path().join("elsewhere");
        std::fs::write(&elsewhere, "kept").expect("written");
        symlink(&elsewhere, folder.path().join(TOKEN_FILE)).expect("a link");
        let secret = Secret::generate().expect("randomness");
        let path = SecretFile::create(folder.path(), TOKEN_FILE).expect("created").write(&secret).expect("written");
        assert_eq!(std::fs::read_to_string(&path).expect("read").trim_end(), secret.expose());
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_to_string(&elsewhere).expect("read"), "kept");
    }

    #[test]
    fn a_path_is_one_word_whatever_it_holds() {
        assert_eq!(quoted(Path::new("/a b/$c/d'e")), r"'/a b/$c/d'\''e'");
    }

    #[test]
    fn the_folder_is_that_of_the_database() {
        let folder = |url: &str| folder(&DatabaseUrl::parse(url).expect("a URL"));
        assert_eq!(folder("sqlite:/data/scimd.db"), Path::new("/data"));
        let here = std::env::current_dir().expect("a folder");
        assert_eq!(folder("sqlite:sub/scimd.db"), here.join("sub"));
        assert_eq!(folder("sqlite:scimd.db"), here);
        assert_eq!(folder("postgres://db/scimd"), here);
    }
}
