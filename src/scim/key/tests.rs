use super::*;
use proptest::prelude::*;
use std::sync::LazyLock;

static USER_NAME: LazyLock<Attribute> = LazyLock::new(|| attribute("userName", "string", false));
static FOLDED: LazyLock<Attribute> = LazyLock::new(|| attribute("displayName", "string", false));
static EXACT: LazyLock<Attribute> = LazyLock::new(|| attribute("externalId", "string", true));

fn attribute(name: &str, attribute_type: &str, case_exact: bool) -> Attribute {
    serde_json::from_value(serde_json::json!({ "name": name, "type": attribute_type, "caseExact": case_exact })).expect("valid")
}

#[track_caller]
fn check(attribute: &Attribute, text: &str, expected: &str) {
    assert_eq!(key(attribute, text), expected);
}

fn all_characters() -> impl Iterator<Item = char> {
    '\0'..=char::MAX
}

/// Characters that case mapping or normalisation treat in odd ways.
fn odd_string() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(
        "aAzÅ\u{212b}\u{212a}\u{130}ıIiσςΣßẞſ\u{1e9b}ﬁǅǆ\u{345}\u{1fbc}αΑ\u{300}\u{301}\u{307}\u{323}\u{1c4}\u{3d4}ʼnŉΐ\u{390}\u{1fd3}ＡｶﾞＺ\u{1100}\u{1161}\u{13a0}\u{ab70}\u{13f8}\u{10400} .@"
            .chars()
            .collect::<Vec<_>>(),
    );
    prop::collection::vec(prop_oneof![odd, any::<char>()], 0..12).prop_map(|characters| characters.into_iter().collect())
}

#[test]
fn user_names_compare_by_precis() {
    check(&USER_NAME, "BJensen@Example.COM", "bjensen@example.com");
    check(&USER_NAME, "ＢＪｅｎｓｅｎ", "bjensen");
    check(&USER_NAME, "Jose\u{301}", "jos\u{e9}");
    check(&USER_NAME, "\u{130}", "i\u{307}");
    check(&USER_NAME, "Barbara  Jensen", "barbara  jensen");
}

#[test]
fn user_names_that_precis_disallows_compare_by_nfkc() {
    assert!(!username_is_precis("ﬁsh"));
    check(&USER_NAME, "ﬁsh", "fish");
    check(&USER_NAME, "\u{212a}", "k");
}

#[test]
fn other_strings_fold_simply() {
    check(&FOLDED, "JOS\u{c9}", "jos\u{e9}");
    check(&FOLDED, "ΟΔΟΣ", "οδοσ");
    check(&FOLDED, "οδος", "οδοσ");
    check(&FOLDED, "Straße", "straße");
    check(&FOLDED, "\u{212a}elvin", "kelvin");
    check(&FOLDED, "ﬁ", "ﬁ");
}

#[test]
fn case_exact_strings_are_only_composed() {
    check(&EXACT, "E\u{301}X", "\u{c9}X");
    check(&EXACT, "EXT-1", "EXT-1");
}

#[test]
fn binary_compares_as_it_is() {
    check(&attribute("value", "binary", false), "QUJD", "QUJD");
}

#[test]
fn date_times_compare_by_their_instant() {
    check(&attribute("hired", "dateTime", false), "2020-01-01T01:00:00.50+01:00", "2020-01-01T00:00:00.5");
    check(&attribute("hired", "dateTime", false), "soon", "soon");
}

#[test]
fn a_case_exact_user_name_is_only_composed() {
    check(&attribute("userName", "string", true), "BJensen", "BJensen");
}

#[test]
fn keys_of_every_character_are_idempotent_and_keep_canonical_equivalence() {
    for attribute in [&*USER_NAME, &*FOLDED, &*EXACT] {
        for character in all_characters() {
            let text = character.to_string();
            let once = key(attribute, &text);
            assert_eq!(key(attribute, &once), once, "{character:?} as {}", attribute.name);
            let decomposed: String = text.nfd().collect();
            assert_eq!(key(attribute, &decomposed), once, "{character:?} as {}", attribute.name);
        }
    }
}

#[test]
fn keys_of_every_allowed_character_are_those_of_the_precis_profile() {
    for character in all_characters().filter(|character| *character != ' ') {
        if let Ok(enforced) = UsernameCaseMapped::enforce(character.to_string()) {
            assert_eq!(key(&USER_NAME, &character.to_string()), enforced, "{character:?}");
        }
    }
}

#[test]
fn usernames_are_userparts_with_spaces_between() {
    for allowed in ["bjensen", "Barbara Jensen", "a  b", "corp\\kwong", "fuß", "ＡＢ"] {
        assert!(username_is_precis(allowed), "{allowed:?}");
    }
    for disallowed in ["", " ", " a", "a ", "a\u{a0}b", "\u{2163}", "a\tb", "\u{5d0}a", "\u{265a}"] {
        assert!(!username_is_precis(disallowed), "{disallowed:?}");
    }
}

#[test]
fn date_times_are_instants() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(date_time(text).map(date_time_key).as_deref(), Some(expected), "{text}");
    }
    check("1970-01-01T00:00:00Z", "1970-01-01T00:00:00");
    check("2011-05-13T04:42:34.123Z", "2011-05-13T04:42:34.123");
    check("2015-10-10T14:38:21.8617979-07:00", "2015-10-10T21:38:21.8617979");
    check("2015-10-10T14:38:21", "2015-10-10T14:38:21");
    check("2020-12-31T24:00:00Z", "2021-01-01T00:00:00");
    check("2020-02-29T00:00:00.100000000999Z", "2020-02-29T00:00:00.1");
    check("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5");
    check("0001-01-01T00:00:00Z", "0001-01-01T00:00:00");
    check("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999");
    check("2020-01-01T00:00:00-00:00", "2020-01-01T00:00:00");
    assert_eq!(date_time("1970-01-01T00:00:01Z"), Some(1_000_000_000));
    assert_eq!(date_time("1969-12-31T23:59:59.75Z"), Some(-250_000_000));
}

#[test]
fn what_is_no_date_time_has_no_instant() {
    for text in [
        "",
        "2020-01-01",
        "00:00:00Z",
        "2020-01-01T00:00Z",
        "2020-01-01 00:00:00Z",
        "2020-01-01t00:00:00z",
        "2020-02-30T00:00:00Z",
        "2019-02-29T00:00:00Z",
        "2020-13-01T00:00:00Z",
        "2020-01-01T24:00:01Z",
        "2020-01-01T25:00:00Z",
        "2020-01-01T00:60:00Z",
        "2016-12-31T23:59:60Z",
        "2020-01-01T00:00:00.Z",
        "2020-01-01T00:00:00+0100",
        "2020-01-01T00:00:00+14:01",
        "2020-01-01T00:00:00+01:60",
        "2020-01-01T00:00:00ZZ",
        "2020-01-01T00:00:00Z ",
        "+020-01-01T00:00:00Z",
        "12020-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T24:00:00Z",
        "2020-01-0\u{661}T00:00:00Z",
        "202é-01-01T00:00:00Z",
    ] {
        assert_eq!(date_time(text), None, "{text:?}");
    }
}

#[test]
fn instants_beyond_the_calendar_get_the_nearest_key() {
    assert_eq!(date_time_key(i128::MIN), "0001-01-01T00:00:00");
    assert_eq!(date_time_key(i128::MAX), "9999-12-31T23:59:59.999999999");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn keys_are_idempotent(text in odd_string()) {
        for attribute in [&*USER_NAME, &*FOLDED, &*EXACT] {
            let once = key(attribute, &text);
            prop_assert_eq!(key(attribute, &once), once);
        }
    }

    #[test]
    fn keys_of_allowed_user_names_are_those_of_the_precis_profile(text in odd_string()) {
        if let Ok(enforced) = UsernameCaseMapped::enforce(text.as_str()) {
            prop_assert_eq!(key(&USER_NAME, &text), enforced);
        }
    }

    #[test]
    fn the_order_of_date_time_keys_is_the_order_of_time(left in -70_000_000_000_000_000_000_i128..260_000_000_000_000_000_000, delta in -2_000_000_000_i128..2_000_000_000) {
        let clamped = |nanos: i128| nanos.clamp(-62_135_596_800_000_000_000, 253_402_300_799_999_999_999);
        let (left, right) = (clamped(left), clamped(left + delta));
        prop_assert_eq!(date_time_key(left).cmp(&date_time_key(right)), left.cmp(&right));
        prop_assert_eq!(date_time(&date_time_key(left)), Some(left));
    }

    #[test]
    fn no_text_is_too_odd_for_a_date_time(text in "[0-9TZ:.+-]{0,30}") {
        let _ = date_time(&text).map(date_time_key);
    }
}
