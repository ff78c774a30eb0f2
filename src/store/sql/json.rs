//! Reading the key document in each dialect.

use super::compiler::{Compiler, quote};
use super::statement::Dialect;
use crate::store::StoreError;

/// The greatest double, and less than which rounds to 0.
const DOUBLE_MAX: &str = "1.7976931348623157e308";
const DOUBLE_MIN: &str = "2.5e-324";

/// A value in a JSON document: an expression that yields the document, and the names that lead to the value.
#[derive(Debug, Clone)]
pub(super) struct Json {
    root: String,
    path: Vec<String>,
}

impl Json {
    /// The whole key document of the resource row `row`.
    pub fn keys_of(row: &str) -> Self {
        Self { root: format!("{row}.keys"), path: Vec::new() }
    }

    /// The member called `name`. A name that a JSON path of SQLite cannot quote is [`StoreError::Unsupported`].
    pub fn member(&self, name: &str) -> Result<Self, StoreError> {
        if name.contains(['"', '\\']) {
            return Err(StoreError::Unsupported { attribute: name.to_owned() });
        }
        let mut json = self.clone();
        json.path.push(name.to_owned());
        Ok(json)
    }

    /// The element that a row of [`Json::elements`] stands for.
    fn element(alias: &str) -> Self {
        Self { root: format!("{alias}.value"), path: Vec::new() }
    }

    /// The elements of the list, as a table expression, and one of them.
    pub fn elements(&self, compiler: &mut Compiler<'_>) -> (String, Json) {
        let alias = compiler.alias('e');
        let table = match compiler.dialect {
            Dialect::Sqlite if self.path.is_empty() => format!("json_each({}) AS {alias}", self.root),
            Dialect::Sqlite => format!("json_each({}, {}) AS {alias}", self.root, self.sqlite_path()),
            Dialect::Postgres => format!("jsonb_array_elements({}) AS {alias}(value)", self.postgres_value()),
        };
        (table, Json::element(&alias))
    }

    /// Of the list's elements the one that counts in sorting, as a scalar: the primary one, else the first. `value` says
    /// what of the element is wanted.
    pub fn chosen_element(
        &self,
        compiler: &mut Compiler<'_>,
        value: impl FnOnce(&Json) -> Result<String, StoreError>,
    ) -> Result<String, StoreError> {
        let (table, element) = self.elements(compiler);
        let primary = element.member("primary")?;
        let wanted = value(&element)?;
        Ok(match compiler.dialect {
            Dialect::Sqlite => {
                let alias = element.root.trim_end_matches(".value");
                // Elements that are no objects are no JSON either, so their members must not be asked for.
                let primary = format!("CASE {alias}.type WHEN 'object' THEN {} END", primary.scalar(compiler.dialect));
                format!("(SELECT {wanted} FROM {table} ORDER BY ({primary}) IS TRUE DESC, {alias}.key LIMIT 1)")
            }
            Dialect::Postgres => {
                let alias = element.root.trim_end_matches(".value");
                let table = table.replace(&format!(" AS {alias}(value)"), &format!(" WITH ORDINALITY AS {alias}(value, place)"));
                let primary = primary.postgres_value();
                format!("(SELECT {wanted} FROM {table} ORDER BY ({primary} = 'true') IS TRUE DESC, {alias}.place LIMIT 1)")
            }
        })
    }

    /// Whether there is a value.
    pub fn exists(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::Sqlite if self.path.is_empty() => format!("({} IS NOT NULL)", self.root),
            Dialect::Sqlite => format!("(json_type({}, {}) IS NOT NULL)", self.root, self.sqlite_path()),
            Dialect::Postgres => format!("({} IS NOT NULL)", self.postgres_value()),
        }
    }

    /// The value of a string, in byte order; NULL if there is none.
    pub fn text(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::Sqlite => self.scalar(dialect),
            Dialect::Postgres => format!("({} COLLATE \"C\")", self.scalar(dialect)),
        }
    }

    /// The value of a number as a double; NULL if there is none, or none that is finite. What is too small for a double
    /// is 0 (D-33).
    pub fn number(&self, dialect: Dialect) -> String {
        let scalar = self.scalar(dialect);
        match dialect {
            Dialect::Sqlite => format!("NULLIF(NULLIF(CAST({scalar} AS REAL), 9e999), -9e999)"),
            // PostgreSQL refuses to convert what is out of range, above and below.
            Dialect::Postgres => format!(
                "(CASE WHEN jsonb_typeof({value}) <> 'number' THEN NULL WHEN abs(({scalar})::numeric) > {DOUBLE_MAX} THEN NULL \
                 WHEN abs(({scalar})::numeric) < {DOUBLE_MIN} THEN 0 ELSE ({scalar})::float8 END)",
                value = self.postgres_value()
            ),
        }
    }

    /// The value of a boolean; NULL if there is none.
    pub fn boolean(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::Sqlite => self.scalar(dialect),
            Dialect::Postgres => {
                format!(
                    "(CASE jsonb_typeof({}) WHEN 'boolean' THEN ({})::boolean END)",
                    self.postgres_value(),
                    self.scalar(dialect)
                )
            }
        }
    }

    fn scalar(&self, dialect: Dialect) -> String {
        match (dialect, self.path.split_last()) {
            (Dialect::Sqlite, None) => self.root.clone(),
            (Dialect::Sqlite, Some(_)) => format!("json_extract({}, {})", self.root, self.sqlite_path()),
            (Dialect::Postgres, None) => format!("({} #>> '{{}}')", self.root),
            (Dialect::Postgres, Some((last, path))) => {
                let path: String = path.iter().map(|name| format!("->{}", quote(name))).collect();
                format!("({}{path}->>{})", self.root, quote(last))
            }
        }
    }

    fn postgres_value(&self) -> String {
        let path: String = self.path.iter().map(|name| format!("->{}", quote(name))).collect();
        format!("({}{path})", self.root)
    }

    fn sqlite_path(&self) -> String {
        let path: String = self.path.iter().map(|name| format!(".\"{name}\"")).collect();
        quote(&format!("${path}"))
    }
}
