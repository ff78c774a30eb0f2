//! Memberships and references, whose facts lie in other rows.

use super::compare::{self, Test, unsupported};
use super::compiler::{Compiler, quote};
use super::json::Json;
use super::statement::{Bind, Dialect};
use crate::id::ResourceId;
use crate::scim::filter::{CompareOp, Literal};
use crate::scim::key::key;
use crate::scim::schema::{Attribute, Mutability};
use crate::store::StoreError;
use std::cell::Cell;

/// From which end memberships are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// From the group: its members.
    Members,
    /// From the member: the groups that it is in itself.
    MemberOf,
}

impl Side {
    /// The column of `members` that holds the resource searched.
    pub fn near(self) -> &'static str {
        match self {
            Side::Members => "group_id",
            Side::MemberOf => "member_id",
        }
    }

    /// The column of `members` that holds the other one.
    pub fn far(self) -> &'static str {
        match self {
            Side::Members => "member_id",
            Side::MemberOf => "group_id",
        }
    }
}

/// One membership of the resource in row `r`, and the resource at its other end.
#[derive(Debug)]
pub(super) struct Edge {
    side: Side,
    /// The column with the id of the other one.
    far: String,
    /// The row of the other one.
    other: String,
    /// Whether the condition looks at that row.
    other_used: Cell<bool>,
}

/// That there is a membership for which `holds` is true.
pub(super) fn exists(
    compiler: &mut Compiler<'_>,
    side: Side,
    holds: impl FnOnce(&mut Compiler<'_>, &Edge) -> Result<String, StoreError>,
) -> Result<String, StoreError> {
    let (row, other) = (compiler.alias('m'), compiler.alias('t'));
    let edge = Edge { side, far: format!("{row}.{}", side.far()), other, other_used: Cell::new(false) };
    let mut holds = holds(compiler, &edge)?;
    if let (Side::MemberOf, Some(types)) = (side, &compiler.resource_type.shown_types) {
        edge.other_used.set(true);
        let names: Vec<String> = types.iter().map(|name| quote(name)).collect();
        let shown =
            if names.is_empty() { "FALSE".to_owned() } else { format!("{}.resource_type IN ({})", edge.other, names.join(", ")) };
        holds = format!("({holds}) AND {shown}");
    }
    let join = match edge.other_used.get() {
        true => format!(
            " JOIN resources {other} ON {other}.directory_id = {row}.directory_id AND {other}.id = {far}",
            other = edge.other,
            far = edge.far
        ),
        false => String::new(),
    };
    Ok(compiler.exists(&format!(
        "members {row}{join} WHERE {row}.directory_id = {} AND {row}.{} = r.id AND {holds}",
        compiler.directory,
        side.near()
    )))
}

/// A sub-attribute of one membership: `value`, `$ref`, `type`, `display`.
pub(super) fn membership(
    compiler: &mut Compiler<'_>,
    edge: &Edge,
    sub: &Attribute,
    test: Test<'_>,
) -> Result<String, StoreError> {
    match (sub.name.as_str(), edge.side) {
        ("value", _) => compare::id(compiler, &edge.far, sub, test),
        ("$ref", _) => match test {
            Test::Present => Ok("TRUE".to_owned()),
            Test::Compare(CompareOp::Eq, Literal::Text(literal)) => {
                let id = Literal::Text(last_segment(literal).to_owned());
                compare::id(compiler, &edge.far, sub, Test::Compare(CompareOp::Eq, &id))
            }
            Test::Compare(..) => Err(unsupported(sub)),
        },
        ("type", Side::MemberOf) => compare::constant(&key(sub, "direct"), sub, test),
        _ => {
            edge.other_used.set(true);
            shown(compiler, &edge.other, sub, test)
        }
    }
}

/// Whether a sub-attribute of a reference to a resource is computed from the resource that `value` names (D-71).
pub(super) fn is_computed(attribute: &Attribute, sub: &Attribute) -> bool {
    attribute.is_resource_reference() && sub.name != "value" && (sub.name == "$ref" || sub.mutability == Mutability::ReadOnly)
}

/// A computed sub-attribute of the reference at `json`. It has no value while the resource does not exist.
pub(super) fn computed(compiler: &mut Compiler<'_>, json: &Json, sub: &Attribute, test: Test<'_>) -> Result<String, StoreError> {
    let value = json.member("value")?.text(compiler.dialect);
    let other = compiler.alias('t');
    let holds = match (sub.name.as_str(), test) {
        ("$ref", Test::Present) => "TRUE".to_owned(),
        ("$ref", Test::Compare(CompareOp::Eq, Literal::Text(literal))) => match ResourceId::parse(last_segment(literal)) {
            Some(id) => format!("{other}.id = {}", compiler.bind(Bind::Id(id.0))),
            None => return Ok("FALSE".to_owned()),
        },
        ("$ref", Test::Compare(..)) => return Err(unsupported(sub)),
        _ => shown(compiler, &other, sub, test)?,
    };
    Ok(compiler.exists(&format!(
        "resources {other} WHERE {other}.directory_id = {} AND {} AND {holds}",
        compiler.directory,
        same_id(compiler.dialect, &format!("{other}.id"), &value)
    )))
}

/// What a reference shows, as a scalar: for sorting by it.
pub(super) fn computed_text(compiler: &mut Compiler<'_>, json: &Json, sub: &Attribute) -> Result<String, StoreError> {
    let value = json.member("value")?.text(compiler.dialect);
    let other = compiler.alias('t');
    let text = shown_text(compiler.dialect, &other, sub)?;
    Ok(format!(
        "(SELECT {text} FROM resources {other} WHERE {other}.directory_id = {} AND {})",
        compiler.directory,
        same_id(compiler.dialect, &format!("{other}.id"), &value)
    ))
}

fn shown(compiler: &mut Compiler<'_>, other: &str, sub: &Attribute, test: Test<'_>) -> Result<String, StoreError> {
    let text = shown_text(compiler.dialect, other, sub)?;
    match test {
        Test::Present => Ok(format!("({text} <> '') IS TRUE")),
        Test::Compare(op, Literal::Text(literal)) => compare::text(compiler, &text, op, literal).ok_or_else(|| unsupported(sub)),
        Test::Compare(_, Literal::Boolean(_) | Literal::Number(_) | Literal::Instant(_)) => Err(unsupported(sub)),
    }
}

/// What is shown of the resource in row `other`: its type, or its `displayName`.
fn shown_text(dialect: Dialect, other: &str, sub: &Attribute) -> Result<String, StoreError> {
    match sub.name.as_str() {
        // Names of types are ASCII, for which the lower case is the folded one.
        "type" if sub.case_exact => Ok(format!("{other}.resource_type")),
        "type" => Ok(format!("lower({other}.resource_type)")),
        "display" | "displayName" => Ok(Json::keys_of(other).member("displayName")?.text(dialect)),
        _ => Err(unsupported(sub)),
    }
}

/// That the id in `column` is spelled `text`, said so that the primary key finds it.
fn same_id(dialect: Dialect, column: &str, text: &str) -> String {
    let spelled = compare::id_text(dialect, column);
    match dialect {
        Dialect::Sqlite => format!("{column} = unhex({text}, '-') AND {spelled} = {text}"),
        Dialect::Postgres => {
            let form = quote("^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$");
            format!("{column} = CASE WHEN {text} ~ {form} THEN {text}::uuid END")
        }
    }
}

/// The id in a URI such as `https://example.com/scim/v2/Users/2819c223-…`.
fn last_segment(uri: &str) -> &str {
    uri.rsplit_once('/').map_or(uri, |(_, last)| last)
}
