//! A store in memory, as far as writing needs one: it holds what each commit must fulfil.

use super::sample;
use async_trait::async_trait;
use scimd::clock::Timestamp;
use scimd::directory::Directory;
use scimd::id::{DirectoryId, ResourceId, TokenId};
use scimd::scim::resource::Document;
use scimd::scim::schema::ShownType;
use scimd::store::{
    Change, Commit, Committed, DefinitionChange, DefinitionRow, DirectoryRow, DocumentChange, IndexRow, Listing, ListingPage,
    MemberChange, Membership, NewResource, Page, Query, Reference, ResourceIndex, Source, Store, StoreError, Stored, TokenDigest,
    TokenRow, Update,
};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The time that stands still here.
pub const NOW: Timestamp = Timestamp(1_767_225_600_000);

/// The store. It begins with the samples.
pub struct Memory(Mutex<State>);

struct State {
    resources: HashMap<ResourceId, Stored>,
    members: HashSet<(ResourceId, ResourceId)>,
    unique: HashMap<(String, IndexRow), ResourceId>,
}

impl Memory {
    /// The samples alone, as `directory` would keep them.
    pub fn new(directory: &Directory) -> Self {
        let mut state = State { resources: HashMap::new(), members: HashSet::new(), unique: HashMap::new() };
        for (number, (resource_type, document)) in (1..).zip(sample::DOCUMENTS.iter()) {
            let id = sample::id(number);
            let index = directory.index_rows(document, resource_type);
            state.take_unique(&resource_type.name, id, &index).expect("the samples differ in what is unique");
            state.put(id, &resource_type.name, document.to_text(), 1);
        }
        Self(Mutex::new(state))
    }

    /// The ids of the resources that there are.
    pub fn ids(&self) -> BTreeSet<String> {
        self.state().resources.keys().map(ResourceId::to_string).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn put(&mut self, id: ResourceId, resource_type: &str, document: String, version: i64) {
        let resource_type = resource_type.to_owned();
        let stored = Stored {
            id,
            resource_type,
            document,
            version,
            created: NOW,
            last_modified: NOW,
            is_member: false,
            source: Source::Provisioned,
            held: false,
        };
        self.resources.insert(id, stored);
    }

    fn take_unique(&mut self, resource_type: &str, id: ResourceId, rows: &[IndexRow]) -> Result<(), StoreError> {
        let rows: Vec<_> = rows.iter().filter(|row| row.is_unique()).map(|row| (resource_type.to_owned(), row.clone())).collect();
        for row in &rows {
            if self.unique.get(row).is_some_and(|owner| *owner != id) {
                return Err(StoreError::Uniqueness { attribute: row.1.attribute.clone() });
            }
        }
        self.unique.extend(rows.into_iter().map(|row| (row, id)));
        Ok(())
    }

    fn free_unique(&mut self, resource_type: &str, id: ResourceId, rows: &[IndexRow]) {
        for row in rows.iter().filter(|row| row.is_unique()) {
            let owner = self.unique.remove(&(resource_type.to_owned(), row.clone()));
            assert_eq!(owner, Some(id), "a row that goes was there: {row:?}");
        }
    }

    /// Who becomes a member must be there: bulk runs an operation after those that it refers to (D-89).
    fn check_members(&self, members: &[ResourceId], types: &[String]) -> Result<(), StoreError> {
        assert_eq!(members.iter().collect::<HashSet<_>>().len(), members.len(), "members come without duplicates");
        let is_there = |id: &ResourceId| self.resources.get(id).is_some_and(|stored| types.contains(&stored.resource_type));
        if members.iter().all(is_there) { Ok(()) } else { Err(StoreError::UnknownMember) }
    }

    fn create(&mut self, new: NewResource) -> Result<i64, StoreError> {
        assert!(!self.resources.contains_key(&new.id), "the id of a new resource is new");
        check_text(&new.resource_type, &new.document);
        self.check_members(&new.members, &new.member_types)?;
        self.take_unique(&new.resource_type, new.id, &new.index)?;
        self.members.extend(new.members.iter().map(|member| (new.id, *member)));
        self.put(new.id, &new.resource_type, new.document, 1);
        Ok(1)
    }

    fn update(&mut self, update: Update) -> Result<i64, StoreError> {
        let Update { resource_type, id, expected_version, document, members, member_types, .. } = update;
        let stored = self.resources.get(&id).filter(|stored| stored.resource_type == resource_type);
        let version = stored.ok_or(StoreError::NotFound)?.version;
        assert!(document.is_none() || expected_version.is_some(), "a document is written on the version it was made from");
        if expected_version.is_some_and(|expected| expected != version) {
            return Err(StoreError::VersionConflict);
        }
        let MemberChange { clear, remove, add } = members;
        assert!(remove.iter().all(|id| !add.contains(id)), "who comes does not go");
        self.check_members(&add, &member_types)?;
        if let Some(DocumentChange { document, index_removed, index_added, .. }) = document {
            check_text(&resource_type, &document);
            self.take_unique(&resource_type, id, &index_added)?;
            self.free_unique(&resource_type, id, &index_removed);
            self.put(id, &resource_type, document, version);
        }
        self.members.retain(|(group, member)| *group != id || !(clear || remove.contains(member)));
        self.members.extend(add.into_iter().map(|member| (id, member)));
        self.resources.entry(id).and_modify(|stored| stored.version += 1);
        Ok(version + 1)
    }

    fn delete(&mut self, resource_type: &str, id: ResourceId, expected: i64, index: &[IndexRow]) -> Result<i64, StoreError> {
        let stored = self.resources.get(&id).filter(|stored| stored.resource_type == resource_type);
        let version = stored.ok_or(StoreError::NotFound)?.version;
        if version != expected {
            return Err(StoreError::VersionConflict);
        }
        self.free_unique(resource_type, id, index);
        self.resources.remove(&id);
        // Its groups move to a new version (D-41).
        for (group, _) in self.members.iter().filter(|(_, member)| *member == id) {
            self.resources.entry(*group).and_modify(|stored| stored.version += 1);
        }
        self.members.retain(|(group, member)| *group != id && *member != id);
        Ok(version + 1)
    }

    fn members_of(&self, group: ResourceId) -> impl Iterator<Item = ResourceId> {
        self.members.iter().filter(move |(of, _)| *of == group).map(|(_, member)| *member)
    }

    fn reference(&self, id: &ResourceId) -> Option<Reference> {
        let stored = self.resources.get(id)?;
        Some(Reference { id: *id, resource_type: stored.resource_type.clone(), display: None })
    }
}

/// What is stored is canonical.
fn check_text(resource_type: &str, text: &str) {
    let resource_type = sample::REGISTRY.resource_type(resource_type).expect("a type of the samples");
    let document = Document::from_stored(text).expect("JSON");
    super::patch::check_document(&document, resource_type);
}

#[async_trait]
impl Store for Memory {
    async fn migrate(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn directory(&self, _: &str) -> Result<Option<DirectoryRow>, StoreError> {
        Ok(None)
    }

    async fn token(&self, _: &TokenDigest) -> Result<Option<(TokenRow, DirectoryRow)>, StoreError> {
        Ok(None)
    }

    async fn token_of(&self, _: DirectoryId, _: TokenId) -> Result<Option<(TokenRow, DirectoryRow)>, StoreError> {
        Ok(None)
    }

    async fn definitions(&self, _: Option<DirectoryId>, _: u32) -> Result<Vec<DefinitionRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn change_definitions(&self, _: &DefinitionChange, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn wait_for_changes(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn index_resources(
        &self,
        _: DirectoryId,
        _: i64,
        _: &str,
        _: Vec<ResourceIndex>,
    ) -> Result<Vec<ResourceId>, StoreError> {
        Ok(Vec::new())
    }

    async fn drop_index(&self, _: DirectoryId, _: i64, _: &str, _: &str, _: u32) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn get(&self, _: DirectoryId, resource_type: &str, id: ResourceId) -> Result<Option<Stored>, StoreError> {
        Ok(self.state().resources.get(&id).filter(|stored| stored.resource_type == resource_type).cloned())
    }

    async fn directory_key(&self, _: DirectoryId, _: &str, candidate: &[u8; 32]) -> Result<[u8; 32], StoreError> {
        Ok(*candidate)
    }

    async fn search(&self, _: DirectoryId, _: &Query<'_>) -> Result<Page, StoreError> {
        Ok(Page { total: 0, scanned: None, resources: Vec::new() })
    }

    async fn list(&self, _: DirectoryId, _: &Listing<'_>) -> Result<ListingPage, StoreError> {
        Ok(ListingPage { total: 0, scanned: None, resources: Vec::new() })
    }

    async fn references(&self, _: DirectoryId, ids: &[ResourceId]) -> Result<Vec<Reference>, StoreError> {
        let state = self.state();
        Ok(ids.iter().filter_map(|id| state.reference(id)).collect())
    }

    async fn members(
        &self,
        _: DirectoryId,
        group: ResourceId,
        after: Option<ResourceId>,
        limit: u32,
    ) -> Result<Vec<Reference>, StoreError> {
        let state = self.state();
        let of_group: BTreeSet<ResourceId> = state.members_of(group).collect();
        let page = of_group.iter().filter(|id| after.is_none_or(|after| **id > after)).take(limit as usize);
        Ok(page.filter_map(|id| state.reference(id)).collect())
    }

    async fn members_of(
        &self,
        _: DirectoryId,
        groups: &[ResourceId],
        limit: u32,
    ) -> Result<Vec<(ResourceId, Reference)>, StoreError> {
        let state = self.state();
        let mut members = Vec::new();
        for group in groups {
            let of_group: BTreeSet<ResourceId> = state.members_of(*group).collect();
            members.extend(of_group.iter().filter_map(|member| Some((*group, state.reference(member)?))));
        }
        members.truncate(limit as usize);
        Ok(members)
    }

    async fn memberships(
        &self,
        _: DirectoryId,
        _: &[ResourceId],
        _: u32,
        _: &[&ShownType],
    ) -> Result<Vec<Membership>, StoreError> {
        Ok(Vec::new())
    }

    async fn password_hash(&self, _: DirectoryId, _: ResourceId) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    async fn commit(&self, _: DirectoryId, commit: Commit) -> Result<Committed, StoreError> {
        let mut state = self.state();
        let version = match commit.change {
            Change::Create(new) => state.create(*new)?,
            Change::Update(update) => state.update(*update)?,
            Change::Delete { resource_type, id, expected_version, index, .. } => {
                state.delete(&resource_type, id, expected_version, &index)?
            }
        };
        Ok(Committed { version, created: NOW, last_modified: NOW, changed: true })
    }

    /// No client can ask: ids are new here.
    async fn was_deleted(&self, _: DirectoryId, _: ResourceId) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn lift_tombstone(&self, _: DirectoryId, _: &str, _: ResourceId) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn close(&self) {}
}
