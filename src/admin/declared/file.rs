//! The file that declares Directories.

use crate::admin::AdminError;
use crate::scim::schema::{Fault, Faults};
use serde::Deserialize;
use toml::Table;

/// Bytes of the file at most.
pub const FILE_BYTES_MAX: usize = 1_048_576;

/// Directories that a file declares at most.
const DIRECTORIES_MAX: usize = 1_000;

/// What a file declares.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// The Directories, in the order of the file.
    #[serde(default, rename = "directory")]
    pub directories: Vec<DeclaredDirectory>,
}

/// What it says of one Directory; what is absent stays as it is, or is what a new one has.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredDirectory {
    /// Its name in URLs.
    pub name: String,
    /// Its name for people.
    pub display_name: Option<String>,
    /// The provider whose profile it has.
    pub provider: Option<String>,
    /// `active`, `paused` or `disabled`.
    pub status: Option<String>,
    /// Whether it refuses to be deleted.
    pub protected: Option<bool>,
    /// The settings that differ from the profile's, all of them, as `scimd directory edit --set` names them.
    pub settings: Option<Table>,
    /// Paths of files with schemas and resource types that it has beside others.
    #[serde(default)]
    pub schemas: Vec<String>,
}

impl Declared {
    /// Reads the text of a file (TOML).
    ///
    /// # Errors
    /// [`AdminError::Declared`]: it is no TOML, says what nobody knows, or names a Directory twice.
    pub fn parse(text: &str) -> Result<Self, AdminError> {
        let refused = |path: String, problem: String| AdminError::Declared(Faults::one(path, problem));
        let declared: Self = toml::from_str(text).map_err(|error| {
            let line =
                error.span().map(|span| 1 + text.as_bytes().iter().take(span.start).filter(|byte| **byte == b'\n').count());
            refused(line.map(|line| format!("line {line}")).unwrap_or_default(), error.message().to_owned())
        })?;
        if declared.directories.len() > DIRECTORIES_MAX {
            return Err(refused(String::new(), format!("it declares more than {DIRECTORIES_MAX} Directories")));
        }
        let mut names: Vec<&str> = declared.directories.iter().map(|directory| directory.name.as_str()).collect();
        names.sort_unstable();
        let twice = names.windows(2).filter(|pair| pair[0] == pair[1]);
        let faults: Vec<Fault> = twice.map(|pair| Fault::new(place(pair[0]), "it is declared twice")).collect();
        if faults.is_empty() { Ok(declared) } else { Err(AdminError::Declared(Faults(faults))) }
    }

    /// The paths of all schemas and resource types that it names.
    pub fn schema_paths(&self) -> impl Iterator<Item = &str> {
        self.directories.iter().flat_map(|directory| directory.schemas.iter().map(String::as_str))
    }
}

/// What messages call a Directory of the file.
pub(super) fn place(name: &str) -> String {
    format!("Directory {name:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn fails(text: &str, says: &str) {
        let error = Declared::parse(text).expect_err(text).to_string();
        assert!(error.contains(says), "{error}");
    }

    #[test]
    fn a_file_says_what_it_wants_to() {
        let text = "[[directory]]\nname = \"acme\"\nschemas = [\"a.json\"]\n[directory.settings]\nuniqueExternalId = true\n\
                    [[directory]]\nname = \"other\"\nprotected = true\n";
        let declared = Declared::parse(text).expect("a file");
        assert_eq!(declared.directories.len(), 2);
        assert_eq!(declared.schema_paths().collect::<Vec<_>>(), ["a.json"]);
        let settings = declared.directories[0].settings.as_ref().expect("settings");
        assert_eq!(settings["uniqueExternalId"].as_bool(), Some(true));
        assert_eq!(declared.directories[1].settings, None);
        assert_eq!(Declared::parse("").expect("nothing is declared"), Declared::default());
    }

    #[test]
    fn what_nobody_knows_is_refused_with_its_line() {
        fails("[[directory]]\nname = \"acme\"\ncolour = \"red\"\n", "line 3: unknown field `colour`");
        fails("[[directory]]\ndisplay_name = \"Acme\"\n", "missing field `name`");
        fails("[[directory]]\nname = 7\n", "line 2");
        fails("[[directory]]\nname = \n", "line 2");
        fails("[server]\nlisten = \"x\"\n", "unknown field `server`");
        fails("[[directory]]\nname = \"a\"\n[[directory]]\nname = \"a\"\n", "Directory \"a\": it is declared twice");
    }
}
