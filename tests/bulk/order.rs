//! Operations run side by side only where nobody can tell their order.

use crate::{bulk, create_group, create_user, id_of, members, on_both_back_ends, statuses};
use serde_json::{Value, json};

fn rename(user: &str, user_name: &str) -> Value {
    let data = json!({ "Operations": [{ "op": "replace", "path": "userName", "value": user_name }] });
    json!({ "method": "PATCH", "path": format!("/Users/{user}"), "data": data })
}

fn add_member(group: &str, member: &str) -> Value {
    let data = json!({ "Operations": [{ "op": "add", "path": "members", "value": [{ "value": member }] }] });
    json!({ "method": "PATCH", "path": format!("/Groups/{group}"), "data": data })
}

on_both_back_ends! {
    /// Shows P-3.7-17, P-3.7-18.
    async fn a_value_is_free_for_the_next_and_taken_from_the_next(app: App) {
        let [a, b, c] = [app.user("a").await, app.user("b").await, app.user("c").await];
        let delete = |user: &str| json!({ "method": "DELETE", "path": format!("/Users/{user}") });
        let mut again = create_user("x");
        again["bulkId"] = json!("again");
        let answer = bulk(&app, json!([
            rename(&a, "b"),
            rename(&b, "free"),
            rename(&a, "b"),
            create_user("a"),
            delete(&c),
            create_user("c"),
            create_user("x"),
            again,
        ])).await.expect(200);
        assert_eq!(statuses(&answer), ["409", "200", "200", "201", "204", "201", "201", "409"]);
    }

    /// Shows P-3.7-18.
    async fn a_resource_is_referred_to_before_it_is_deleted_and_not_after(app: App) {
        let user = app.user("bjensen").await;
        let [before, after] = [app.group("before", &[]).await, app.group("after", &[]).await];
        let answer = bulk(&app, json!([
            add_member(&before, &user),
            { "method": "DELETE", "path": format!("/Users/{user}") },
            add_member(&after, &user),
            create_group("late", &[&user]),
        ])).await.expect(200);
        assert_eq!(statuses(&answer), ["200", "204", "400", "400"]);
    }

    /// Shows P-3.7-18.
    async fn operations_on_one_resource_stay_in_order(app: App) {
        let user = app.user("bjensen").await;
        let title = |title: &str| {
            let data = json!({ "Operations": [{ "op": "replace", "path": "title", "value": title }] });
            json!({ "method": "PATCH", "path": format!("/Users/{user}"), "data": data })
        };
        let titles: Vec<Value> = (0..20).map(|number| title(&number.to_string())).collect();
        let answer = bulk(&app, json!(titles)).await.expect(200);
        let versions: Vec<String> = (0..20).map(|place| answer.text(&format!("/Operations/{place}/version"))).collect();
        let expected: Vec<String> = (2..22).map(|version| format!("W/\"{version}\"")).collect();
        assert_eq!(versions, expected);
        assert_eq!(app.get(&format!("/Users/{user}")).await.text("/title"), "19");
    }

    /// What waits for a new resource is passed by what does not, but not by what changes the same resource.
    async fn who_waits_keeps_its_place_among_those_of_its_resource(app: App) {
        let group = app.group("g", &[]).await;
        let clear = json!({ "method": "PATCH", "path": format!("/Groups/{group}"),
            "data": { "Operations": [{ "op": "remove", "path": "members" }] } });
        let answer = bulk(&app, json!([
            add_member(&group, "bulkId:a"),
            clear,
            add_member(&group, "bulkId:b"),
            create_user("b"),
            create_user("a"),
        ])).await.expect(200);
        assert_eq!(statuses(&answer), ["200", "200", "200", "201", "201"]);
        assert_eq!(members(&app, &group).await, [id_of(&answer, 3)]);
    }
}
