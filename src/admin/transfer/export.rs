//! A Directory to lines.

use super::line::{self, Begin, End};
use super::notes::{self, Anew, Began, Last, Note, Secret};
use super::reader::Source;
use super::{Counts, LINE_BYTES_MAX, LINE_MEMBERS_MAX, Progress};
use crate::admin::audit::hex;
use crate::admin::operator::Act;
use crate::admin::{AdminError, Operator, directories};
use crate::clock::Timestamp;
use crate::directory::definitions::{self, registry};
use crate::id::ResourceId;
use crate::scim::resource::{Document, secret_names, without_secrets};
use crate::scim::schema::Registry;
use crate::store::operator::Operation;
use crate::store::transfer::{Edge, Exported, Snapshot};
use crate::store::{DefinitionKind, DefinitionRow, DirectoryRow, DirectoryStatus};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Resources of a page.
const PAGE_RESOURCES: u32 = 200;

/// Memberships of a page.
const PAGE_EDGES: u32 = 2_000;

/// How often an export begins anew because the Directory's settings or schemas changed while it did.
const ATTEMPTS_MAX: u32 = 5;

/// Events that are counted at most: those that come while an export begins.
const EVENTS_MAX: u32 = 1_000_000;

/// A Directory as it was when the export began, on its way out. Dropped, it has no last line, so the file is known to be cut.
pub struct Export {
    snapshot: Box<dyn Snapshot>,
    directory: DirectoryRow,
    registry: Arc<Registry>,
    definitions: Vec<DefinitionRow>,
    begin: Begin,
    stage: Stage,
    counts: Counts,
    digest: Sha256,
    /// Of all lines so far.
    bytes: u64,
    began: Began,
    secret: Secret,
}

/// What an interrupted export left, from the beginning on.
pub struct Left<'l> {
    /// What was noted of it: [`Export::first_note`] and each [`Export::note`], each with the end of its line.
    pub notes: Source<'l>,
    /// Its lines.
    pub part: Source<'l>,
}

/// What becomes of what an interrupted export left.
#[derive(Debug)]
pub enum Resumed {
    /// The export goes on behind the beginning of it.
    On(Kept),
    /// The export begins with the first line.
    Anew(Anew),
}

/// How much of what was left is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Bytes of the notes.
    pub notes_bytes: u64,
    /// Bytes of the lines.
    pub part_bytes: u64,
}

/// What comes next.
enum Stage {
    Begin,
    Resources(Option<ResourceId>),
    Members(Option<Edge>),
    Done,
}

impl Export {
    /// Begins an export of the Directory called `name`, on record. `secrets`: with password hashes, and with the values of
    /// attributes that are never returned.
    ///
    /// # Errors
    /// [`AdminError::NoDirectory`], [`AdminError::Gone`], [`AdminError::TooBusy`].
    pub async fn begin(operator: &Operator<'_>, name: &str, secrets: bool) -> Result<Self, AdminError> {
        let store = operator.store;
        let mut directory = directories::find(store, name).await?;
        for _ in 0..ATTEMPTS_MAX {
            let definitions = definitions::read(store, Some(directory.id)).await?;
            let settled = store.settled(directory.id).await?;
            let mut snapshot = store.snapshot(directory.id).await?;
            let mark = snapshot.mark(settled, EVENTS_MAX).await?.ok_or_else(|| AdminError::NoDirectory(name.to_owned()))?;
            // The schemas are those of the snapshot if they have not moved until after it was taken; so is the rest.
            let now = directories::find(store, name).await?;
            if now.status == DirectoryStatus::Deleting {
                return Err(AdminError::Gone(now.name));
            }
            if now.schema_revision != directory.schema_revision || now.revision != mark.revision || now.id != directory.id {
                directory = now;
                continue;
            }
            let registry = registry(&definitions).map_err(AdminError::Definition)?;
            let everyones = definitions.iter().filter(|row| row.directory.is_none()).map(|row| row.name.clone()).collect();
            let left_out = if secrets { Vec::new() } else { secret_names(&registry) };
            let exported = operator.clock.now();
            let begin = Begin::of(&now, exported, everyones, secrets, left_out);
            let export = Self {
                snapshot,
                registry,
                definitions,
                begin,
                stage: Stage::Begin,
                counts: Counts::default(),
                digest: Sha256::new(),
                bytes: 0,
                began: Began::of(&now, exported.0, secrets, settled, &mark),
                secret: Secret::of(store, &now).await?,
                directory: now,
            };
            export.record(operator, "export.begin", json!({ "passwordHashes": secrets })).await?;
            return Ok(export);
        }
        Err(AdminError::TooBusy)
    }

    /// Goes on where an export of the same was interrupted, if the Directory is what it was then; called before [`Export::next`]. The lines
    /// are then those that the other export would have given, with its time in the first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn go_on(&mut self, left: Left<'_>) -> Result<Resumed, AdminError> {
        let (was, notes_bytes) = match Began::read(left.notes) {
            Ok(read) => read,
            Err(anew) => return Ok(Resumed::Anew(anew)),
        };
        // One more than there were then is enough to see that there are others.
        let limit = u32::try_from(was.events).unwrap_or(EVENTS_MAX).saturating_add(1);
        let mark = self.snapshot.mark(was.settled, limit).await?;
        let mark = mark.ok_or_else(|| AdminError::NoDirectory(self.directory.name.clone()))?;
        let now = Began::of(&self.directory, self.began.exported, self.begin.secrets, was.settled, &mark);
        let kept = was.is_still(&now).and_then(|()| self.take_up(was, notes_bytes, left));
        Ok(kept.map_or_else(Resumed::Anew, Resumed::On))
    }

    fn take_up(&mut self, was: Began, notes_bytes: u64, left: Left<'_>) -> Result<Kept, Anew> {
        let begin = Begin { exported: Timestamp(was.exported), ..self.begin.clone() };
        let head = self.head(&begin);
        let place = notes::follow((left.notes, notes_bytes), left.part, &was, &self.secret, &head)?;
        self.stage = match place.note.last {
            Last::Head => Stage::Resources(None),
            Last::Resource(id) => Stage::Resources(Some(ResourceId(id))),
            Last::Member(group, member) => Stage::Members(Some(Edge { group: ResourceId(group), member: ResourceId(member) })),
        };
        (self.counts, self.bytes, self.digest) = (place.note.counts(), place.note.bytes, place.digest);
        (self.begin, self.began) = (begin, was);
        Ok(Kept { notes_bytes: place.notes_bytes, part_bytes: self.bytes })
    }

    /// What is to be noted before the first lines, without the end of the line, so that an export may [go on](Export::go_on).
    pub fn first_note(&self) -> String {
        self.began.to_text()
    }

    /// What is to be noted behind the lines that were given last, without the end of the line. `None`: nothing that is worth it.
    pub fn note(&self) -> Option<String> {
        let last = match self.stage {
            Stage::Resources(last) => Last::resource(last),
            Stage::Members(last) => Last::member(last?),
            Stage::Begin | Stage::Done => return None,
        };
        let note = Note::of(self.bytes, last, &self.counts);
        Some(self.secret.seal(&self.began, &self.digest, &note))
    }

    /// The next lines, each with its end; `None`: that was all.
    ///
    /// # Errors
    /// Those of the store; [`AdminError::Target`] if a resource is larger than a line may be.
    pub async fn next(&mut self) -> Result<Option<String>, AdminError> {
        let mut text = String::new();
        match self.stage {
            Stage::Begin => {
                text = self.head(&self.begin);
                self.stage = Stage::Resources(None);
            }
            Stage::Resources(after) => self.resources(after, &mut text).await?,
            Stage::Members(after) => self.members(after, &mut text).await?,
            Stage::Done => return Ok(None),
        }
        self.digest.update(&text);
        if matches!(self.stage, Stage::Done) {
            let sha256 = hex(&self.digest.clone().finalize());
            line::push(&mut text, &End { counts: self.counts.clone(), sha256 }.to_text());
        }
        self.bytes += text.len() as u64;
        Ok(Some(text))
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        Progress { resources: self.counts.all_resources(), members: self.counts.members }
    }

    /// The attributes whose values were left out because they are never returned.
    pub fn left_out(&self) -> &[String] {
        &self.begin.left_out
    }

    /// Puts its end on record, once all lines are where they belong.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn end(self, operator: &Operator<'_>) -> Result<Counts, AdminError> {
        let after = json!({
            "resources": self.counts.resources,
            "members": self.counts.members,
            "passwordHashes": self.begin.secrets,
            "sha256": hex(&self.digest.clone().finalize()),
        });
        self.record(operator, "export.end", after).await?;
        Ok(self.counts)
    }

    async fn record(&self, operator: &Operator<'_>, name: &'static str, after: Value) -> Result<(), AdminError> {
        let directory = &self.directory;
        let act = Act {
            at: None,
            name,
            directory: Some(directory),
            target: directory.id.0.to_string(),
            target_name: directory.name.clone(),
            before: None,
            after: Some(after),
        };
        operator.act(act, Operation::Record).await?;
        Ok(())
    }

    /// The lines before all resources.
    fn head(&self, begin: &Begin) -> String {
        let mut text = String::new();
        line::push(&mut text, &begin.to_text());
        for row in self.definitions.iter().filter(|row| row.directory.is_some() && row.kind != DefinitionKind::Building) {
            let definition = serde_json::from_str(&row.definition).unwrap_or(Value::Null);
            line::push(&mut text, &line::definition(row.kind, &definition));
        }
        text
    }

    async fn resources(&mut self, after: Option<ResourceId>, text: &mut String) -> Result<(), AdminError> {
        let page = self.snapshot.resources(after, PAGE_RESOURCES).await?;
        for mut resource in page.iter().cloned() {
            let before = text.len();
            let document = self.document(&mut resource)?;
            line::push(text, &line::resource(&resource, &document));
            if text.len() - before > LINE_BYTES_MAX {
                let problem = format!("resource {} is larger than a line may be, {LINE_BYTES_MAX} bytes", resource.id);
                return Err(AdminError::Target(problem));
            }
            *self.counts.resources.entry(resource.resource_type).or_default() += 1;
        }
        self.stage = match page.last() {
            Some(last) => Stage::Resources(Some(last.id)),
            None => Stage::Members(None),
        };
        Ok(())
    }

    /// The document to write; takes the hash out of the resource unless it was asked for.
    fn document(&self, resource: &mut Exported) -> Result<String, AdminError> {
        if self.begin.secrets {
            return Ok(std::mem::take(&mut resource.document));
        }
        resource.password_hash = None;
        let text = std::mem::take(&mut resource.document);
        let prefix = format!("{} ", resource.resource_type);
        let may_hold = self.begin.left_out.iter().any(|name| name.starts_with(&prefix));
        match self.registry.resource_type(&resource.resource_type) {
            Some(resource_type) if may_hold => {
                let corrupt = |source| AdminError::Corrupt { id: resource.id.to_string(), source };
                Ok(without_secrets(Document::from_stored(&text).map_err(corrupt)?, resource_type).to_text())
            }
            _ => Ok(text),
        }
    }

    async fn members(&mut self, after: Option<Edge>, text: &mut String) -> Result<(), AdminError> {
        let page = self.snapshot.edges(after, PAGE_EDGES).await?;
        for of_group in page.chunk_by(|one, next| one.group == next.group) {
            for edges in of_group.chunks(LINE_MEMBERS_MAX) {
                let members: Vec<ResourceId> = edges.iter().map(|edge| edge.member).collect();
                line::push(text, &line::members(edges[0].group, &members));
            }
        }
        self.counts.members += page.len() as u64;
        self.stage = match page.last() {
            Some(last) => Stage::Members(Some(*last)),
            None => Stage::Done,
        };
        Ok(())
    }
}
