use super::*;
use crate::id::{DirectoryId, TokenId};
use crate::store::TokenKind;

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const YEAR: Lifetime = Lifetime { days_max: Some(365) };
const FOR_EVER: Lifetime = Lifetime { days_max: None };

/// So many seconds after [`NOW`].
fn at(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1_000)
}

const YEAR_S: i64 = 365 * 24 * 60 * 60;

fn token(expires: Option<Timestamp>) -> TokenRow {
    TokenRow {
        id: TokenId(1),
        directory_id: DirectoryId(1),
        name: "t".to_owned(),
        created: NOW,
        expires,
        revoked: None,
        user: None,
        kind: TokenKind::Bearer,
        digest: [0; 32],
        scopes: String::new(),
        inactive: None,
        renewed: None,
        former: None,
        jwks: None,
        warned_days: None,
        revision: 1,
    }
}

#[test]
fn a_secret_is_good_until_the_latest_moment_and_not_for_a_second_more() {
    let expiry = |lifetime: Lifetime, seconds: u64| lifetime.expiry(NOW, Some(Duration::from_secs(seconds)));
    let year_s = YEAR_S.unsigned_abs();
    assert_eq!(expiry(YEAR, year_s).expect("allowed"), Some(at(YEAR_S)));
    let refused = expiry(YEAR, year_s + 1).expect_err("too long").to_string();
    assert!(
        refused.contains("tokenDaysMax") && refused.contains("365 days") && refused.contains(&at(YEAR_S).to_rfc3339()),
        "{refused}"
    );
    assert_eq!(YEAR.expiry(NOW, None).expect("allowed"), Some(at(YEAR_S)));
    assert_eq!(FOR_EVER.expiry(NOW, None).expect("allowed"), None);
    assert_eq!(expiry(FOR_EVER, year_s + 1).expect("allowed"), Some(at(YEAR_S + 1)));
    assert_eq!(YEAR.at_most(Duration::from_secs(year_s + 1)), Duration::from_secs(year_s));
    assert_eq!(YEAR.at_most(Duration::from_secs(1)), Duration::from_secs(1));
}

#[test]
fn a_new_secret_keeps_the_expiry_of_its_token_as_far_as_it_may() {
    for (lifetime, before, kept) in [
        (YEAR, None, Some(at(YEAR_S))),
        (YEAR, Some(at(YEAR_S + 1)), Some(at(YEAR_S))),
        (YEAR, Some(at(1)), Some(at(1))),
        (FOR_EVER, None, None),
        (FOR_EVER, Some(at(1)), Some(at(1))),
    ] {
        assert_eq!(lifetime.kept(NOW, before), kept, "{lifetime:?} {before:?}");
    }
}

#[test]
fn another_expiry_makes_no_secret_good_for_longer_than_before_and_than_it_may() {
    for (before, after, allowed) in [
        (Some(at(1)), Some(at(YEAR_S)), true),
        (Some(at(1)), Some(at(YEAR_S + 1)), false),
        (Some(at(1)), None, false),
        (None, None, true),
        // What was there before is given an end, if a late one.
        (None, Some(at(2 * YEAR_S)), true),
        (Some(at(3 * YEAR_S)), Some(at(2 * YEAR_S)), true),
        (Some(at(2 * YEAR_S)), Some(at(3 * YEAR_S)), false),
    ] {
        assert_eq!(YEAR.check_edit(&token(before), after).is_ok(), allowed, "{before:?} {after:?}");
        assert!(FOR_EVER.check_edit(&token(before), after).is_ok());
    }
    let renewed = TokenRow { renewed: Some(at(10)), ..token(Some(at(1))) };
    assert!(YEAR.check_edit(&renewed, Some(at(YEAR_S + 10))).is_ok(), "its secret began then");
    assert!(YEAR.check_edit(&renewed, Some(at(YEAR_S + 11))).is_err());
    let signs = TokenRow { jwks: Some("{}".to_owned()), ..token(Some(at(1))) };
    assert!(YEAR.check_edit(&signs, None).is_ok(), "it has no secret");
}

#[test]
fn what_lives_for_longer_than_it_may_is_pointed_out() {
    let exceeds = |token: &TokenRow| YEAR.is_exceeded_by(token, at(5));
    assert!(exceeds(&token(None)) && exceeds(&token(Some(at(YEAR_S + 1)))));
    assert!(!exceeds(&token(Some(at(YEAR_S)))));
    assert!(!FOR_EVER.is_exceeded_by(&token(None), at(5)));
    assert!(exceeds(&TokenRow { inactive: Some(at(1)), ..token(None) }), "it may come back");
    assert!(!exceeds(&TokenRow { revoked: Some(at(1)), ..token(None) }));
    assert!(!exceeds(&TokenRow { jwks: Some("{}".to_owned()), ..token(None) }));
}
