//! What becomes of what is deleted, of what operators do to resources of a provider, and of what is theirs: each policy of
//! docs/life-cycles.md, shown by what the provider sends that it is made for.
#![expect(clippy::panic, reason = "tests fail by panicking")]

#[path = "support/app.rs"]
mod app;

#[path = "life_cycles/deleting.rs"]
mod deleting;
#[path = "life_cycles/entra.rs"]
mod entra;
#[path = "life_cycles/manual.rs"]
mod manual;
#[path = "life_cycles/okta.rs"]
mod okta;
#[path = "life_cycles/roll.rs"]
mod roll;

use app::{App, GROUP, USER};
use scimd::admin::{AdminError, Desk, Kind, groups, resources, users};
use scimd::auth::PasswordHasher;
use scimd::config::{Config, Sources};
use scimd::directory::{Limits, Precondition};
use scimd::id::ResourceId;
use scimd::scim::ScimError;
use scimd::store::audit::{AuditFilter, AuditRow};
use scimd::store::{Stored, Tombstone};
use serde_json::{Value, json};

/// An operator at work in the Directory of a client.
struct Office<'a> {
    app: &'a App,
    limits: Limits,
    passwords: PasswordHasher,
}

impl<'a> Office<'a> {
    fn of(app: &'a App) -> Self {
        let config = Config::load(&Sources::default()).expect("the defaults are valid");
        Self { app, limits: Limits::from(&config), passwords: PasswordHasher::new(&config.password) }
    }

    async fn work<T>(&self, work: impl AsyncFnOnce(&Desk<'_>) -> Result<T, AdminError>) -> Result<T, AdminError> {
        let (operator, row) = (self.app.operator(), self.app.row().await);
        let desk = Desk::open(&operator, &row, &self.limits, &self.passwords).await?;
        work(&desk).await
    }

    async fn create(&self, kind: Kind, body: Value) -> Result<String, AdminError> {
        let body = body.to_string();
        let id = self.work(async |desk| is_send(resources::create(desk, kind, body.as_bytes())).await).await?;
        Ok(id.to_string())
    }

    async fn user(&self, name: &str) -> String {
        self.create(Kind::User, json!({ "schemas": [USER], "userName": name })).await.expect("creates")
    }

    async fn group(&self, name: &str) -> String {
        self.create(Kind::Group, json!({ "schemas": [GROUP], "displayName": name })).await.expect("creates")
    }

    async fn edit(&self, kind: Kind, id: &str, body: Value) -> Result<(), AdminError> {
        let body = body.to_string();
        self.work(async |desk| is_send(resources::replace(desk, kind, parsed(id), body.as_bytes(), &Precondition::None)).await)
            .await
    }

    async fn members(&self, group: &str, add: &[&str], remove: &[&str]) -> Result<(), AdminError> {
        let ids = |ids: &[&str]| ids.iter().map(|id| parsed(id)).collect::<Vec<_>>();
        let (add, remove) = (ids(add), ids(remove));
        self.work(async |desk| is_send(groups::change_members(desk, parsed(group), add, remove)).await).await
    }

    async fn disable(&self, id: &str) -> Stored {
        let user = self.find(Kind::User, id).await;
        self.work(async |desk| is_send(users::disable(desk, &user)).await).await.expect("disables")
    }

    async fn enable(&self, id: &str) -> Stored {
        let user = self.find(Kind::User, id).await;
        self.work(async |desk| is_send(users::enable(desk, &user)).await).await.expect("enables")
    }

    async fn delete(&self, kind: Kind, id: &str) {
        let resource = self.find(kind, id).await;
        self.work(async |desk| is_send(resources::delete(desk, kind, &resource, &Precondition::None)).await)
            .await
            .expect("deletes");
    }

    async fn find(&self, kind: Kind, name: &str) -> Stored {
        resources::find(&*self.app.store, self.app.row().await.id, kind, name).await.expect("is there")
    }

    async fn deleted(&self, kind: Kind) -> Vec<Tombstone> {
        resources::deleted(&*self.app.store, self.app.row().await.id, kind, None, 500).await.expect("answers")
    }

    async fn purge(&self, kind: Kind, id: &str) -> Result<(), AdminError> {
        resources::purge(&self.app.operator(), &self.app.row().await, kind, parsed(id)).await
    }

    /// The acts on one resource, the earliest first.
    async fn acts(&self, id: &str) -> Vec<AuditRow> {
        let filter = AuditFilter { directory: Some(self.app.row().await.id), ..AuditFilter::default() };
        let mut rows = self.app.store.audit(&filter, None, 500).await.expect("answers");
        rows.retain(|row| row.target == id);
        rows.reverse();
        rows
    }
}

/// The futures of a server go from one thread to another.
fn is_send<T: Send>(future: T) -> T {
    future
}

fn parsed(id: &str) -> ResourceId {
    ResourceId::parse(id).expect("an id")
}

/// The detail with which an operator is refused.
#[track_caller]
fn refusal<T>(result: Result<T, AdminError>) -> ScimError {
    match result {
        Err(AdminError::Refused(error)) => error,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("nothing was refused"),
    }
}

/// How many resources of an endpoint a filter finds.
async fn found(app: &App, endpoint: &str, filter: &str) -> u64 {
    app.filter(endpoint, filter).await.expect(200).at("/totalResults").as_u64().expect("a number")
}
