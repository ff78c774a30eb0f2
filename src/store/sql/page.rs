//! The statements of a search.

use super::compiler::{Compiler, join};
use super::predicate;
use super::probe::{self, Probe, Reach};
use super::scan;
use super::sort::{self, Order};
use super::statement::{Bind, Dialect, Statement};
use crate::id::DirectoryId;
use crate::scim::filter::ResolvedFilter;
use crate::store::{self, Query, Sort, Standing, Start, StoreError};

/// The resources of a page, in order.
///
/// Columns: `id`, `resource_type`, `document`, `version`, `created`, `last_modified`, `is_member`, `manual`, `held`; `is_member`
/// is FALSE for a type without an attribute for its memberships.
///
/// # Errors
/// [`StoreError::Unsupported`]: the filter or sort asks what SQL cannot say.
pub fn page(dialect: Dialect, directory: DirectoryId, query: &Query<'_>) -> Result<Statement, StoreError> {
    let mut compiler = Compiler::new(dialect, directory, query.resource_type, query.group_depth);
    let selection = selection(&mut compiler, query.filter)?;
    let order = selection.order(&mut compiler, query.sort, query.filter.is_some())?;
    let Source { rows: source, id, condition } = selection.source(&mut compiler);
    let columns = columns(&compiler, !compiler.resource_type.member_of.is_empty());
    let limit = compiler.bind_count(u64::from(query.limit));
    let (after, offset) = match query.start {
        Start::After(id) => (format!(" AND r.id > {}", compiler.bind(Bind::Id(id.0))), 0),
        Start::Offset(offset) => (String::new(), offset),
    };
    if order == (Order::Id { descending: false }) && offset == 0 {
        let sql = format!("SELECT {columns} FROM {source} WHERE {condition}{after} ORDER BY {id} LIMIT {limit}");
        return Ok(compiler.finish(sql));
    }
    let window = Window { limit, offset: compiler.bind_count(offset) };
    // Only ids and keys are sorted and skipped; the documents of the page are read afterwards.
    let by_key_in = |descending| sort::clause("page.sort_key", descending, "page.id");
    let (rows, order) = match order {
        Order::Id { descending: false } => (by_id(&source, &condition, id, &window), "ORDER BY page.id".to_owned()),
        Order::Id { descending: true } => {
            (by_id(&source, &condition, &format!("{id} DESC"), &window), "ORDER BY page.id DESC".to_owned())
        }
        Order::Moment { column, descending } => {
            let rows = sort::moments("sort_key", descending, "r.id");
            (by_key(&source, &condition, column, &rows, &window), sort::moments("page.sort_key", descending, "page.id"))
        }
        Order::Key { expression, descending } => {
            let rows = sort::clause("sort_key", descending, "r.id");
            (by_key(&source, &condition, &expression, &rows, &window), by_key_in(descending))
        }
        Order::Index { attribute, required, descending } => {
            let rows = match (query.filter, required) {
                (Some(_), _) => by_index_where(&compiler, &attribute, &condition, descending, &window),
                (None, true) => by_index(&compiler, &attribute, descending, &window),
                (None, false) => {
                    let end = compiler.bind_count(offset.saturating_add(u64::from(query.limit)));
                    by_index_and_without(&compiler, &attribute, descending, &window, &end)
                }
            };
            (rows, by_key_in(descending))
        }
    };
    let resource = look_up(&compiler, "page.id");
    let sql = format!("WITH page AS ({rows}) SELECT {columns} FROM page{resource} {order}");
    Ok(compiler.finish(sql))
}

/// The page of a list by id, of those that stand as `standing` says: for operators.
///
/// # Errors
/// [`StoreError::Unsupported`]: the filter asks what SQL cannot say.
pub fn roll(
    dialect: Dialect,
    directory: DirectoryId,
    query: &Query<'_>,
    standing: Option<Standing>,
) -> Result<Statement, StoreError> {
    let mut compiler = Compiler::new(dialect, directory, query.resource_type, query.group_depth);
    let selection = selection(&mut compiler, query.filter)?;
    selection.note(&mut compiler, &Order::Id { descending: false });
    let Source { rows: mut source, id, condition } = selection.source(&mut compiler);
    let mut among = |column: &str| {
        if dialect == Dialect::Sqlite && selection.probe.is_none() {
            source.push_str(&format!(" INDEXED BY resources_{column}"));
        }
        format!(" AND r.{column}")
    };
    let standing = match standing {
        None => String::new(),
        Some(Standing::Of(store::Source::Manual)) => among("manual"),
        Some(Standing::Held) => among("held"),
        Some(Standing::Of(store::Source::Provisioned)) => {
            // The others have an index of their own, and these may lie far apart between them.
            compiler.scans = true;
            " AND NOT r.manual".to_owned()
        }
    };
    let columns = columns(&compiler, !compiler.resource_type.member_of.is_empty());
    let after = match query.start {
        Start::After(after) => format!(" AND r.id > {}", compiler.bind(Bind::Id(after.0))),
        Start::Offset(_) => String::new(),
    };
    let limit = compiler.bind_count(u64::from(query.limit));
    Ok(compiler.finish(format!("SELECT {columns} FROM {source} WHERE {condition}{standing}{after} ORDER BY {id} LIMIT {limit}")))
}

/// How many resources match in all, as one `bigint`.
///
/// # Errors
/// [`StoreError::Unsupported`]: the filter asks what SQL cannot say.
pub fn total(dialect: Dialect, directory: DirectoryId, query: &Query<'_>) -> Result<Statement, StoreError> {
    let mut compiler = Compiler::new(dialect, directory, query.resource_type, query.group_depth);
    let sql = total_of(&mut compiler, query.filter)?;
    Ok(compiler.finish(sql))
}

/// The text of [`total`] for the type that `compiler` speaks of.
pub(super) fn total_of(compiler: &mut Compiler<'_>, filter: Option<&ResolvedFilter>) -> Result<String, StoreError> {
    let Some(filter) = filter else {
        return Ok(format!(
            "SELECT CAST(COALESCE(SUM(c.resources), 0) AS bigint) FROM counters c WHERE c.directory_id = {} AND c.resource_type = {}",
            compiler.directory, compiler.type_name
        ));
    };
    let selection = selection(compiler, Some(filter))?;
    compiler.scans |= selection.reach == Reach::All;
    if selection.predicates.is_empty()
        && let Some(probe) = &selection.probe
        && let Some(rows) = probe.index_rows(compiler)
    {
        let found = if probe.is_distinct() { rows } else { format!("SELECT DISTINCT rows.id FROM ({rows}) AS rows") };
        return Ok(format!("SELECT count(*) FROM ({found}) AS found"));
    }
    let Source { rows, condition, .. } = selection.source(compiler);
    Ok(format!("SELECT count(*) FROM {rows} WHERE {condition}"))
}

/// Row `r` of `resources` with this id, joined to what stands before.
///
/// PostgreSQL is left no other way than by the primary key. Its planner believes tables that have grown since the last
/// ANALYZE to be nearly empty, and may read all resources of the Directory instead of those few.
pub(super) fn look_up(compiler: &Compiler<'_>, id: &str) -> String {
    let directory = &compiler.directory;
    match compiler.dialect {
        Dialect::Sqlite => format!(" JOIN resources r ON r.directory_id = {directory} AND r.id = {id}"),
        Dialect::Postgres => {
            format!(", LATERAL (SELECT * FROM resources k WHERE k.directory_id = {directory} AND k.id = {id} OFFSET 0) AS r")
        }
    }
}

/// Row `r`, and what must hold for it.
pub(super) struct Source {
    /// What follows FROM.
    pub rows: String,
    /// Its id, as the column that the rows are found in the order of.
    pub id: &'static str,
    /// What follows WHERE.
    pub condition: String,
}

/// A filter, made ready.
pub(super) struct Selection {
    /// What finds candidates.
    pub probe: Option<Probe>,
    /// What is read to find what matches.
    reach: Reach,
    /// What must hold for the candidates.
    predicates: Vec<String>,
}

impl Selection {
    /// In which order the rows are to be read.
    pub fn order(&self, compiler: &mut Compiler<'_>, sort: Option<&Sort>, filtered: bool) -> Result<Order, StoreError> {
        let order = sort::order(compiler, sort, filtered, self.probe.is_some())?;
        self.note(compiler, &order);
        Ok(order)
    }

    /// Takes note if reading in this order is served by no index.
    pub fn note(&self, compiler: &mut Compiler<'_>, order: &Order) {
        compiler.scans |= match self.reach {
            Reach::Few => false,
            Reach::All => true,
            Reach::Page => !order.is_served(false),
            Reach::Matches => !order.is_served(true),
        };
    }

    /// Where the matching rows come from.
    pub fn source(&self, compiler: &mut Compiler<'_>) -> Source {
        let mut condition = format!("r.directory_id = {} AND r.resource_type = {}", compiler.directory, compiler.type_name);
        let mut source = ("resources r".to_owned(), "r.id");
        if let Some(probe) = &self.probe {
            let candidates = match compiler.dialect {
                Dialect::Sqlite => None,
                Dialect::Postgres => probe.candidates(compiler),
            };
            match candidates {
                Some(candidates) => {
                    let resource = look_up(compiler, "found.id");
                    let distinct = if probe.is_distinct() { "" } else { "DISTINCT " };
                    let found = format!("(SELECT {distinct}c.id FROM ({candidates}) AS c (id) ORDER BY c.id) AS found");
                    source = (found + &resource, "found.id");
                }
                None => {
                    if compiler.dialect == Dialect::Sqlite && !probe.is_by_id() {
                        // The others have all that is needed to sort by a moment, and SQLite would rather read them whole.
                        source.0.push_str(" INDEXED BY resources_by_type");
                    }
                    condition.push_str(" AND ");
                    condition.push_str(&probe.condition(compiler));
                }
            }
        }
        if !self.predicates.is_empty() {
            condition.push_str(" AND ");
            condition.push_str(&join(&self.predicates, "AND"));
        }
        Source { rows: source.0, id: source.1, condition }
    }
}

/// Which index serves `filter`, and what is left to check.
pub(super) fn selection(compiler: &mut Compiler<'_>, filter: Option<&ResolvedFilter>) -> Result<Selection, StoreError> {
    let mut terms = Vec::new();
    if let Some(filter) = filter {
        flatten(filter, &mut terms);
    }
    let mut best: Option<(usize, Probe)> = None;
    for (place, term) in terms.iter().enumerate() {
        if let Some(probe) = probe::probe(compiler, term)
            && best.as_ref().is_none_or(|(_, best)| probe::better(&probe, best))
        {
            best = Some((place, probe));
        }
    }
    let stated = best.as_ref().filter(|(_, probe)| probe.exact).map(|(place, _)| *place);
    let predicates = terms
        .iter()
        .enumerate()
        .filter(|(place, _)| stated != Some(*place))
        .map(|(_, term)| predicate::condition(compiler, term))
        .collect::<Result<Vec<_>, _>>()?;
    let probe = best.map(|(_, probe)| probe);
    let reach = match (&probe, terms.as_slice()) {
        (Some(probe), _) => probe.reach(!predicates.is_empty()),
        (None, []) => Reach::Page,
        (None, [term]) if probe::is_bare_moment(compiler, term) => Reach::Matches,
        (None, _) => Reach::All,
    };
    Ok(Selection { probe, reach, predicates })
}

/// The terms that all must hold.
fn flatten<'f>(filter: &'f ResolvedFilter, terms: &mut Vec<&'f ResolvedFilter>) {
    match filter {
        ResolvedFilter::And(filters) => filters.iter().for_each(|filter| flatten(filter, terms)),
        ResolvedFilter::Constant(true) => {}
        ResolvedFilter::Compare { .. }
        | ResolvedFilter::Present(_)
        | ResolvedFilter::Element { .. }
        | ResolvedFilter::Not(_)
        | ResolvedFilter::Or(_)
        | ResolvedFilter::Constant(false) => terms.push(filter),
    }
}

/// The columns of a resource. `memberships`: whether it is asked if it is a member.
pub(super) fn columns(compiler: &Compiler<'_>, memberships: bool) -> String {
    // Without OFFSET 0, PostgreSQL may read all memberships of the Directory into a table of its own first.
    let one_by_one = match compiler.dialect {
        Dialect::Sqlite => "",
        Dialect::Postgres => " OFFSET 0",
    };
    let is_member = if memberships {
        format!(
            "EXISTS (SELECT 1 FROM members m WHERE m.directory_id = {} AND m.member_id = r.id{one_by_one})",
            compiler.directory
        )
    } else {
        "FALSE".to_owned()
    };
    format!(
        "r.id, r.resource_type, r.document, r.version, r.created, r.last_modified, {is_member} AS is_member, r.manual, r.held"
    )
}

/// The parameters that bound a page.
struct Window {
    limit: String,
    offset: String,
}

fn by_id(source: &str, condition: &str, order: &str, Window { limit, offset }: &Window) -> String {
    format!("SELECT r.id FROM {source} WHERE {condition} ORDER BY {order} LIMIT {limit} OFFSET {offset}")
}

fn by_key(source: &str, condition: &str, key: &str, order: &str, Window { limit, offset }: &Window) -> String {
    format!("SELECT r.id, {key} AS sort_key FROM {source} WHERE {condition} {order} LIMIT {limit} OFFSET {offset}")
}

/// All resources, each of which has a row in the index.
fn by_index(compiler: &Compiler<'_>, attribute: &str, descending: bool, Window { limit, offset }: &Window) -> String {
    let rows = scan::index_of(compiler, "v", attribute);
    let direction = if descending { "DESC" } else { "ASC" };
    format!(
        "SELECT v.resource_id AS id, v.value AS sort_key FROM attribute_values v WHERE {rows} \
         ORDER BY v.value {direction}, v.resource_id LIMIT {limit} OFFSET {offset}"
    )
}

/// Those resources that match and have a row in the index; the caller knows that all have one.
fn by_index_where(
    compiler: &Compiler<'_>,
    attribute: &str,
    condition: &str,
    descending: bool,
    Window { limit, offset }: &Window,
) -> String {
    let rows = scan::index_of(compiler, "v", attribute);
    let direction = if descending { "DESC" } else { "ASC" };
    format!(
        "SELECT v.resource_id AS id, v.value AS sort_key FROM attribute_values v \
         JOIN resources r ON r.id = v.resource_id WHERE {rows} AND {condition} \
         ORDER BY v.value {direction}, v.resource_id LIMIT {limit} OFFSET {offset}"
    )
}

/// All resources: those in the index by it, and the others by id. Either part ends where the page ends. Ascending, the
/// others come last, and are looked for only if the first part leaves room.
fn by_index_and_without(compiler: &Compiler<'_>, attribute: &str, descending: bool, window: &Window, end: &str) -> String {
    let Window { limit, offset } = window;
    let (directory, type_name) = (&compiler.directory, &compiler.type_name);
    let (rows, present) = (scan::index_of(compiler, "v", attribute), scan::index_of(compiler, "w", attribute));
    let direction = if descending { "DESC" } else { "ASC" };
    let room = if descending { String::new() } else { format!(" AND (SELECT count(*) FROM with_value) < {end}") };
    let order = sort::clause("either.sort_key", descending, "either.id");
    format!(
        "WITH with_value AS (SELECT v.resource_id AS id, v.value AS sort_key FROM attribute_values v WHERE {rows} \
         ORDER BY v.value {direction}, v.resource_id LIMIT {end}) \
         SELECT either.id, either.sort_key FROM (\
         SELECT with_value.id, with_value.sort_key FROM with_value UNION ALL \
         SELECT * FROM (SELECT rest.id, NULL AS sort_key FROM (\
         SELECT r.id FROM resources r WHERE r.directory_id = {directory} AND r.resource_type = {type_name}{room} \
         EXCEPT SELECT w.resource_id FROM attribute_values w WHERE {present}{room}) AS rest \
         ORDER BY rest.id LIMIT {end}) AS without_value\
         ) AS either {order} LIMIT {limit} OFFSET {offset}"
    )
}
