//! Users of a Directory, as an operator sees them.

use super::operator::Act;
use super::{AdminError, Operator, PAGE_ROWS};
use crate::auth::PasswordHasher;
use crate::id::{DirectoryId, ResourceId};
use crate::scim::filter::{CompareOp, Literal, ResolvedFilter};
use crate::scim::key::key;
use crate::scim::schema::path::Resolved;
use crate::scim::schema::{Registry, ResourceType, Target};
use crate::store::operator::Operation;
use crate::store::{
    Bounds, Change, Commit, DirectoryRow, MemberChange, OperatorStore, PasswordChange, Query, Start, StoreError, Stored, Update,
};
use serde_json::{Map, Value};
use std::sync::Arc;

const USER: &str = "User";

/// Up to 500 users with ids above `after`, by id. An empty page is the end.
pub async fn page(
    store: &dyn OperatorStore,
    directory: DirectoryId,
    after: Option<ResourceId>,
) -> Result<Vec<Stored>, AdminError> {
    let start = after.map_or(Start::Offset(0), Start::After);
    let query = Query { resource_type: &user_type(), filter: None, sort: None, start, limit: PAGE_ROWS, group_depth: 1 };
    Ok(store.search(directory, &query).await?.resources)
}

/// The user with this id, or else with this userName, compared as SCIM clients compare it (D-23).
///
/// # Errors
/// [`AdminError::NoUser`].
pub async fn find(store: &dyn OperatorStore, directory: DirectoryId, id_or_user_name: &str) -> Result<Stored, AdminError> {
    if let Some(id) = ResourceId::parse(id_or_user_name)
        && let Some(user) = store.get(directory, USER, id).await?
    {
        return Ok(user);
    }
    let resource_type = user_type();
    let target = user_name_of(&resource_type);
    let literal = Literal::Text(key(target.leaf(), id_or_user_name));
    let filter = ResolvedFilter::Compare { target, op: CompareOp::Eq, literal };
    let query = Query {
        resource_type: &resource_type,
        filter: Some(&filter),
        sort: None,
        start: Start::Offset(0),
        limit: 1,
        group_depth: 1,
    };
    let page = store.search(directory, &query).await?;
    page.resources.into_iter().next().ok_or_else(|| AdminError::NoUser(id_or_user_name.to_owned()))
}

/// The attributes of a user as stored, without `id` and `meta`.
///
/// # Errors
/// [`AdminError::Corrupt`].
pub fn attributes(user: &Stored) -> Result<Map<String, Value>, AdminError> {
    serde_json::from_str(&user.document).map_err(|source| AdminError::Corrupt { id: user.id.to_string(), source })
}

/// Sets a user's password. The user moves to a new version, with an event that names no value (D-93).
///
/// # Errors
/// [`AdminError::Password`] if the policy refuses it, [`AdminError::NoUser`] if the user went away meanwhile.
pub async fn set_password(
    operator: &Operator<'_>,
    hasher: &PasswordHasher,
    directory: &DirectoryRow,
    user: &Stored,
    password: &str,
) -> Result<(), AdminError> {
    let hash = hasher.hash(password).await?;
    let update = Update {
        resource_type: user.resource_type.clone(),
        id: user.id,
        // A password does not depend on what else the user has, so another's change is no conflict.
        expected_version: None,
        document: None,
        password: PasswordChange::Set(hash),
        members: MemberChange::default(),
        member_types: Vec::new(),
    };
    let commit = Commit {
        actor: None,
        now: operator.clock.now(),
        basis: None,
        bounds: Bounds::default(),
        change: Change::Update(Box::new(update)),
    };
    match operator.store.commit(directory.id, commit).await {
        Ok(_) => {}
        Err(StoreError::NotFound) => return Err(AdminError::NoUser(user.id.to_string())),
        Err(error) => return Err(error.into()),
    }
    let act = Act {
        name: "user.set-password",
        directory: Some(directory),
        target: user.id.to_string(),
        target_name: user.id.to_string(),
        ..Act::default()
    };
    operator.act(act, Operation::Record).await?;
    Ok(())
}

fn user_type() -> Arc<ResourceType> {
    Arc::clone(Registry::built_in().resource_type(USER).expect("User is a built-in resource type"))
}

fn user_name_of(resource_type: &ResourceType) -> Target {
    match resource_type.resolve("userName") {
        Some(Resolved::Attribute(target)) => target,
        Some(Resolved::Container(_)) | None => unreachable!("the built-in User has a userName"),
    }
}
