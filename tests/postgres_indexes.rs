//! Hot statements use their indexes: the server counts what each of them reads.
//!
//! A program of its own, and one test at a time: a transaction in any database of the server, while it is open, keeps the
//! versions that rows had before from being passed over, and their index entries are counted then as well.

#[path = "support/store_contract/sample.rs"]
mod sample;
#[path = "support/postgres.rs"]
mod test_database;

use sample::*;
use scimd::id::{DirectoryId, ResourceId};
use scimd::scim::filter::{CompareOp, Literal, ResolvedFilter};
use scimd::scim::resource::Grams;
use scimd::scim::schema::path::Resolved;
use scimd::scim::schema::{Registry, Target, Uniqueness};
use scimd::store::postgres::{PostgresOptions, PostgresStore};
use scimd::store::{
    Change, IndexRow, Listing, ListingPage, ListingStart, MatchKeys, NewResource, OperatorStore, Page, Part, Position, Query,
    Sort, SortKey, Source, Standing, Start, Store,
};
use sqlx::Connection as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use test_database::{TestDatabase, patient};
use tokio::sync::Mutex;

/// Held by the test that runs.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A session that ended is gone by then, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many users there are, half of them in one group.
const USERS: i64 = 5_000;

/// How often each operation runs: PostgreSQL plans a statement for all values at once from the sixth time on.
const TIMES: i64 = 12;

/// What the server has read since the database was made.
#[derive(Debug, Clone, Copy)]
struct Reads {
    whole_tables: i64,
    rows: i64,
}

/// A store with its tables in a database of its own.
async fn open() -> (TestDatabase, PostgresStore) {
    let database = TestDatabase::create().await;
    let store = PostgresStore::open(&database.url, patient()).await.expect("opens");
    store.migrate().await.expect("migrates");
    (database, store)
}

/// Waits until so many sessions are left beside its own: a session reports what it has read when it ends.
async fn reads(database: &TestDatabase, sessions: i64) -> Reads {
    let mut connection = database.connect().await;
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
        AND backend_type = 'client backend'";
    let deadline = Instant::now() + PATIENCE;
    loop {
        let others: i64 = sqlx::query_scalar(others).fetch_one(&mut connection).await.expect("counts");
        if others == sessions {
            break;
        }
        assert!(Instant::now() < deadline, "{others} others are connected");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (whole_tables, rows): (i64, i64) = sqlx::query_as(
        "SELECT sum(seq_scan)::bigint, (SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes) FROM pg_stat_user_tables \
         WHERE relname IN ('resources', 'attribute_values', 'members', 'substrings', 'tombstones')",
    )
    .fetch_one(&mut connection)
    .await
    .expect("reads");
    Reads { whole_tables, rows }
}

struct Filled {
    database: TestDatabase,
    directory: DirectoryId,
    users: Vec<ResourceId>,
    group: ResourceId,
}

impl Filled {
    async fn analysed() -> Self {
        let (database, store) = open().await;
        let directory = fresh_directory(&store).await;
        let filled = fill(database, &store, directory).await;
        store.close().await;
        let mut connection = filled.database.connect().await;
        sqlx::raw_sql("ANALYZE").execute(&mut connection).await.expect("analyses");
        connection.close().await.expect("closes");
        filled
    }
}

async fn fill(database: TestDatabase, store: &dyn OperatorStore, directory: DirectoryId) -> Filled {
    let mut connection = database.connect().await;
    for statement in [
        "INSERT INTO resources (directory_id, id, resource_type, document, version, created, last_modified, keys) \
         SELECT $1, gen_random_uuid(), 'User', '{\"userName\":\"user' || n || '\"}', 1, n, n, \
             jsonb_build_object('userName', 'user' || n, 'displayName', 'user' || n) FROM generate_series(1, $2) AS n",
        "INSERT INTO attribute_values (directory_id, resource_type, attribute, value, resource_id, is_unique) \
         SELECT directory_id, 'User', a.attribute, keys ->> 'userName', id, a.attribute = 'userName' \
         FROM resources, (VALUES ('userName'), ('emails.value')) AS a (attribute) WHERE directory_id = $1 AND created <= $2",
        "INSERT INTO tombstones (directory_id, resource_id, resource_type, at, version, barred, name, name_key, external_key) \
         SELECT $1, gen_random_uuid(), 'User', n, 1, 'untilLifted', '', 'gone' || n, 'gone' || n FROM generate_series(1, $2) AS n",
    ] {
        sqlx::query(statement).bind(directory.0).bind(USERS).execute(&mut connection).await.expect("fills");
    }
    let users: Vec<ResourceId> =
        sqlx::query_scalar("SELECT id FROM resources WHERE directory_id = $1 AND created <= $2 ORDER BY created")
            .bind(directory.0)
            .bind(USERS)
            .fetch_all(&mut connection)
            .await
            .expect("reads")
            .into_iter()
            .map(ResourceId)
            .collect();
    let grams: Vec<String> = (1..=USERS)
        .map(|number| Grams::new(directory, "User", "displayName").of_value(&format!("user{number}")))
        .map(|grams| format!("{{{}}}", grams.iter().map(|gram| gram.0.cast_signed().to_string()).collect::<Vec<_>>().join(",")))
        .collect();
    sqlx::query(
        "INSERT INTO substrings (directory_id, resource_id, grams) SELECT $1, r.id, g.grams::integer[] \
         FROM unnest($2::text[]) WITH ORDINALITY AS g (grams, n) JOIN resources r ON r.directory_id = $1 AND r.created = g.n",
    )
    .bind(directory.0)
    .bind(&grams)
    .execute(&mut connection)
    .await
    .expect("fills");
    connection.close().await.expect("closes");
    let group = create_group(store, directory, "staff", &users[..users.len() / 2]).await;
    Filled { database, directory, users, group }
}

/// Runs `operation` some times and compares what the server has read with `rows_max` per time.
async fn check<F: Future<Output = ()>>(
    filled: &Filled,
    name: &str,
    rows_max: i64,
    operation: impl Fn(Arc<PostgresStore>, usize) -> F,
) {
    let options = PostgresOptions { connections_max: 1, ..patient() };
    let before = reads(&filled.database, 0).await;
    let store = Arc::new(PostgresStore::open(&filled.database.url, options).await.expect("opens"));
    for number in 0..TIMES {
        operation(store.clone(), number as usize).await;
    }
    store.close().await;
    let after = reads(&filled.database, 0).await;
    assert!(after.rows > before.rows, "{name}: nothing was read by an index");
    assert_eq!(after.whole_tables - before.whole_tables, 0, "{name}: whole tables read");
    let rows = after.rows - before.rows;
    assert!(rows <= rows_max * TIMES, "{name}: {rows} index entries read, {rows_max} times {TIMES} allowed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hot_statements_read_a_few_rows_by_their_indexes() {
    let _alone = ALONE.lock().await;
    let filled = Filled::analysed().await;
    let (directory, users, group) = (filled.directory, &filled.users, filled.group);
    let outside = &users[users.len() / 2..];

    check(&filled, "get", 2, async |store, n| {
        store.get(directory, "User", users[n]).await.expect("answers").expect("is there");
    })
    .await;
    for name in ["userName", "emails.value"] {
        check(&filled, name, 3, async |store, n| {
            assert_eq!(find(&*store, directory, name, &format!("user{}", n + 1)).await, [users[n]]);
        })
        .await;
    }
    check(&filled, "displayName co", 8, async |store, n| {
        assert_eq!(find_part(&*store, directory, &format!("ser{}", n + 3210)).await, [users[n + 3209]]);
    })
    .await;
    check(&filled, "meta.lastModified", 12, async |store, n| {
        let newest = n as i64 % 3 + 1;
        let page = changed_since(&*store, directory, USERS + 1 - newest).await;
        assert_eq!(page.total, newest as u64);
    })
    .await;
    let mut members = users[..users.len() / 2].to_vec();
    members.sort();
    let last_two = &members[members.len() - 2..];
    check(&filled, "members", 4, async |store, _| {
        let page = store.members(directory, group, Some(last_two[0]), 10).await.expect("answers");
        assert_eq!(page.into_iter().map(|member| member.id).collect::<Vec<_>>(), last_two[1..]);
    })
    .await;
    check(&filled, "memberships", 4, async |store, n| {
        assert_eq!(store.memberships(directory, &[users[n]], 8, &[]).await.expect("answers").len(), 1);
    })
    .await;
    check(&filled, "references", 2, async |store, n| {
        assert_eq!(store.references(directory, &[users[n], outside[n]]).await.expect("answers").len(), 2);
    })
    .await;
    check(&filled, "add", 8, async |store, n| {
        let change = updated(change_members(group, add(&[outside[n]])));
        assert!(commit(&*store, directory, change).await.expect("adds").changed);
    })
    .await;
    check(&filled, "remove", 8, async |store, n| {
        let change = updated(change_members(group, remove(&[outside[n]])));
        assert!(commit(&*store, directory, change).await.expect("removes").changed);
    })
    .await;
    check(&filled, "update", 8, async |store, n| {
        let (old, new) = (format!("user{}", n + 1), format!("renamed{n}"));
        commit(&*store, directory, updated(rename_user(users[n], 1, &old, &new))).await.expect("updates");
    })
    .await;
    check(&filled, "create", 2, async |store, n| {
        commit(&*store, directory, Change::Create(Box::new(user(&format!("new{n}"))))).await.expect("creates");
    })
    .await;
    let other = fresh_directory(&PostgresStore::open(&filled.database.url, patient()).await.expect("opens")).await;
    check(&filled, "create of what is taken in another Directory", 8, async |store, n| {
        let value = IndexRow { attribute: "badge".into(), value: format!("badge{n}"), uniqueness: Uniqueness::Global };
        for (directory, is_first) in [(directory, true), (other, false)] {
            let user = user(&format!("badged{n}"));
            let index = vec![value.clone(), user.index[0].clone()];
            let created = commit(&*store, directory, Change::Create(Box::new(NewResource { index, ..user }))).await;
            assert_eq!(created.is_ok(), is_first, "{created:?}");
        }
    })
    .await;
    check(&filled, "create of what may be barred", 3, async |store, n| {
        let name = format!("arriving{n}");
        let match_keys = Some(MatchKeys { name: Some(name.clone()), external_id: Some(name.clone()) });
        let arriving = NewResource { match_keys, ..user(&name) };
        commit(&*store, directory, Change::Create(Box::new(arriving))).await.expect("creates");
    })
    .await;
    let manual = NewResource { source: Source::Manual, ..user("manual") };
    let manual_id = manual.id;
    let store = PostgresStore::open(&filled.database.url, patient()).await.expect("opens");
    commit(&store, directory, Change::Create(Box::new(manual))).await.expect("creates");
    store.close().await;
    check(&filled, "manual users", 4, async |store, _| {
        let registry = Registry::built_in();
        let resource_type = registry.resource_type("User").expect("is built in");
        let query = Query { resource_type, filter: None, sort: None, start: Start::Offset(0), limit: 10, group_depth: 10 };
        let found = store.roll(directory, &query, Some(Standing::Of(Source::Manual))).await.expect("answers");
        assert_eq!(found.iter().map(|user| user.id).collect::<Vec<_>>(), [manual_id]);
    })
    .await;
    check(&filled, "delete", 16, async |store, n| {
        let id = users[100 + n];
        let name = format!("user{}", 101 + n);
        let index = ["userName", "emails.value"]
            .map(|attribute| IndexRow { attribute: attribute.into(), value: name.clone(), uniqueness: Uniqueness::None })
            .to_vec();
        let change = Change::Delete { resource_type: "User".into(), id, expected_version: 1, index, burial: None };
        commit(&*store, directory, change).await.expect("deletes");
    })
    .await;
    let store = PostgresStore::open(&filled.database.url, patient()).await.expect("opens");
    let left = member_ids(&store, directory, group).await;
    assert_eq!(left.len() as i64, USERS / 2 - TIMES, "those that were deleted are no members any more");
    store.close().await;
}

/// Lists of all types and from a place on, in each order that an index has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listings_read_little_more_than_their_page() {
    let _alone = ALONE.lock().await;
    let filled = Filled::analysed().await;
    let (directory, middle) = (filled.directory, USERS / 2);
    let id = filled.users[middle as usize - 1];
    let mut by_id = filled.users.clone();
    by_id.sort();
    let orders = [
        (None, Position { key: None, id: by_id[middle as usize] }),
        (Some("meta.lastModified"), Position { key: Some(SortKey::Integer(middle)), id }),
        (Some("meta.created"), Position { key: Some(SortKey::Integer(middle)), id }),
        (Some("userName"), Position { key: Some(SortKey::Text(format!("user{middle}"))), id }),
    ];
    for (sort_by, position) in &orders {
        for descending in [false, true] {
            for start in [ListingStart::Offset(0), ListingStart::After(position.clone())] {
                let name = format!("{sort_by:?}, descending: {descending}, {start:?}");
                check(&filled, &name, 60, async |store, _| {
                    let page = list(&*store, directory, sort_by.map(|name| (name, descending)), None, start.clone()).await;
                    assert_eq!(page.resources.len(), 10);
                })
                .await;
            }
        }
    }
    let user_name = |n: usize| compare("userName", CompareOp::Eq, Literal::Text(format!("user{}", n + 1)));
    for sort_by in [None, Some(("meta.lastModified", true)), Some(("title", false))] {
        check(&filled, &format!("one user by {sort_by:?}"), 12, async |store, n| {
            let page = list(&*store, directory, sort_by, Some(&user_name(n)), ListingStart::Offset(0)).await;
            assert_eq!((page.total, page.resources[0].0.id), (1, filled.users[n]));
        })
        .await;
    }
}

/// An import into an empty database outruns the server's statistics, and plans are kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_stay_fast_when_tables_grow_from_nothing_without_statistics() {
    let _alone = ALONE.lock().await;
    let (database, migrating) = open().await;
    migrating.close().await;
    let mut connection = database.connect().await;
    for table in ["resources", "attribute_values", "members", "counters", "events", "substrings", "tombstones"] {
        let statement = format!("ALTER TABLE {table} SET (autovacuum_enabled = false)");
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.expect("alters");
    }
    connection.close().await.expect("closes");
    let options = PostgresOptions { connections_max: 1, ..patient() };
    let store = PostgresStore::open(&database.url, options).await.expect("opens");
    let directory = fresh_directory(&store).await;
    // More than five times, after which plans are kept.
    for number in 0..8 {
        let name = format!("early{number}");
        let user = create_user(&store, directory, &name).await;
        let other = create_user(&store, directory, &format!("other{number}")).await;
        let group = create_group(&store, directory, "early", &[other]).await;
        live(&store, directory, group, user, &name).await;
    }
    let filling = PostgresStore::open(&database.url, patient()).await.expect("opens");
    let filled = fill(database, &filling, directory).await;
    filling.close().await;
    // Of two indexes that are as good for a few rows the planner takes either; the server looks at a table of 50 deletions within a
    // minute.
    sqlx::raw_sql("ANALYZE tombstones").execute(&mut filled.database.connect().await).await.expect("analyses");
    for _ in 0..200 {
        store.ping().await.expect("answers");
    }
    // The store's session goes on, for its plans. What it read of tables without rows counts, or not.
    let before = reads(&filled.database, 1).await;
    for number in 0..TIMES as usize {
        let place = filled.users.len() / 2 + number;
        live(&store, directory, filled.group, filled.users[place], &format!("user{}", place + 1)).await;
    }
    store.close().await;
    let rows = reads(&filled.database, 0).await.rows - before.rows;
    assert!((1..400 * TIMES).contains(&rows), "{rows} index entries read by {TIMES} lives");
}

/// What may happen to a user until it goes.
async fn live(store: &dyn OperatorStore, directory: DirectoryId, group: ResourceId, user: ResourceId, name: &str) {
    get(store, directory, "User", user).await;
    assert_eq!(find(store, directory, "userName", name).await, [user]);
    assert!([vec![], vec![user]].contains(&find_part(store, directory, name).await));
    assert!(commit(store, directory, updated(change_members(group, add(&[user])))).await.expect("adds").changed);
    assert_eq!(store.memberships(directory, &[user], 8, &[]).await.expect("answers").len(), 1);
    assert_eq!(store.references(directory, &[user, group]).await.expect("answers").len(), 2);
    let small = create_group(store, directory, "small", &[user]).await;
    assert_eq!(store.members_of(directory, &[small], 10).await.expect("answers").len(), 1);
    assert!(commit(store, directory, updated(change_members(group, remove(&[user])))).await.expect("removes").changed);
    assert!(commit(store, directory, updated(change_members(group, add(&[user])))).await.expect("adds").changed);
    let new = format!("{name}-renamed");
    commit(store, directory, updated(rename_user(user, 1, name, &new))).await.expect("renames");
    commit(store, directory, delete_user(user, 2, &new)).await.expect("deletes");
    // So many at once that some are made together.
    let names: Vec<String> = (0..12).map(|number| format!("{name}-and-{number}")).collect();
    let arriving = |name: &String| {
        let keys = MatchKeys { name: Some(name.clone()), external_id: Some(name.clone()) };
        commit(store, directory, Change::Create(Box::new(NewResource { match_keys: Some(keys), ..sample::user(name) })))
    };
    for created in futures_util::future::join_all(names.iter().map(arriving)).await {
        created.expect("creates");
    }
}

/// What changed after a moment, in milliseconds.
async fn changed_since(store: &dyn OperatorStore, directory: DirectoryId, since: i64) -> Page {
    let literal = Literal::Instant(i128::from(since) * 1_000_000);
    search(store, directory, "meta.lastModified", CompareOp::Ge, literal).await
}

/// Those with this part in their displayName.
async fn find_part(store: &dyn OperatorStore, directory: DirectoryId, part: &str) -> Vec<ResourceId> {
    let page = search(store, directory, "displayName", CompareOp::Co, Literal::Text(part.into())).await;
    page.resources.into_iter().map(|stored| stored.id).collect()
}

async fn find(store: &dyn OperatorStore, directory: DirectoryId, attribute: &str, value: &str) -> Vec<ResourceId> {
    let page = search(store, directory, attribute, CompareOp::Eq, Literal::Text(value.into())).await;
    page.resources.into_iter().map(|stored| stored.id).collect()
}

async fn search(store: &dyn OperatorStore, directory: DirectoryId, attribute: &str, op: CompareOp, literal: Literal) -> Page {
    let registry = Registry::built_in();
    let resource_type = registry.resource_type("User").expect("is built in");
    let filter = compare(attribute, op, literal);
    let query = Query { resource_type, filter: Some(&filter), sort: None, start: Start::Offset(0), limit: 10, group_depth: 10 };
    store.search(directory, &query).await.expect("answers")
}

fn compare(attribute: &str, op: CompareOp, literal: Literal) -> ResolvedFilter {
    let target = target("User", attribute).expect("is an attribute of users");
    ResolvedFilter::Compare { target, op, literal }
}

fn target(resource_type: &str, attribute: &str) -> Option<Target> {
    match Registry::built_in().resource_type(resource_type)?.resolve(attribute) {
        Some(Resolved::Attribute(target)) => Some(target),
        Some(Resolved::Container(_)) | None => None,
    }
}

/// Ten users and groups, sorted by an attribute; with a filter, users only.
async fn list(
    store: &dyn OperatorStore,
    directory: DirectoryId,
    sort: Option<(&str, bool)>,
    filter: Option<&ResolvedFilter>,
    start: ListingStart,
) -> ListingPage {
    let registry = Registry::built_in();
    let none = ResolvedFilter::Constant(false);
    let asked = ["User", "Group"].map(|name| {
        let sort = sort.and_then(|(by, descending)| Some(Sort { target: target(name, by)?, descending }));
        let filter = if name == "User" { filter } else { filter.map(|_| &none) };
        (registry.resource_type(name).expect("is built in"), filter, sort)
    });
    let parts = asked.iter().map(|(resource_type, filter, sort)| Part { resource_type, filter: *filter, sort: sort.as_ref() });
    let listing = Listing { parts: parts.collect(), start, limit: 10, group_depth: 10 };
    let page = store.list(directory, &listing).await.expect("answers");
    assert_eq!(page.scanned, None, "{listing:?}");
    page
}
