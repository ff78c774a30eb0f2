//! The ways through an index, as statements that find ids.

use super::compiler::{Compiler, quote};
use super::reference::{self, Side};
use super::statement::{Bind, Dialect, grams_text};
use crate::scim::filter::CompareOp;
use crate::scim::resource::Gram;
use crate::store::INDEX_VALUE_BYTES_MAX;
use uuid::Uuid;

/// A key that was cut has more bytes than this, because a character has at most four.
pub(super) const WHOLE_BYTES_MAX: usize = INDEX_VALUE_BYTES_MAX - 4;

/// One way through one index.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scan {
    /// These ids.
    Ids(Vec<Uuid>),
    /// Index rows with one of these values.
    Values { attribute: String, values: Vec<String> },
    /// Index rows from `from` on (exclusive: after it), up to `to` (exclusive: before it).
    Range { attribute: String, from: Option<Bound>, to: Option<Bound> },
    /// Index rows that pass a test of text, and those that were perhaps cut.
    Text { attribute: String, op: CompareOp, literal: String },
    /// Resources with all of these grams, and those with a value too long to have any.
    Grams { all: Vec<Gram>, long: Gram },
    /// Those at this end of memberships whose other end is one of these.
    Memberships { side: Side, others: Vec<Uuid> },
    /// Members of resources of a type that have one of these values in an indexed attribute.
    Held { holder: String, attribute: String, values: Vec<String> },
    /// Rows of `resources` before, at or after a moment, which `column` holds.
    Moment { column: &'static str, op: CompareOp, nanos: i128 },
}

/// One end of a [`Scan::Range`].
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bound {
    /// The key.
    pub value: String,
    /// Whether rows with that key are within.
    pub inclusive: bool,
}

/// The statement that finds the ids of all of `scans`; it may name one twice.
pub(super) fn select(compiler: &mut Compiler<'_>, scans: &[Scan]) -> String {
    scans.iter().map(|scan| scan.select(compiler)).collect::<Vec<_>>().join(" UNION ALL ")
}

impl Scan {
    /// The statement that finds its ids.
    fn select(&self, compiler: &mut Compiler<'_>) -> String {
        match self {
            Scan::Ids(ids) => {
                let alias = compiler.alias('t');
                let ids = equals(compiler, &format!("{alias}.id"), ids.iter().copied().map(Bind::Id));
                format!("SELECT {alias}.id FROM resources {alias} WHERE {alias}.directory_id = {} AND {ids}", compiler.directory)
            }
            Scan::Values { attribute, values } => {
                let (alias, rows) = index_rows(compiler, attribute);
                let values = equals(compiler, &format!("{alias}.value"), values.iter().cloned().map(Bind::Text));
                format!("{rows} AND {values}")
            }
            Scan::Range { attribute, from, to } => {
                let (alias, mut rows) = index_rows(compiler, attribute);
                for (bound, exclusive, inclusive) in [(from, ">", ">="), (to, "<", "<=")] {
                    if let Some(bound) = bound {
                        let sign = if bound.inclusive { inclusive } else { exclusive };
                        rows.push_str(&format!(" AND {alias}.value {sign} {}", compiler.bind_text(&bound.value)));
                    }
                }
                rows
            }
            Scan::Text { attribute, op, literal } => {
                let (alias, rows) = index_rows(compiler, attribute);
                let test = super::compare::text(compiler, &format!("{alias}.value"), *op, literal).unwrap_or("TRUE".to_owned());
                format!("{rows} AND ({test} OR octet_length({alias}.value) > {WHOLE_BYTES_MAX})")
            }
            Scan::Grams { all, long } => grams(compiler, all, *long),
            // Those in these groups, or in groups that are in them.
            Scan::Memberships { side: Side::MemberOf(_), others } if compiler.group_depth > 1 => {
                let groups = compiler.bind_list(others.iter().copied().map(Bind::Id));
                let member = compiler.alias('m');
                let directory = &compiler.directory;
                let from =
                    format!("members {member} WHERE {member}.directory_id = {directory} AND {member}.group_id IN ({groups})");
                below(compiler, &member, &from)
            }
            Scan::Memberships { side, others } => {
                let alias = compiler.alias('m');
                let others = equals(compiler, &format!("{alias}.{}", side.far()), others.iter().copied().map(Bind::Id));
                let near = side.near();
                format!(
                    "SELECT {alias}.{near} FROM members {alias} WHERE {alias}.directory_id = {} AND {others}",
                    compiler.directory
                )
            }
            Scan::Held { holder, attribute, values } => {
                let alias = compiler.alias('v');
                let values = equals(compiler, &format!("{alias}.value"), values.iter().cloned().map(Bind::Text));
                let (directory, holder, attribute) = (&compiler.directory, quote(holder), quote(attribute));
                let holders = format!(
                    "{alias}.directory_id = {directory} AND {alias}.resource_type = {holder} AND {alias}.attribute = {attribute} AND {values}"
                );
                let member = compiler.alias('m');
                let step = reference::step(compiler, Side::Members, &format!("{alias}.resource_id"), &member);
                below(compiler, &member, &format!("attribute_values {alias}{step} WHERE {holders}"))
            }
            Scan::Moment { column, op, nanos } => {
                let alias = compiler.alias('t');
                let test =
                    super::compare::instant(compiler, &format!("{alias}.{column}"), *op, *nanos).unwrap_or("TRUE".to_owned());
                let (directory, type_name) = (&compiler.directory, &compiler.type_name);
                format!(
                    "SELECT {alias}.id FROM resources {alias} \
                     WHERE {alias}.directory_id = {directory} AND {alias}.resource_type = {type_name} AND {test}"
                )
            }
        }
    }

    /// Takes the values of `other` in, if both go the same way through the same index.
    pub fn absorb(&mut self, other: &Scan) -> bool {
        match (self, other) {
            (Scan::Ids(ids), Scan::Ids(more)) => ids.extend_from_slice(more),
            (Scan::Values { attribute, values }, Scan::Values { attribute: other, values: more }) if attribute == other => {
                values.extend_from_slice(more);
            }
            (Scan::Memberships { side, others }, Scan::Memberships { side: other, others: more }) if side == other => {
                others.extend_from_slice(more);
            }
            (Scan::Held { holder, attribute, values }, Scan::Held { holder: other, attribute: of_other, values: more })
                if holder == other && attribute == of_other =>
            {
                values.extend_from_slice(more)
            }
            (this, other) => return this == other,
        }
        true
    }
}

/// The statement that finds the members in rows `member` of `first`, which stands behind FROM, and their members.
fn below(compiler: &mut Compiler<'_>, member: &str, first: &str) -> String {
    let alias = compiler.alias('t');
    let walk = reference::walk(compiler, Side::Members, member, first);
    format!("SELECT {alias}.member_id AS id FROM ({walk}) AS {alias}")
}

/// The beginning of a statement over the index rows of one attribute.
fn index_rows(compiler: &mut Compiler<'_>, attribute: &str) -> (String, String) {
    let alias = compiler.alias('v');
    let rows =
        format!("SELECT {alias}.resource_id AS id FROM attribute_values {alias} WHERE {}", index_of(compiler, &alias, attribute));
    (alias, rows)
}

/// That row `alias` of the index belongs to `attribute`.
pub(super) fn index_of(compiler: &Compiler<'_>, alias: &str, attribute: &str) -> String {
    let (directory, type_name, attribute) = (&compiler.directory, &compiler.type_name, quote(attribute));
    format!("{alias}.directory_id = {directory} AND {alias}.resource_type = {type_name} AND {alias}.attribute = {attribute}")
}

/// The statement that finds resources by grams. It is bound to the one index there is for them.
fn grams(compiler: &mut Compiler<'_>, all: &[Gram], long: Gram) -> String {
    let (dialect, directory, alias) = (compiler.dialect, compiler.directory.clone(), compiler.alias('s'));
    match dialect {
        Dialect::Sqlite => {
            let wanted = compiler.bind_text(&format!("({}) OR {}", grams_text(dialect, all), grams_text(dialect, &[long])));
            let resource = compiler.alias('t');
            format!(
                "SELECT {resource}.id FROM substrings {alias} CROSS JOIN resources {resource} \
                 ON {resource}.number = {alias}.rowid AND {resource}.directory_id = {directory} WHERE {alias}.substrings MATCH {wanted}"
            )
        }
        Dialect::Postgres => {
            let all = compiler.bind_text(&grams_text(dialect, all));
            let long = compiler.bind_text(&grams_text(dialect, &[long]));
            format!(
                "SELECT {alias}.resource_id AS id FROM (SELECT g.directory_id, g.resource_id FROM substrings g \
                 WHERE g.grams @> {all}::text::integer[] OR g.grams @> {long}::text::integer[] OFFSET 0) AS {alias} \
                 WHERE {alias}.directory_id = {directory}"
            )
        }
    }
}

/// `column = ?3`, or `column IN (?3, ?4)`.
pub(super) fn equals(compiler: &mut Compiler<'_>, column: &str, values: impl ExactSizeIterator<Item = Bind>) -> String {
    let one = values.len() == 1;
    let list = compiler.bind_list(values);
    if one { format!("{column} = {list}") } else { format!("{column} IN ({list})") }
}
