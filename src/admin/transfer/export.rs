//! A Directory to lines.

use super::line::{self, Begin, End};
use super::{Counts, LINE_BYTES_MAX, LINE_MEMBERS_MAX, Progress};
use crate::admin::audit::hex;
use crate::admin::operator::Act;
use crate::admin::{AdminError, Operator, directories};
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

/// How often an export begins anew because the schemas changed while it did.
const ATTEMPTS_MAX: u32 = 5;

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
            let snapshot = store.snapshot(directory.id).await?;
            // The schemas are those of the snapshot if they have not moved until after it was taken.
            let now = directories::find(store, name).await?;
            if now.status == DirectoryStatus::Deleting {
                return Err(AdminError::Gone(now.name));
            }
            if now.schema_revision != directory.schema_revision || now.id != directory.id {
                directory = now;
                continue;
            }
            let registry = registry(&definitions).map_err(AdminError::Definition)?;
            let everyones = definitions.iter().filter(|row| row.directory.is_none()).map(|row| row.name.clone()).collect();
            let left_out = if secrets { Vec::new() } else { secret_names(&registry) };
            let begin = Begin::of(&now, operator.clock.now(), everyones, secrets, left_out);
            let (counts, digest) = (Counts::default(), Sha256::new());
            let export = Self { snapshot, directory: now, registry, definitions, begin, stage: Stage::Begin, counts, digest };
            export.record(operator, "export.begin", json!({ "passwordHashes": secrets })).await?;
            return Ok(export);
        }
        Err(AdminError::TooBusy)
    }

    /// The next lines, each with its end; `None`: that was all.
    ///
    /// # Errors
    /// Those of the store; [`AdminError::Target`] if a resource is larger than a line may be.
    pub async fn next(&mut self) -> Result<Option<String>, AdminError> {
        let mut text = String::new();
        match self.stage {
            Stage::Begin => self.first(&mut text),
            Stage::Resources(after) => self.resources(after, &mut text).await?,
            Stage::Members(after) => self.members(after, &mut text).await?,
            Stage::Done => return Ok(None),
        }
        self.digest.update(&text);
        if matches!(self.stage, Stage::Done) {
            let sha256 = hex(&self.digest.clone().finalize());
            line::push(&mut text, &End { counts: self.counts.clone(), sha256 }.to_text());
        }
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

    fn first(&mut self, text: &mut String) {
        line::push(text, &self.begin.to_text());
        for row in self.definitions.iter().filter(|row| row.directory.is_some() && row.kind != DefinitionKind::Building) {
            let definition = serde_json::from_str(&row.definition).unwrap_or(Value::Null);
            line::push(text, &line::definition(row.kind, &definition));
        }
        self.stage = Stage::Resources(None);
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
