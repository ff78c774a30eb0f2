//! A Directory in both databases. Its resources are written as key documents: what is compared, and nothing else.

use super::super::compiler::Compiler;
use super::super::{Bind, Dialect, Statement, grams_text, page, predicate, total};
use super::filters::{device, group, with_roles};
use crate::id::{DirectoryId, ResourceId};
use crate::scim::filter::ResolvedFilter;
use crate::scim::resource::{Gram, Grams};
use crate::scim::schema::{Place, ResourceType};
use crate::store::{INDEX_VALUE_BYTES_MAX, Query, Sort, Start};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, PgConnection, Row, SqliteConnection};
use std::collections::BTreeSet;
use uuid::Uuid;

pub(super) const DIRECTORY: DirectoryId = DirectoryId(7);
const OTHER_DIRECTORY: DirectoryId = DirectoryId(8);
pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// The id of the resource with this number.
pub(super) fn id(number: u128) -> ResourceId {
    ResourceId(Uuid::from_u128(0xabcd_0000_0000_7000_8000_0000_0000_0000 + number))
}

/// A resource: number, type, key document. `created` is number × 1,000 ms, `lastModified` 500 ms later, the version the
/// number.
pub(super) fn resources() -> Vec<(u128, std::sync::Arc<ResourceType>, Value)> {
    let (user, group, device, role) = (with_roles("User"), group(), device(), with_roles("Role"));
    let manager = |value: String| json!({"employeeNumber": "007", "manager": {"value": value}});
    vec![
        (
            1,
            user.clone(),
            json!({"schemas": ["urn:x"], "userName": "alice", "displayName": "alice a", "active": true,
            "name": {"familyName": "adams", "givenName": "alice"}, "title": "",
            "emails": [{"value": "alice@work", "type": "work", "primary": true}, {"value": "al@home", "type": "home"}],
            "roles": [{"value": "auditor", "display": "own"}, {"value": "app"}]}),
        ),
        (
            2,
            user.clone(),
            json!({"userName": "bob", "active": false, "name": {"familyName": "brown"}, "externalId": "Ext-2",
            "emails": [{"value": "bob@home", "type": "home", "primary": false}, {"value": "bob@work", "type": "work"}],
            ENTERPRISE: manager(id(1).to_string())}),
        ),
        (
            3,
            user.clone(),
            json!({"userName": "carol_%", "title": "boss", "roles": [{"value": "auditor", "type": "own", "primary": true}],
            ENTERPRISE: manager("somebody else's id".to_owned())}),
        ),
        (
            4,
            user.clone(),
            json!({"userName": "zoë\u{10FFFF}", "displayName": "z".repeat(1100) + "end",
            "emails": [{"type": "work"}], ENTERPRISE: manager(id(99).to_string())}),
        ),
        (11, group.clone(), json!({"displayName": "staff"})),
        (12, group.clone(), json!({"displayName": "boards"})),
        (13, group.clone(), json!({"displayName": "empty"})),
        (16, group.clone(), json!({"displayName": "outer"})),
        (
            21,
            device.clone(),
            json!({"serial": "s1", "slots": 2, "weight": 0.5, "bought": "2020-01-01T00:00:00",
            "tags": ["red", "big"], "ports": [80, 443], "urn:it's:1.0:Odd": {"o'clock": "five"},
            "owners": [{"value": id(1).to_string(), "labels": ["l1", "l2"]}]}),
        ),
        (
            22,
            device.clone(),
            json!({"serial": "s2", "slots": 10, "weight": 12, "bought": "2020-01-01T00:00:00.5",
            "tags": ["blue"], "owners": [{"value": id(1).to_string()}, {"value": id(2).to_string()}]}),
        ),
        (14, role.clone(), json!({"displayName": "auditors", "value": "auditor", "type": "app"})),
        (15, role, json!({"displayName": "own"})),
        (23, device.clone(), serde_json::from_str(r#"{"serial": "s3", "weight": 1e400, "slots": 1e-400}"#).expect("JSON")),
    ]
}

/// Group, member. 11 is in 12, which is in 16, which is in 11.
pub(super) const MEMBERS: [(u128, u128); 9] =
    [(11, 1), (11, 2), (12, 11), (12, 1), (14, 1), (14, 2), (15, 2), (16, 12), (11, 16)];

/// The databases.
pub(super) struct World {
    /// How many groups deep filters look.
    pub group_depth: u32,
    pub sqlite: SqliteConnection,
    postgres: PgConnection,
}

impl World {
    /// Both databases, filled. The same resources are in a second Directory too, under other ids.
    pub async fn new() -> Self {
        let mut sqlite = SqliteConnection::connect("sqlite::memory:").await.expect("SQLite runs in memory");
        // The tables that searches read.
        for tables in [
            include_str!("../../../../migrations/sqlite/0001_init.sql"),
            include_str!("../../../../migrations/sqlite/0006_lifecycles.sql"),
            include_str!("../../../../migrations/sqlite/0007_lifecycle_indexes.sql"),
        ] {
            sqlx::raw_sql(tables).execute(&mut sqlite).await.expect("migrates");
        }
        let url = std::env::var("TEST_DATABASE_URL").expect(
            "TEST_DATABASE_URL names no PostgreSQL server: run the tests by scripts/test, which starts one. A back end that \
             could not be started is a failure, not a skip",
        );
        let mut postgres = PgConnection::connect(&url).await.expect("PostgreSQL answers");
        // Temporary tables vanish with the connection.
        for tables in [
            include_str!("../../../../migrations/postgres/0001_init.sql"),
            include_str!("../../../../migrations/postgres/0006_lifecycles.sql"),
            include_str!("../../../../migrations/postgres/0007_lifecycle_indexes.sql"),
        ] {
            let tables = tables.replace("CREATE TABLE", "CREATE TEMP TABLE");
            sqlx::raw_sql(sqlx::AssertSqlSafe(tables)).execute(&mut postgres).await.expect("migrates");
        }
        let mut world = Self { group_depth: 10, sqlite, postgres };
        for (number, resource_type, keys) in resources() {
            world.insert(DIRECTORY, id(number), &resource_type, number, &keys).await;
            let elsewhere = ResourceId(Uuid::from_u128(id(number).0.as_u128() + 1000));
            world.insert(OTHER_DIRECTORY, elsewhere, &resource_type, number, &keys).await;
        }
        for (group, member) in MEMBERS {
            let sql = "INSERT INTO members (directory_id, group_id, member_id) VALUES ($1, $2, $3)";
            world.execute(sql, vec![Bind::Integer(DIRECTORY.0), Bind::Id(id(group).0), Bind::Id(id(member).0)]).await;
        }
        world
    }

    pub async fn insert(
        &mut self,
        directory: DirectoryId,
        id: ResourceId,
        resource_type: &ResourceType,
        number: u128,
        keys: &Value,
    ) {
        let number = i64::try_from(number).expect("small");
        let name = || Bind::Text(resource_type.name.to_string());
        let binds = vec![
            Bind::Integer(directory.0),
            Bind::Id(id.0),
            name(),
            Bind::Text(number.to_string()),
            Bind::Integer(number),
            Bind::Integer(number * 1000),
            Bind::Integer(number * 1000 + 500),
            Bind::Text(keys.to_string()),
        ];
        let sql = "INSERT INTO resources (directory_id, id, resource_type, document, version, created, last_modified, keys) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, jsonb($8))";
        self.execute(sql, binds).await;
        let count = "INSERT INTO counters (directory_id, resource_type, slot, resources) VALUES ($1, $2, 0, 1) \
            ON CONFLICT (directory_id, resource_type, slot) DO UPDATE SET resources = counters.resources + 1";
        self.execute(count, vec![Bind::Integer(directory.0), name()]).await;
        let mut grams = Vec::new();
        for indexed in &resource_type.indexed {
            let attribute = &indexed.target.attribute;
            let container = match &indexed.target.place {
                Place::Extension(urn) => keys.get(&**urn),
                Place::Core | Place::Element => Some(keys),
            };
            let values = container.and_then(|container| container.get(&attribute.name)).into_iter();
            let values = values.flat_map(|value| {
                if attribute.multi_valued { value.as_array().cloned().unwrap_or_default() } else { vec![value.clone()] }
            });
            let texts: BTreeSet<String> = values
                .filter_map(|value| match &indexed.target.sub {
                    Some(sub) => value.get(&sub.name).cloned(),
                    None => Some(value),
                })
                .filter_map(|value| value.as_str().map(str::to_owned))
                .collect();
            if indexed.by_parts {
                let of_attribute = Grams::new(directory, &resource_type.name, &indexed.name);
                grams.extend(texts.iter().flat_map(|text| of_attribute.of_value(text)));
            }
            for text in texts.iter().map(|text| text[..text.floor_char_boundary(INDEX_VALUE_BYTES_MAX)].to_owned()) {
                let sql = "INSERT INTO attribute_values VALUES ($1, $2, $3, $4, $5, $6)";
                let attribute = Bind::Text(indexed.name.to_string());
                let binds =
                    vec![Bind::Integer(directory.0), name(), attribute, Bind::Text(text), Bind::Id(id.0), Bind::Boolean(false)];
                self.execute(sql, binds).await;
            }
        }
        self.insert_grams(directory, id, &grams).await;
    }

    async fn insert_grams(&mut self, directory: DirectoryId, id: ResourceId, grams: &[Gram]) {
        let [sqlite, postgres] = [
            (
                Dialect::Sqlite,
                "INSERT INTO substrings (rowid, grams) SELECT number, $3 FROM resources WHERE directory_id = $1 AND id = $2",
            ),
            (Dialect::Postgres, "INSERT INTO substrings (directory_id, resource_id, grams) VALUES ($1, $2, $3::text::integer[])"),
        ]
        .map(|(dialect, sql)| {
            let binds = vec![Bind::Integer(directory.0), Bind::Id(id.0), Bind::Text(grams_text(dialect, grams))];
            Statement { sql: sql.to_owned(), binds, scans: false }
        });
        sqlite_query(&sqlite).execute(&mut self.sqlite).await.expect("SQLite executes");
        postgres_query(&postgres).execute(&mut self.postgres).await.expect("PostgreSQL executes");
    }

    async fn execute(&mut self, sql: &str, binds: Vec<Bind>) {
        let statement = Statement { sql: sql.to_owned(), binds, scans: false };
        sqlite_query(&statement).execute(&mut self.sqlite).await.expect("SQLite executes");
        let statement = Statement { sql: sql.replace("jsonb($8)", "$8::jsonb"), ..statement };
        postgres_query(&statement).execute(&mut self.postgres).await.expect("PostgreSQL executes");
    }

    /// The ids that a statement finds on SQLite; PostgreSQL must find the same.
    async fn ids(&mut self, statement: impl Fn(Dialect) -> Statement) -> Vec<ResourceId> {
        let sqlite = statement(Dialect::Sqlite);
        let rows = sqlite_query(&sqlite).fetch_all(&mut self.sqlite).await;
        let rows = rows.unwrap_or_else(|error| panic!("{error} in {}", sqlite.sql));
        let found: Vec<_> = rows.iter().map(|row: &SqliteRow| ResourceId(row.get(0))).collect();
        let postgres = statement(Dialect::Postgres);
        let rows = postgres_query(&postgres).fetch_all(&mut self.postgres).await;
        let rows = rows.unwrap_or_else(|error| panic!("{error} in {}", postgres.sql));
        let same: Vec<_> = rows.iter().map(|row| ResourceId(row.get(0))).collect();
        assert_eq!(same, found, "PostgreSQL (left) and SQLite (right) differ: {}", postgres.sql);
        found
    }

    /// The numbers of the resources on one page.
    pub async fn page(&mut self, query: &Query<'_>) -> Vec<u128> {
        let found = self.ids(|dialect| page(dialect, DIRECTORY, query).expect("SQL can say it")).await;
        found.into_iter().map(|found| found.0.as_u128() - id(0).0.as_u128()).collect()
    }

    /// The numbers of the resources that match, by id. The probe, the bare predicate and the total must agree.
    pub async fn matches(&mut self, resource_type: &ResourceType, filter: &ResolvedFilter) -> Vec<u128> {
        let query = Query {
            resource_type,
            filter: Some(filter),
            sort: None,
            start: Start::Offset(0),
            limit: 1000,
            group_depth: self.group_depth,
        };
        let found = self.page(&query).await;
        let bare = self
            .ids(|dialect| {
                let mut compiler = Compiler::new(dialect, DIRECTORY, resource_type, query.group_depth);
                let condition = predicate::condition(&mut compiler, filter).expect("SQL can say it");
                let (directory, name) = (&compiler.directory, &compiler.type_name);
                let sql = format!(
                    "SELECT r.id FROM resources r WHERE r.directory_id = {directory} AND r.resource_type = {name} AND {condition} ORDER BY r.id"
                );
                compiler.finish(sql)
            })
            .await;
        let bare: Vec<u128> = bare.into_iter().map(|found| found.0.as_u128() - id(0).0.as_u128()).collect();
        assert_eq!(found, bare, "with a probe (left) and without (right): {filter:?}");
        assert_eq!(self.total(&query).await, found.len(), "the total of {filter:?}");
        found
    }

    /// The total of a query.
    pub async fn total(&mut self, query: &Query<'_>) -> usize {
        let statement = |dialect| total(dialect, DIRECTORY, query).expect("SQL can say it");
        let sqlite = statement(Dialect::Sqlite);
        let row = sqlite_query(&sqlite).fetch_one(&mut self.sqlite).await;
        let found: i64 = row.unwrap_or_else(|error| panic!("{error} in {}", sqlite.sql)).get(0);
        let postgres = statement(Dialect::Postgres);
        let row = postgres_query(&postgres).fetch_one(&mut self.postgres).await;
        let same: i64 = row.unwrap_or_else(|error| panic!("{error} in {}", postgres.sql)).get(0);
        assert_eq!(same, found, "PostgreSQL (left) and SQLite (right) differ: {}", postgres.sql);
        usize::try_from(found).expect("not negative")
    }

    /// The numbers of all resources of a type in the order of `sort`.
    pub async fn sorted(&mut self, resource_type: &ResourceType, filter: Option<&ResolvedFilter>, sort: &Sort) -> Vec<u128> {
        self.page(&Query {
            resource_type,
            filter,
            sort: Some(sort),
            start: Start::Offset(0),
            limit: 1000,
            group_depth: self.group_depth,
        })
        .await
    }
}

pub(super) fn sqlite_query(statement: &Statement) -> sqlx::query::Query<'_, sqlx::Sqlite, sqlx::sqlite::SqliteArguments> {
    statement.binds.iter().fold(sqlx::query(sqlx::AssertSqlSafe(statement.sql.clone())), |query, bind| match bind {
        Bind::Text(value) => query.bind(value),
        Bind::Integer(value) => query.bind(*value),
        Bind::Number(value) => query.bind(*value),
        Bind::Boolean(value) => query.bind(*value),
        Bind::Id(value) => query.bind(*value),
    })
}

fn postgres_query(statement: &Statement) -> sqlx::query::Query<'_, sqlx::Postgres, sqlx::postgres::PgArguments> {
    statement.binds.iter().fold(sqlx::query(sqlx::AssertSqlSafe(statement.sql.clone())), |query, bind| match bind {
        Bind::Text(value) => query.bind(value),
        Bind::Integer(value) => query.bind(*value),
        Bind::Number(value) => query.bind(*value),
        Bind::Boolean(value) => query.bind(*value),
        Bind::Id(value) => query.bind(*value),
    })
}
