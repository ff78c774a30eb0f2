//! The very first start: a Directory, a token, and how to use them.

use super::failure::Failure;
use super::output;
use crate::admin::first_start::{self, First};
use crate::admin::{AdminError, Operator};
use crate::auth::Secret;
use crate::clock::SystemClock;
use crate::config::DatabaseConfig;
use crate::config::DatabaseUrl;
use crate::store::OperatorStore;
use crate::store::audit::Actor;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

/// The file that the first token is written to when nobody watches.
const TOKEN_FILE: &str = "scimd-first-token";

/// Sets up a first Directory and token if there is no Directory, and says once how to use them.
///
/// On a terminal the token is printed. Otherwise standard output may well be a log, so the token goes into a file that
/// its owner alone can read, beside the SQLite database or in the working folder, and the path is printed (R31).
///
/// # Errors
/// The store failed, or the file that was opened could not be written.
pub async fn welcome(database: &DatabaseConfig, store: &dyn OperatorStore, public_url: &str) -> Result<(), Failure> {
    if !first_start::is_first(store).await? {
        return Ok(());
    }
    let mut file = None;
    if !io::stdout().is_terminal() {
        match TokenFile::create(&folder(&database.url)) {
            Ok(created) => file = Some(created),
            Err(error) => {
                tracing::warn!(
                    error = %error,
                    "there is no Directory yet, and no place for a first token: use `scimd directory create` and `scimd token create`"
                );
                return Ok(());
            }
        }
    }
    let operator = Operator::new(store, &SystemClock, Actor::server());
    match first_start::set_up(&operator).await {
        Ok(Some(First { directory, token })) => {
            let base_url = format!("{public_url}/scim/v2");
            let shown = match file {
                None => Shown::Secret(token.secret),
                Some(file) => Shown::File(file.write(&token.secret).map_err(unwritten)?),
            };
            if let Err(error) = say(&directory.name, &base_url, &shown) {
                // A server is no less a server when nobody reads its output.
                tracing::warn!(error = %error, "the first token could not be shown; `scimd token create` makes another");
            }
            Ok(())
        }
        Ok(None) => discard(file, Ok(())),
        Err(error) => discard(file, Err(error)),
    }
}

/// How the token is handed over.
enum Shown {
    Secret(Secret),
    File(PathBuf),
}

fn say(directory: &str, base_url: &str, shown: &Shown) -> io::Result<()> {
    let (token, in_curl) = match shown {
        Shown::Secret(secret) => (secret.expose().to_owned(), secret.expose().to_owned()),
        Shown::File(path) => {
            (format!("in {}, which its owner alone can read", path.display()), format!("$(cat {})", quoted(path)))
        }
    };
    output::line(&format!("scimd begins with a Directory \"{directory}\" and a token for it. This is said once."))?;
    output::line("")?;
    output::line(&format!("  Base URL  {base_url}"))?;
    output::line(&format!("  Token     {token}"))?;
    output::line("")?;
    output::line(&format!("  curl -H \"Authorization: Bearer {in_curl}\" {base_url}/Users"))?;
    output::line("")
}

fn unwritten(error: io::Error) -> Failure {
    let what = format!("the first token could not be written to its file: {error}");
    Failure::new(what, "Make another: `scimd token create default`.")
}

fn discard(file: Option<TokenFile>, done: Result<(), AdminError>) -> Result<(), Failure> {
    if let Some(file) = file {
        // What is left behind if this fails is an empty file.
        let _ = std::fs::remove_file(&file.path);
    }
    Ok(done?)
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

/// A new file for a token.
struct TokenFile {
    path: PathBuf,
    file: File,
}

impl TokenFile {
    /// Creates it in `folder`, with mode 0600. One that is left of an earlier database is replaced; `create_new` makes sure
    /// that the file is nobody else's, not even through a link.
    fn create(folder: &Path) -> io::Result<Self> {
        let path = folder.join(TOKEN_FILE);
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

    /// Writes the token, alone on a line. Returns the path.
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
    fn the_token_file_is_new_and_its_owner_alone_can_read_it() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().expect("a folder");
        let elsewhere = folder.path().join("elsewhere");
        std::fs::write(&elsewhere, "kept").expect("written");
        symlink(&elsewhere, folder.path().join(TOKEN_FILE)).expect("a link");
        let secret = Secret::generate().expect("randomness");
        let path = TokenFile::create(folder.path()).expect("created").write(&secret).expect("written");
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
