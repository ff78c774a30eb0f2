//! A store that knows tokens, and fails or panics when it is asked for resources.

use crate::auth::token;
use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId, TokenId};
use crate::scim::schema::ShownType;
use crate::store::{
    Commit, Committed, DefinitionChange, DefinitionRow, DirectoryRow, DirectoryStatus, Listing, ListingPage, Membership, Page,
    Query, Reference, ResourceIndex, Store, StoreError, Stored, TokenDigest, TokenKind, TokenRow,
};
use async_trait::async_trait;
use std::sync::Mutex;

// Their checksums are right.
pub const GOOD: &str = "Bearer scimd_ggggggggggggggggggggggggggggggggggggggggggA40S3xr";
pub const OTHER: &str = "Bearer scimd_ooooooooooooooooooooooooooooooooooooooooooA3yTt4z";
pub const OLD: &str = "Bearer scimd_ppppppppppppppppppppppppppppppppppppppppppA3xqyg3";
/// A token that the store does not know.
pub const WRONG: &str = "Bearer scimd_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxA3SlM0f";

/// An id that makes the store panic.
pub const PANIC: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
/// An id for which the database is away.
pub const AWAY: &str = "01890a5d-ac96-774b-bcce-b302099a8058";

/// Two Directories, `acme` and `other`, with a token each, and another token of `acme` that expires at 10 s.
#[derive(Default)]
pub struct Fake {
    pub revoked: Mutex<Option<Timestamp>>,
    pub pending: Mutex<Vec<String>>,
    pub lookups: Mutex<u32>,
}

pub fn row(id: i64, name: &str) -> DirectoryRow {
    DirectoryRow {
        id: DirectoryId(id),
        name: name.into(),
        display_name: String::new(),
        provider: "generic".into(),
        settings: "{}".into(),
        created: Timestamp(0),
        status: DirectoryStatus::Active,
        protected: false,
        disconnecting: false,
        revision: 1,
        schema_revision: 0,
    }
}

fn nothing<T>() -> Result<T, StoreError> {
    Err(StoreError::NotFound)
}

#[async_trait]
impl Store for Fake {
    async fn migrate(&self) -> Result<(), StoreError> {
        nothing()
    }
    async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.pending.lock().expect("not poisoned").clone())
    }
    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
    async fn directory(&self, _: &str) -> Result<Option<DirectoryRow>, StoreError> {
        nothing()
    }
    async fn token(&self, digest: &TokenDigest) -> Result<Option<(TokenRow, DirectoryRow)>, StoreError> {
        *self.lookups.lock().expect("not poisoned") += 1;
        let of = |header: &str| token::digest(&header["Bearer ".len()..]) == *digest;
        let (id, expires, directory) = match () {
            () if of(GOOD) => (1, None, row(1, "acme")),
            () if of(OTHER) => (2, None, row(2, "other")),
            () if of(OLD) => (3, Some(Timestamp(10_000)), row(1, "acme")),
            () => return Ok(None),
        };
        let token = TokenRow {
            id: TokenId(id),
            directory_id: directory.id,
            name: "token".into(),
            created: Timestamp(0),
            expires,
            revoked: *self.revoked.lock().expect("not poisoned"),
            user: None,
            kind: TokenKind::Bearer,
            digest: *digest,
            scopes: String::new(),
            inactive: None,
            renewed: None,
            former: None,
            jwks: None,
            warned_days: None,
            revision: 1,
        };
        Ok(Some((token, directory)))
    }
    async fn token_of(&self, _: DirectoryId, _: TokenId) -> Result<Option<(TokenRow, DirectoryRow)>, StoreError> {
        nothing()
    }
    async fn definitions(&self, _: Option<DirectoryId>, _: u32) -> Result<Vec<DefinitionRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn change_definitions(&self, _: &DefinitionChange, _: Timestamp) -> Result<(), StoreError> {
        nothing()
    }
    async fn wait_for_changes(&self) -> Result<(), StoreError> {
        nothing()
    }
    async fn index_resources(
        &self,
        _: DirectoryId,
        _: i64,
        _: &str,
        _: Vec<ResourceIndex>,
    ) -> Result<Vec<ResourceId>, StoreError> {
        nothing()
    }
    async fn drop_index(&self, _: DirectoryId, _: i64, _: &str, _: &str, _: u32) -> Result<u64, StoreError> {
        nothing()
    }
    async fn get(&self, _: DirectoryId, _: &str, id: ResourceId) -> Result<Option<Stored>, StoreError> {
        assert_ne!(id.to_string(), PANIC, "as the test wants it");
        if id.to_string() == AWAY { Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)) } else { Ok(None) }
    }
    async fn directory_key(&self, _: DirectoryId, _: &str, _: &[u8; 32]) -> Result<[u8; 32], StoreError> {
        nothing()
    }
    async fn search(&self, _: DirectoryId, _: &Query<'_>) -> Result<Page, StoreError> {
        nothing()
    }
    async fn list(&self, _: DirectoryId, _: &Listing<'_>) -> Result<ListingPage, StoreError> {
        nothing()
    }
    async fn references(&self, _: DirectoryId, _: &[ResourceId]) -> Result<Vec<Reference>, StoreError> {
        nothing()
    }
    async fn members(&self, _: DirectoryId, _: ResourceId, _: Option<ResourceId>, _: u32) -> Result<Vec<Reference>, StoreError> {
        nothing()
    }
    async fn memberships(
        &self,
        _: DirectoryId,
        _: &[ResourceId],
        _: u32,
        _: &[&ShownType],
    ) -> Result<Vec<Membership>, StoreError> {
        nothing()
    }
    async fn members_of(&self, _: DirectoryId, _: &[ResourceId], _: u32) -> Result<Vec<(ResourceId, Reference)>, StoreError> {
        nothing()
    }
    async fn password_hash(&self, _: DirectoryId, _: ResourceId) -> Result<Option<String>, StoreError> {
        nothing()
    }
    async fn commit(&self, _: DirectoryId, _: Commit) -> Result<Committed, StoreError> {
        nothing()
    }
    async fn was_deleted(&self, _: DirectoryId, _: ResourceId) -> Result<bool, StoreError> {
        nothing()
    }
    async fn lift_tombstone(&self, _: DirectoryId, _: &str, _: ResourceId) -> Result<bool, StoreError> {
        nothing()
    }
    async fn close(&self) {}
}
