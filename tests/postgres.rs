//! What holds on PostgreSQL beyond the contract that all back ends share: sessions that die, callers that hang up, changes
//! that wait for each other, and replicas that start together.
#![expect(clippy::panic, reason = "tests fail by panicking")]

#[path = "support/store_contract/sample.rs"]
mod sample;
#[path = "support/postgres.rs"]
mod test_database;

#[path = "support/postgres/gathering.rs"]
mod gathering;
#[path = "support/postgres/outages.rs"]
mod outages;
#[path = "support/postgres/requests.rs"]
mod requests;
#[path = "support/postgres/waiting.rs"]
mod waiting;

use scimd::store::Store;
use scimd::store::postgres::PostgresStore;
use std::sync::Arc;
use std::time::Duration;
use test_database::{TestDatabase, patient};

/// Nothing that these tests wait for takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// A store with its tables in a database of its own.
async fn open() -> (TestDatabase, Arc<PostgresStore>) {
    let database = TestDatabase::create().await;
    let store = PostgresStore::open(&database.url, patient()).await.expect("opens");
    store.migrate().await.expect("migrates");
    (database, Arc::new(store))
}
