//! The statements of a [`Listing`]: one arm for each type, merged into one order.
//!
//! Each arm finds its rows by its own index, begins behind the position itself, and ends where the page ends, so that
//! what is merged is a few pages at most. A position is the sort key and the id of the resource before it; resources
//! that went away or came since change nothing about what lies behind it.

use super::compiler::{Compiler, quote};
use super::page::{self, Source};
use super::predicate::{self, Location};
use super::probe;
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
    let by_id = match sort {
        None => Some(false),
        Some(_) => sources.iter().find_map(|(part, _, _, order)| match order {
            Order::Id { descending } if part.sort.is_some() => Some(*descending),
            Order::Id { .. } | Order::Key { .. } | Order::Index { .. } => None,
        }),
    };
    let descending = by_id.unwrap_or_else(|| sort.is_some_and(|sort| sort.descending));
    let after = After::new(&mut compiler, position, by_id, descending);
    let limit = compiler.bind_count(u64::from(listing.limit));
    let end = compiler.bind_count(offset.saturating_add(u64::from(listing.limit)));
    let offset = compiler.bind_count(offset);
    let frame = Frame { after, order: order_by(by_id, descending), end, null: null(dialect, sort) };

    let mut arms = Vec::with_capacity(sources.len());
    for (part, type_name, source, order) in sources {
        compiler.resource_type = part.resource_type;
        compiler.type_name = type_name;
        frame.arms(&mut compiler, part, &source, order, &mut arms);
    }
    let merged = arms.join(" UNION ALL ");
    let memberships = listing.parts.iter().any(|part| part.resource_type.member_of.is_some());
    let columns = page::columns(&compiler, memberships);
    let resource = page::look_up(&compiler, "page.id");
    let order = &frame.order;
    let sql = format!(
        "WITH page AS (SELECT id, sort_key FROM ({merged}) AS merged {order} LIMIT {limit} OFFSET {offset}) \
         SELECT {columns}, page.sort_key FROM page{resource} {}",
        order.replace("sort_key", "page.sort_key").replace(" id", " page.id")
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
    Ok(Compiler::new(dialect, directory, first.resource_type))
}

/// Where the rows of one type come from, and by what they are ordered.
fn arm(compiler: &mut Compiler<'_>, part: &Part<'_>, several: bool) -> Result<(Source, Order), StoreError> {
    let selection = page::selection(compiler, part.filter)?;
    let order = match part.sort {
        Some(sort) if several && predicate::location(compiler, &sort.target) == Location::Meta => {
            match constant_key(compiler, &sort.target) {
                Some(expression) => Order::Key { expression, descending: sort.descending },
                None => sort::order(compiler, part.sort, part.filter.is_some(), selection.probe.is_some())?,
            }
        }
        _ => sort::order(compiler, part.sort, part.filter.is_some(), selection.probe.is_some())?,
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

fn order_by(by_id: Option<bool>, descending: bool) -> String {
    match by_id {
        Some(true) => "ORDER BY id DESC".to_owned(),
        Some(false) => "ORDER BY id".to_owned(),
        None => sort::clause("sort_key", descending, "id"),
    }
}

/// What lies behind a position: conditions on columns `id` and `sort_key`.
struct After {
    /// Of rows with a sort key; of all rows, if the order is by id.
    keyed: String,
    /// Of rows without one.
    unkeyed: String,
}

impl After {
    fn new(compiler: &mut Compiler<'_>, position: Option<&Position>, by_id: Option<bool>, descending: bool) -> Self {
        let all = "TRUE".to_owned();
        let Some(Position { key, id }) = position else { return Self { keyed: all.clone(), unkeyed: all } };
        let id = compiler.bind(Bind::Id(id.0));
        let behind_id = format!("id > {id}");
        if let Some(descending) = by_id {
            let keyed = if descending { format!("id < {id}") } else { behind_id.clone() };
            return Self { keyed, unkeyed: behind_id };
        }
        let none = "FALSE".to_owned();
        match key {
            None => Self { keyed: if descending { all } else { none }, unkeyed: behind_id },
            Some(key) => {
                let key = compiler.bind(bind(key));
                let (from, behind) = if descending { ("<=", "<") } else { (">=", ">") };
                Self {
                    // The first half is what an index begins at.
                    keyed: format!("sort_key {from} {key} AND (sort_key {behind} {key} OR {behind_id})"),
                    unkeyed: if descending { none } else { all },
                }
            }
        }
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
    after: After,
    order: String,
    /// The parameter that says how many rows of an arm can be in the page or before it.
    end: String,
    null: &'static str,
}

impl Frame {
    /// Adds the arms of one type, each as a SELECT of `id` and `sort_key`.
    fn arms(&self, compiler: &mut Compiler<'_>, part: &Part<'_>, source: &Source, order: Order, arms: &mut Vec<String>) {
        let Frame { after: After { keyed, unkeyed }, order: order_by, end, null } = self;
        let Source { rows: source, id, condition } = source;
        let (from_keyed, from_unkeyed) = (on(keyed), on(unkeyed));
        let alias = compiler.alias('a');
        match order {
            Order::Id { .. } if order_by.contains("sort_key") => arms.push(format!(
                "SELECT * FROM (SELECT {id} AS id, {null} AS sort_key FROM {source} WHERE {condition} AND {} \
                 ORDER BY {id} LIMIT {end}) AS {alias}",
                unkeyed.replace("id >", &format!("{id} >"))
            )),
            Order::Id { descending } => {
                let direction = if descending { " DESC" } else { "" };
                arms.push(format!(
                    "SELECT * FROM (SELECT {id} AS id, {null} AS sort_key FROM {source} WHERE {condition} AND {} \
                     ORDER BY {id}{direction} LIMIT {end}) AS {alias}",
                    keyed.replace("id ", &format!("{id} "))
                ));
            }
            Order::Key { expression, .. } => arms.push(format!(
                "SELECT * FROM (SELECT id, sort_key FROM (SELECT {id} AS id, {expression} AS sort_key FROM {source} \
                 WHERE {condition}) AS {alias}k WHERE (sort_key IS NOT NULL AND {keyed}) OR (sort_key IS NULL AND {unkeyed}) \
                 {order_by} LIMIT {end}) AS {alias}"
            )),
            Order::Index { attribute, required, descending } => {
                let direction = if descending { "DESC" } else { "ASC" };
                let rows = probe::index_of(compiler, "v", &attribute);
                let values = match part.filter {
                    Some(_) => format!(
                        "SELECT v.resource_id AS id, v.value AS sort_key FROM attribute_values v \
                         JOIN resources r ON r.id = v.resource_id WHERE {rows} AND {from_keyed} AND {condition} \
                         ORDER BY v.value {direction}, v.resource_id LIMIT {end}"
                    ),
                    None => format!(
                        "SELECT v.resource_id AS id, v.value AS sort_key FROM attribute_values v WHERE {rows} AND {from_keyed} \
                         ORDER BY v.value {direction}, v.resource_id LIMIT {end}"
                    ),
                };
                arms.push(format!("SELECT * FROM ({values}) AS {alias}"));
                if !required && unkeyed != "FALSE" {
                    arms.push(self.without_value(compiler, &attribute, &values, descending, &from_unkeyed));
                }
            }
        }
    }

    /// Those that have no row in the index, by id. Ascending they come last, and are looked for only if those with a value
    /// leave room.
    fn without_value(
        &self,
        compiler: &mut Compiler<'_>,
        attribute: &str,
        values: &str,
        descending: bool,
        behind: &str,
    ) -> String {
        let Frame { end, null, .. } = self;
        let alias = compiler.alias('a');
        let (directory, type_name) = (&compiler.directory, &compiler.type_name);
        let present = probe::index_of(compiler, "w", attribute);
        let room = if descending { String::new() } else { format!(" AND (SELECT count(*) FROM ({values}) AS filled) < {end}") };
        let behind = behind.replace("v.resource_id", "r.id");
        format!(
            "SELECT * FROM (SELECT rest.id, {null} AS sort_key FROM (\
             SELECT r.id FROM resources r WHERE r.directory_id = {directory} AND r.resource_type = {type_name} AND {behind}{room} \
             EXCEPT SELECT w.resource_id FROM attribute_values w WHERE {present}{room}) AS rest \
             ORDER BY rest.id LIMIT {end}) AS {alias}"
        )
    }
}

/// A condition of [`After`] as one on row `v` of the index.
fn on(condition: &str) -> String {
    condition.replace("sort_key", "v.value").replace("id >", "v.resource_id >")
}
