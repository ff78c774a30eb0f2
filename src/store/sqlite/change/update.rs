//! A change of a resource that exists.

use super::{Origin, Target, lists, members_detail, read_committed, refusal};
use crate::store::sqlite::failure::corrupt;
use crate::store::{Committed, IndexRow, PasswordChange, Source, StoreError, Update};
use sqlx::{Row, SqliteConnection};

/// One call if it is certain that something changes. Where only the rows can tell, that is, for members and for the
/// removal of a password, the first call changes the members and says what is there, and the second one, if any, moves
/// the version.
pub(super) async fn update(connection: &mut SqliteConnection, origin: Origin, update: &Update) -> Result<Committed, StoreError> {
    let certain = update.document.is_some() || update.held.is_some() || matches!(update.password, PasswordChange::Set(_));
    if certain && update.members.is_empty() {
        return revise(connection, FIRST_REVISE, origin, update, None).await;
    }
    let change = change_members(connection, origin, update).await?;
    let moved = change.added + change.removed > 0;
    let password_goes = update.password == PasswordChange::Remove && change.had_password;
    if !certain && !moved && !password_goes {
        return Ok(change.before);
    }
    let detail = moved.then(|| members_detail(change.added, change.removed));
    revise(connection, REVISE, origin, update, detail).await
}

/// What the first call found and did.
struct MembersChanged {
    /// The resource before, as what a commit that changes nothing answers.
    before: Committed,
    had_password: bool,
    removed: i64,
    added: i64,
}

async fn change_members(
    connection: &mut SqliteConnection,
    origin: Origin,
    update: &Update,
) -> Result<MembersChanged, StoreError> {
    let rows = sqlx::query(CHANGE_MEMBERS)
        .bind(origin.directory.0)
        .bind(&update.resource_type)
        .bind(update.id.0)
        .bind(update.expected_version)
        .bind(update.members.clear)
        .bind(lists::ids(&update.members.remove))
        .bind(None::<i64>)
        .bind(None::<i64>)
        .bind(None::<i64>)
        .bind(lists::ids(&update.members.add))
        .bind(lists::names(&update.member_types))
        .bind(origin.revision)
        .bind(is_manual(update))
        .fetch_all(&mut *connection)
        .await;
    let rows = match rows {
        Ok(rows) => rows,
        Err(error) => return Err(refusal::of_update(connection, origin, target(update), &[], error).await),
    };
    let [resource, removed, added] = rows.as_slice() else {
        return Err(refusal::of_missing(connection, origin, target(update)).await);
    };
    let corrupt = corrupt("resources");
    let count = |row: &sqlx::sqlite::SqliteRow, column| row.try_get::<i64, _>(column).map_err(&corrupt);
    let (start, removed, added) = (count(resource, 4)?, count(removed, 0)?, count(added, 0)?);
    Ok(MembersChanged {
        before: read_committed(resource, false)?,
        had_password: resource.try_get(3).map_err(&corrupt)?,
        removed: removed - start,
        added: added - removed,
    })
}

/// Moves the version, with whatever changes besides the members.
async fn revise(
    connection: &mut SqliteConnection,
    sql: &'static str,
    origin: Origin,
    update: &Update,
    detail: Option<String>,
) -> Result<Committed, StoreError> {
    let document = update.document.as_ref();
    let index_added: &[IndexRow] = document.map_or(&[], |document| &document.index_added);
    let index_removed: &[IndexRow] = document.map_or(&[], |document| &document.index_removed);
    let (password_changes, password_hash) = match &update.password {
        PasswordChange::Keep => (false, None),
        PasswordChange::Set(hash) => (true, Some(hash.as_str())),
        PasswordChange::Remove => (true, None),
    };
    let rows = sqlx::query(sql)
        .bind(origin.directory.0)
        .bind(&update.resource_type)
        .bind(update.id.0)
        .bind(origin.now.0)
        .bind(origin.actor)
        .bind(document.map(|document| document.document.as_str()))
        .bind(document.map(|document| document.keys.as_str()))
        .bind(lists::index_rows(index_added))
        .bind(password_changes)
        .bind(password_hash)
        .bind(update.expected_version)
        .bind(lists::index_rows(index_removed))
        .bind(detail)
        .bind(document.and_then(|document| document.grams.as_deref()).map(lists::grams))
        .bind(origin.revision)
        .bind(is_manual(update))
        .bind(update.held)
        .fetch_all(&mut *connection)
        .await;
    match rows {
        Ok(rows) => match rows.first() {
            Some(row) => read_committed(row, true),
            None => Err(refusal::of_missing(connection, origin, target(update)).await),
        },
        Err(error) => Err(refusal::of_update(connection, origin, target(update), index_added, error).await),
    }
}

fn target(update: &Update) -> Target<'_> {
    let Update { resource_type, id, expected_version, source, .. } = update;
    Target { resource_type, id: *id, expected_version: *expected_version, source: *source }
}

/// What the column `manual` has to hold, if that matters.
fn is_manual(update: &Update) -> Option<bool> {
    update.source.map(|source| source == Source::Manual)
}

/// Gives three rows: the resource with `total_changes()` before, and `total_changes()` after removing and after adding;
/// no first row if the resource is not there, at another version or of another source, or the schemas are others.
pub(super) const CHANGE_MEMBERS: &str = concat!(
    next_job!(),
    "SELECT version, created, last_modified, password_hash IS NOT NULL, total_changes() FROM resources \
     WHERE directory_id = $1 AND id = $3 AND resource_type = $2 AND ($4 IS NULL OR version = $4) \
         AND ($13 IS NULL OR manual = $13) AND ",
    schemas_are!("$12"),
    "; \
     DELETE FROM members WHERE $5 AND directory_id = $1 AND group_id = $3 \
         AND member_id NOT IN (SELECT unhex(value) FROM json_each($10)); \
     DELETE FROM members WHERE directory_id = $1 AND group_id = $3 \
         AND member_id IN (SELECT unhex(value) FROM json_each($6)); \
     SELECT total_changes(); ",
    add_members!(),
    "SELECT total_changes()",
);

macro_rules! revise {
    () => {
        concat!(
            "UPDATE resources SET document = coalesce($6, document), keys = coalesce(jsonb($7), keys), \
                 password_hash = CASE WHEN $9 THEN $10 ELSE password_hash END, \
                 held = coalesce($17, held), version = version + 1, last_modified = max(last_modified, $4) \
             WHERE directory_id = $1 AND id = $3 AND resource_type = $2 AND ($11 IS NULL OR version = $11) \
                 AND ($16 IS NULL OR manual = $16) AND ",
            schemas_are!("$15"),
            " RETURNING version, created, last_modified; \
             INSERT OR REPLACE INTO substrings_due (number, grams) \
             SELECT number, $14 FROM resources WHERE $14 IS NOT NULL AND directory_id = $1 AND id = $3; ",
            remove_index!("$12"),
            add_index!(),
            "INSERT INTO events (directory_id, at, actor, kind, resource_type, resource_id, version, detail) \
             SELECT $1, $4, $5, 'update', $2, $3, version, $13 FROM resources WHERE directory_id = $1 AND id = $3",
        )
    };
}

pub(super) const REVISE: &str = revise!();

pub(super) const FIRST_REVISE: &str = concat!(next_job!(), revise!());
