//! `scimd group`: what it has in common with users; and its members.

use super::arguments::{Arguments, GroupCommand};
use super::failure::Failure;
use super::output;
use super::resource;
use super::session::Session;
use crate::admin::{Kind, groups, resources};

/// Runs one of the commands.
///
/// # Errors
/// There is no such Directory, group or user, or what is asked is refused; or the store failed.
pub async fn run(arguments: &Arguments, command: &GroupCommand) -> Result<(), Failure> {
    let session = Session::open(arguments).await?;
    let done = match command {
        GroupCommand::Resource(command) => resource::run(&session, Kind::Group, command).await,
        GroupCommand::Add { directory, group, users } => change_members(&session, directory, group, users, true).await,
        GroupCommand::Remove { directory, group, users } => change_members(&session, directory, group, users, false).await,
    };
    session.close(done).await
}

async fn change_members(session: &Session, directory: &str, group: &str, users: &[String], add: bool) -> Result<(), Failure> {
    let store = session.store.as_ref();
    let workplace = session.workplace(directory).await?;
    let directory = workplace.directory.id;
    let group = resources::find(store, directory, Kind::Group, group).await?;
    let mut members = Vec::with_capacity(users.len());
    for user in users {
        members.push(resources::find(store, directory, Kind::User, user).await?.id);
    }
    members.sort_unstable();
    members.dedup();
    let (added, removed) = if add { (members, Vec::new()) } else { (Vec::new(), members) };
    groups::change_members(&workplace.desk().await?, group.id, added, removed).await?;
    output::note(&format!("Group {} has {} now.", group.id, if add { "them" } else { "none of them" }));
    Ok(())
}
