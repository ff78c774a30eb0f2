//! The contract on SQLite: a file per case.

use super::fixture::{Event, Fixture};
use scimd::id::{DirectoryId, ResourceId};
use scimd::store::sqlite::{SqliteOptions, SqliteStore};
use scimd::store::{OperatorStore, Store};
use sqlx::{Connection, Row, SqliteConnection};
use std::sync::Arc;

/// A database in a directory of its own, which goes with it.
pub struct SqliteFixture {
    store: Arc<SqliteStore>,
    url: String,
    _directory: tempfile::TempDir,
}

impl Fixture for SqliteFixture {
    async fn open() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let url = format!("sqlite:{}", directory.path().join("scimd.db").display());
        let store = SqliteStore::open(&url, SqliteOptions::default()).await.expect("opens");
        store.migrate().await.expect("migrates");
        Self { store: Arc::new(store), url, _directory: directory }
    }

    fn store(&self) -> Arc<dyn OperatorStore> {
        self.store.clone()
    }

    async fn open_another(&self) -> Arc<dyn OperatorStore> {
        Arc::new(SqliteStore::open(&self.url, SqliteOptions::default()).await.expect("opens"))
    }

    async fn events(&self, directory: DirectoryId) -> Vec<Event> {
        let mut connection = SqliteConnection::connect(&self.url).await.expect("connects");
        let rows = sqlx::query("SELECT kind, resource_id, version, detail FROM events WHERE directory_id = ? ORDER BY seq")
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
