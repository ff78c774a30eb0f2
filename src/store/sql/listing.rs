//! The statements of a [`Listing`]: one arm for each type, merged into one order.
//!
//! Each arm finds its rows by its own index, begins behind the position itself, and ends where the page ends, so that
//! what is merged is a few pages at most. A position is the sort key and the id of the resource before it; resources
//! that went away or came since change nothing about what lies behind it.

use super::compiler::{Compiler, quote};
use super::page::{self, Source};
use super::predicate::{self, Location};
use super::scan;
use super::sort::{self, Order};
use super::statement::{Bind, Dialect, Statement};
use crate::id::DirectoryId;
use crate::scim::schema::{AttributeType, Target};
use crate::store::{Listing, ListingStart, Part, Position, SortKey, StoreError};

/// The resources of a page, in order: the columns of [`page::page`], then what each is sorted by.
///
/// # Errors
/// [`StoreError::Unsupported`]: a filter or the sort asks what SQL cannot say.
pub fn listing(dialect: Dialect, directory: DirectoryId, listing: &Listing<'_>) -> Result<Statement, StoreError> {
    let mut compiler = begin(dialect, directory, listing)?;
    let (offset, position) = match &listing.start {
        ListingStart::Offset(offset) => (*offset, None),
        ListingStart::After(position) => (0, Some(position)),
    };
    let several = listing.parts.len() > 1;
    let sort = listing.parts.iter().find_map(|part| part.sort);
    let mut sources = Vec::with_capacity(listing.parts.len());
    for (place, part) in listing.parts.iter().enumerate() {
        if place > 0 {
            compiler.turn_to(part.resource_type);
        }
        let type_name = compiler.type_name.clone();
        let (source, order) = arm(&mut compiler, part, several)?;
        sources.push((part, type_name, source, order));
    }
    let by_id = sources.iter().find_map(|(part, _, _, order)| match order {
        Order::Id { descending } if part.sort.is_some() || sort.is_none() => Some(*descending),
        Order::Id { .. } | Order::Moment { .. } | Order::Key { .. } | Order::Index { .. } => None,
    });
    let (by, descending) = match by_id {
        Some(descending) => (By::Id, descending),
        None => (By::Key, sort.is_some_and(|sort| sort.descending)),
    };
    let sequence = Sequence::new(&mut compiler, by, descending, position);
    let limit = compiler.bind_count(u64::from(listing.limit));
    let end = compiler.bind_count(offset.saturating_add(u64::from(listing.limit)));
    let offset = compiler.bind_count(offset);
    let frame = Frame { sequence, end, null: null(dialect, sort) };

    let mut arms = Vec::with_capacity(sources.len());
    for (part, type_name, source, order) in sources {
        compiler.resource_type = part.resource_type;
        compiler.type_name = type_name;
        frame.arms(&mut compiler, part, &source, order, &mut arms);
    }
    let merged = arms.join(" UNION ALL ");
    let memberships = listing.parts.iter().any(|part| !part.resource_type.member_of.is_empty());
    let columns = page::columns(&compiler, memberships);
    let resource = page::look_up(&compiler, "page.id");
    let (order, order_found) = (frame.sequence.clause("sort_key", "id"), frame.sequence.clause("page.sort_key", "page.id"));
    let sql = format!(
        "WITH page AS (SELECT id, sort_key FROM ({merged}) AS merged {order} LIMIT {limit} OFFSET {offset}) \
         SELECT {columns}, page.sort_key FROM page{resource} {order_found}"
    );
    Ok(compiler.finish(sql))
}

/// How many resources match in all, as one `bigint`.
///
/// # Errors
/// [`StoreError::Unsupported`]: a filter asks what SQL cannot say.
pub fn listing_total(dialect: Dialect, directory: DirectoryId, listing: &Listing<'_>) -> Result<Statement, StoreError> {
    let mut compiler = begin(dialect, directory, listing)?;
    let mut totals = Vec::with_capacity(listing.parts.len());
    for (place, part) in listing.parts.iter().enumerate() {
        if place > 0 {
            compiler.turn_to(part.resource_type);
        }
        totals.push(format!("({})", page::total_of(&mut compiler, part.filter)?));
    }
    let sql = format!("SELECT CAST({} AS bigint)", totals.join(" + "));
    Ok(compiler.finish(sql))
}

fn begin<'q>(dialect: Dialect, directory: DirectoryId, listing: &Listing<'q>) -> Result<Compiler<'q>, StoreError> {
    let first = listing.parts.first().ok_or_else(|| StoreError::Unsupported { attribute: "nothing".into() })?;
    Ok(Compiler::new(dialect, directory, first.resource_type, listing.group_depth))
}

/// Where the rows of one type come from, and by what they are ordered.
fn arm(compiler: &mut Compiler<'_>, part: &Part<'_>, several: bool) -> Result<(Source, Order), StoreError> {
    let selection = page::selection(compiler, part.filter)?;
    let across = part.sort.filter(|sort| several && predicate::location(compiler, &sort.target) == Location::Meta);
    let order = match across.and_then(|sort| Some((constant_key(compiler, &sort.target)?, sort.descending))) {
        Some((expression, descending)) => {
            let order = Order::Key { expression, descending };
            selection.note(compiler, &order);
            order
        }
        None => selection.order(compiler, part.sort, part.filter.is_some())?,
    };
    Ok((selection.source(compiler), order))
}

/// What differs between types only, or between types first: across several of them it has to be compared.
fn constant_key(compiler: &Compiler<'_>, target: &Target) -> Option<String> {
    let resource_type = compiler.resource_type;
    let id = match compiler.dialect {
        // Ids of one length in one letter case: without the dashes they have the same order.
        Dialect::Sqlite => "lower(hex(r.id))",
        Dialect::Postgres => "r.id::text",
    };
    let text = match target.sub.as_deref()?.name.as_str() {
        "resourceType" => quote(&resource_type.name),
        "location" => format!("{} || {id}", quote(&format!("{}/", resource_type.endpoint))),
        _ => return None,
    };
    Some(match compiler.dialect {
        Dialect::Sqlite => format!("({text})"),
        Dialect::Postgres => format!("(({text}) COLLATE \"C\")"),
    })
}

/// No sort key, of the type that the other arms have.
fn null(dialect: Dialect, sort: Option<&crate::store::Sort>) -> &'static str {
    let Some(sort) = sort.filter(|_| dialect == Dialect::Postgres) else { return "NULL" };
    let target = &sort.target;
    match (target.leaf().attribute_type, target.attribute.name == "meta") {
        (AttributeType::DateTime, true) => "NULL::bigint",
        (AttributeType::Boolean, _) => "NULL::boolean",
        (AttributeType::Integer | AttributeType::Decimal, _) => "NULL::float8",
        _ => "(NULL::text COLLATE \"C\")",
    }
}

/// The order of what is merged, and the position that it goes on behind: conditions on the columns that an arm names.
struct Sequence {
    by: By,
    descending: bool,
    behind: Option<Behind>,
}

/// By what the sequence is ordered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// By id alone.
    Id,
    /// By the sort key, then by id.
    Key,
}

/// The parameters of a position.
struct Behind {
    key: Option<String>,
    id: String,
}

impl Sequence {
    fn new(compiler: &mut Compiler<'_>, by: By, descending: bool, position: Option<&Position>) -> Self {
        let behind = position.map(|Position { key, id }| Behind {
            id: compiler.bind(Bind::Id(id.0)),
            key: key.as_ref().filter(|_| by == By::Key).map(|key| compiler.bind(bind(key))),
        });
        Self { by, descending, behind }
    }

    /// The `ORDER BY`.
    fn clause(&self, key: &str, id: &str) -> String {
        match (self.by, self.descending) {
            (By::Key, descending) => sort::clause(key, descending, id),
            (By::Id, false) => format!("ORDER BY {id}"),
            (By::Id, true) => format!("ORDER BY {id} DESC"),
        }
    }

    /// That a row with a sort key lies behind the position; if the order is by id, that any row does.
    fn keyed(&self, key: &str, id: &str) -> String {
        let Some(behind) = &self.behind else { return "TRUE".to_owned() };
        let later = if self.descending { "<" } else { ">" };
        let after = &behind.id;
        match (self.by, &behind.key) {
            (By::Id, _) => format!("{id} {later} {after}"),
            (By::Key, None) if self.descending => "TRUE".to_owned(),
            (By::Key, None) => "FALSE".to_owned(),
            // The first half is what an index begins at.
            (By::Key, Some(at)) => format!("{key} {later}= {at} AND ({key} {later} {at} OR {id} > {after})"),
        }
    }

    /// That a row without a sort key does.
    fn unkeyed(&self, id: &str) -> String {
        match &self.behind {
            Some(Behind { key: None, id: after }) => format!("{id} > {after}"),
            Some(Behind { key: Some(_), .. }) if self.descending => "FALSE".to_owned(),
            Some(Behind { key: Some(_), .. }) | None => "TRUE".to_owned(),
        }
    }

    /// Whether rows without a sort key can lie behind the position.
    fn reaches_unkeyed(&self) -> bool {
        !self.descending || self.behind.as_ref().is_none_or(|behind| behind.key.is_none())
    }
}

fn bind(key: &SortKey) -> Bind {
    match key {
        SortKey::Text(text) => Bind::Text(text.clone()),
        SortKey::Integer(integer) => Bind::Integer(*integer),
        SortKey::Number(number) => Bind::Number(*number),
        SortKey::Boolean(boolean) => Bind::Boolean(*boolean),
    }
}

/// What all arms have in common.
struct Frame {
    sequence: Sequence,
    /// The parameter that says how many rows of an arm can be in the page or before it.
    end: String,
    null: &'static str,
}

impl Frame {
    /// Adds the arms of one type, each as a SELECT of `id` and `sort_key`.
    fn arms(&self, compiler: &mut Compiler<'_>, part: &Part<'_>, source: &Source, order: Order, arms: &mut Vec<String>) {
        let Frame { sequence, end, null } = self;
        let Source { rows: source, id, condition } = source;
        let alias = compiler.alias('a');
        match order {
            Order::Id { .. } => {
                let (behind, order) = match sequence.by {
                    By::Id => (sequence.keyed("sort_key", id), sequence.clause("sort_key", id)),
                    By::Key => (sequence.unkeyed(id), format!("ORDER BY {id}")),
                };
                arms.push(format!(
                    "SELECT * FROM (SELECT {id} AS id, {null} AS sort_key FROM {source} WHERE {condition} AND {behind} \
                     {order} LIMIT {end}) AS {alias}"
                ));
            }
            Order::Moment { column, descending } => arms.push(format!(
                "SELECT * FROM (SELECT {id} AS id, {column} AS sort_key FROM {source} WHERE {condition} AND {} \
                 {} LIMIT {end}) AS {alias}",
                sequence.keyed(column, id),
                sort::moments(column, descending, id)
            )),
            Order::Key { expression, .. } => arms.push(format!(
                "SELECT * FROM (SELECT id, sort_key FROM (SELECT {id} AS id, {expression} AS sort_key FROM {source} \
                 WHERE {condition}) AS {alias}k WHERE (sort_key IS NOT NULL AND {}) OR (sort_key IS NULL AND {}) \
                 {} LIMIT {end}) AS {alias}",
                sequence.keyed("sort_key", "id"),
                sequence.unkeyed("id"),
                sequence.clause("sort_key", "id")
            )),
            Order::Index { attribute, required, descending } => {
                let values = self.indexed(compiler, &attribute, descending, part.filter.map(|_| condition.as_str()));
                arms.push(format!("SELECT * FROM ({values}) AS {alias}"));
                if !required && sequence.reaches_unkeyed() {
                    arms.push(self.without_value(compiler, &attribute, &values, descending));
                }
            }
        }
    }

    /// Those that have a row in the index, by its value; of them, those whose row `r` meets the condition.
    fn indexed(&self, compiler: &Compiler<'_>, attribute: &str, descending: bool, condition: Option<&str>) -> String {
        let rows = scan::index_of(compiler, "v", attribute);
        let behind = self.sequence.keyed("v.value", "v.resource_id");
        let (resource, condition) = match condition {
            Some(condition) => (" JOIN resources r ON r.id = v.resource_id", format!(" AND {condition}")),
            None => ("", String::new()),
        };
        let direction = if descending { "DESC" } else { "ASC" };
        format!(
            "SELECT v.resource_id AS id, v.value AS sort_key FROM attribute_values v{resource} \
             WHERE {rows} AND {behind}{condition} ORDER BY v.value {direction}, v.resource_id LIMIT {}",
            self.end
        )
    }

    /// Those that have no row in the index, by id. Ascending they come last, and are looked for only if those with a value
    /// leave room.
    fn without_value(&self, compiler: &mut Compiler<'_>, attribute: &str, values: &str, descending: bool) -> String {
        let Frame { sequence, end, null } = self;
        let alias = compiler.alias('a');
        let (directory, type_name) = (&compiler.directory, &compiler.type_name);
        let present = scan::index_of(compiler, "w", attribute);
        let room = if descending { String::new() } else { format!(" AND (SELECT count(*) FROM ({values}) AS filled) < {end}") };
        let behind = sequence.unkeyed("r.id");
        format!(
            "SELECT * FROM (SELECT rest.id, {null} AS sort_key FROM (\
             SELECT r.id FROM resources r WHERE r.directory_id = {directory} AND r.resource_type = {type_name} AND {behind}{room} \
             EXCEPT SELECT w.resource_id FROM attribute_values w WHERE {present}{room}) AS rest \
             ORDER BY rest.id LIMIT {end}) AS {alias}"
        )
    }
}
