//! Directories and tokens.

use super::fixture::Fixture;
use super::sample::{NOW, fresh_directory};
use scimd::clock::Timestamp;
use scimd::id::{ResourceId, TokenId};
use scimd::store::{DirectoryRow, StoreError, TokenDigest, TokenRow};

fn new_digest() -> TokenDigest {
    let mut digest = [7; 32];
    digest[..16].copy_from_slice(ResourceId::generate().0.as_bytes());
    digest
}

pub async fn directories_are_created_once_and_listed_by_name(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let prefix = format!("n-{}", ResourceId::generate());
    let name = |suffix: &str| format!("{prefix}-{suffix}");
    for suffix in ["b", "a", "c"] {
        let created = store.create_directory(&name(suffix), "okta", r#"{"x":1}"#, NOW).await.expect("creates");
        let expected = DirectoryRow {
            id: created.id,
            name: name(suffix),
            provider: "okta".into(),
            settings: r#"{"x":1}"#.into(),
            created: NOW,
            schema_revision: 0,
        };
        assert_eq!(created, expected);
        assert_eq!(store.directory(&name(suffix)).await.expect("answers"), Some(expected));
    }
    let taken = store.create_directory(&name("a"), "okta", "{}", NOW).await;
    assert!(matches!(taken, Err(StoreError::Exists)), "{taken:?}");
    assert_eq!(store.directory(&name("d")).await.expect("answers"), None);
    let names = |rows: Vec<DirectoryRow>| rows.into_iter().map(|row| row.name).collect::<Vec<_>>();
    assert_eq!(names(store.directories(Some(&prefix), 2).await.expect("answers")), [name("a"), name("b")]);
    assert_eq!(names(store.directories(Some(&name("b")), 1).await.expect("answers")), [name("c")]);
    assert!(!store.directories(None, 1).await.expect("answers").is_empty());
}

pub async fn a_token_opens_its_directory_until_it_is_revoked(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let digest = new_digest();
    let expires = Some(Timestamp(NOW.0 + 1000));
    let created = store.create_token(directory, "okta", &digest, NOW, expires, None).await.expect("creates");
    let expected = TokenRow {
        id: created.id,
        directory_id: directory,
        name: "okta".into(),
        created: NOW,
        expires,
        revoked: None,
        user: None,
    };
    assert_eq!(created, expected);
    let (token, row) = store.token(&digest).await.expect("answers").expect("is there");
    assert_eq!((token, row.id), (expected.clone(), directory));
    assert_eq!(store.token(&new_digest()).await.expect("answers"), None);

    let later = Timestamp(NOW.0 + 5);
    assert!(store.revoke_token(directory, created.id, later).await.expect("answers"));
    assert!(!store.revoke_token(directory, created.id, Timestamp(NOW.0 + 9)).await.expect("answers"), "only once");
    let (token, _) = store.token(&digest).await.expect("answers").expect("is there");
    assert_eq!(token, TokenRow { revoked: Some(later), ..expected });
}

pub async fn the_name_of_a_revoked_token_is_free(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let first = store.create_token(directory, "okta", &new_digest(), NOW, None, None).await.expect("creates");
    let taken = store.create_token(directory, "okta", &new_digest(), NOW, None, None).await;
    assert!(matches!(taken, Err(StoreError::Exists)), "{taken:?}");
    assert!(store.revoke_token(directory, first.id, NOW).await.expect("answers"));
    let second = store.create_token(directory, "okta", &new_digest(), NOW, None, None).await.expect("is free");
    let other = fresh_directory(&*store).await;
    store.create_token(other, "okta", &new_digest(), NOW, None, None).await.expect("names are per Directory");
    let listed = |rows: Vec<TokenRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(listed(store.tokens(directory, None, 10).await.expect("answers")), [first.id, second.id]);
    assert_eq!(listed(store.tokens(directory, None, 1).await.expect("answers")), [first.id]);
    assert_eq!(listed(store.tokens(directory, Some(first.id), 10).await.expect("answers")), [second.id]);
}

pub async fn a_token_is_revoked_in_its_own_directory_only(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let ours = fresh_directory(&*store).await;
    let theirs = fresh_directory(&*store).await;
    let digest = new_digest();
    let token = store.create_token(ours, "okta", &digest, NOW, None, None).await.expect("creates");
    assert!(!store.revoke_token(theirs, token.id, NOW).await.expect("answers"));
    assert!(!store.revoke_token(ours, TokenId(i64::MAX), NOW).await.expect("answers"));
    let (token, _) = store.token(&digest).await.expect("answers").expect("is there");
    assert_eq!(token.revoked, None);
    assert_eq!(store.tokens(theirs, None, 10).await.expect("answers"), []);
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
