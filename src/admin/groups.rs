//! The members of groups that are the operators'.

use super::AdminError;
use super::desk::{Desk, Kind};
use super::operator::Act;
use super::resources::found;
use crate::directory;
use crate::id::ResourceId;
use crate::scim::{ErrorKind, ScimError};
use crate::store::MemberChange;

/// Takes members into a group, and others out of it; whoever made those. Without effect for who is there, or is not. Who is
/// named twice is meant once.
///
/// # Errors
/// [`AdminError::Refused`]: the provider made the group, a member to add is not there, or one is both to add and to remove.
/// [`AdminError::NoGroup`].
pub async fn change_members(
    desk: &Desk<'_>,
    group: ResourceId,
    mut add: Vec<ResourceId>,
    mut remove: Vec<ResourceId>,
) -> Result<(), AdminError> {
    for ids in [&mut add, &mut remove] {
        ids.sort_unstable();
        ids.dedup();
    }
    if let Some(both) = add.iter().find(|id| remove.binary_search(id).is_ok()) {
        let detail = format!("the member {both} is both to be added and to be removed");
        return Err(ScimError::new(ErrorKind::InvalidValue, detail).into());
    }
    let resource_type = desk.resource_type(Kind::Group);
    let change = MemberChange { clear: false, remove, add };
    let work = async |ctx: &directory::Ctx<'_>| directory::change_members(ctx, resource_type, group, change).await;
    desk.act(Act { name: "group.change-members", ..Act::default() }, work).await.map_err(|error| found(Kind::Group, group, error))
}
