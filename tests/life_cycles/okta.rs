//! What Okta does after an operator's act, under its profile.

use super::{GROUP, Kind, Office, USER, found};
use crate::on_both_back_ends;
use serde_json::{Value, json};

/// A user as Okta sends it, with or without the right to sign in.
fn carol(active: bool) -> Value {
    json!({
        "schemas": [USER], "userName": "carol@acme.example", "name": { "givenName": "Carol", "familyName": "Jones" },
        "emails": [{ "primary": true, "value": "carol@acme.example", "type": "work" }], "displayName": "Carol Jones",
        "locale": "en-US", "externalId": "00ujl29u0le5T6Aj10h7", "groups": [], "active": active
    })
}

fn pushed(members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id, "display": "carol@acme.example" })).collect();
    json!({ "schemas": [GROUP], "displayName": "Drivers", "members": members })
}

on_both_back_ends! {
    /// Shows `operatorDisable` = `hold`: assigning anew fails until an operator enables the user, by PUT and by PATCH.
    async fn a_disabled_user_stays_so_until_an_operator_enables_it(app: App) {
        let app = app.directory("acme", "okta").await;
        let id = app.post("/Users", carol(true)).await.expect(201).id();
        let office = Office::of(&app);
        assert!(office.disable(&id).await.held);
        let path = format!("/Users/{id}");

        // Somebody unassigns the user and assigns it again.
        app.put(&path, carol(false)).await.expect(200);
        assert_eq!(found(&app, "/Users", "userName eq \"carol@acme.example\"").await, 1, "it is found while it is disabled");
        let refused = app.put(&path, carol(true)).await.expect_error(403, "");
        assert_eq!(
            refused.text("/detail"),
            "an operator of the server disabled this user; it stays so until an operator enables it"
        );
        app.patch(&path, json!([{ "op": "replace", "value": { "active": true } }])).await.expect_error(403, "");
        app.patch(&path, json!([{ "op": "replace", "path": "active", "value": true }])).await.expect_error(403, "");
        app.patch(&path, json!([{ "op": "remove", "path": "active" }])).await.expect_error(403, "");
        // What leaves it disabled is no attempt to enable it.
        app.patch(&path, json!([{ "op": "replace", "value": { "displayName": "Carol J." } }])).await.expect(200);
        assert_eq!(app.get(&path).await.expect(200).at("/active"), false);

        let user = office.enable(&id).await;
        assert!(!user.held);
        app.put(&path, carol(false)).await.expect(200);
        app.put(&path, carol(true)).await.expect(200);
        assert_eq!(app.get(&path).await.expect(200).at("/active"), true);
    }

    /// Shows that a client does not get around the hold: who is deleted while it is held is not created anew.
    async fn a_held_user_is_not_created_anew_before_an_operator_says_so(app: App) {
        let app = app.directory("acme", "okta").await;
        let id = app.post("/Users", carol(true)).await.expect(201).id();
        let office = Office::of(&app);
        office.disable(&id).await;
        app.send("DELETE", &format!("/Users/{id}"), &[], "").await.expect(204);
        app.post("/Users", carol(true)).await.expect_error(403, "");
        app.send("DELETE", &format!("/Users/{id}"), &[], "").await.expect_error(404, "");
        app.post("/Users", carol(true)).await.expect_error(403, "");
        office.purge(Kind::User, &id).await.expect("is known");
        app.post("/Users", carol(true)).await.expect(201);
    }

    /// Shows `operatorDeleteUser` = `untilReassigned`: pushes fail until the user is unassigned and assigned again.
    async fn a_deleted_user_comes_back_only_by_unassigning_and_assigning(app: App) {
        let app = app.directory("acme", "okta").await;
        for unassigned in [json!([{ "op": "replace", "value": { "active": false } }]), Value::Null] {
            let id = app.post("/Users", carol(true)).await.expect(201).id();
            let office = Office::of(&app);
            office.delete(Kind::User, &id).await;
            let path = format!("/Users/{id}");

            // A profile update, and the creation that some clients try when it fails.
            app.put(&path, carol(true)).await.expect_error(404, "");
            app.patch(&path, json!([{ "op": "replace", "value": { "active": true } }])).await.expect_error(404, "");
            assert_eq!(found(&app, "/Users", "userName eq \"carol@acme.example\"").await, 0);
            let refused = app.post("/Users", carol(true)).await.expect_error(403, "");
            assert!(refused.text("/detail").contains("unassign it at the provider and assign it again"));

            // Unassigned, by PATCH or by PUT: it is gone, as before, and may come again.
            match unassigned {
                Value::Null => app.put(&path, carol(false)).await.expect_error(404, ""),
                operations => app.patch(&path, operations).await.expect_error(404, ""),
            };
            let anew = app.post("/Users", carol(true)).await.expect(201).id();
            assert_ne!(anew, id);
            app.send("DELETE", &format!("/Users/{anew}"), &[], "").await.expect(204);
        }
    }

    /// Shows that somebody else of the same name is not taken for the user that was deleted.
    async fn another_person_with_the_name_is_not_barred(app: App) {
        let app = app.directory("acme", "okta").await;
        let id = app.post("/Users", carol(true)).await.expect(201).id();
        let office = Office::of(&app);
        office.delete(Kind::User, &id).await;
        let mut renamed = carol(true);
        renamed["userName"] = json!("carol.jones@acme.example");
        app.post("/Users", renamed).await.expect_error(403, "");
        let mut unknown = carol(true);
        unknown.as_object_mut().expect("an object").remove("externalId");
        app.post("/Users", unknown).await.expect_error(403, "");
        let mut other = carol(true);
        other["externalId"] = json!("00uother");
        app.post("/Users", other).await.expect(201);
    }

    /// Shows `operatorDeleteGroup` = `untilReassigned`: pushing the group fails until it is unlinked and linked again.
    async fn pushing_a_deleted_group_fails_until_it_is_linked_again(app: App) {
        let app = app.directory("acme", "okta").await;
        let user = app.post("/Users", carol(true)).await.expect(201).id();
        let group = app.post("/Groups", pushed(&[])).await.expect(201).id();
        let path = format!("/Groups/{group}");
        let all = json!([{ "op": "replace", "path": "members", "value": [{ "value": user }] }]);
        app.patch(&path, all.clone()).await.expect(204);
        let office = Office::of(&app);
        office.delete(Kind::Group, &group).await;

        app.patch(&path, all.clone()).await.expect_error(404, "");
        app.put(&path, pushed(&[&user])).await.expect_error(404, "");
        assert_eq!(found(&app, "/Groups", "displayName eq \"Drivers\"").await, 0);
        app.post("/Groups", pushed(&[])).await.expect_error(403, "");

        // Unlinked, which deletes; and pushed again.
        app.send("DELETE", &path, &[], "").await.expect_error(404, "");
        let anew = app.post("/Groups", pushed(&[])).await.expect(201).id();
        app.patch(&format!("/Groups/{anew}"), all).await.expect(204);
        assert_eq!(app.get(&format!("/Groups/{anew}")).await.expect(200).text("/members/0/value"), user);
    }

    /// Shows that a bar is of one Directory, and of one type.
    async fn a_bar_holds_in_its_own_directory_only(app: App) {
        let (acme, other) = (app.directory("acme", "okta").await, app.directory("other", "okta").await);
        let id = acme.post("/Users", carol(true)).await.expect(201).id();
        let office = Office::of(&acme);
        office.delete(Kind::User, &id).await;
        other.post("/Users", carol(true)).await.expect(201);
        other.send("DELETE", &format!("/Users/{id}"), &[], "").await.expect_error(404, "");
        acme.send("DELETE", &format!("/Groups/{id}"), &[], "").await.expect_error(404, "");
        acme.post("/Users", carol(true)).await.expect_error(403, "");
        assert_eq!(Office::of(&other).deleted(Kind::User).await, []);
    }

    /// Shows that a bulk request is refused like a request of its own.
    async fn a_barred_user_does_not_come_by_bulk_either(app: App) {
        let app = app.directory("acme", "okta").await;
        let id = app.post("/Users", carol(true)).await.expect(201).id();
        Office::of(&app).delete(Kind::User, &id).await;
        let bulk = |operations: Value| json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations
        });
        let create = json!({ "method": "POST", "path": "/Users", "bulkId": "a", "data": carol(true) });
        let refused = app.post("/Bulk", bulk(json!([create]))).await.expect(200);
        assert_eq!(refused.text("/Operations/0/status"), "403");
        let unassign = json!({ "method": "DELETE", "path": format!("/Users/{id}") });
        let gone = app.post("/Bulk", bulk(json!([unassign]))).await.expect(200);
        assert_eq!(gone.text("/Operations/0/status"), "404");
        let created = app.post("/Bulk", bulk(json!([create]))).await.expect(200);
        assert_eq!(created.text("/Operations/0/status"), "201");
    }
}
