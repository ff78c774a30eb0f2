//! A new resource.

use super::{Origin, lists, members_detail, refusal};
use crate::store::{Committed, NewResource, Source, StoreError};
use sqlx::SqliteConnection;

pub(super) async fn create(
    connection: &mut SqliteConnection,
    origin: Origin,
    resource: &NewResource,
) -> Result<Committed, StoreError> {
    let (sql, detail) = if resource.members.is_empty() {
        (CREATE, None)
    } else {
        (CREATE_WITH_MEMBERS, Some(members_detail(resource.members.len() as i64, 0)))
    };
    let created = sqlx::query(sql)
        .bind(origin.directory.0)
        .bind(&resource.resource_type)
        .bind(resource.id.0)
        .bind(origin.now.0)
        .bind(origin.actor)
        .bind(&resource.document)
        .bind(&resource.keys)
        .bind(lists::index_rows(&resource.index))
        .bind(resource.password_hash.as_deref())
        .bind(lists::ids(&resource.members))
        .bind(lists::names(&resource.member_types))
        .bind(detail)
        .bind(lists::grams(&resource.grams))
        .bind(origin.revision)
        .bind(resource.source == Source::Manual)
        .bind(resource.match_keys.as_ref().and_then(|keys| keys.name.as_deref()))
        .bind(resource.match_keys.as_ref().and_then(|keys| keys.external_id.as_deref()))
        .bind(resource.once)
        .execute(&mut *connection)
        .await;
    match created {
        Ok(_) => Ok(Committed { version: 1, created: origin.now, last_modified: origin.now, changed: true }),
        Err(error) => Err(refusal::of_create(connection, origin, resource, error).await),
    }
}

/// By other schemas the version is NULL, which the column refuses; and if it is barred, or its id is spent.
macro_rules! insert_resource {
    () => {
        concat!(
            "INSERT INTO resources \
                 (directory_id, id, resource_type, document, version, created, last_modified, password_hash, keys, \
                  manual) \
             VALUES ($1, $3, $2, $6, CASE WHEN ",
            schemas_are!("$14"),
            " AND NOT ",
            is_barred!("$16", "$17"),
            " AND NOT ($18 AND ",
            was_deleted!(),
            ") THEN 1 END, $4, $4, $9, jsonb($7), $15); \
             INSERT OR REPLACE INTO substrings_due (number, grams) SELECT last_insert_rowid(), $13 WHERE $13 <> ''; "
        )
    };
}

macro_rules! count_and_record {
    () => {
        "INSERT INTO counters (directory_id, resource_type, slot, resources) VALUES ($1, $2, 0, 1) \
         ON CONFLICT (directory_id, resource_type, slot) DO UPDATE SET resources = resources + 1; \
         INSERT INTO events (directory_id, at, actor, kind, resource_type, resource_id, version, detail) \
         VALUES ($1, $4, $5, 'create', $2, $3, 1, $12)"
    };
}

pub(super) const CREATE: &str = concat!(next_job!(), insert_resource!(), add_index!(), count_and_record!());

pub(super) const CREATE_WITH_MEMBERS: &str =
    concat!(next_job!(), insert_resource!(), add_index!(), add_members!(), count_and_record!());
