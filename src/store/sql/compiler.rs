//! What is known while one statement is built.

use super::statement::{Bind, Dialect, Statement};
use crate::id::DirectoryId;
use crate::scim::schema::ResourceType;

/// Collects the parameters of one statement and hands out names that are new in it.
///
/// Throughout, the resource that a condition speaks of is the row `r` of `resources`.
#[derive(Debug)]
pub(super) struct Compiler<'q> {
    /// Whose SQL is written.
    pub dialect: Dialect,
    /// The type searched.
    pub resource_type: &'q ResourceType,
    /// The Directory.
    pub directory_id: DirectoryId,
    /// The parameter that holds it.
    pub directory: String,
    /// The parameter that holds the name of the type.
    pub type_name: String,
    /// Whether a part of the statement is served by no index: [`Statement::scans`].
    pub scans: bool,
    /// How many groups deep memberships reach.
    pub group_depth: u32,
    binds: Vec<Bind>,
    aliases: usize,
}

impl<'q> Compiler<'q> {
    /// Begins a statement about the resources of one type in one Directory.
    pub fn new(dialect: Dialect, directory: DirectoryId, resource_type: &'q ResourceType, group_depth: u32) -> Self {
        let mut compiler = Self {
            dialect,
            resource_type,
            directory_id: directory,
            directory: String::new(),
            type_name: String::new(),
            scans: false,
            group_depth,
            binds: Vec::new(),
            aliases: 0,
        };
        compiler.directory = compiler.bind(Bind::Integer(directory.0));
        compiler.type_name = compiler.bind(Bind::Text(resource_type.name.to_string()));
        compiler
    }

    /// Speaks of another type from here on.
    pub fn turn_to(&mut self, resource_type: &'q ResourceType) {
        self.resource_type = resource_type;
        self.type_name = self.bind(Bind::Text(resource_type.name.to_string()));
    }

    /// Takes a value along and returns the parameter that stands for it.
    pub fn bind(&mut self, value: Bind) -> String {
        self.binds.push(value);
        match self.dialect {
            Dialect::Sqlite => format!("?{}", self.binds.len()),
            Dialect::Postgres => format!("${}", self.binds.len()),
        }
    }

    /// Takes a text along.
    pub fn bind_text(&mut self, text: &str) -> String {
        self.bind(Bind::Text(text.to_owned()))
    }

    /// Takes along a number for LIMIT or OFFSET.
    ///
    /// SQLite 3.51 looks at the value of a parameter that stands alone there, and plans the statement anew each time a
    /// value is bound to it, which takes longer than to run it. It does not look behind a sign.
    pub fn bind_count(&mut self, count: u64) -> String {
        let parameter = self.bind(Bind::Integer(i64::try_from(count).unwrap_or(i64::MAX)));
        match self.dialect {
            Dialect::Sqlite => format!("+{parameter}"),
            Dialect::Postgres => parameter,
        }
    }

    /// Takes several values along: `?3, ?4`.
    pub fn bind_list(&mut self, values: impl IntoIterator<Item = Bind>) -> String {
        values.into_iter().map(|value| self.bind(value)).collect::<Vec<_>>().join(", ")
    }

    /// A name for a row that no other row of the statement has.
    pub fn alias(&mut self, prefix: char) -> String {
        self.aliases += 1;
        format!("{prefix}{}", self.aliases)
    }

    /// That the statement `SELECT 1 FROM {rows}` finds a row.
    ///
    /// SQLite 3.51 turns an EXISTS among the terms of a WHERE into a join, and then OFFSET skips rows of the join
    /// instead of rows of the result. As an operand it stays a condition.
    pub fn exists(&self, rows: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => format!("(EXISTS (SELECT 1 FROM {rows}) IS TRUE)"),
            Dialect::Postgres => format!("EXISTS (SELECT 1 FROM {rows})"),
        }
    }

    /// The finished statement.
    pub fn finish(self, sql: String) -> Statement {
        Statement { sql, binds: self.binds, scans: self.scans }
    }
}

/// A name of the registry as a string of SQL.
pub(super) fn quote(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}

/// Joins conditions by `AND` or `OR` as a balanced tree: SQLite reads a chain as a nest, and refuses nests deeper than
/// 1,000.
pub(super) fn join(conditions: &[String], operator: &str) -> String {
    match conditions {
        // All of none hold, and of none none holds.
        [] => if operator == "AND" { "TRUE" } else { "FALSE" }.to_owned(),
        [one] => one.clone(),
        _ => {
            let (left, right) = conditions.split_at(conditions.len() / 2);
            format!("({} {operator} {})", join(left, operator), join(right, operator))
        }
    }
}
