//! The settings of a Directory that differ from its provider's profile, on both back ends.

#[path = "support/app.rs"]
mod app;

use app::{GROUP, USER};
use scimd::directory::settings::Settings;
use serde_json::json;

on_both_back_ends! {
    /// Shows that the displayName of a group is unique if the profile says so, or the setting.
    async fn a_group_name_is_unique_where_the_directory_says_so(app: App) {
        let set = |unique| Settings { unique_group_display_name: Some(unique), ..Settings::default() };
        for (name, provider, settings, unique) in [
            ("by-profile", "okta", Settings::default(), true),
            ("by-setting", "generic", set(true), true),
            ("not-by-profile", "generic", Settings::default(), false),
            ("not-by-setting", "okta", set(false), false),
        ] {
            let app = app.directory_with(name, provider, &settings).await;
            app.group("Staff", &[]).await;
            let again = app.post("/Groups", json!({ "schemas": [GROUP], "displayName": "staff" })).await;
            match unique {
                true => drop(again.expect_error(409, "uniqueness")),
                false => drop(again.expect(201)),
            }
        }
    }

    /// Shows that externalId is unique within a type if the setting says so (D-22).
    async fn an_external_id_is_unique_where_the_directory_says_so(app: App) {
        let settings = Settings { unique_external_id: Some(true), ..Settings::default() };
        let strict = app.directory_with("strict-ids", "generic", &settings).await;
        let user = |name: &str| json!({ "schemas": [USER], "userName": name, "externalId": "E1" });
        for (app, second) in [(&app, 201), (&strict, 409)] {
            app.post("/Users", user("first")).await.expect(201);
            app.post("/Users", user("second")).await.expect(second);
        }
        let group = json!({ "schemas": [GROUP], "displayName": "Staff", "externalId": "E1" });
        strict.post("/Groups", group).await.expect(201);
    }

    /// Shows that PATCH of a group answers with the whole group if the setting says so (D-63).
    async fn a_patch_answers_with_the_group_where_the_directory_says_so(app: App) {
        let settings = Settings { patch_answers_with_members: Some(true), ..Settings::default() };
        let talkative = app.directory_with("talkative", "generic", &settings).await;
        for (app, status) in [(&app, 204), (&talkative, 200)] {
            let (user, group) = (app.user("bjensen").await, app.group("Staff", &[]).await);
            let add = json!([{ "op": "add", "path": "members", "value": [{ "value": user }] }]);
            let answer = app.patch(&format!("/Groups/{group}"), add).await.expect(status);
            if status == 200 {
                assert_eq!(answer.text("/members/0/value"), user);
            }
        }
    }
}
