//! That any filter means the same to SQL and to the evaluator.

use super::filters::{compare, device, element, group, literal, not, present, target, text, user, with_roles};
use super::world::{ENTERPRISE, MEMBERS, World, id, resources};
use crate::clock::Timestamp;
use crate::scim::filter::{CompareOp, Literal, ResolvedFilter};
use crate::scim::resource::shown;
use crate::scim::schema::ResourceType;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const ORDERED: [CompareOp; 6] = [CompareOp::Eq, CompareOp::Ne, CompareOp::Gt, CompareOp::Ge, CompareOp::Lt, CompareOp::Le];
const ALL: [CompareOp; 9] = [
    CompareOp::Eq,
    CompareOp::Ne,
    CompareOp::Gt,
    CompareOp::Ge,
    CompareOp::Lt,
    CompareOp::Le,
    CompareOp::Co,
    CompareOp::Sw,
    CompareOp::Ew,
];
const PARTS: [&str; 3] = ["value", "type", "display"];

/// A resource as an answer shows it. Keys of keys are the keys themselves, so a key document stands for its document.
fn rendered(number: u128, resource_type: &ResourceType, keys: &Value, group_depth: usize) -> Map<String, Value> {
    let mut resource = keys.as_object().expect("an object").clone();
    let milliseconds = i64::try_from(number).expect("small") * 1000;
    resource.insert("id".to_owned(), json!(id(number).to_string()));
    resource.insert(
        "meta".to_owned(),
        json!({
            "resourceType": *resource_type.name,
            "created": Timestamp(milliseconds).to_rfc3339(),
            "lastModified": Timestamp(milliseconds + 500).to_rfc3339(),
            "version": format!("W/\"{number}\""),
        }),
    );
    let other = |number: u128| resources().into_iter().find(|(other, ..)| *other == number).expect("there");
    if let Some(attribute) = &resource_type.membership {
        let members = MEMBERS.iter().filter(|(group, _)| *group == number).map(|(_, member)| {
            let (_, other_type, keys) = other(*member);
            json!({"value": id(*member).to_string(), "type": *other_type.name, "display": keys.get("displayName")})
        });
        shown::add(&mut resource, attribute, members.collect());
    }
    for shows in &resource_type.member_of {
        let groups = groups_of(number, group_depth).into_iter().filter_map(|(group, depth)| {
            let (_, other_type, keys) = other(group);
            let shown_type = shows.shown_type(&other_type.name);
            let value_of = |name: &Option<Arc<str>>| keys.get(name.as_deref()?).cloned();
            let (value, kind) = shown_type.map(|shown| (value_of(&shown.value), value_of(&shown.kind))).unwrap_or_default();
            let reach = (!shows.written).then(|| json!(if depth == 1 { "direct" } else { "indirect" }));
            let element = json!({"value": value.unwrap_or_else(|| json!(id(group).to_string())),
                "type": kind.or(reach), "display": keys.get("displayName")});
            (shown_type.is_some() || shows.shows_all).then_some(element)
        });
        shown::add(&mut resource, &shows.attribute, groups.collect());
    }
    resource
}

/// The groups that a resource is in, each with the number of steps to it.
fn groups_of(number: u128, group_depth: usize) -> BTreeMap<u128, usize> {
    let (mut groups, mut nearest) = (BTreeMap::new(), vec![number]);
    for depth in 1..=group_depth {
        nearest = MEMBERS.iter().filter(|(_, member)| nearest.contains(member)).map(|(group, _)| *group).collect();
        for group in &nearest {
            groups.entry(*group).or_insert(depth);
        }
    }
    groups
}

fn texts() -> impl Strategy<Value = String> {
    let long = "z".repeat(1100);
    let listed = [
        "",
        "a",
        "b",
        "alice",
        "bob",
        "al@home",
        "bob@work",
        "home",
        "work",
        "brown",
        "Ext-2",
        "staff",
        "boards",
        "direct",
        "indirect",
        "outer",
        "user",
        "W/\"2\"",
        "red",
        "five",
        "s1",
        "%",
        "_",
        "\u{10FFFF}",
        "zo",
        "007",
        "auditor",
        "auditors",
        "app",
        "own",
        "ali",
        "ice a",
        "taff",
        "zzzend",
        "lue",
        "mpt",
    ];
    let mut texts: Vec<String> = listed.iter().map(|text| (*text).to_owned()).collect();
    texts.extend([1, 2, 11, 12, 15, 16, 99].map(|number| id(number).to_string()));
    texts.extend([long[..1020].to_owned(), long[..1024].to_owned(), long.clone(), long + "end"]);
    select(texts)
}

fn instants() -> impl Strategy<Value = i128> {
    let near = select(vec![0_i128, 1_000, 2_000, 2_500, 11_000, 1_577_836_800_000, 1_577_836_800_500]);
    (near, -1_i128..=1).prop_map(|(milliseconds, nanos)| milliseconds * 1_000_000 + nanos)
}

fn leaf(resource_type: Arc<ResourceType>) -> BoxedStrategy<ResolvedFilter> {
    let employee_number = format!("{ENTERPRISE}:employeeNumber");
    let manager = format!("{ENTERPRISE}:manager.value");
    let (own, lists): (Vec<&str>, Vec<&str>) = match &*resource_type.name {
        "User" => (
            vec![
                "userName",
                "title",
                "displayName",
                "name.familyName",
                "emails.value",
                "emails.type",
                "groups.value",
                "groups.display",
                "groups.type",
                "roles.value",
                "roles.type",
                "roles.display",
                "schemas",
                &employee_number,
                &manager,
            ],
            vec!["emails", "groups", "roles"],
        ),
        "Group" | "Role" => (vec!["displayName", "members.value", "members.type", "members.display"], vec!["members"]),
        _ => (vec!["serial", "tags", "urn:it's:1.0:Odd:o'clock", "owners.value", "owners.labels"], vec!["tags"]),
    };
    let mut paths: Vec<String> = own.into_iter().map(str::to_owned).collect();
    paths.extend(["id", "externalId", "meta.version", "meta.resourceType"].map(str::to_owned));
    let lists: Vec<String> = lists.into_iter().map(str::to_owned).collect();

    let of = resource_type.clone();
    let by_text =
        (select(paths.clone()), select(&ALL[..]), texts()).prop_map(move |(path, op, value)| text(&of, &path, op, &value));
    let of = resource_type.clone();
    let presence = select(paths).prop_map(move |path| present(&of, &path));
    let of = resource_type.clone();
    let term = (select(&PARTS[..]), select(&ALL[..]), texts());
    let in_brackets = (select(lists), prop::collection::vec(term, 1..3)).prop_map(move |(path, terms)| {
        let simple = !target(&of, &path).attribute.is_complex();
        let terms: Vec<_> =
            terms.iter().map(|(part, op, value)| (if simple { "value" } else { part }, *op, literal(value))).collect();
        element(&of, &path, &terms)
    });
    let of = resource_type.clone();
    let by_instant = (select(vec!["meta.created", "meta.lastModified"]), select(&ORDERED[..]), instants())
        .prop_map(move |(path, op, nanos)| compare(&of, path, op, Literal::Instant(nanos)));
    let common = prop_oneof![6 => by_text, 1 => presence, 3 => in_brackets, 2 => by_instant, 1 => any::<bool>().prop_map(ResolvedFilter::Constant)];
    let of = resource_type.clone();
    match &*resource_type.name {
        "User" => {
            let inside = of.clone();
            let flags = (select(vec![CompareOp::Eq, CompareOp::Ne]), any::<bool>());
            let active = flags.clone().prop_map(move |(op, value)| compare(&of, "active", op, Literal::Boolean(value)));
            let primary = (select(vec!["emails", "roles"]), flags)
                .prop_map(move |(path, (op, value))| element(&inside, path, &[("primary", op, Literal::Boolean(value))]));
            prop_oneof![6 => common, 1 => active, 1 => primary].boxed()
        }
        "Device" => {
            let at = of.clone();
            let numbers = select(vec![0.0, 0.5, 2.0, 9.5, 10.0, 80.0, 443.0]);
            let by_number = (select(vec!["slots", "weight", "ports"]), select(&ORDERED[..]), numbers)
                .prop_map(move |(path, op, value)| compare(&of, path, op, Literal::Number(value)));
            let bought = (select(&ORDERED[..]), instants())
                .prop_map(move |(op, nanos)| compare(&at, "bought", op, Literal::Instant(nanos)));
            prop_oneof![6 => common, 2 => by_number, 2 => bought].boxed()
        }
        _ => common.boxed(),
    }
}

fn filter(resource_type: Arc<ResourceType>) -> impl Strategy<Value = ResolvedFilter> {
    leaf(resource_type).prop_recursive(3, 12, 4, |inner| {
        let terms = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![terms().prop_map(ResolvedFilter::And), terms().prop_map(ResolvedFilter::Or), inner.clone().prop_map(not),]
    })
}

#[test]
fn sql_finds_what_the_evaluator_selects() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut world = runtime.block_on(World::new());
    let resources = resources();
    for (resource_type, group_depth) in [(with_roles("User"), 10), (user(), 1), (user(), 3), (group(), 10), (device(), 10)] {
        world.group_depth = group_depth;
        let of_type = resources.iter().filter(|(_, other, _)| other.name == resource_type.name);
        let rendered: Vec<_> =
            of_type.map(|(number, _, keys)| (*number, rendered(*number, &resource_type, keys, group_depth as usize))).collect();
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(500));
        let world = std::cell::RefCell::new(&mut world);
        runner
            .run(&filter(resource_type.clone()), |filter| {
                let selected: Vec<u128> =
                    rendered.iter().filter(|(_, resource)| filter.matches(resource)).map(|(number, _)| *number).collect();
                let found = runtime.block_on(world.borrow_mut().matches(&resource_type, &filter));
                prop_assert_eq!(found, selected, "SQL (left) and the evaluator (right)");
                Ok(())
            })
            .unwrap_or_else(|error| panic!("{error}"));
    }
}
