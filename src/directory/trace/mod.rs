//! What a request tells about itself, for the request log: collected along its way, and shown to operators.
//!
//! - [`changes`]: which attributes changed, before and after, without their values unless the Directory shows them
//! - [`detail`]: all that is told, as the JSON that is kept
//!
//! A verb tells as it goes. What it tells of a try that came to nothing, because somebody else was first, the next try tells
//! anew.

pub mod changes;
pub mod detail;

pub use changes::{AttributeChange, MembersChange, Shown};
pub use detail::{Detail, OperationDetail, Refusal};

use super::Ctx;
use crate::id::ResourceId;
use crate::scim::explain::name_without_values;
use crate::scim::filter::ResolvedFilter;
use crate::scim::resource::Document;
use crate::scim::schema::ResourceType;
use crate::store::{Commit, MemberChange, PasswordChange};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Characters of a filter with its values at most.
const FILTER_CHARS_MAX: usize = 1_000;

/// Names that are told of as left out, at most.
const IGNORED_MAX: usize = 50;

/// What a request told about itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The name of the type of the resource.
    #[serde(skip)]
    pub resource_type: Option<Arc<str>>,
    /// The resource.
    #[serde(skip)]
    pub resource: Option<ResourceId>,
    /// The filter: without values, unless the Directory shows them.
    #[serde(skip)]
    pub filter: Option<String>,
    /// The quirks that acted, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quirks: Vec<&'static str>,
    /// The names of what was left out: attributes that are readOnly or of no schema, schemas of no type.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
    /// Whether it was a change that changes nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unchanged: bool,
    /// The attributes that changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<AttributeChange>,
    /// How the members changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<MembersChange>,
}

/// Where a request tells about itself. Nothing waits for it, and nothing depends on what is told.
#[derive(Debug, Default)]
pub struct Trace {
    /// Whether changes are told of: they cost more than the rest, and are for the log alone.
    changes: bool,
    report: Mutex<Report>,
}

impl Trace {
    /// Nothing told yet. `changes`: whether somebody wants to know what changed.
    pub fn new(changes: bool) -> Self {
        Self { changes, report: Mutex::default() }
    }

    /// Another one like it, for a part of the request.
    pub fn part(&self) -> Self {
        Self::new(self.changes)
    }

    /// What was told; from here on it is told anew.
    pub fn take(&self) -> Report {
        std::mem::take(&mut *self.report())
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Ctx<'a> {
    /// The same, telling about itself in `trace`.
    pub(super) fn traced_by<'t>(&self, trace: &'t Trace) -> Ctx<'t>
    where
        'a: 't,
    {
        Ctx { trace, ..*self }
    }

    /// The request is about a resource of this type.
    pub(super) fn tell_type(&self, resource_type: &ResourceType) {
        self.trace.report().resource_type = Some(resource_type.name.clone());
    }

    /// The request is about this resource.
    pub(super) fn tell_resource(&self, resource_type: &ResourceType, id: ResourceId) {
        self.tell_type(resource_type);
        self.trace.report().resource = Some(id);
    }

    /// A quirk rewrote the request.
    pub(super) fn tell_quirk(&self, name: &'static str) {
        let mut report = self.trace.report();
        if !report.quirks.contains(&name) {
            report.quirks.push(name);
        }
    }

    /// These were left out, by name: nothing is dropped silently.
    pub(super) fn tell_ignored(&self, names: &[String]) {
        let mut report = self.trace.report();
        report.ignored.clear();
        for name in names.iter().map(|name| name_without_values(name)) {
            if report.ignored.len() < IGNORED_MAX && !report.ignored.contains(&name) {
                report.ignored.push(name);
            }
        }
    }

    /// This is searched for; `text` is what the client wrote.
    pub(super) fn tell_filter<'f>(&self, filters: impl Iterator<Item = &'f ResolvedFilter>, text: Option<&str>) {
        if !self.trace.changes {
            return;
        }
        self.trace.report().filter = if self.directory.log_values {
            text.map(|text| text.chars().take(FILTER_CHARS_MAX).collect())
        } else {
            let mut shapes: Vec<String> = filters.map(ResolvedFilter::shape).collect();
            shapes.dedup();
            (!shapes.is_empty()).then(|| shapes.join("; "))
        };
    }

    /// A document became another. `before`: `None` for a new resource.
    pub(super) fn tell_document(&self, resource_type: &ResourceType, before: Option<&Document>, after: &Document) {
        if self.trace.changes {
            let changes = changes::of_documents(resource_type, before, after, self.directory.log_values);
            self.trace.report().changes = changes;
        }
    }

    /// What is about to change comes on record with it, if it is an operator who changes it: attributes as the log shows them,
    /// members by their ids.
    pub(super) fn put_on_record(
        &self,
        commit: &mut Commit,
        resource_type: &ResourceType,
        documents: Option<(Option<&Document>, &Document)>,
        members: &MemberChange,
    ) {
        let Some(record) = commit.record.as_deref_mut() else { return };
        let changes =
            documents.map(|(before, after)| changes::of_documents(resource_type, before, after, self.directory.log_values));
        for AttributeChange { attribute, before, after } in changes.into_iter().flatten() {
            add(&mut record.before, &attribute, before);
            add(&mut record.after, &attribute, after);
        }
        if !members.is_empty() {
            let members = changes::of_members(resource_type, members, true);
            add(&mut record.after, &members.attribute.clone(), Some(members));
        }
    }

    /// The password was set or removed; it is told of after the document.
    pub(super) fn tell_password(&self, password: &PasswordChange) {
        if self.trace.changes {
            self.trace.report().changes.extend(changes::of_password(password));
        }
    }

    /// Members were changed.
    pub(super) fn tell_members(&self, resource_type: &ResourceType, change: &MemberChange) {
        if self.trace.changes && !change.is_empty() {
            let members = changes::of_members(resource_type, change, self.directory.log_values);
            self.trace.report().members = Some(members);
        }
    }

    /// Nothing changed.
    pub(super) fn tell_unchanged(&self) {
        let mut report = self.trace.report();
        report.unchanged = true;
        report.changes.clear();
        report.members = None;
    }
}

/// Adds a member to an object of a record, if there is something to add; what the act says itself stays.
fn add(object: &mut Option<Value>, name: &str, value: Option<impl Serialize>) {
    if let Some(value) = value
        && let Value::Object(object) = object.get_or_insert_with(|| json!({}))
    {
        object.entry(name).or_insert_with(|| json!(value));
    }
}
