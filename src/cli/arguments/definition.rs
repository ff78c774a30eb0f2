//! The commands of `scimd schema` and `scimd resource-type`.

use clap::Subcommand;
use std::path::PathBuf;

/// `scimd schema …`, `scimd resource-type …`
#[derive(Subcommand)]
pub enum DefinitionCommand {
    /// Give the Directory the definition in a file, or a new version of one that it was given before.
    Add {
        /// The name of the Directory.
        directory: String,
        /// A JSON file, as docs/schemas.md describes it; - for standard input.
        file: PathBuf,
    },
    /// List those that the Directory has beside the built-in ones.
    List {
        /// The name of the Directory.
        directory: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print one as it was given.
    Show {
        /// The name of the Directory.
        directory: String,
        /// The URN of the schema, the name of the resource type.
        name: String,
    },
    /// Take one away, unless there are resources with it.
    Remove {
        /// The name of the Directory.
        directory: String,
        /// The URN of the schema, the name of the resource type.
        name: String,
    },
}
