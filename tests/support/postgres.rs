//! A database of its own for each test, on the server that `TEST_DATABASE_URL` names.

use scimd::store::postgres::PostgresOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::time::Duration;

/// Options for tests that are not about the time that something may take: it may be long on a busy machine.
pub fn patient() -> PostgresOptions {
    const PATIENCE: Duration = Duration::from_secs(60);
    PostgresOptions {
        acquire_timeout: PATIENCE,
        statement_timeout: PATIENCE,
        lock_timeout: PATIENCE,
        held_up_after: PATIENCE,
        ..PostgresOptions::default()
    }
}

/// An empty database; dropped with this.
pub struct TestDatabase {
    /// Its URL.
    pub url: String,
    server: String,
    name: String,
}

impl TestDatabase {
    pub async fn create() -> Self {
        let server = std::env::var("TEST_DATABASE_URL").expect(
            "TEST_DATABASE_URL names no PostgreSQL server: run the tests by scripts/test, which starts one. A back end that \
             could not be started is a failure, not a skip",
        );
        let name = format!("test_{}", uuid::Uuid::now_v7().simple());
        execute(&server, format!("CREATE DATABASE {name}")).await;
        let (base, _) = server.rsplit_once('/').expect("TEST_DATABASE_URL ends with the name of a database");
        Self { url: format!("{base}/{name}"), server, name }
    }

    /// A connection past the store.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.expect("connects")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // A drop cannot wait for a future, and this thread's runtime may be shutting down.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(execute(&server, format!("DROP DATABASE {name} WITH (FORCE)")));
        });
        // A database that stays is no reason to fail a test that passed.
        let _ = dropping.join();
    }
}

async fn execute(url: &str, statement: String) {
    let mut connection = PgConnection::connect(url).await.expect("the server of TEST_DATABASE_URL answers");
    sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.expect("the role may create and drop databases");
    connection.close().await.expect("closes");
}
