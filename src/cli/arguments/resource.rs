//! The commands of `scimd user` and `scimd group`.

use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;

/// What users and groups have in common.
#[derive(Subcommand)]
pub enum ResourceCommand {
    /// Create one that operators alone change, and print its id.
    Create {
        /// The name of the Directory.
        directory: String,
        /// A JSON file as a SCIM client would send it; - for standard input.
        file: PathBuf,
    },
    /// Replace one that an operator created.
    Edit {
        /// The name of the Directory.
        directory: String,
        /// The id, or the userName or displayName.
        name: String,
        /// A JSON file as a SCIM client would send it; - for standard input.
        file: PathBuf,
    },
    /// List those of a Directory.
    List {
        /// The name of the Directory.
        directory: String,
        /// Those that this filter selects, such as 'userName sw "b"'.
        #[arg(long)]
        filter: Option<String>,
        /// Those that the provider made, or those that an operator made.
        #[arg(long)]
        source: Option<SourceArgument>,
        /// Those that are active or disabled, or those that an operator disabled and no client enables.
        #[arg(long, conflicts_with = "source")]
        status: Option<StatusArgument>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one.
    Show {
        /// The name of the Directory.
        directory: String,
        /// The id, or the userName or displayName.
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Delete one, whoever made it.
    Delete {
        /// The name of the Directory.
        directory: String,
        /// The id, or the userName or displayName.
        name: String,
    },
    /// List those that were deleted and are kept, or remembered so that they do not come again.
    Deleted {
        /// The name of the Directory.
        directory: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Forget one that was deleted: what is kept of it goes for good, and the provider may create it anew.
    Purge {
        /// The name of the Directory.
        directory: String,
        /// The id that it had.
        id: String,
    },
}

/// `scimd user …`
#[derive(Subcommand)]
pub enum UserCommand {
    /// What users and groups have in common.
    #[command(flatten)]
    Resource(ResourceCommand),
    /// Disable a user, whoever made it.
    Disable {
        /// The name of the Directory.
        directory: String,
        /// The id or the userName.
        user: String,
    },
    /// Enable a user, whoever made it and whoever disabled it.
    Enable {
        /// The name of the Directory.
        directory: String,
        /// The id or the userName.
        user: String,
    },
    /// Set a user's password: asked for on a terminal, else the first line of standard input.
    ResetPassword {
        /// The name of the Directory.
        directory: String,
        /// The id or the userName.
        user: String,
        /// Make a password and print it, alone, on standard output.
        #[arg(long)]
        generate: bool,
    },
}

/// `scimd group …`
#[derive(Subcommand)]
pub enum GroupCommand {
    /// What users and groups have in common.
    #[command(flatten)]
    Resource(ResourceCommand),
    /// Take users into a group that an operator created.
    Add {
        /// The name of the Directory.
        directory: String,
        /// The id or the displayName.
        group: String,
        /// Their ids or userNames.
        #[arg(required = true)]
        users: Vec<String>,
    },
    /// Take users out of a group that an operator created.
    Remove {
        /// The name of the Directory.
        directory: String,
        /// The id or the displayName.
        group: String,
        /// Their ids or userNames.
        #[arg(required = true)]
        users: Vec<String>,
    },
}

/// Who made a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SourceArgument {
    /// The provider.
    Provisioned,
    /// An operator.
    Manual,
}

/// How a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusArgument {
    /// Not disabled.
    Active,
    /// Disabled, by whomsoever.
    Disabled,
    /// Disabled by an operator until an operator enables it.
    Held,
}
