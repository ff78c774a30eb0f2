//! The layers of a configuration, and which of them a value came from.

use std::fmt;
use std::path::{Path, PathBuf};

/// Environment variables that set a key.
pub const ENVIRONMENT: [(&str, &str); 5] = [
    ("SCIMD_DATABASE_URL", "database.url"),
    ("SCIMD_LISTEN", "server.listen"),
    ("SCIMD_PUBLIC_URL", "server.public_url"),
    ("SCIMD_PLAIN_HTTP", "server.plain_http"),
    ("SCIMD_LOG", "log.level"),
];

/// The environment variable that names the file, as `--config` does.
pub const ENVIRONMENT_FILE: &str = "SCIMD_CONFIG";

/// What lies over the defaults, the later fields over the earlier ones.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// A TOML file, if one is named.
    pub file: Option<ConfigFile>,
    /// Values from the environment.
    pub environment: Vec<Override>,
    /// Values from the command line.
    pub flags: Vec<Override>,
}

/// A configuration file, read.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its text, or why it could not be read.
    pub text: Result<String, String>,
}

/// One key, set outside a file.
#[derive(Clone)]
pub struct Override {
    /// The variable or flag: `SCIMD_LISTEN`, `--listen`.
    pub name: &'static str,
    /// The key it sets: `server.listen`.
    pub key: &'static str,
    /// The value.
    pub value: String,
}

impl fmt::Debug for Override {
    /// Without the value, which may be a URL with a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sets {}", self.name, self.key)
    }
}

impl Sources {
    /// The environment of this process, the file that it or `file` names, and `flags`.
    ///
    /// An empty variable counts as not set. Variables other than those of [`ENVIRONMENT`] are left alone, whatever their
    /// name: Kubernetes sets `SCIMD_PORT` and the like for a service called scimd.
    pub fn of_process(file: Option<&Path>, flags: Vec<Override>) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let file = file.map(Path::to_path_buf).or_else(|| variable(ENVIRONMENT_FILE).map(PathBuf::from));
        Self {
            file: file.map(ConfigFile::open),
            environment: ENVIRONMENT
                .into_iter()
                .filter_map(|(name, key)| Some(Override { name, key, value: variable(name)? }))
                .collect(),
            flags,
        }
    }
}

impl ConfigFile {
    fn open(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(&path).map_err(|error| format!("cannot be read: {error}"));
        Self { path, text }
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `config/default.toml`.
    Default,
    /// The file.
    File(PathBuf),
    /// An environment variable, by name.
    Environment(&'static str),
    /// A flag, by name.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the defaults"),
            Self::File(path) => path.display().fmt(f),
            Self::Environment(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}
