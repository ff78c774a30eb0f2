//! A checked file into its Directory, a batch at a time.
//!
//! A batch is one transaction. What is there already is compared: the same is passed over, anything else ends the import. So an
//! import that was interrupted, wherever, goes on when it is begun again, and there is nothing to remember of it.

use super::check::{Checked, Target, refused, settings, taken};
use super::content::Rules;
use super::line::{Line, ResourceLine};
use super::reader::{Reader, Source};
use super::{Hear, Progress};
use crate::admin::definitions::{self, Timing};
use crate::admin::directories::{self, New};
use crate::admin::operator::Act;
use crate::admin::{AdminError, Operator};
use crate::directory::definitions::{read, registry};
use crate::directory::{Directory, Limits};
use crate::id::ResourceId;
use crate::store::operator::Operation;
use crate::store::transfer::{Edge, Exported, Imported, Taken};
use crate::store::{Basis, DirectoryRow, StoreError};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// Resources of a batch.
const BATCH_RESOURCES: usize = 200;

/// Bytes of lines from which on a batch is full whatever it holds.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Memberships of a batch; a line more may be in it.
const BATCH_EDGES: usize = 2_000;

/// How often a batch is tried because somebody else created one of its resources meanwhile.
const ATTEMPTS_MAX: u32 = 5;

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// Resources that were created.
    pub created: u64,
    /// Resources that were there already.
    pub passed_over: u64,
    /// Memberships that are there now.
    pub members: u64,
}

/// Reads the file a second time and writes what it holds. Begin and end are on record.
///
/// # Errors
/// [`AdminError::Line`]: a line contradicts what is there; what lies before it was written, and stays.
/// [`AdminError::File`]: it is not the file that was checked.
pub async fn import(
    operator: &Operator<'_>,
    target: &Target,
    checked: &Checked,
    source: Source<'_>,
    limits: &Limits,
    hear: Hear<'_>,
) -> Result<Done, AdminError> {
    let row = prepare(operator, target, checked).await?;
    let counted = json!({
        "resources": checked.counts.resources,
        "members": checked.counts.members,
        "passwordHashes": checked.begin.secrets,
        "sha256": checked.sha256,
    });
    record(operator, &row, "import.begin", counted).await?;
    let registry = registry(&read(operator.store, Some(row.id)).await?).map_err(AdminError::Definition)?;
    let building = registry.resource_types.iter().any(|of| of.indexed.iter().any(|indexed| !indexed.ready));
    let basis = Basis { revision: row.schema_revision, building };
    let directory = Directory::load(&row, registry).map_err(AdminError::Settings)?;
    let mut run = Run {
        operator,
        rules: Rules::of(&directory, limits),
        basis,
        hashes: checked.begin.secrets,
        batch: Vec::new(),
        batch_bytes: 0,
        edges: Vec::new(),
        edges_line: 0,
        done: Done::default(),
    };
    let mut reader = Reader::new(source, &limits.json);
    loop {
        match reader.next()? {
            Line::Begin(_) | Line::Definition(..) => {}
            Line::Resource(line) => run.resource(&reader, *line).await?,
            Line::Members { group, members } => run.members(&reader, group, &members).await?,
            Line::End(_) => break,
        }
        hear(Progress { resources: run.done.created + run.done.passed_over, members: run.done.members });
    }
    run.write_resources().await?;
    run.write_edges().await?;
    if reader.digest_before() != checked.sha256 {
        return Err(AdminError::File("it was changed while it was imported".to_owned()));
    }
    let done = run.done;
    let after = json!({ "created": done.created, "passedOver": done.passed_over, "members": done.members });
    record(operator, &row, "import.end", after).await?;
    Ok(done)
}

/// The Directory, as it has to be before resources come.
async fn prepare(operator: &Operator<'_>, target: &Target, checked: &Checked) -> Result<DirectoryRow, AdminError> {
    let Checked { begin, given, .. } = checked;
    let (mut row, timing) = match &target.row {
        Some(row) => (row.clone(), Timing::default()),
        None => {
            let new = New {
                name: &target.name,
                display_name: &begin.display_name,
                provider: &begin.provider,
                settings: &settings(begin)?,
                status: begin.status,
                protected: begin.protected,
            };
            // There is no token yet, so nobody goes by the schemas of before.
            (directories::create_as(operator, &new).await?, Timing::After(Duration::ZERO))
        }
    };
    if !given.is_empty() {
        definitions::give(operator, &row, given, timing).await?;
    }
    row = directories::find(operator.store, &row.name).await?;
    Ok(row)
}

async fn record(operator: &Operator<'_>, row: &DirectoryRow, name: &'static str, after: Value) -> Result<(), AdminError> {
    let target = row.id.0.to_string();
    let act =
        Act { at: None, name, directory: Some(row), target, target_name: row.name.clone(), before: None, after: Some(after) };
    operator.act(act, Operation::Record).await?;
    Ok(())
}

/// An import at work.
struct Run<'a> {
    operator: &'a Operator<'a>,
    rules: Rules<'a>,
    basis: Basis,
    /// Whether the file has password hashes; if not, those that are there are not compared.
    hashes: bool,
    /// What is to be written next, each with the number of its line.
    batch: Vec<(u64, Imported)>,
    batch_bytes: usize,
    edges: Vec<Edge>,
    /// The line of the first of them.
    edges_line: u64,
    done: Done,
}

impl Run<'_> {
    async fn resource(&mut self, reader: &Reader<'_>, line: ResourceLine) -> Result<(), AdminError> {
        let imported = self.rules.imported(line).map_err(|problem| reader.fault(problem))?;
        self.batch_bytes += imported.resource.document.len() + imported.resource.keys.len();
        self.batch.push((reader.number, imported));
        if self.batch.len() >= BATCH_RESOURCES || self.batch_bytes >= BATCH_BYTES { self.write_resources().await } else { Ok(()) }
    }

    async fn members(&mut self, reader: &Reader<'_>, group: ResourceId, members: &[ResourceId]) -> Result<(), AdminError> {
        self.write_resources().await?;
        if self.edges.is_empty() {
            self.edges_line = reader.number;
        }
        self.edges.extend(members.iter().map(|member| Edge { group, member: *member }));
        if self.edges.len() >= BATCH_EDGES { self.write_edges().await } else { Ok(()) }
    }

    async fn write_resources(&mut self) -> Result<(), AdminError> {
        let batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        if batch.is_empty() {
            return Ok(());
        }
        let (store, directory) = (self.operator.store, self.rules.directory.id);
        let ids: Vec<ResourceId> = batch.iter().map(|(_, one)| one.resource.id).collect();
        for _ in 0..ATTEMPTS_MAX {
            let stored = store.stored(directory, &ids).await?;
            let new = self.new_ones(&batch, stored)?;
            let created = new.len() as u64;
            if new.is_empty() {
                self.done.passed_over += batch.len() as u64;
                return Ok(());
            }
            match store.import_resources(directory, self.basis, self.operator.clock.now(), new).await {
                Ok(None) => {
                    self.done.created += created;
                    self.done.passed_over += batch.len() as u64 - created;
                    return Ok(());
                }
                Ok(Some(Taken { id, attribute })) => {
                    let line = batch.iter().find(|(_, one)| one.resource.id == id).map_or(0, |(line, _)| *line);
                    return Err(taken(line, &attribute));
                }
                // Another import of the same file was faster.
                Err(StoreError::Exists) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AdminError::TooBusy)
    }

    /// Those of a batch that are not there.
    fn new_ones(&self, batch: &[(u64, Imported)], stored: Vec<Exported>) -> Result<Vec<Imported>, AdminError> {
        let stored: HashMap<ResourceId, Exported> = stored.into_iter().map(|stored| (stored.id, stored)).collect();
        let mut new = Vec::with_capacity(batch.len());
        for (line, one) in batch {
            match stored.get(&one.resource.id) {
                None => new.push(one.clone()),
                Some(stored) if self.is_same(stored, one) => {}
                Some(_) => {
                    let problem = "id: the Directory has another resource, or another version of it, with this id".to_owned();
                    return Err(AdminError::Line { line: *line, problem });
                }
            }
        }
        Ok(new)
    }

    fn is_same(&self, stored: &Exported, one: &Imported) -> bool {
        let resource = &one.resource;
        stored.resource_type == resource.resource_type
            && stored.document == resource.document
            && (stored.version, stored.created, stored.last_modified) == (one.version, one.created, one.last_modified)
            && (stored.source, stored.held) == (resource.source, one.held)
            && (!self.hashes || stored.password_hash == resource.password_hash)
    }

    async fn write_edges(&mut self) -> Result<(), AdminError> {
        let edges = std::mem::take(&mut self.edges);
        if edges.is_empty() {
            return Ok(());
        }
        self.done.members += edges.len() as u64;
        let written = self.operator.store.import_members(self.rules.directory.id, edges).await;
        written.map_err(|error| refused(error, self.edges_line))
    }
}
