//! A file against the Directory that it is for, before anything is written.
//!
//! It is kept of each resource which id it has, and of each unique value a hash: 16 bytes of either. All else is forgotten
//! line by line; values that are unique in all Directories when they have been looked for in the others, some at a time. What of this
//! a file has twice shows by the order of its ids and of its members, which rises.

use super::content::{Rules, membership_name, same_definition};
use super::line::{Begin, End, Line, ResourceLine};
use super::reader::{Reader, Source};
use super::{Counts, Hear, Progress};
use crate::admin::definitions::{self, Given};
use crate::admin::{AdminError, Operator, directories};
use crate::clock::Timestamp;
use crate::directory::definitions::{read, registry};
use crate::directory::settings::Settings;
use crate::directory::{Directory, Limits};
use crate::id::{DirectoryId, ResourceId};
use crate::scim::quirks::profile;
use crate::scim::schema::{ResourceType, Uniqueness};
use crate::store::operator::GlobalValue;
use crate::store::transfer::Edge;
use crate::store::{DefinitionKind, DefinitionRow, DirectoryRow, DirectoryStatus, IndexRow, OperatorStore, StoreError};
use serde_json::Value;
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher as _;
use std::sync::Arc;

/// After how many lines it is said how far it is.
const HEARD_LINES: u64 = 1_000;

/// Definitions of a file at most.
const DEFINITIONS_MAX: usize = 1_000;

/// How many values that are unique in all Directories are looked for at a time; those of the last line come on top.
const GLOBAL_VALUES: usize = 500;

/// The Directory that a file is for.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// It, if it is there.
    pub row: Option<DirectoryRow>,
    /// Whether it may be created, and be given the schemas and resource types that it lacks.
    pub create: bool,
}

impl Target {
    /// The Directory called `name`.
    ///
    /// # Errors
    /// [`AdminError::NoDirectory`] unless it may be created; [`AdminError::DirectoryName`], [`AdminError::Gone`].
    pub async fn find(store: &dyn OperatorStore, name: &str, create: bool) -> Result<Self, AdminError> {
        let row = match directories::find(store, name).await {
            Err(AdminError::NoDirectory(_)) if create => None,
            found => Some(found?),
        };
        if row.as_ref().is_some_and(|row| row.status == DirectoryStatus::Deleting) {
            return Err(AdminError::Gone(name.to_owned()));
        }
        if row.is_none() && !directories::is_name(name) {
            return Err(AdminError::DirectoryName(name.to_owned()));
        }
        Ok(Self { name: name.to_owned(), row, create })
    }
}

/// A file that is whole and right.
#[derive(Debug)]
pub struct Checked {
    /// What its first line says.
    pub begin: Begin,
    /// The definitions that the Directory lacks.
    pub given: Vec<Given>,
    /// What is in it.
    pub counts: Counts,
    /// Its digest.
    pub sha256: String,
    /// What the Directory has otherwise than the file, by name; its own holds.
    pub differs: Vec<&'static str>,
}

/// Reads a file from beginning to end and looks at each line.
///
/// # Errors
/// [`AdminError::Line`], [`AdminError::File`], [`AdminError::Target`], [`AdminError::Definition`].
pub async fn check(
    operator: &Operator<'_>,
    target: &Target,
    source: Source<'_>,
    limits: &Limits,
    hear: Hear<'_>,
) -> Result<Checked, AdminError> {
    let store = operator.store;
    let mut reader = Reader::new(source, &limits.json);
    let Line::Begin(begin) = reader.next()? else { return Err(reader.fault("the first line of an export is missing")) };
    let mut definitions = Vec::new();
    let mut line = reader.next()?;
    while let Line::Definition(kind, definition) = line {
        if definitions.len() == DEFINITIONS_MAX {
            return Err(reader.fault(format!("there are more than {DEFINITIONS_MAX} definitions")));
        }
        definitions.push((kind, definition));
        line = reader.next()?;
    }
    let row = match &target.row {
        Some(row) => row.clone(),
        None => prospective(&target.name, &begin, operator.clock.now())?,
    };
    let rows = read(store, target.row.as_ref().map(|row| row.id)).await?;
    let given = lacking(target, &rows, &begin, &definitions)?;
    let directory = Directory::load(&row, registry(&definitions::result(&rows, row.id, &given)).map_err(AdminError::Definition)?)
        .map_err(AdminError::Settings)?;
    let mut seen = Seen::new(Rules::of(&directory, limits));
    if let (Line::Resource(first), Some(row)) = (&line, &target.row) {
        empty_or_begun(store, row, first.id).await?;
    }
    let end = loop {
        match line {
            Line::Resource(resource) => seen.resource(&reader, *resource)?,
            Line::Members { group, members } => seen.members(&reader, group, &members)?,
            Line::End(end) => break end,
            Line::Begin(_) | Line::Definition(..) => return Err(reader.fault("it stands at the wrong place")),
        }
        if reader.number.is_multiple_of(HEARD_LINES) {
            hear(Progress { resources: seen.counts.all_resources(), members: seen.counts.members });
        }
        if seen.global.len() >= GLOBAL_VALUES {
            seen.look_elsewhere(store).await?;
        }
        line = reader.next()?;
    };
    seen.look_elsewhere(store).await?;
    seen.ends_with(&mut reader, &end)?;
    let differs = target.row.as_ref().map(|row| differences(row, &begin)).unwrap_or_default();
    Ok(Checked { begin: *begin, given, counts: end.counts, sha256: end.sha256, differs })
}

/// The Directory that will be created.
fn prospective(name: &str, begin: &Begin, now: Timestamp) -> Result<DirectoryRow, AdminError> {
    settings(begin)?;
    profile(&begin.provider).ok_or_else(|| AdminError::Provider(begin.provider.clone()))?;
    Ok(DirectoryRow {
        id: DirectoryId(0),
        name: name.to_owned(),
        display_name: begin.display_name.clone(),
        provider: begin.provider.clone(),
        settings: begin.settings.to_string(),
        created: now,
        status: begin.status,
        protected: begin.protected,
        disconnecting: false,
        revision: 1,
        schema_revision: 0,
    })
}

/// The settings of a file.
///
/// # Errors
/// [`AdminError::File`]: this server does not know them.
pub fn settings(begin: &Begin) -> Result<Settings, AdminError> {
    Settings::of_json(begin.settings.clone()).map_err(|_| AdminError::File("this server does not know its settings".to_owned()))
}

/// The definitions of the file that the Directory has not.
fn lacking(
    target: &Target,
    rows: &[DefinitionRow],
    begin: &Begin,
    definitions: &[(DefinitionKind, Value)],
) -> Result<Vec<Given>, AdminError> {
    let has = |name: &str| rows.iter().any(|row| row.kind != DefinitionKind::Building && row.name == *name);
    let in_file = |name: &str| definitions.iter().any(|(_, definition)| definitions::name_of(definition) == Some(name));
    let missing: Vec<&str> = begin.everyones.iter().map(String::as_str).filter(|name| !has(name) && !in_file(name)).collect();
    if !missing.is_empty() {
        let names = missing.join(", ");
        return Err(AdminError::Target(format!("every Directory has {names} where the file comes from, and none has it here")));
    }
    let texts: Vec<String> = definitions.iter().map(|(_, definition)| definition.to_string()).collect();
    let given = definitions::given(rows, &texts)?;
    let name = |one: &Given| one.name.clone();
    let other: Vec<String> = given.iter().filter(|one| one.before.is_some()).map(name).collect();
    if !other.is_empty() {
        return Err(AdminError::Target(format!("it has others by these names: {}", other.join(", "))));
    }
    if !given.is_empty() && !target.create {
        let names = given.iter().map(name).collect::<Vec<_>>().join(", ");
        return Err(AdminError::Target(format!("it lacks {names}, which it is only given where it may be created")));
    }
    Ok(given)
}

/// Refuses a Directory with resources that are not those of the file. The first of the file is the first that an import writes.
async fn empty_or_begun(store: &dyn OperatorStore, row: &DirectoryRow, first: ResourceId) -> Result<(), AdminError> {
    let is_empty = store.snapshot(row.id).await?.resources(None, 1).await?.is_empty();
    if is_empty || !store.stored(row.id, &[first]).await?.is_empty() {
        return Ok(());
    }
    Err(AdminError::Target("it has resources, and none of an import of this file that was interrupted".to_owned()))
}

/// What an existing Directory has otherwise than the file.
fn differences(row: &DirectoryRow, begin: &Begin) -> Vec<&'static str> {
    let same_settings = same_definition(&row.settings, &begin.settings);
    let pairs = [
        ("displayName", row.display_name != begin.display_name),
        ("provider", row.provider != begin.provider),
        ("settings", !same_settings),
        ("status", row.status != begin.status),
        ("protected", row.protected != begin.protected),
    ];
    pairs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

/// What is remembered of the lines so far.
struct Seen<'a> {
    rules: Rules<'a>,
    counts: Counts,
    last: Option<ResourceId>,
    last_edge: Option<Edge>,
    /// The ids of each type, which rise.
    ids: HashMap<String, (Arc<ResourceType>, Vec<ResourceId>)>,
    unique: Uniques,
    /// The values that are unique in all Directories and were not looked for yet, each with its line.
    global: Vec<(u64, GlobalValue)>,
}

impl<'a> Seen<'a> {
    fn new(rules: Rules<'a>) -> Self {
        let (ids, unique) = (HashMap::new(), Uniques::default());
        Self { rules, counts: Counts::default(), last: None, last_edge: None, ids, unique, global: Vec::new() }
    }

    fn resource(&mut self, reader: &Reader<'_>, mut line: ResourceLine) -> Result<(), AdminError> {
        if self.last_edge.is_some() {
            return Err(reader.fault("resources stand before memberships"));
        }
        if self.last.is_some_and(|last| last >= line.id) {
            return Err(reader.fault("id: ids rise from line to line, each is there once"));
        }
        self.last = Some(line.id);
        let (resource_type, document) = self.rules.document(&mut line).map_err(|problem| reader.fault(problem))?;
        for row in self.rules.directory.index_rows(&document, &resource_type) {
            if row.is_unique() {
                self.unique.add(reader.number, &resource_type.name, &row.attribute, &row.value);
            }
            if row.uniqueness == Uniqueness::Global {
                let (IndexRow { attribute, value, .. }, resource_type) = (row, resource_type.name.to_string());
                self.global.push((reader.number, GlobalValue { resource_type, attribute, value }));
            }
        }
        *self.counts.resources.entry(line.resource_type.clone()).or_default() += 1;
        self.ids.entry(line.resource_type).or_insert_with(|| (resource_type, Vec::new())).1.push(line.id);
        Ok(())
    }

    /// Refuses the first of the values that another Directory has.
    async fn look_elsewhere(&mut self, store: &dyn OperatorStore) -> Result<(), AdminError> {
        let (lines, values): (Vec<u64>, Vec<GlobalValue>) = self.global.drain(..).unzip();
        for (lines, values) in lines.chunks(GLOBAL_VALUES).zip(values.chunks(GLOBAL_VALUES)) {
            if let Some(&place) = store.taken_elsewhere(self.rules.directory.id, values).await?.first() {
                return Err(taken(lines[place], &values[place].attribute));
            }
        }
        Ok(())
    }

    fn members(&mut self, reader: &Reader<'_>, group: ResourceId, members: &[ResourceId]) -> Result<(), AdminError> {
        let is_in = |ids: &[ResourceId], id: ResourceId| ids.binary_search(&id).is_ok();
        let of_group = self.ids.values().find(|(resource_type, ids)| resource_type.membership.is_some() && is_in(ids, group));
        let Some((resource_type, _)) = of_group else {
            return Err(reader.fault("group: there is no resource with this id in the file that could have members"));
        };
        let allowed = self.rules.member_types(resource_type);
        for (place, member) in members.iter().enumerate() {
            let edge = Edge { group, member: *member };
            if self.last_edge.is_some_and(|last| last >= edge) {
                return Err(reader.fault("members: memberships rise by group and member, each is there once"));
            }
            self.last_edge = Some(edge);
            let known = allowed.iter().filter_map(|name| self.ids.get(name)).any(|(_, ids)| is_in(ids, *member));
            if !known || *member == group {
                let name = membership_name(resource_type);
                let problem = format!("{name}: element {} is no resource of the file that could be a member", place + 1);
                return Err(reader.fault(problem));
            }
        }
        self.counts.members += members.len() as u64;
        Ok(())
    }

    fn ends_with(mut self, reader: &mut Reader<'_>, end: &End) -> Result<(), AdminError> {
        if !reader.is_at_end()? {
            return Err(AdminError::File("it goes on behind its last line".to_owned()));
        }
        if self.counts != end.counts {
            return Err(AdminError::File("it has not as many resources and memberships as its last line says".to_owned()));
        }
        if reader.digest_before() != end.sha256 {
            return Err(AdminError::File(
                "it is not as it was written: its digest is another than its last line says".to_owned(),
            ));
        }
        match self.unique.twice() {
            Some((first, second, attribute)) => Err(AdminError::Line {
                line: second,
                problem: format!("{attribute}: line {first} has the same value, which is unique"),
            }),
            None => Ok(()),
        }
    }
}

/// Unique values by their hashes: two that are equal are taken for one value. The key is random, so nobody can make two that
/// fall together, and by chance of 10 million values two do so once in 300,000 times.
#[derive(Default)]
struct Uniques {
    key: RandomState,
    attributes: BTreeMap<String, u32>,
    /// The hash, the line, the number of the attribute.
    values: Vec<(u64, u32, u32)>,
}

impl Uniques {
    fn add(&mut self, line: u64, resource_type: &str, attribute: &str, value: &str) {
        let next = self.attributes.len() as u32;
        let number = *self.attributes.entry(attribute.to_owned()).or_insert(next);
        let hash = self.key.hash_one((resource_type, attribute, value));
        self.values.push((hash, u32::try_from(line).unwrap_or(u32::MAX), number));
    }

    /// Two lines with the same value of an attribute, and its name.
    fn twice(&mut self) -> Option<(u64, u64, &str)> {
        self.values.sort_unstable();
        let pair = self.values.windows(2).find(|pair| pair[0].0 == pair[1].0)?;
        let name = self.attributes.iter().find(|(_, number)| **number == pair[1].2).map(|(name, _)| name.as_str());
        Some((u64::from(pair[0].1), u64::from(pair[1].1), name.unwrap_or_default()))
    }
}

/// What it says of a value that another resource has, whichever Directory that is in.
pub(super) fn taken(line: u64, attribute: &str) -> AdminError {
    AdminError::Line { line, problem: format!("{attribute}: another resource has this value, which is unique") }
}

/// What a refused batch of the store means for the lines that it came of.
pub(super) fn refused(error: StoreError, line: u64) -> AdminError {
    match error {
        StoreError::UnknownMember => AdminError::Line {
            line,
            problem: "members: somebody of this line or of the next ones is gone from the Directory".to_owned(),
        },
        error => error.into(),
    }
}
