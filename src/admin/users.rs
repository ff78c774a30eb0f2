//! What is particular to users: they are disabled and enabled, and have a password.

use super::desk::{Desk, Kind};
use super::operator::Act;
use super::resources::found;
use super::{AdminError, Operator};
use crate::auth::PasswordHasher;
use crate::directory;
use crate::id::ResourceId;
use crate::scim::quirks::OperatorDisable;
use crate::store::{Bounds, Change, Commit, DirectoryRow, MemberChange, PasswordChange, Source, StoreError, Stored, Update};
use serde_json::json;

/// Disables a user, whoever made it; where the Directory's life cycles say so, until an operator enables it. Without effect if
/// it is so already.
///
/// # Errors
/// [`AdminError::NoUser`].
pub async fn disable(desk: &Desk<'_>, user: &Stored) -> Result<Stored, AdminError> {
    let holds = desk.directory.life_cycles.operator_disable == OperatorDisable::Hold;
    let held = holds && user.source == Source::Provisioned;
    let act = Act { name: "user.disable", after: Some(json!({ "active": false, "held": held })), ..Act::default() };
    set_active(desk, act, user.id, false).await
}

/// Enables a user, whoever made it and whoever disabled it. Without effect if it is so already.
///
/// # Errors
/// [`AdminError::NoUser`].
pub async fn enable(desk: &Desk<'_>, user: &Stored) -> Result<Stored, AdminError> {
    let act = Act { name: "user.enable", after: Some(json!({ "active": true, "held": false })), ..Act::default() };
    set_active(desk, act, user.id, true).await
}

async fn set_active(desk: &Desk<'_>, act: Act<'_>, user: ResourceId, active: bool) -> Result<Stored, AdminError> {
    let resource_type = desk.resource_type(Kind::User);
    let work = async |ctx: &directory::Ctx<'_>| directory::set_active(ctx, resource_type, user, active).await;
    desk.act(act, work).await.map_err(|error| found(Kind::User, user, error))
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
        source: None,
        held: None,
    };
    let id = user.id.to_string();
    let act =
        Act { name: "user.set-password", directory: Some(directory), target: id.clone(), target_name: id, ..Act::default() };
    let entry = operator.entry(act);
    let (now, record) = (entry.at, Some(Box::new(entry)));
    let change = Change::Update(Box::new(update));
    let commit = Commit { actor: None, now, basis: None, bounds: Bounds::default(), record, change };
    match operator.store.commit(directory.id, commit).await {
        Ok(_) => Ok(()),
        Err(StoreError::NotFound) => Err(AdminError::NoUser(user.id.to_string())),
        Err(error) => Err(error.into()),
    }
}
