//! Users found by a part of their name (`co`), which an index serves, on both back ends.

#[path = "support/app.rs"]
mod app;

use app::{App, USER};
use serde_json::json;

/// The userNames of those whose displayName contains `part`.
async fn named(app: &App, part: &str) -> Vec<String> {
    let answer = app.filter("/Users", &format!(r#"displayName co "{part}""#)).await.expect(200);
    let found = answer.at("/Resources").as_array().cloned().unwrap_or_default();
    found.iter().map(|user| user["userName"].as_str().expect("has one").to_owned()).collect()
}

on_both_back_ends! {
    /// Shows P-3.4.2.2-08.
    async fn a_part_of_a_name_finds_a_user_as_it_is_now(app: App) {
        let user = |name: &str, display: &str| json!({ "schemas": [USER], "userName": name, "displayName": display });
        let anna = app.post("/Users", user("anna", "Anna-Lena Größing")).await.expect(201).id();
        let path = format!("/Users/{anna}");
        app.post("/Users", user("ANNA", "Nobody Else")).await.expect(409);
        assert_eq!(named(&app, "body").await, [""; 0]);
        for part in ["ann", "A-L", "na g", "RÖß", "GRÖßING", "na-lena größ"] {
            assert_eq!(named(&app, part).await, ["anna"], "{part}");
        }

        // What does not touch the name, what changes it, takes it away and gives one again.
        app.patch(&path, json!([{ "op": "replace", "path": "title", "value": "Boss" }])).await.expect(200);
        assert_eq!(named(&app, "lena").await, ["anna"]);
        app.patch(&path, json!([{ "op": "replace", "path": "displayName", "value": "Berta" }])).await.expect(200);
        assert_eq!((named(&app, "lena").await, named(&app, "ert").await), (vec![], vec!["anna".to_owned()]));
        app.patch(&path, json!([{ "op": "remove", "path": "displayName" }])).await.expect(200);
        assert_eq!(named(&app, "ert").await, [""; 0]);
        app.put(&path, user("anna", "Carla")).await.expect(200);
        assert_eq!(named(&app, "arl").await, ["anna"]);

        // A Directory finds its own.
        let other = app.directory("other", "generic").await;
        other.post("/Users", user("carl", "Carlo")).await.expect(201);
        assert_eq!((named(&app, "arl").await, named(&other, "arl").await), (vec!["anna".to_owned()], vec!["carl".to_owned()]));

        app.delete(&path).await.expect(204);
        assert_eq!(named(&app, "arl").await, [""; 0]);
        app.user("without").await;
        app.post("/Users", user("dora", "Dora")).await.expect(201);
        assert_eq!((named(&app, "arl").await, named(&app, "dor").await), (vec![], vec!["dora".to_owned()]));
    }

    /// Shows P-3.4.2.2-08: changes that wait for each other, whose index rows SQLite writes together.
    async fn parts_of_names_survive_many_changes_at_once(app: App) {
        let change = async |number: u32| {
            let name = |display: String| json!({ "schemas": [USER], "userName": format!("u{number}"), "displayName": display });
            let user = app.post("/Users", name(format!("first{number}x"))).await.expect(201).id();
            let path = format!("/Users/{user}");
            app.post("/Users", name(format!("refused{number}x"))).await.expect(409);
            if number < 10 {
                app.delete(&path).await.expect(204);
            } else {
                app.put(&path, name(format!("second{number}x"))).await.expect(200);
            }
        };
        futures_util::future::join_all((0..30).map(change)).await;
        for number in 0..30 {
            let expected = if number < 10 { vec![] } else { vec![format!("u{number}")] };
            assert_eq!(named(&app, &format!("d{number}x")).await, expected);
            assert_eq!(named(&app, &format!("t{number}x")).await, [""; 0]);
        }
    }
}
