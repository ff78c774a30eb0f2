//! The contract on PostgreSQL: a database per case.

use super::fixture::{Event, Fixture};
use super::test_database::{TestDatabase, patient};
use scimd::id::{DirectoryId, ResourceId};
use scimd::store::postgres::PostgresStore;
use scimd::store::{OperatorStore, Store};
use sqlx::Row;
use std::sync::Arc;

/// A database of its own, which goes with it.
pub struct PostgresFixture {
    store: Arc<PostgresStore>,
    database: TestDatabase,
}

impl Fixture for PostgresFixture {
    async fn open() -> Self {
        let database = TestDatabase::create().await;
        let store = PostgresStore::open(&database.url, patient()).await.expect("opens");
        store.migrate().await.expect("migrates");
        Self { store: Arc::new(store), database }
    }

    fn store(&self) -> Arc<dyn OperatorStore> {
        self.store.clone()
    }

    async fn open_another(&self) -> Arc<dyn OperatorStore> {
        Arc::new(PostgresStore::open(&self.database.url, patient()).await.expect("opens"))
    }

    async fn events(&self, directory: DirectoryId) -> Vec<Event> {
        let mut connection = self.database.connect().await;
        let rows = sqlx::query("SELECT kind, resource_id, version, detail FROM events WHERE directory_id = $1 ORDER BY seq")
            .bind(directory.0)
            .fetch_all(&mut connection)
            .await
            .expect("reads");
        rows.iter()
            .map(|row| Event {
                kind: row.get(0),
                resource_id: ResourceId(row.get(1)),
                version: row.get(2),
                detail: row.get::<Option<String>, _>(3).map(|text| serde_json::from_str(&text).expect("JSON")),
            })
            .collect()
    }
}
