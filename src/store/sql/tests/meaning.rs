//! What filters find: the cases of D-34 to D-43, each with its probe, without it, and counted.

use super::filters::{compare, device, element, group, literal, not, present, text, user};
use super::world::{ENTERPRISE, World, id};
use crate::scim::filter::{CompareOp, Literal, ResolvedFilter};
use crate::scim::schema::ResourceType;
use CompareOp::{Co, Eq, Ew, Ge, Gt, Le, Lt, Ne, Sw};

async fn check(resource_type: &ResourceType, cases: Vec<(ResolvedFilter, &[u128])>) {
    let mut world = World::new().await;
    for (filter, expected) in cases {
        assert_eq!(world.matches(resource_type, &filter).await, expected, "{filter:?}");
        let others = world.matches(resource_type, &not(filter.clone())).await;
        let all = world.matches(resource_type, &ResolvedFilter::Constant(true)).await;
        let rest: Vec<u128> = all.into_iter().filter(|number| !expected.contains(number)).collect();
        assert_eq!(others, rest, "the negation of {filter:?}");
    }
}

#[tokio::test]
async fn text_compares_by_key_in_byte_order() {
    let user = &*user();
    let cases: Vec<(ResolvedFilter, &[u128])> = vec![
        (text(user, "userName", Eq, "bob"), &[2]),
        (text(user, "userName", Ne, "bob"), &[1, 3, 4]),
        (text(user, "userName", Co, "o"), &[2, 3, 4]),
        (text(user, "userName", Co, ""), &[1, 2, 3, 4]),
        (text(user, "userName", Sw, "carol_"), &[3]),
        (text(user, "userName", Sw, "zoë\u{10FFFF}"), &[4]),
        (text(user, "userName", Sw, ""), &[1, 2, 3, 4]),
        (text(user, "userName", Ew, "_%"), &[3]),
        (text(user, "userName", Ew, ""), &[1, 2, 3, 4]),
        (text(user, "userName", Ew, "much longer than the value"), &[]),
        (text(user, "userName", Gt, "bob"), &[3, 4]),
        (text(user, "userName", Ge, "bob"), &[2, 3, 4]),
        (text(user, "userName", Lt, "bob"), &[1]),
        (text(user, "userName", Le, "bob"), &[1, 2]),
        (text(user, "name.givenName", Eq, "alice"), &[1]),
        (text(user, "name.familyName", Sw, "b"), &[2]),
        (text(user, "name.familyName", Ne, "adams"), &[2, 3, 4]),
        (text(user, "externalId", Eq, "Ext-2"), &[2]),
        (text(user, "externalId", Eq, "ext-2"), &[]),
        (text(user, "title", Co, "s"), &[3]),
        (text(user, "title", Ew, ""), &[1, 3]),
        (text(user, "schemas", Eq, "urn:x"), &[1]),
        (text(user, &format!("{ENTERPRISE}:employeeNumber"), Eq, "007"), &[2, 3, 4]),
    ];
    check(user, cases).await;
}

#[tokio::test]
async fn a_value_longer_than_the_index_holds_is_compared_whole() {
    let user = &*user();
    let all = "z".repeat(1100);
    let cases: Vec<(ResolvedFilter, &[u128])> = vec![
        (text(user, "displayName", Eq, &(all.clone() + "end")), &[4]),
        (text(user, "displayName", Eq, &(all.clone() + "and")), &[]),
        (text(user, "displayName", Eq, &all[..1024]), &[]),
        (text(user, "displayName", Sw, &all), &[4]),
        (text(user, "displayName", Sw, &(all.clone() + "x")), &[]),
        (text(user, "displayName", Sw, &all[..1022]), &[4]),
        (text(user, "displayName", Co, "end"), &[4]),
        (text(user, "displayName", Ew, "end"), &[4]),
        (text(user, "displayName", Ew, "z"), &[]),
        (text(user, "displayName", Gt, &all), &[4]),
        (text(user, "displayName", Gt, &(all.clone() + "z")), &[]),
        (text(user, "displayName", Ge, &(all.clone() + "end")), &[4]),
        (text(user, "displayName", Lt, &(all.clone() + "f")), &[1, 4]),
        (text(user, "displayName", Le, &(all.clone() + "a")), &[1]),
    ];
    check(user, cases).await;
}

#[tokio::test]
async fn a_list_matches_by_any_element_and_brackets_by_one_and_the_same() {
    let user = &*user();
    let (work, primary) = (literal("work"), Literal::Boolean(true));
    let value = |text: &str| literal(text);
    let cases: Vec<(ResolvedFilter, &[u128])> = vec![
        (text(user, "emails.value", Eq, "al@home"), &[1]),
        (text(user, "emails.value", Co, "home"), &[1, 2]),
        (text(user, "emails.type", Ne, "home"), &[3, 4]),
        (present(user, "emails"), &[1, 2, 4]),
        (present(user, "emails.value"), &[1, 2]),
        (element(user, "emails", &[("value", Eq, value("al@home"))]), &[1]),
        (element(user, "emails", &[("type", Eq, work.clone()), ("value", Eq, value("al@home"))]), &[]),
        (element(user, "emails", &[("type", Eq, work.clone()), ("value", Sw, value("bob"))]), &[2]),
        (element(user, "emails", &[("type", Eq, work.clone()), ("value", Ne, value("bob@work"))]), &[1, 4]),
        (element(user, "emails", &[("primary", Eq, primary.clone())]), &[1]),
        (element(user, "emails", &[("type", Eq, work.clone()), ("primary", Eq, Literal::Boolean(false))]), &[2, 4]),
        (element(user, "emails", &[("type", Eq, work), ("primary", Ne, primary)]), &[2, 4]),
        (element(user, "name", &[("familyName", Eq, literal("adams"))]), &[1]),
        (element(user, "name", &[("familyName", Ne, literal("adams"))]), &[2]),
    ];
    check(user, cases).await;
}

#[tokio::test]
async fn presence_means_not_empty_and_booleans_compare_when_assigned() {
    let user = &*user();
    let cases: Vec<(ResolvedFilter, &[u128])> = vec![
        (present(user, "title"), &[3]),
        (present(user, "active"), &[1, 2]),
        (present(user, "name"), &[1, 2]),
        (present(user, "id"), &[1, 2, 3, 4]),
        (present(user, "meta"), &[1, 2, 3, 4]),
        (present(user, "meta.location"), &[1, 2, 3, 4]),
        (compare(user, "active", Eq, Literal::Boolean(false)), &[2]),
        (compare(user, "active", Ne, Literal::Boolean(true)), &[2, 3, 4]),
    ];
    check(user, cases).await;
}

#[tokio::test]
async fn numbers_instants_and_simple_lists_compare_by_value() {
    let device = &*device();
    let number = Literal::Number;
    let new_year = 1_577_836_800_000_000_000;
    let cases: Vec<(ResolvedFilter, &[u128])> = vec![
        (compare(device, "slots", Gt, number(9.0)), &[22]),
        (compare(device, "slots", Eq, number(2.0)), &[21]),
        (compare(device, "slots", Ne, number(2.0)), &[22, 23]),
        (compare(device, "weight", Le, number(0.5)), &[21]),
        (compare(device, "weight", Eq, number(12.0)), &[22]),
        // 23 weighs 1e400, which is no double, and has 1e-400 slots, which is the double 0.
        (compare(device, "weight", Gt, number(0.0)), &[21, 22]),
        (compare(device, "slots", Eq, number(0.0)), &[23]),
        (compare(device, "ports", Eq, number(443.0)), &[21]),
        (present(device, "slots"), &[21, 22, 23]),
        (compare(device, "bought", Eq, Literal::Instant(new_year)), &[21]),
        (compare(device, "bought", Gt, Literal::Instant(new_year)), &[22]),
        (compare(device, "bought", Lt, Literal::Instant(new_year + 1)), &[21]),
        (text(device, "tags", Eq, "big"), &[21]),
        (text(device, "tags", Ne, "big"), &[22, 23]),
        (element(device, "tags", &[("value", Sw, literal("b"))]), &[21, 22]),
        (element(device, "tags", &[("value", Co, literal("e")), ("value", Co, literal("r"))]), &[21]),
        (present(device, "tags"), &[21, 22]),
        (text(device, "urn:it's:1.0:Odd:o'clock", Eq, "five"), &[21]),
        (text(device, "owners.labels", Eq, "l2"), &[21]),
        (text(device, "owners.display", Sw, "alice"), &[21, 22]),
        (text(device, "owners.display", Eq, "bob"), &[]),
    ];
    check(device, cases).await;
}

#[tokio::test]
async fn id_and_meta_compare_by_column_exact_to_the_nanosecond() {
    let user = &*user();
    let instant = |op, nanos| compare(user, "meta.created", op, Literal::Instant(nanos));
    let second = 1_000_000_000;
    let cases: Vec<(ResolvedFilter, &[u128])> = vec![
        (text(user, "id", Eq, &id(2).to_string()), &[2]),
        (text(user, "id", Ne, &id(2).to_string()), &[1, 3, 4]),
        (text(user, "id", Eq, &id(2).to_string().to_uppercase()), &[]),
        (text(user, "id", Eq, &id(11).to_string()), &[]),
        (text(user, "id", Eq, "nobody"), &[]),
        (text(user, "id", Sw, "abcd0000-0000-7"), &[1, 2, 3, 4]),
        (text(user, "id", Ew, "003"), &[3]),
        (text(user, "id", Gt, &id(2).to_string()), &[3, 4]),
        (instant(Eq, 2 * second), &[2]),
        (instant(Eq, 2 * second + 1), &[]),
        (instant(Ne, 2 * second), &[1, 3, 4]),
        (instant(Gt, 2 * second), &[3, 4]),
        (instant(Ge, 2 * second), &[2, 3, 4]),
        (instant(Ge, 2 * second + 1), &[3, 4]),
        (instant(Gt, 2 * second - 1), &[2, 3, 4]),
        (instant(Lt, 2 * second), &[1]),
        (instant(Lt, 2 * second + 1), &[1, 2]),
        (instant(Le, 2 * second - 1), &[1]),
        (instant(Gt, i128::MIN), &[1, 2, 3, 4]),
        (instant(Gt, i128::MAX), &[]),
        (compare(user, "meta.lastModified", Gt, Literal::Instant(3_400_000_000)), &[3, 4]),
        (
            element(
                user,
                "meta",
                &[("created", Gt, Literal::Instant(2 * second)), ("created", Lt, Literal::Instant(4 * second))],
            ),
            &[3],
        ),
        (text(user, "meta.resourceType", Eq, "User"), &[1, 2, 3, 4]),
        (text(user, "meta.resourceType", Eq, "Group"), &[]),
        (text(user, "meta.version", Eq, "W/\"3\""), &[3]),
    ];
    check(user, cases).await;
}

#[tokio::test]
async fn memberships_compare_from_both_ends() {
    let (user, group) = (&*user(), &*group());
    let cases: Vec<(ResolvedFilter, &[u128])> = vec![
        (text(group, "members.value", Eq, &id(1).to_string()), &[11, 12]),
        (text(group, "members.value", Ne, &id(1).to_string()), &[13, 16]),
        (text(group, "members.value", Eq, "nobody"), &[]),
        (text(group, "members.type", Eq, "group"), &[11, 12, 16]),
        (text(group, "members.display", Eq, "bob"), &[]),
        (text(group, "members.display", Sw, "alice"), &[11, 12]),
        (text(group, "members.$ref", Eq, &format!("https://example.com/scim/v2/Users/{}", id(2))), &[11]),
        (present(group, "members"), &[11, 12, 16]),
        (element(group, "members", &[("value", Eq, literal(&id(11).to_string()))]), &[12]),
        (element(group, "members", &[("value", Eq, literal(&id(11).to_string())), ("type", Eq, literal("user"))]), &[]),
        (element(group, "members", &[("type", Eq, literal("user")), ("display", Ne, literal("bob"))]), &[11, 12]),
        (
            ResolvedFilter::And(vec![
                text(group, "id", Eq, &id(12).to_string()),
                text(group, "members.value", Eq, &id(1).to_string()),
            ]),
            &[12],
        ),
    ];
    check(group, cases).await;
    let cases: Vec<(ResolvedFilter, &[u128])> = vec![
        (text(user, "groups.value", Eq, &id(11).to_string()), &[1, 2]),
        (text(user, "groups.display", Eq, "boards"), &[1, 2]),
        (text(user, "groups.type", Eq, "direct"), &[1, 2]),
        (text(user, "groups.type", Eq, "indirect"), &[1, 2]),
        (text(user, "groups.value", Eq, &id(12).to_string()), &[1, 2]),
        (text(user, "groups.value", Eq, &id(13).to_string()), &[]),
        (text(user, "groups.display", Eq, "outer"), &[1, 2]),
        (element(user, "groups", &[("value", Eq, literal(&id(12).to_string())), ("type", Eq, literal("direct"))]), &[1]),
        (element(user, "groups", &[("value", Eq, literal(&id(12).to_string())), ("type", Eq, literal("indirect"))]), &[2]),
        (present(user, "groups"), &[1, 2]),
        (not(present(user, "groups")), &[3, 4]),
    ];
    check(user, cases).await;
}

#[tokio::test]
async fn a_reference_shows_what_it_points_at_while_that_exists() {
    let user = &*user();
    let manager = |sub: &str| format!("{ENTERPRISE}:manager.{sub}");
    let uri = |number| format!("../Users/{}", id(number));
    let cases: Vec<(ResolvedFilter, &[u128])> = vec![
        (text(user, &manager("value"), Eq, &id(99).to_string()), &[4]),
        (text(user, &manager("displayName"), Sw, "alice"), &[2]),
        (text(user, &manager("displayName"), Ne, "alice a"), &[1, 3, 4]),
        (text(user, &manager("$ref"), Eq, &uri(1)), &[2]),
        (text(user, &manager("$ref"), Eq, &uri(99)), &[]),
        (text(user, &manager("$ref"), Eq, "nobody"), &[]),
        (present(user, &manager("$ref")), &[2]),
        (present(user, &format!("{ENTERPRISE}:manager")), &[2, 3, 4]),
    ];
    check(user, cases).await;
}

#[tokio::test]
async fn conjunctions_and_disjunctions_agree_with_and_without_probes() {
    let user = &*user();
    let name = |text: &str| super::filters::text(user, "userName", Eq, text);
    let or = ResolvedFilter::Or;
    let and = ResolvedFilter::And;
    let cases: Vec<(ResolvedFilter, &[u128])> = vec![
        (or(vec![name("alice"), name("bob")]), &[1, 2]),
        (or(vec![name("alice"), text(user, "id", Eq, &id(3).to_string()), text(user, "emails.value", Sw, "bob")]), &[1, 2, 3]),
        (or(vec![name("alice"), present(user, "title")]), &[1, 3]),
        (or(vec![name("alice"), text(user, "groups.value", Eq, &id(11).to_string())]), &[1, 2]),
        (or(vec![name("alice"), ResolvedFilter::Constant(false)]), &[1]),
        (and(vec![name("alice"), compare(user, "active", Eq, Literal::Boolean(false))]), &[]),
        (and(vec![text(user, "userName", Gt, "a"), and(vec![text(user, "emails.value", Eq, "bob@work"), name("bob")])]), &[2]),
        (and(vec![or(vec![name("alice"), and(vec![name("bob"), present(user, "title")])]), present(user, "name")]), &[1]),
        (or((0..3000).map(|number| text(user, "title", Eq, &format!("t{number}"))).collect()), &[]),
        (or((0..3000).map(|number| name(&format!("n{number}"))).chain([name("bob")]).collect()), &[2]),
        (or((0..300).map(|number| text(user, "userName", Sw, &format!("n{number}"))).chain([name("bob")]).collect()), &[2]),
    ];
    check(user, cases).await;
}
