//! What operators keep: Directories, tokens, accounts, API keys, and the record of what was done.

use super::fixture::Fixture;
use super::sample::{NOW, create_directory, entry, fresh_directory};
use scimd::clock::Timestamp;
use scimd::id::{AccountId, DirectoryId, ResourceId, TokenId};
use scimd::store::audit::AuditFilter;
use scimd::store::operator::{AccountRow, NewToken, Operation, Role, TokenUse};
use scimd::store::{DirectoryRow, DirectoryStatus, FormerSecret, OperatorStore, StoreError, TokenDigest, TokenKind, TokenRow};

fn new_digest() -> TokenDigest {
    let mut digest = [7; 32];
    digest[..16].copy_from_slice(ResourceId::generate().0.as_bytes());
    digest
}

fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", ResourceId::generate())
}

fn new_token(directory: DirectoryId, name: &str, digest: &TokenDigest) -> NewToken {
    NewToken {
        directory,
        name: name.into(),
        kind: TokenKind::Bearer,
        digest: *digest,
        expires: None,
        user: None,
        scopes: String::new(),
        jwks: None,
    }
}

async fn create(store: &dyn OperatorStore, token: NewToken, live_max: Option<u32>) -> Result<TokenId, StoreError> {
    store.operate(Operation::CreateToken { token, live_max }, entry("token.create")).await.map(TokenId)
}

async fn change(store: &dyn OperatorStore, token: TokenRow, live_max: Option<u32>) -> Result<i64, StoreError> {
    store.operate(Operation::ChangeToken { token, live_max }, entry("token.edit")).await
}

async fn read(store: &dyn OperatorStore, digest: &TokenDigest) -> TokenRow {
    store.token(digest).await.expect("answers").expect("is there").0
}

pub async fn directories_are_created_once_and_listed_by_name(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let prefix = unique("n");
    let name = |suffix: &str| format!("{prefix}-{suffix}");
    for suffix in ["b", "a", "c"] {
        let id = create_directory(&*store, &name(suffix)).await.expect("creates");
        let expected = DirectoryRow {
            id,
            name: name(suffix),
            display_name: "Example".into(),
            provider: "okta".into(),
            settings: r#"{"x":1}"#.into(),
            created: NOW,
            status: DirectoryStatus::Active,
            protected: false,
            disconnecting: false,
            revision: 1,
            schema_revision: 0,
        };
        assert_eq!(store.directory(&name(suffix)).await.expect("answers"), Some(expected));
    }
    let taken = create_directory(&*store, &name("a")).await;
    assert!(matches!(taken, Err(StoreError::Exists)), "{taken:?}");
    assert_eq!(store.directory(&name("d")).await.expect("answers"), None);
    let names = |rows: Vec<DirectoryRow>| rows.into_iter().map(|row| row.name).collect::<Vec<_>>();
    assert_eq!(names(store.directories(Some(&prefix), 2).await.expect("answers")), [name("a"), name("b")]);
    assert_eq!(names(store.directories(Some(&name("b")), 1).await.expect("answers")), [name("c")]);
    assert!(!store.directories(None, 1).await.expect("answers").is_empty());
}

pub async fn a_directory_changes_only_from_the_revision_that_was_read(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let name = unique("n");
    create_directory(&*store, &name).await.expect("creates");
    let read = store.directory(&name).await.expect("answers").expect("is there");
    let changed = DirectoryRow {
        display_name: "Other".into(),
        provider: "entra".into(),
        settings: "{}".into(),
        status: DirectoryStatus::Paused,
        protected: true,
        ..read.clone()
    };
    store.operate(Operation::ChangeDirectory(changed.clone()), entry("directory.edit")).await.expect("changes");
    let after = store.directory(&name).await.expect("answers").expect("is there");
    assert_eq!(after, DirectoryRow { revision: 2, ..changed });
    let stale = store.operate(Operation::ChangeDirectory(read), entry("directory.edit")).await;
    assert!(matches!(stale, Err(StoreError::VersionConflict)), "{stale:?}");
    assert_eq!(store.directory(&name).await.expect("answers"), Some(after));
}

pub async fn a_token_is_found_by_its_secret_and_by_the_one_of_before(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let digest = new_digest();
    let expires = Some(Timestamp(NOW.0 + 1000));
    let user = Some(ResourceId::generate());
    let scopes = "User:read".to_owned();
    let token = NewToken { expires, user, scopes: scopes.clone(), ..new_token(directory, "okta", &digest) };
    let id = create(&*store, token, None).await.expect("creates");
    let expected = TokenRow {
        id,
        directory_id: directory,
        name: "okta".into(),
        created: NOW,
        expires,
        revoked: None,
        user,
        kind: TokenKind::Bearer,
        digest,
        scopes,
        inactive: None,
        renewed: None,
        former: None,
        jwks: None,
        warned_days: None,
        revision: 1,
    };
    let (token, row) = store.token(&digest).await.expect("answers").expect("is there");
    assert_eq!((token, row.id), (expected.clone(), directory));
    assert_eq!(store.token(&new_digest()).await.expect("answers"), None);

    let renewed = TokenRow {
        digest: new_digest(),
        renewed: Some(NOW),
        former: Some(FormerSecret { digest, expires: Timestamp(NOW.0 + 9) }),
        inactive: Some(NOW),
        revoked: Some(NOW),
        warned_days: Some(7),
        jwks: Some("{}".into()),
        scopes: "read".into(),
        name: "other".into(),
        expires: None,
        ..expected.clone()
    };
    change(&*store, renewed.clone(), None).await.expect("changes");
    let after = TokenRow { revision: 2, ..renewed.clone() };
    assert_eq!(read(&*store, &digest).await, after);
    assert_eq!(read(&*store, &renewed.digest).await, after);
    let stale = change(&*store, expected, None).await;
    assert!(matches!(stale, Err(StoreError::VersionConflict)), "{stale:?}");
    let taken = create(&*store, new_token(directory, "thief", &renewed.digest), None).await;
    assert!(matches!(taken, Err(StoreError::Exists)), "a digest is one token's: {taken:?}");
}

pub async fn the_name_of_a_revoked_token_is_free(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let digest = new_digest();
    let first = create(&*store, new_token(directory, "okta", &digest), None).await.expect("creates");
    let taken = create(&*store, new_token(directory, "okta", &new_digest()), None).await;
    assert!(matches!(taken, Err(StoreError::Exists)), "{taken:?}");
    let revoked = TokenRow { revoked: Some(NOW), ..read(&*store, &digest).await };
    change(&*store, revoked, None).await.expect("revokes");
    let second = create(&*store, new_token(directory, "okta", &new_digest()), None).await.expect("is free");
    let other = fresh_directory(&*store).await;
    create(&*store, new_token(other, "okta", &new_digest()), None).await.expect("names are per Directory");
    let listed = |rows: Vec<TokenRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(listed(store.tokens(directory, None, 10).await.expect("answers")), [first, second]);
    assert_eq!(listed(store.tokens(directory, None, 1).await.expect("answers")), [first]);
    assert_eq!(listed(store.tokens(directory, Some(first), 10).await.expect("answers")), [second]);
}

pub async fn a_token_is_changed_and_deleted_in_its_own_directory_only(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let ours = fresh_directory(&*store).await;
    let theirs = fresh_directory(&*store).await;
    let digest = new_digest();
    let id = create(&*store, new_token(ours, "okta", &digest), None).await.expect("creates");
    let before = read(&*store, &digest).await;
    let stolen = change(&*store, TokenRow { directory_id: theirs, name: "x".into(), ..before.clone() }, None).await;
    assert!(matches!(stolen, Err(StoreError::VersionConflict)), "{stolen:?}");
    let delete = |directory, revision| Operation::DeleteToken { directory, token: id, revision };
    let deleted = store.operate(delete(theirs, before.revision), entry("token.delete")).await;
    assert!(matches!(deleted, Err(StoreError::NotFound)), "{deleted:?}");
    let stale = store.operate(delete(ours, before.revision + 1), entry("token.delete")).await;
    assert!(matches!(stale, Err(StoreError::VersionConflict)), "{stale:?}");
    assert_eq!(read(&*store, &digest).await, before);
    assert_eq!(store.tokens(theirs, None, 10).await.expect("answers"), []);
    store.operate(delete(ours, before.revision), entry("token.delete")).await.expect("deletes");
    assert_eq!(store.token(&digest).await.expect("answers"), None);
}

pub async fn no_more_tokens_are_in_use_than_may_be_whoever_asks_at_once(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let replica = fixture.open_another().await;
    let user = Some(ResourceId::generate());
    create(&*store, NewToken { user, ..new_token(directory, "me", &new_digest()) }, Some(2)).await.expect("does not count");
    let expired = NewToken { expires: Some(NOW), ..new_token(directory, "old", &new_digest()) };
    create(&*store, expired, None).await.expect("does not count");
    let names: Vec<String> = (0..8).map(|number| format!("t{number}")).collect();
    let asked = names.iter().enumerate().map(|(number, name)| {
        let store = if number % 2 == 0 { &store } else { &replica };
        create(&**store, new_token(directory, name, &new_digest()), Some(2))
    });
    let outcomes = futures_util::future::join_all(asked).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 2, "{outcomes:?}");
    let is_limit = |outcome: &&Result<_, _>| matches!(outcome, Err(StoreError::LimitReached { limit: 2 }));
    assert_eq!(outcomes.iter().filter(is_limit).count(), 6, "{outcomes:?}");
    // One that comes back into use counts as a new one does.
    let live: Vec<TokenRow> = store.tokens(directory, None, 20).await.expect("answers");
    let live = live.into_iter().find(|token| token.name.starts_with('t')).expect("one of the two");
    change(&*store, TokenRow { inactive: Some(NOW), ..live.clone() }, Some(2)).await.expect("deactivates");
    create(&*store, new_token(directory, "third", &new_digest()), Some(2)).await.expect("there is room");
    let back = change(&*store, TokenRow { revision: live.revision + 1, ..live }, Some(2)).await;
    assert!(matches!(back, Err(StoreError::LimitReached { limit: 2 })), "{back:?}");
    replica.close().await;
}

pub async fn tokens_that_expire_are_found_and_warned_of_once(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    // Further away than what other cases make, and after each other.
    let far = |days: i64| Timestamp(NOW.0 + 4_000_000_000_000 + days);
    let mut ids = Vec::new();
    for days in [3, 1, 2] {
        let token = NewToken { expires: Some(far(days)), ..new_token(directory, &format!("t{days}"), &new_digest()) };
        ids.push(create(&*store, token, None).await.expect("creates"));
    }
    let found = store.expiring_tokens(far(0), far(2), 10).await.expect("answers");
    let ours: Vec<TokenId> = found.iter().filter(|token| token.directory_id == directory).map(|token| token.id).collect();
    assert_eq!(ours, [ids[1], ids[2]]);
    let warn = async |directory, days| match store
        .operate(Operation::WarnOfToken { directory, token: ids[0], days }, entry("token.expiring"))
        .await
    {
        Err(StoreError::VersionConflict) => false,
        done => done.map(|_| true).expect("answers"),
    };
    for (days, is_first) in [(30, true), (30, false), (7, true), (30, false), (1, true)] {
        assert_eq!(warn(directory, days).await, is_first, "{days}");
    }
    let other = fresh_directory(&*store).await;
    assert!(!warn(other, 0).await, "it is not theirs");
}

pub async fn uses_of_tokens_add_up(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let token = create(&*store, new_token(directory, "okta", &new_digest()), None).await.expect("creates");
    let used = |at: i64, address: &str, uses| TokenUse {
        directory,
        token,
        last_used: Timestamp(at),
        last_address: Some(address.into()),
        uses,
    };
    assert_eq!(store.token_uses(directory, None, 10).await.expect("answers"), []);
    store.note_uses(vec![used(20, "192.0.2.1", 3)]).await.expect("notes");
    let gone = TokenUse { token: TokenId(i64::MAX), ..used(1, "192.0.2.9", 1) };
    store.note_uses(vec![used(10, "192.0.2.2", 2), gone]).await.expect("one that is gone is no obstacle");
    assert_eq!(store.token_uses(directory, None, 10).await.expect("answers"), [used(20, "192.0.2.1", 5)]);
    store.note_uses(vec![used(30, "192.0.2.3", 1)]).await.expect("notes");
    assert_eq!(store.token_uses(directory, None, 10).await.expect("answers"), [used(30, "192.0.2.3", 6)]);
    assert_eq!(store.token_uses(directory, Some(token), 10).await.expect("answers"), []);
    store.operate(Operation::DeleteToken { directory, token, revision: 1 }, entry("token.delete")).await.expect("deletes");
    assert_eq!(store.token_uses(directory, None, 10).await.expect("answers"), []);
}

async fn new_account(store: &dyn OperatorStore, name: &str, role: Role) -> AccountRow {
    let create = Operation::CreateAccount { name: name.into(), role, password_hash: None };
    store.operate(create, entry("account.create")).await.expect("creates");
    store.account(name).await.expect("answers").expect("is there")
}

pub async fn a_token_is_found_by_its_number_in_its_own_directory_only(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let (directory, elsewhere) = (fresh_directory(&*store).await, fresh_directory(&*store).await);
    let digest = new_digest();
    let jwks = Some(r#"{"keys":[]}"#.to_owned());
    let client = NewToken { kind: TokenKind::Client, jwks, ..new_token(directory, "okta", &digest) };
    let id = create(&*store, client, None).await.expect("creates");
    let (token, row) = store.token_of(directory, id).await.expect("answers").expect("is there");
    assert_eq!((token, row.id), (read(&*store, &digest).await, directory));
    assert_eq!(store.token_of(elsewhere, id).await.expect("answers"), None);
    assert_eq!(store.token_of(directory, TokenId(id.0 + 1_000_000)).await.expect("answers"), None);
}

pub async fn an_assertion_is_taken_once_by_whichever_replica(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let replica = fixture.open_another().await;
    let directory = fresh_directory(&*store).await;
    let client = create(&*store, new_token(directory, "a", &new_digest()), None).await.expect("creates");
    let other = create(&*store, new_token(directory, "b", &new_digest()), None).await.expect("creates");
    let expires = Timestamp(NOW.0 + 1_000);
    let attempts = (0..8).map(|number| {
        let store = if number % 2 == 0 { &store } else { &replica };
        store.note_assertion(directory, client, &[1; 32], expires, NOW)
    });
    let taken = futures_util::future::join_all(attempts).await;
    assert_eq!(taken.into_iter().filter(|taken| *taken.as_ref().expect("answers")).count(), 1);
    let note = async |client, jti: u8, now: i64| {
        replica.note_assertion(directory, client, &[jti; 32], expires, Timestamp(now)).await.expect("answers")
    };
    assert!(note(client, 2, NOW.0).await, "another one");
    assert!(note(other, 1, NOW.0).await, "another client's");
    assert!(!note(client, 1, NOW.0 + 999).await);
    // By then the assertion itself is refused as expired.
    assert!(note(client, 1, NOW.0 + 1_000).await, "it is forgotten");
    store
        .operate(Operation::DeleteToken { directory, token: client, revision: 1 }, entry("token.delete"))
        .await
        .expect("deletes");
    assert!(!note(client, 3, NOW.0).await, "the client is gone");
    replica.close().await;
}

pub async fn an_account_takes_its_keys_with_it(fixture: &mut impl Fixture) {
    let store = fixture.store();
    new_account(&*store, &unique("owner"), Role::Owner).await;
    let account = new_account(&*store, &unique("a"), Role::Viewer).await;
    let again = Operation::CreateAccount { name: account.name.clone(), role: Role::Owner, password_hash: None };
    assert!(matches!(store.operate(again, entry("account.create")).await, Err(StoreError::Exists)));
    let digest = new_digest();
    let key = |account, revision, name: &str, digest| {
        let (name, expires) = (name.to_owned(), Some(Timestamp(5)));
        Operation::CreateApiKey { account, revision, name, digest, expires, max: 1 }
    };
    let nobody = store.operate(key(AccountId(i64::MAX), 1, "ci", digest), entry("api-key.create")).await;
    assert!(matches!(nobody, Err(StoreError::NotFound)), "{nobody:?}");
    let stale = store.operate(key(account.id, 2, "ci", digest), entry("api-key.create")).await;
    assert!(matches!(stale, Err(StoreError::VersionConflict)), "{stale:?}");
    store.operate(key(account.id, 1, "ci", digest), entry("api-key.create")).await.expect("creates");
    let one_more = store.operate(key(account.id, 1, "cd", new_digest()), entry("api-key.create")).await;
    assert!(matches!(one_more, Err(StoreError::LimitReached { limit: 1 })), "{one_more:?}");
    // Sessions are no obstacle to other keys, and the oldest make way.
    for session in ["session-1", "session-2"] {
        store.operate(key(account.id, 1, session, new_digest()), entry("api-key.create")).await.expect("creates");
    }
    let (found, its) = store.api_key(&digest).await.expect("answers").expect("is there");
    assert_eq!((found.name.as_str(), found.expires, found.last_used, &its), ("ci", Some(Timestamp(5)), None, &account));
    store.note_key_use(found.id, NOW, Some("192.0.2.1")).await.expect("notes");
    let keys = store.api_keys(account.id, 10).await.expect("answers");
    assert_eq!((keys[0].last_used, keys[0].last_address.as_deref()), (Some(NOW), Some("192.0.2.1")));
    assert_eq!(keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["ci", "session-2"]);
    let edited = AccountRow { role: Role::Operator, disabled: Some(NOW), password_hash: Some("hash".into()), ..account };
    let change = || Operation::ChangeAccount { account: edited.clone(), ends_sessions: true };
    store.operate(change(), entry("account.edit")).await.expect("changes");
    let keys = store.api_keys(edited.id, 10).await.expect("answers");
    assert_eq!(keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["ci"], "sessions end");
    let stale = store.operate(change(), entry("account.edit")).await;
    assert!(matches!(stale, Err(StoreError::VersionConflict)), "{stale:?}");
    assert_eq!(store.account(&edited.name).await.expect("answers"), Some(AccountRow { revision: 2, ..edited.clone() }));
    let delete = |revision| Operation::DeleteAccount { account: edited.id, revision };
    let stale = store.operate(delete(1), entry("account.delete")).await;
    assert!(matches!(stale, Err(StoreError::VersionConflict)), "{stale:?}");
    store.operate(delete(2), entry("account.delete")).await.expect("deletes");
    assert_eq!(store.api_key(&digest).await.expect("answers"), None);
    let names: Vec<String> = store.accounts(None, 500).await.expect("answers").into_iter().map(|row| row.name).collect();
    assert!(!names.contains(&edited.name) && names.is_sorted(), "{names:?}");
}

pub async fn what_is_done_is_on_record_and_what_is_refused_is_not(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let name = unique("n");
    let directory = create_directory(&*store, &name).await.expect("creates");
    assert!(create_directory(&*store, &name).await.is_err());
    let theirs = AuditFilter { directory: Some(directory), ..AuditFilter::default() };
    let rows = store.audit(&theirs, None, 10).await.expect("answers");
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = &rows[0];
    assert_eq!((row.act.as_str(), row.actor.as_str(), row.actor_kind.as_str()), ("directory.create", "somebody", "command"));
    assert_eq!((row.directory_name.as_deref(), row.provider.as_deref()), (Some(name.as_str()), Some("okta")));
    assert_eq!((row.target.as_str(), row.after.as_deref()), (directory.0.to_string().as_str(), Some(r#"{"new":true}"#)));

    let actor = unique("person");
    for act in ["token.create", "token.revoke", "directory.pause"] {
        let mut entry = entry(act);
        entry.actor.name.clone_from(&actor);
        store.operate(Operation::Record, entry).await.expect("is put on record");
    }
    let of = |act: Option<&str>| AuditFilter {
        actor: Some(actor.clone()),
        act: act.map(str::to_owned),
        since: Some(NOW),
        until: Some(Timestamp(NOW.0 + 1)),
        ..AuditFilter::default()
    };
    let acts = async |filter: AuditFilter, before, limit| {
        let rows = store.audit(&filter, before, limit).await.expect("answers");
        rows.into_iter().map(|row| row.act).collect::<Vec<_>>()
    };
    assert_eq!(acts(of(None), None, 10).await, ["directory.pause", "token.revoke", "token.create"]);
    assert_eq!(acts(of(Some("token.")), None, 1).await, ["token.revoke"]);
    assert_eq!(acts(of(Some("token.create")), None, 10).await, ["token.create"]);
    assert!(acts(of(Some("token")), None, 10).await.is_empty());
    let forward = store.audit_after(&of(Some("token.")), 0, 10).await.expect("answers");
    assert_eq!(forward.iter().map(|row| row.act.as_str()).collect::<Vec<_>>(), ["token.create", "token.revoke"]);
    let latest = store.audit(&of(None), None, 1).await.expect("answers")[0].seq;
    assert_eq!(acts(of(None), Some(latest), 10).await, ["token.revoke", "token.create"]);
}

pub async fn the_record_is_one_chain_whoever_writes_it(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let replica = fixture.open_another().await;
    let writes = (0..16).map(|number| {
        let store = if number % 2 == 0 { &store } else { &replica };
        store.operate(Operation::Record, entry("token.create"))
    });
    for outcome in futures_util::future::join_all(writes).await {
        outcome.expect("is put on record");
    }
    let rows = store.audit_after(&AuditFilter::default(), 0, 10_000).await.expect("answers");
    assert!(rows.len() >= 16);
    assert!(rows[0].follows(store.audit_start().await.expect("answers")));
    for pair in rows.windows(2) {
        assert!(pair[1].follows(pair[0].link()), "{pair:?}");
    }
    replica.close().await;
}

pub async fn the_first_secret_of_a_directory_is_everybodys(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let (directory, elsewhere) = (fresh_directory(&*store).await, fresh_directory(&*store).await);
    assert_eq!(store.directory_key(directory, "cursor", &[1; 32]).await.expect("creates"), [1; 32]);
    let replica = fixture.open_another().await;
    assert_eq!(replica.directory_key(directory, "cursor", &[2; 32]).await.expect("answers"), [1; 32]);
    assert_eq!(replica.directory_key(directory, "other", &[3; 32]).await.expect("creates"), [3; 32]);
    assert_eq!(store.directory_key(elsewhere, "cursor", &[4; 32]).await.expect("creates"), [4; 32]);
    replica.close().await;
}
