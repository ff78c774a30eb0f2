//! The members of groups that are the operators'.

use super::AdminError;
use super::desk::{Desk, Kind};
use super::operator::Act;
use super::resources::found;
use crate::directory;
use crate::id::ResourceId;
use crate::store::MemberChange;
use serde_json::json;

/// Takes members into a group, and others out of it; whoever made those. Without effect for who is there, or is not.
///
/// # Errors
/// [`AdminError::Refused`]: the provider made the group, or a member to add is not there. [`AdminError::NoGroup`].
pub async fn change_members(
    desk: &Desk<'_>,
    group: ResourceId,
    add: Vec<ResourceId>,
    remove: Vec<ResourceId>,
) -> Result<(), AdminError> {
    let after = Some(json!({ "added": add.len(), "removed": remove.len() }));
    let resource_type = desk.resource_type(Kind::Group);
    let change = MemberChange { clear: false, remove, add };
    let work = async |ctx: &directory::Ctx<'_>| directory::change_members(ctx, resource_type, group, change).await;
    desk.act(Act { name: "group.change-members", after, ..Act::default() }, work)
        .await
        .map_err(|error| found(Kind::Group, group, error))
}
