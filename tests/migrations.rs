//! Both back ends have the same tables: migrations of the same names, with the same tables, columns and indexes in them.
//!
//! Read as text: what a type is called differs, what there is must not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What a set of migrations makes.
#[derive(Debug, PartialEq, Eq, Default)]
struct Schema {
    /// The columns of each table.
    tables: BTreeMap<String, BTreeSet<String>>,
    /// The columns of each index, in order.
    indexes: BTreeMap<String, String>,
}

#[test]
fn migrations_have_the_same_names_on_both_back_ends() {
    let names = |backend: &str| files(backend).iter().map(|path| name(path)).collect::<Vec<_>>();
    assert!(!names("sqlite").is_empty());
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn both_back_ends_have_the_same_tables_columns_and_indexes() {
    let (sqlite, postgres) = (schema("sqlite"), schema("postgres"));
    assert!(sqlite.tables["resources"].contains("document"), "the tables were not read: {sqlite:?}");
    assert!(sqlite.indexes.contains_key("attribute_values_unique"), "the indexes were not read: {sqlite:?}");
    // What finds parts of values is a full-text table on SQLite, which points at a resource by its number, and a table with
    // a GIN index on PostgreSQL.
    let (mut sqlite, mut postgres) = (sqlite, postgres);
    assert!(sqlite.tables.get_mut("resources").expect("is there").remove("number"));
    assert!(postgres.tables.remove("substrings").expect("is there").contains("grams"));
    assert_eq!(postgres.indexes.remove("substrings_grams").as_deref(), Some("grams"));
    assert_eq!(sqlite.tables, postgres.tables);
    // SQLite keeps the rows of events in the order of seq alone, so that the key of PostgreSQL is an index there.
    let mut indexes = sqlite.indexes;
    assert_eq!(indexes.remove("events_by_directory").as_deref(), Some("directory_id, seq"));
    assert_eq!(indexes, postgres.indexes);
}

fn files(backend: &str) -> Vec<PathBuf> {
    // On SQLite the request log is in a file of its own.
    let folders = if backend == "sqlite" { vec!["sqlite", "sqlite-log"] } else { vec![backend] };
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in folders {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
        let entries = fs::read_dir(folder).expect("the migrations are there");
        files.extend(entries.map(|entry| entry.expect("the folder is readable").path()));
    }
    files.sort_by_key(|path| name(path));
    files
}

fn name(path: &Path) -> String {
    path.file_name().expect("a file").to_string_lossy().into_owned()
}

fn schema(backend: &str) -> Schema {
    let mut schema = Schema::default();
    for file in files(backend) {
        let text = fs::read_to_string(&file).expect("a migration is text");
        let code: Vec<&str> = text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
        for statement in code.join(" ").split(';') {
            schema.take(&statement.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    schema
}

impl Schema {
    fn take(&mut self, statement: &str) {
        let words: Vec<&str> = statement.split([' ', '(']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            ["CREATE", "TABLE", table, ..] => {
                self.tables.insert((*table).to_owned(), columns(inside(statement)));
            }
            ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY", "IF", "NOT", "EXISTS", index, ..]
            | ["CREATE", "INDEX", "CONCURRENTLY", "IF", "NOT", "EXISTS", index, ..]
            | ["CREATE", "UNIQUE", "INDEX", index, ..]
            | ["CREATE", "INDEX", index, ..] => {
                self.indexes.insert((*index).to_owned(), inside(statement).to_owned());
            }
            ["ALTER", "TABLE", table, "ADD", "COLUMN", column, ..] => {
                self.tables.entry((*table).to_owned()).or_default().insert((*column).to_owned());
            }
            _ => {}
        }
    }
}

/// What stands in the first pair of parentheses.
fn inside(statement: &str) -> &str {
    let start = statement.find('(').expect("a list of columns") + 1;
    let mut depth = 1;
    let end = statement[start..].find(|next| {
        depth += match next {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    });
    &statement[start..start + end.expect("the list ends")]
}

/// The names of columns in the body of a CREATE TABLE; constraints of the table are left out.
fn columns(body: &str) -> BTreeSet<String> {
    let mut depth = 0;
    let parts = body.split(|next| {
        depth += match next {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        next == ',' && depth == 0
    });
    parts
        .filter_map(|part| part.split_whitespace().next())
        .filter(|first| !["PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "CONSTRAINT"].contains(first))
        .map(str::to_owned)
        .collect()
}
