//! Memberships and references, whose facts lie in other rows.

use super::compare::{self, Test, unsupported};
use super::compiler::{Compiler, quote};
use super::json::Json;
use super::statement::{Bind, Dialect};
use crate::id::ResourceId;
use crate::scim::filter::{CompareOp, Literal};
use crate::scim::key::key;
use crate::scim::schema::{Attribute, MemberOf, Mutability, ResourceType, ShownType};
use crate::store::StoreError;
use std::cell::Cell;

/// From which end memberships are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// From the group: its members.
    Members,
    /// From the member: the groups that it is in, itself or through others, as far as this one of [`ResourceType::member_of`] shows them.
    MemberOf(usize),
}

impl Side {
    /// The column of `members` that holds the resource searched.
    pub fn near(self) -> &'static str {
        match self {
            Side::Members => "group_id",
            Side::MemberOf(_) => "member_id",
        }
    }

    /// What shows the memberships, if they are seen from the member.
    pub fn shows(self, resource_type: &ResourceType) -> Option<&MemberOf> {
        match self {
            Side::Members => None,
            Side::MemberOf(place) => resource_type.member_of.get(place),
        }
    }

    /// The column of `members` that holds the other one.
    pub fn far(self) -> &'static str {
        match self {
            Side::Members => "member_id",
            Side::MemberOf(_) => "group_id",
        }
    }
}

/// One membership of the resource in row `r`, and the resource at its other end.
#[derive(Debug)]
pub(super) struct Edge {
    side: Side,
    /// The column with the id of the other one.
    far: String,
    /// The column with the number of steps to it: 1, if the resource is a member itself. `None`: no other is looked for.
    depth: Option<String>,
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
    let walks = matches!(side, Side::MemberOf(_)) && compiler.group_depth > 1;
    let edge = Edge {
        side,
        far: format!("{row}.{}", side.far()),
        depth: walks.then(|| format!("{row}.depth")),
        other,
        other_used: Cell::new(false),
    };
    let mut holds = holds(compiler, &edge)?;
    if let Some(shows) = side.shows(compiler.resource_type) {
        if !shows.shows_all {
            holds = format!("({holds}) AND {}", is_of_type(&edge, shows.types.iter()));
        }
        if shows.written {
            holds = format!("({holds}) AND NOT {}", is_written(compiler, &edge, shows)?);
        }
    }
    let join = if edge.other_used.get() { other_end(compiler, &edge) } else { String::new() };
    if walks {
        let first = compiler.alias('m');
        let from =
            format!("members {first} WHERE {first}.directory_id = {} AND {first}.{} = r.id", compiler.directory, side.near());
        let groups = walk(compiler, side, &first, &from);
        return Ok(compiler.exists(&format!("({groups}) AS {row}{join} WHERE {holds}")));
    }
    Ok(compiler.exists(&format!(
        "members {row}{join} WHERE {row}.directory_id = {} AND {row}.{} = r.id AND {holds}",
        compiler.directory,
        side.near()
    )))
}

/// The statement that walks memberships from those in rows `{member}` of `first`, which stands behind FROM, step by step. It gives each
/// resource that it reaches as the far column, with its least `depth`. Seen from the member it goes up to groups of groups, seen
/// from groups down to members of members. What is reached twice at one depth is walked on from once, so a cycle ends with the
/// greatest depth.
pub(super) fn walk(compiler: &mut Compiler<'_>, side: Side, member: &str, first: &str) -> String {
    let (walk, next) = (compiler.alias('w'), compiler.alias('m'));
    let (far, depth) = (side.far(), compiler.group_depth);
    let step = step(compiler, side, &format!("{walk}.id"), &next);
    format!(
        "WITH RECURSIVE {walk} (id, depth) AS (SELECT {member}.{far}, 1 FROM {first} \
         UNION SELECT {next}.{far}, {walk}.depth + 1 FROM {walk}{step} WHERE {walk}.depth < {depth}) \
         SELECT {walk}.id AS {far}, min({walk}.depth) AS depth FROM {walk} GROUP BY {walk}.id"
    )
}

/// Joins rows `next` of `members` at whose near end the resource `id` is, to what stands before: one look-up after the other,
/// whatever the planner believes of a table that has just grown.
pub(super) fn step(compiler: &Compiler<'_>, side: Side, id: &str, next: &str) -> String {
    let (directory, near, far) = (&compiler.directory, side.near(), side.far());
    match compiler.dialect {
        Dialect::Sqlite => {
            format!(" CROSS JOIN members {next} ON {next}.directory_id = {directory} AND {next}.{near} = {id}")
        }
        Dialect::Postgres => format!(
            ", LATERAL (SELECT k.{far} FROM members k WHERE k.directory_id = {directory} AND k.{near} = {id} OFFSET 0) AS {next}"
        ),
    }
}

/// Joins the resource at the other end of a membership to what stands before.
fn other_end(compiler: &Compiler<'_>, edge: &Edge) -> String {
    let (directory, other, far) = (&compiler.directory, &edge.other, &edge.far);
    match (compiler.dialect, edge.depth.is_some()) {
        (_, false) => format!(" JOIN resources {other} ON {other}.directory_id = {directory} AND {other}.id = {far}"),
        (Dialect::Sqlite, true) => {
            format!(" CROSS JOIN resources {other} ON {other}.directory_id = {directory} AND {other}.id = {far}")
        }
        (Dialect::Postgres, true) => format!(
            ", LATERAL (SELECT k.resource_type, k.keys FROM resources k \
             WHERE k.directory_id = {directory} AND k.id = {far} OFFSET 0) AS {other}"
        ),
    }
}

/// That the other end is of one of these types.
fn is_of_type<'s>(edge: &Edge, types: impl Iterator<Item = &'s ShownType>) -> String {
    let names: Vec<String> = types.map(|shown| quote(&shown.name)).collect();
    edge.other_used.set(true);
    if names.is_empty() { "FALSE".to_owned() } else { format!("{}.resource_type IN ({})", edge.other, names.join(", ")) }
}

/// That a client wrote the value that the membership would show: then it shows nothing.
fn is_written(compiler: &mut Compiler<'_>, edge: &Edge, shows: &MemberOf) -> Result<String, StoreError> {
    let (table, element) = Json::keys_of("r").member(&shows.attribute.name)?.elements(compiler);
    let written = element.member("value")?.text(compiler.dialect);
    let value = value(compiler, edge, shows)?;
    Ok(compiler.exists(&format!("{table} WHERE {written} = {value}")))
}

/// What a membership shows as `value`: an attribute of the other end, or its id.
fn value(compiler: &Compiler<'_>, edge: &Edge, shows: &MemberOf) -> Result<String, StoreError> {
    let id = compare::id_text(compiler.dialect, &edge.far);
    let value = by_type(compiler, edge, shows, |shown| shown.value.as_deref())?;
    Ok(value.map_or(id.clone(), |value| format!("COALESCE({value}, {id})")))
}

/// An attribute of the other end, another one for each of its types; NULL for types without. `None`: no type has one.
fn by_type(
    compiler: &Compiler<'_>,
    edge: &Edge,
    shows: &MemberOf,
    name: impl Fn(&ShownType) -> Option<&str>,
) -> Result<Option<String>, StoreError> {
    let mut cases = String::new();
    for shown in &shows.types {
        if let Some(name) = name(shown) {
            let text = Json::keys_of(&edge.other).member(name)?.text(compiler.dialect);
            cases.push_str(&format!(" WHEN {} THEN {text}", quote(&shown.name)));
        }
    }
    if cases.is_empty() {
        return Ok(None);
    }
    edge.other_used.set(true);
    Ok(Some(format!("(CASE {}.resource_type{cases} END)", edge.other)))
}

/// A sub-attribute of one membership: `value`, `$ref`, `type`, `display`.
pub(super) fn membership(
    compiler: &mut Compiler<'_>,
    edge: &Edge,
    sub: &Attribute,
    test: Test<'_>,
) -> Result<String, StoreError> {
    let shows = edge.side.shows(compiler.resource_type);
    match (sub.name.as_str(), shows) {
        ("value", Some(shows)) if shows.types.iter().any(|shown| shown.value.is_some()) => {
            let text = value(compiler, edge, shows)?;
            text_test(compiler, &text, sub, test)
        }
        ("value", _) => compare::id(compiler, &edge.far, sub, test),
        ("type", Some(shows)) => kind(compiler, edge, shows, sub, test),
        ("display", Some(_)) => {
            edge.other_used.set(true);
            shown(compiler, &edge.other, sub, test)
        }
        // What only clients write: a membership has none of it.
        (_, Some(shows)) if shows.written => Ok(compare::truth(false).to_owned()),
        ("$ref", _) => match test {
            Test::Present => Ok("TRUE".to_owned()),
            Test::Compare(CompareOp::Eq, Literal::Text(literal)) => {
                let id = Literal::Text(last_segment(literal).to_owned());
                compare::id(compiler, &edge.far, sub, Test::Compare(CompareOp::Eq, &id))
            }
            Test::Compare(..) => Err(unsupported(sub)),
        },
        _ => {
            edge.other_used.set(true);
            shown(compiler, &edge.other, sub, test)
        }
    }
}

/// What a membership shows as `type`: an attribute of the other end, or how the resource came to be a member.
fn kind(
    compiler: &mut Compiler<'_>,
    edge: &Edge,
    shows: &MemberOf,
    sub: &Attribute,
    test: Test<'_>,
) -> Result<String, StoreError> {
    let reach = (!shows.written).then(|| match &edge.depth {
        None => quote(&key(sub, "direct")),
        Some(depth) => {
            let [direct, indirect] = ["direct", "indirect"].map(|reach| quote(&key(sub, reach)));
            format!("CASE {depth} WHEN 1 THEN {direct} ELSE {indirect} END")
        }
    });
    let text = match (by_type(compiler, edge, shows, |shown| shown.kind.as_deref())?, reach) {
        (None, None) => return Ok(compare::truth(false).to_owned()),
        (None, Some(_)) if edge.depth.is_none() => return compare::constant(&key(sub, "direct"), sub, test),
        (None, Some(reach)) => format!("({reach})"),
        (Some(text), None) => text,
        (Some(text), Some(reach)) => format!("COALESCE({text}, {reach})"),
    };
    let text = match compiler.dialect {
        Dialect::Sqlite => text,
        Dialect::Postgres => format!("({text} COLLATE \"C\")"),
    };
    text_test(compiler, &text, sub, test)
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
    text_test(compiler, &text, sub, test)
}

/// A text that may be NULL.
fn text_test(compiler: &mut Compiler<'_>, text: &str, sub: &Attribute, test: Test<'_>) -> Result<String, StoreError> {
    match test {
        Test::Present => Ok(format!("({text} <> '') IS TRUE")),
        Test::Compare(op, Literal::Text(literal)) => compare::text(compiler, text, op, literal).ok_or_else(|| unsupported(sub)),
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
