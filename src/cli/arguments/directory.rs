//! The commands of `scimd directory`.

use crate::admin::directories;
use crate::scim::quirks::PROFILES;
use clap::builder::PossibleValuesParser;
use clap::{Subcommand, ValueEnum};

/// `scimd directory …`
#[derive(Subcommand)]
pub enum DirectoryCommand {
    /// Create a Directory.
    Create {
        /// Its name, as in URLs: 1 to 63 of a-z, 0-9 and -, beginning with a letter or digit.
        #[arg(value_parser = directory_name)]
        name: String,
        /// Its name for people.
        #[arg(long, default_value = "")]
        display_name: String,
        /// The identity provider whose ways it knows.
        #[arg(long, default_value = "generic", value_parser = PossibleValuesParser::new(PROFILES.iter().map(|profile| profile.name)))]
        provider: String,
        /// A setting that differs from the provider's profile, such as uniqueExternalId=true; may be repeated.
        #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
        settings: Vec<(String, String)>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List all Directories.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one Directory and its Base URL.
    Show {
        /// Its name.
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Change a Directory: its name for people, its provider, its settings.
    Edit {
        /// Its name.
        name: String,
        /// Its name for people from now on.
        #[arg(long)]
        display_name: Option<String>,
        /// The identity provider whose ways it knows from now on.
        #[arg(long, value_parser = PossibleValuesParser::new(PROFILES.iter().map(|profile| profile.name)))]
        provider: Option<String>,
        /// A setting that differs from the provider's profile; KEY= takes the profile's again. May be repeated.
        #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
        settings: Vec<(String, String)>,
        /// Whether it refuses to be deleted.
        #[arg(long, value_name = "BOOLEAN")]
        protected: Option<bool>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Pause a Directory: its clients are told to come again (503).
    Pause {
        /// Its name.
        name: String,
    },
    /// Resume a Directory that was paused or disabled.
    Resume {
        /// Its name.
        name: String,
    },
    /// Disable a Directory: its clients are refused (403).
    Disable {
        /// Its name.
        name: String,
    },
    /// Delete a Directory for good: its tokens are refused at once.
    Delete {
        /// Its name.
        name: String,
        /// What becomes of its users and groups: they stay, in a Directory without provider, or are removed with it.
        #[arg(long, value_enum)]
        users: Users,
    },
}

/// What becomes of the users and groups of a Directory that is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Users {
    /// They stay.
    Keep,
    /// They go.
    Remove,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("a setting is KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn directory_name(text: &str) -> Result<String, String> {
    if directories::is_name(text) {
        Ok(text.to_owned())
    } else {
        Err("a name has 1 to 63 of a-z, 0-9 and -, beginning with a letter or digit".to_owned())
    }
}
