//! The order of a walk, for each kind of value that resources are sorted by.

use crate::app::{App, USER};
use crate::{next, on_both_back_ends, search, user_names, walk};
use scimd::admin::definitions::{self, Timing};
use scimd::store::DefinitionKind;
use serde_json::{Value, json};
use std::time::Duration;

const BADGE: &str = "urn:example:scim:schemas:extension:badge:1.0:User";

async fn create(app: &App, user_name: &str, more: Value) {
    let mut user = json!({ "schemas": [USER], "userName": user_name });
    user.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    app.post("/Users", user).await.expect(201);
}

/// All names that a walk by POST gives, in pages of `count`.
async fn walk_by_post(app: &App, path: &str, sort: &Value, count: usize) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), Some(String::new()));
    while let Some(value) = cursor {
        let mut parameters = sort.clone();
        (parameters["cursor"], parameters["count"]) = (json!(value), json!(count));
        let page = search(app, path, parameters).await.expect(200);
        assert!(user_names(&page).len() <= count && found.len() <= 20, "the walk does not end");
        found.extend(user_names(&page));
        cursor = next(&page);
    }
    found
}

/// Walks in both directions, in pages of 1, 2 and 4, by GET and by POST. `expected` are names with blanks between them.
async fn check(app: &App, path: &str, sort_by: &str, [ascending, descending]: [&str; 2]) {
    for (order, expected) in [("ascending", ascending), ("descending", descending)] {
        let expected: Vec<&str> = expected.split(' ').collect();
        let sort =
            if sort_by.is_empty() { json!({ "sortOrder": order }) } else { json!({ "sortBy": sort_by, "sortOrder": order }) };
        for count in [1, 2, 4] {
            let query = format!("{path}?sortBy={sort_by}&sortOrder={order}&count={count}");
            assert_eq!(walk(app, &query).await.concat(), expected, "{query}");
            assert_eq!(walk_by_post(app, path, &sort, count).await, expected, "POST {path} {sort} {count}");
        }
    }
}

/// Six users, two of them in each second; the first is changed in the last one.
async fn six(app: &App) {
    app.clock.advance(0);
    let twice = json!([{ "value": "z@example.com" }, { "value": "a@example.com", "primary": true }]);
    create(app, "ann", json!({ "title": "x", "displayName": "Zed", "name": { "familyName": "Old" }, "emails": twice })).await;
    create(app, "Bob", json!({ "active": null, "emails": [{ "value": "m@example.com" }] })).await;
    app.clock.advance(1_000);
    create(app, "cid", json!({ "title": "X", "displayName": "alf", "active": false })).await;
    create(app, "dan", json!({ "title": "a", "displayName": "Alf" })).await;
    app.clock.advance(1_000);
    create(app, "eve", json!({ "displayName": "Mid", "active": false })).await;
    create(
        app,
        "fay",
        json!({ "title": "b", "active": null, "name": { "familyName": "New" }, "emails": [{ "value": "b@example.com" }] }),
    )
    .await;
    app.clock.advance(1_000);
    let ann = app.filter("/Users", "userName eq \"ann\"").await.expect(200).text("/Resources/0/id");
    app.patch(&format!("/Users/{ann}"), json!([{ "op": "add", "path": "nickName", "value": "Annie" }])).await.expect(200);
}

on_both_back_ends! {
    /// Shows C-2.2-01, C-2-07, C-3-01: who has no value comes last, or first in descending order; ties go by id.
    async fn users_are_walked_in_the_order_of_any_attribute(app: App) {
        six(&app).await;
        for (sort_by, expected) in [
            ("", ["ann Bob cid dan eve fay", "ann Bob cid dan eve fay"]),
            ("id", ["ann Bob cid dan eve fay", "fay eve dan cid Bob ann"]),
            // Text: required and indexed, indexed, inside another and indexed, not indexed, one of many.
            ("userName", ["ann Bob cid dan eve fay", "fay eve dan cid Bob ann"]),
            ("displayName", ["cid dan eve ann Bob fay", "Bob fay ann eve cid dan"]),
            ("name.familyName", ["fay ann Bob cid dan eve", "Bob cid dan eve ann fay"]),
            ("title", ["dan fay ann cid Bob eve", "Bob eve ann cid fay dan"]),
            ("emails", ["ann fay Bob cid dan eve", "cid dan eve Bob fay ann"]),
            // What the server itself knows of a resource.
            ("meta.created", ["ann Bob cid dan eve fay", "eve fay cid dan ann Bob"]),
            ("meta.lastModified", ["Bob cid dan eve fay ann", "ann eve fay cid dan Bob"]),
            ("meta.version", ["Bob cid dan eve fay ann", "ann Bob cid dan eve fay"]),
            ("meta.resourceType", ["ann Bob cid dan eve fay", "ann Bob cid dan eve fay"]),
            ("meta.location", ["ann Bob cid dan eve fay", "fay eve dan cid Bob ann"]),
            ("active", ["cid eve ann dan Bob fay", "Bob fay ann dan cid eve"]),
        ] {
            check(&app, "/Users", sort_by, expected).await;
        }
    }

    /// Shows C-2.2-01, C-3-01: one order over all types, whose resources may lack what is sorted by.
    async fn the_root_is_walked_in_one_order_over_all_types(app: App) {
        six(&app).await;
        app.group("Lab", &[]).await;
        for (sort_by, expected) in [
            ("", ["ann Bob cid dan eve fay Lab", "ann Bob cid dan eve fay Lab"]),
            ("id", ["ann Bob cid dan eve fay Lab", "Lab fay eve dan cid Bob ann"]),
            ("displayName", ["cid dan Lab eve ann Bob fay", "Bob fay ann eve Lab cid dan"]),
            ("title", ["dan fay ann cid Bob eve Lab", "Bob eve Lab ann cid fay dan"]),
            ("active", ["cid eve ann dan Bob fay Lab", "Bob fay Lab ann dan cid eve"]),
            ("meta.created", ["ann Bob cid dan eve fay Lab", "Lab eve fay cid dan ann Bob"]),
            ("meta.lastModified", ["Bob cid dan eve fay ann Lab", "ann Lab eve fay cid dan Bob"]),
            ("meta.resourceType", ["Lab ann Bob cid dan eve fay", "ann Bob cid dan eve fay Lab"]),
        ] {
            check(&app, "", sort_by, expected).await;
        }
    }

    /// Shows C-2.2-01: numbers by value, dates by moment.
    async fn numbers_and_dates_are_walked_in_their_order(app: App) {
        let schema = json!({ "id": BADGE, "name": "Badge", "extends": ["User"], "attributes": [
            { "name": "level", "type": "integer" }, { "name": "weight", "type": "decimal" }, { "name": "since", "type": "dateTime" },
            { "name": "valid", "type": "boolean" }
        ] }).to_string();
        let timing = Timing::After(Duration::ZERO);
        definitions::add(&app.operator(), &app.row().await, DefinitionKind::Schema, &schema, timing).await.expect("is accepted");
        let app = app.fresh().await;
        for (name, badge) in [
            ("ann", json!({ "level": 10, "weight": 0.1, "since": "2026-01-01T00:00:00Z", "valid": true })),
            ("bob", json!({ "level": 9, "weight": 1e-7, "since": "2026-01-01T02:00:00+03:00" })),
            ("cid", json!({ "level": -1, "since": "2026-01-01T00:00:00.001Z", "valid": false })),
            ("dan", json!({ "weight": -3.5, "valid": true })),
            ("eve", json!({ "level": 9, "weight": 0.30000000000000004, "since": "2025-12-31T23:00:00.000Z" })),
        ] {
            create(&app, name, json!({ "schemas": [USER, BADGE], BADGE: badge })).await;
        }
        for (attribute, expected) in [
            ("level", ["cid bob eve ann dan", "dan ann bob eve cid"]),
            ("weight", ["dan bob ann eve cid", "cid eve ann bob dan"]),
            ("since", ["bob eve ann cid dan", "dan cid ann bob eve"]),
            ("valid", ["cid ann dan bob eve", "bob eve ann dan cid"]),
        ] {
            check(&app, "/Users", &format!("{BADGE}:{attribute}"), expected).await;
        }
    }

    /// Shows C-2-07, C-2-14: a cursor leads to behind a place, whether or not somebody is still there.
    async fn a_walk_goes_on_from_where_somebody_was(app: App) {
        let titles = ["a", "a", "a", "b", "b", "-", "-"];
        let mut ids = Vec::new();
        for (number, title) in titles.into_iter().enumerate() {
            let more = if title == "-" { json!({}) } else { json!({ "title": title }) };
            create(&app, &format!("u{number}"), more).await;
            ids.push(app.filter("/Users", &format!("userName eq \"u{number}\"")).await.text("/Resources/0/id"));
        }
        let mut found = Vec::new();
        let mut cursor = Some(String::new());
        while let Some(value) = cursor {
            let page = app.get(&format!("/Users?sortBy=title&count=1&cursor={value}")).await.expect(200);
            let name = user_names(&page).concat();
            let number: usize = name[1..].parse().expect("a number");
            // Who was shown goes at once, and behind u0 and u3 also who would be next.
            app.delete(&format!("/Users/{}", ids[number])).await.expect(204);
            if number.is_multiple_of(3) && number + 1 < ids.len() {
                app.delete(&format!("/Users/{}", ids[number + 1])).await.expect(204);
            }
            found.push(name);
            cursor = next(&page);
        }
        assert_eq!(found, ["u0", "u2", "u3", "u5", "u6"]);
    }

    /// Shows C-2-07, C-2.2-01: what is sorted by may be as long as the server stores it; 1,024 characters of it count.
    async fn long_values_are_walked_too(app: App) {
        let long = |first: &str| format!("{first}{}", "\u{1F600}".repeat(100_000));
        let (at_1_024, at_1_025) = ("m".repeat(1_023), "n".repeat(1_024));
        for (name, title) in [
            ("ann", long("c")),
            ("bob", long("a")),
            ("cid", long("b")),
            ("dan", "\u{1}".repeat(100_000)),
            ("eve", long("b")),
            ("fay", format!("{at_1_024}2")),
            ("gus", format!("{at_1_024}1")),
            ("hal", format!("{at_1_025}2")),
            ("ivy", format!("{at_1_025}1")),
        ] {
            create(&app, name, json!({ "title": title })).await;
        }
        for (order, expected) in [
            ("ascending", "dan bob cid eve ann gus fay hal ivy"),
            ("descending", "hal ivy fay gus ann cid eve bob dan"),
        ] {
            let expected: Vec<&str> = expected.split(' ').collect();
            let query = format!("/Users?sortBy=title&sortOrder={order}&attributes=userName");
            assert_eq!(user_names(&app.get(&query).await.expect(200)), expected);
            assert_eq!(walk(&app, &format!("{query}&count=1")).await.concat(), expected);
            let sort = json!({ "sortBy": "title", "sortOrder": order, "attributes": ["userName"] });
            assert_eq!(walk_by_post(&app, "/Users", &sort, 2).await, expected);
        }
    }
}
