//! Directories, users and groups to test with.

use scimd::clock::Timestamp;
use scimd::id::{DirectoryId, ResourceId};
use scimd::scim::schema::Uniqueness;
use scimd::store::audit::{Actor, AuditEntry};
use scimd::store::operator::{NewDirectory, Operation};
use scimd::store::{
    Bounds, Change, Commit, Committed, DirectoryStatus, DocumentChange, IndexRow, MemberChange, NewResource, OperatorStore,
    PasswordChange, Source, StoreError, Stored, Update,
};

/// When the samples happen, unless a case says otherwise.
pub const NOW: Timestamp = Timestamp(1_764_000_000_000);

/// A new Directory of a name that no other case has.
pub async fn fresh_directory(store: &dyn OperatorStore) -> DirectoryId {
    create_directory(store, &format!("d-{}", ResourceId::generate())).await.expect("a new name")
}

/// Creates a Directory.
pub async fn create_directory(store: &dyn OperatorStore, name: &str) -> Result<DirectoryId, StoreError> {
    let new = NewDirectory {
        name: name.to_owned(),
        display_name: "Example".into(),
        provider: "okta".into(),
        settings: r#"{"x":1}"#.into(),
        status: DirectoryStatus::Active,
        protected: false,
    };
    store.operate(Operation::CreateDirectory(new), entry("directory.create")).await.map(DirectoryId)
}

/// An entry for the record.
pub fn entry(act: &'static str) -> AuditEntry {
    AuditEntry {
        actor: Actor::command("somebody"),
        at: NOW,
        act,
        directory: None,
        target: "it".into(),
        target_name: "name".into(),
        before: None,
        after: Some(serde_json::json!({ "new": true })),
    }
}

/// Commits a change at [`NOW`].
pub async fn commit(store: &dyn OperatorStore, directory: DirectoryId, change: Change) -> Result<Committed, StoreError> {
    commit_at(store, directory, NOW, change).await
}

/// Commits a change at a moment.
pub async fn commit_at(
    store: &dyn OperatorStore,
    directory: DirectoryId,
    now: Timestamp,
    change: Change,
) -> Result<Committed, StoreError> {
    store.commit(directory, Commit { actor: None, now, basis: None, bounds: Bounds::default(), record: None, change }).await
}

/// Creates a user and gives its id.
pub async fn create_user(store: &dyn OperatorStore, directory: DirectoryId, name: &str) -> ResourceId {
    create(store, directory, user(name)).await
}

/// Creates a group with these members and gives its id.
pub async fn create_group(store: &dyn OperatorStore, directory: DirectoryId, name: &str, members: &[ResourceId]) -> ResourceId {
    create(store, directory, NewResource { members: members.to_vec(), ..group(name) }).await
}

async fn create(store: &dyn OperatorStore, directory: DirectoryId, resource: NewResource) -> ResourceId {
    let id = resource.id;
    commit(store, directory, Change::Create(Box::new(resource))).await.expect("creates");
    id
}

/// A user whose `userName` is `name`, which is unique.
pub fn user(name: &str) -> NewResource {
    NewResource {
        id: ResourceId::generate(),
        resource_type: "User".into(),
        document: user_document(name),
        keys: user_keys(name),
        index: vec![user_name_row(name)],
        grams: Vec::new(),
        password_hash: None,
        members: Vec::new(),
        member_types: Vec::new(),
        source: Source::Provisioned,
        match_keys: None,
        once: false,
    }
}

/// A group whose `displayName` is `name`, which need not be unique.
pub fn group(name: &str) -> NewResource {
    NewResource {
        id: ResourceId::generate(),
        resource_type: "Group".into(),
        document: format!(r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"{name}"}}"#),
        keys: format!(r#"{{"displayName":"{}"}}"#, name.to_lowercase()),
        index: vec![group_name_row(name)],
        grams: Vec::new(),
        password_hash: None,
        members: Vec::new(),
        member_types: member_types(),
        source: Source::Provisioned,
        match_keys: None,
        once: false,
    }
}

fn user_document(name: &str) -> String {
    format!(r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"{name}"}}"#)
}

fn user_keys(name: &str) -> String {
    format!(r#"{{"userName":"{}"}}"#, name.to_lowercase())
}

/// The row that the index has for a `userName`.
pub fn user_name_row(name: &str) -> IndexRow {
    IndexRow { attribute: "userName".into(), value: name.to_lowercase(), uniqueness: Uniqueness::Server }
}

/// The row that the index has for a `displayName`.
pub fn group_name_row(name: &str) -> IndexRow {
    IndexRow { attribute: "displayName".into(), value: name.to_lowercase(), uniqueness: Uniqueness::None }
}

/// The types that the members of a group have.
pub fn member_types() -> Vec<String> {
    vec!["User".into(), "Group".into()]
}

/// An update of a user that changes nothing.
pub fn user_update(id: ResourceId) -> Update {
    Update {
        resource_type: "User".into(),
        id,
        expected_version: None,
        document: None,
        password: PasswordChange::Keep,
        members: MemberChange::default(),
        member_types: Vec::new(),
        source: None,
        held: None,
    }
}

/// An update that renames a user.
pub fn rename_user(id: ResourceId, version: i64, old: &str, new: &str) -> Update {
    Update {
        expected_version: Some(version),
        document: Some(DocumentChange {
            document: user_document(new),
            keys: user_keys(new),
            index_removed: vec![user_name_row(old)],
            index_added: vec![user_name_row(new)],
            grams: None,
        }),
        ..user_update(id)
    }
}

/// An update of the members of a group.
pub fn change_members(id: ResourceId, members: MemberChange) -> Update {
    Update { resource_type: "Group".into(), members, member_types: member_types(), ..user_update(id) }
}

/// A delta that adds members.
pub fn add(members: &[ResourceId]) -> MemberChange {
    MemberChange { add: members.to_vec(), ..MemberChange::default() }
}

/// A delta that removes members.
pub fn remove(members: &[ResourceId]) -> MemberChange {
    MemberChange { remove: members.to_vec(), ..MemberChange::default() }
}

/// The deletion of a user.
pub fn delete_user(id: ResourceId, version: i64, name: &str) -> Change {
    Change::Delete { resource_type: "User".into(), id, expected_version: version, index: vec![user_name_row(name)], burial: None }
}

/// The update as a change.
pub fn updated(update: Update) -> Change {
    Change::Update(Box::new(update))
}

/// The resource of a type with this id, which is there.
pub async fn get(store: &dyn OperatorStore, directory: DirectoryId, resource_type: &str, id: ResourceId) -> Stored {
    store.get(directory, resource_type, id).await.expect("answers").expect("is there")
}

/// The ids of all members of a group, ascending.
pub async fn member_ids(store: &dyn OperatorStore, directory: DirectoryId, group: ResourceId) -> Vec<ResourceId> {
    let members = store.members(directory, group, None, 10_000).await.expect("answers");
    members.into_iter().map(|member| member.id).collect()
}
