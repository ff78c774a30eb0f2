//! `bulkId:x` between operations.

use crate::app::{ENTERPRISE, USER};
use crate::{bulk, bulk_until, create_group, create_user, id_of, members, on_both_back_ends, statuses};
use serde_json::json;

on_both_back_ends! {
    /// Shows P-3.7-18, P-3.7.2-01, P-3.7.2-03, P-3.7.3-01.
    async fn references_are_replaced_in_values_refs_filters_and_paths_forward_and_back(app: App) {
        let answer = bulk(&app, json!([
            create_group("G1", &["bulkId:U1", "bulkId:U2"]),
            { "method": "PATCH", "path": "/Groups/bulkId:G1", "data": { "Operations": [
                { "op": "remove", "path": "members[value eq \"bulkId:U2\"]" },
                { "op": "add", "path": "members", "value": [{ "$ref": "../Users/bulkId:U3" }] },
            ] } },
            create_user("U1"),
            create_user("U2"),
            create_user("U3"),
            { "method": "PATCH", "path": "/Groups/bulkId:G1", "data": { "Operations": [
                { "op": "add", "value": { "members": [{ "value": "bulkId:U4" }] } },
            ] } },
            create_user("U4"),
            create_user("U5"),
            { "method": "DELETE", "path": "/Users/bulkId:U5" },
            { "method": "PUT", "path": "/Users/bulkId:U1", "data": { "schemas": [USER], "userName": "U1", "title": "bulkId:U2" } },
        ])).await.expect(200);
        assert_eq!(statuses(&answer), ["201", "200", "201", "201", "201", "200", "201", "201", "204", "200"]);
        let mut expected = vec![id_of(&answer, 2), id_of(&answer, 4), id_of(&answer, 6)];
        expected.sort_unstable();
        assert_eq!(members(&app, &id_of(&answer, 0)).await, expected);
        assert_eq!(id_of(&answer, 1), id_of(&answer, 0));
        app.get(&format!("/Users/{}", id_of(&answer, 7))).await.expect(404);
        assert_eq!(app.get(&format!("/Users/{}", id_of(&answer, 2))).await.text("/title"), "bulkId:U2", "it is text there");
    }

    /// Shows P-3.7.2-02.
    async fn references_in_an_extension_are_replaced(app: App) {
        let mut employee = create_user("employee");
        employee["data"][ENTERPRISE] = json!({ "manager": { "value": "bulkId:boss" } });
        employee["data"]["schemas"] = json!([USER, ENTERPRISE]);
        let answer = bulk(&app, json!([employee, create_user("boss")])).await.expect(200);
        assert_eq!(statuses(&answer), ["201", "201"]);
        let user = app.get(&format!("/Users/{}", id_of(&answer, 0))).await.expect(200);
        assert_eq!(user.json[ENTERPRISE]["manager"]["value"], id_of(&answer, 1));
    }

    /// Shows P-3.7.1-01.
    async fn groups_in_a_circle_are_created_whole(app: App) {
        let answer = bulk(&app, json!([
            create_group("A", &["bulkId:B", "bulkId:u"]),
            create_group("B", &["bulkId:C", "bulkId:A"]),
            create_group("C", &["bulkId:A"]),
            create_user("u"),
            create_group("outside", &["bulkId:A"]),
        ])).await.expect(200);
        assert_eq!(statuses(&answer), ["201"; 5]);
        let ids: Vec<String> = (0..5).map(|place| id_of(&answer, place)).collect();
        let sorted = |places: &[usize]| {
            let mut of: Vec<String> = places.iter().map(|place| ids[*place].clone()).collect();
            of.sort_unstable();
            of
        };
        for (group, expected) in [(0, &[1, 3][..]), (1, &[2, 0]), (2, &[0]), (4, &[0])] {
            assert_eq!(members(&app, &ids[group]).await, sorted(expected), "{group}");
            let version = app.get(&format!("/Groups/{}", ids[group])).await.text("/meta/version");
            assert_eq!(answer.text(&format!("/Operations/{group}/version")), version, "{group}");
        }
    }

    /// Shows P-3.7.1-01.
    async fn users_who_manage_each_other_are_created(app: App) {
        let managed_by = |name: &str, manager: &str| {
            let mut user = create_user(name);
            user["data"]["schemas"] = json!([USER, ENTERPRISE]);
            user["data"][ENTERPRISE] = json!({ "manager": { "value": format!("bulkId:{manager}") } });
            user
        };
        let answer = bulk(&app, json!([managed_by("a", "b"), managed_by("b", "a"), managed_by("c", "c")])).await.expect(200);
        assert_eq!(statuses(&answer), ["201", "201", "201"]);
        for (user, manager) in [(0, 1), (1, 0), (2, 2)] {
            let user = app.get(&format!("/Users/{}", id_of(&answer, user))).await.expect(200);
            assert_eq!(user.json[ENTERPRISE]["manager"]["value"], id_of(&answer, manager));
        }
    }

    /// Shows P-3.7.1-02.
    async fn a_circle_with_a_failure_leaves_nothing_behind(app: App) {
        let mut broken = create_group("B", &["bulkId:A"]);
        broken["data"]["displayName"] = json!(null);
        for operations in [
            json!([create_group("A", &["bulkId:B"]), broken, create_group("outside", &["bulkId:A"])]),
            json!([create_group("A", &["bulkId:B"]), create_group("B", &["bulkId:A", "no-such-member"]), create_group("outside", &["bulkId:A"])]),
        ] {
            let answer = bulk(&app, operations).await.expect(200);
            assert_eq!(statuses(&answer), ["409", "400", "409"]);
            assert_eq!(answer.at("/Operations/0").get("location"), None);
            assert_eq!(app.get("/Groups").await.json["totalResults"], 0);
        }
    }

    /// Shows P-3.7.1-02, P-3.7.2-04.
    async fn who_refers_to_nothing_or_to_a_failure_fails_and_is_not_stored(app: App) {
        app.user("taken").await;
        let answer = bulk(&app, json!([
            create_group("undefined", &["bulkId:nobody"]),
            create_group("second", &["bulkId:undefined"]),
            create_group("first", &["bulkId:taken"]),
            create_user("taken"),
            { "method": "DELETE", "path": "/Groups/bulkId:first" },
            { "method": "DELETE", "path": "/Groups/bulkId:nothing" },
            create_group("self", &["bulkId:self"]),
            create_group("fine", &[]),
        ])).await.expect(200);
        assert_eq!(statuses(&answer), ["400", "409", "409", "409", "409", "400", "400", "201"]);
        assert_eq!(answer.text("/Operations/0/response/scimType"), "invalidValue");
        assert_eq!(answer.at("/Operations/1/response").get("scimType"), None);
        assert_eq!(answer.text("/Operations/3/response/scimType"), "uniqueness");
        assert_eq!(answer.text("/Operations/6/response/scimType"), "invalidValue");
        assert_eq!(app.get("/Groups").await.json["totalResults"], 1);
    }

    /// A failed reference counts as a failure of its own. Shows P-3.7-15.
    async fn a_failed_reference_counts(app: App) {
        app.user("taken").await;
        let operations = json!([create_user("taken"), create_group("g", &["bulkId:taken"]), create_user("late")]);
        let answer = bulk_until(&app, 2, operations).await.expect(200);
        assert_eq!(statuses(&answer), ["409", "409"]);
        assert_eq!(app.get("/Users").await.json["totalResults"], 1);
    }
}
