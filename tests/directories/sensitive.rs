//! Attributes that are sensitive in a Directory: no filter in a URL names them (RFC 7644 §7.5.2).

use crate::app::{App, USER};
use crate::on_both_back_ends;
use scimd::admin::AdminError;
use scimd::admin::definitions::{self, Timing};
use scimd::admin::directories::{self, Edit};
use scimd::directory::settings::Settings;
use scimd::store::DefinitionKind;
use serde_json::{Value, json};
use std::time::Duration;

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn sensitive(paths: &[&str]) -> Settings {
    Settings::of_json(json!({ "sensitive": paths })).expect("good")
}

/// A Directory with one user, in which phone numbers, the values of addresses and employee numbers are sensitive.
async fn directory(app: &App, provider: &str) -> App {
    let number = format!("{ENTERPRISE}:employeeNumber");
    let app =
        app.directory_with("discreet", provider, &sensitive(&["phoneNumbers", "EMAILS.value", &number, "displayName"])).await;
    let user = json!({
        "schemas": [USER, ENTERPRISE], "userName": "ann", "displayName": "Ann", "title": "T",
        "emails": [{ "value": "ann@example.org", "type": "work" }], "phoneNumbers": [{ "value": "+49-30-1", "type": "work" }],
        ENTERPRISE: { "employeeNumber": "701984" },
    });
    app.post("/Users", user).await.expect(201);
    app
}

const NAMING: [&str; 9] = [
    "phoneNumbers.value eq \"+49-30-1\"",
    "phoneNumbers.type eq \"work\"",
    "phoneNumbers[type eq \"work\"]",
    "emails.value eq \"ann@example.org\"",
    "emails eq \"ann@example.org\"",
    "emails[type eq \"work\" and value eq \"ann@example.org\"]",
    "userName eq \"ann\" and not (title eq \"x\" or employeeNumber eq \"1\")",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq \"701984\"",
    "displayName eq \"Ann\"",
];

fn total(answer: &Value) -> i64 {
    answer["totalResults"].as_i64().expect("a number")
}

on_both_back_ends! {
    /// Shows P-7.5.2-01.
    async fn a_filter_in_a_url_names_nothing_that_is_sensitive(app: App) {
        let app = directory(&app, "generic").await;
        for filter in NAMING {
            let encoded = percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
            for path in ["/Users?", "/?", "/Users?cursor=&count=1&", "/?sortBy=userName&cursor=&", "/Users?startIndex=2&"] {
                let detail = app.get(&format!("{path}filter={encoded}")).await.expect_error(403, "sensitive").text("/detail");
                for value in ["49-30", "example.org", "701984", "Ann\""] {
                    assert!(!detail.contains(value), "{detail}");
                }
            }
            for path in ["/Users/.search", "/.search"] {
                for search in [json!({ "filter": filter }), json!({ "filter": filter, "cursor": "", "count": 1 })] {
                    let mut search = search;
                    search["schemas"] = json!([SEARCH]);
                    assert_eq!(total(&app.post(path, search).await.expect(200).json), 1, "{path}: {filter}");
                }
            }
        }
        app.filter("/Groups", "displayName eq \"G\"").await.expect_error(403, "sensitive");
        app.post("/Users/.search", json!({ "schemas": [SEARCH], "filter": "password pr" })).await.expect_error(400, "invalidFilter");
        app.filter("/Users", "password pr").await.expect_error(403, "sensitive");
    }

    /// Shows that what is not named in the list is filtered by as ever, and the order is no filter.
    async fn a_filter_in_a_url_names_what_is_not_sensitive(app: App) {
        let other = app.directory("open", "generic").await;
        let app = directory(&app, "generic").await;
        for filter in ["userName eq \"ann\"", "title eq \"T\"", "emails[type eq \"work\"]", "emails.type eq \"work\"", "emails pr"] {
            assert_eq!(total(&app.filter("/Users", filter).await.expect(200).json), 1, "{filter}");
        }
        app.get("/Users?sortBy=displayName&attributes=phoneNumbers").await.expect(200);
        app.filter("/Users", "nothing eq \"x\"").await.expect_error(400, "invalidFilter");
        app.filter("/Users", "userName eq").await.expect_error(400, "invalidFilter");
        for filter in NAMING {
            other.filter("/Users", filter).await.expect(200);
        }
    }

    /// Shows that a PATCH, whose paths stand in a body, names them.
    async fn a_path_in_a_body_may_name_what_is_sensitive(app: App) {
        let app = directory(&app, "generic").await;
        let found = app.filter("/Users", "userName eq \"ann\"").await.expect(200);
        let change = json!([{ "op": "replace", "path": "phoneNumbers[value eq \"+49-30-1\"].type", "value": "home" }]);
        app.patch(&format!("/Users/{}", found.text("/Resources/0/id")), change).await.expect(200);
    }

    /// Shows that an entry without a URN goes on working when another schema gets an attribute of that name (D-43).
    async fn what_is_sensitive_stays_so_when_a_schema_comes_that_has_the_name_too(app: App) {
        const BADGE: &str = "urn:example:badge:2.0:User";
        let app = app.directory_with("discreet", "generic", &sensitive(&["employeeNumber", "title", "phoneNumbers.value"])).await;
        let first = format!("{ENTERPRISE}:employeeNumber eq \"1\"");
        app.filter("/Users", &first).await.expect_error(403, "sensitive");
        app.filter("/Users", "employeeNumber eq \"1\"").await.expect_error(403, "sensitive");
        let schema = json!({ "id": BADGE, "name": "Badge", "extends": ["User"], "attributes": [
            { "name": "employeeNumber" }, { "name": "title" }, { "name": "colour" },
            { "name": "phoneNumbers", "type": "complex", "subAttributes": [{ "name": "value" }, { "name": "kind" }] }
        ] });
        let timing = Timing::After(Duration::ZERO);
        definitions::add(&app.operator(), &app.row().await, DefinitionKind::Schema, &schema.to_string(), timing).await.expect("adds");
        let app = app.fresh().await;
        let named = [&first, &format!("{BADGE}:employeeNumber eq \"1\""), &format!("{BADGE}:title eq \"1\""), "title eq \"1\""];
        for filter in named.into_iter().chain([format!("{BADGE}:phoneNumbers.value eq \"1\"").as_str()]) {
            app.filter("/Users", filter).await.expect_error(403, "sensitive");
        }
        // Nobody can say which is meant.
        app.filter("/Users", "employeeNumber eq \"1\"").await.expect_error(400, "invalidFilter");
        for filter in ["colour eq \"1\"", &format!("{BADGE}:phoneNumbers.kind eq \"1\"")] {
            app.filter("/Users", filter).await.expect(200);
        }
        // The list as it is may be given again.
        let row = app.row().await;
        let settings = sensitive(&["employeeNumber", "userName"]);
        directories::edit(&app.operator(), &row, Edit { settings: Some(settings), ..Edit::default() }).await.expect("changes");
    }

    /// Shows that an attribute that the Directory has not is refused by its name, when the list is given, and only then.
    async fn what_no_type_of_the_directory_has_is_refused(app: App) {
        let operator = app.operator();
        for (path, named) in [("shoeSize", "shoeSize"), ("emails.worth", "emails.worth"), ("urn:example:x:y", "urn:example:x:y"), (ENTERPRISE, ENTERPRISE)] {
            let settings = sensitive(&["title", path]);
            let refused = directories::create(&operator, "acme", "", "generic", &settings).await.expect_err("no such attribute");
            assert!(matches!(&refused, AdminError::Settings(_)) && refused.to_string().contains(named), "{refused}");
            let row = directories::find(&*app.store, "test").await.expect("is there");
            let edit = Edit { settings: Some(settings), ..Edit::default() };
            let refused = directories::edit(&operator, &row, edit).await.expect_err("no such attribute");
            assert!(refused.to_string().contains(named), "{refused}");
        }
        let settings = Settings::of_pairs(&[("sensitive".into(), "members.value, employeeNumber".into())]).expect("good");
        let made = directories::create(&operator, "acme", "", "generic", &settings).await.expect("both are there");
        assert_eq!(made.settings, r#"{"sensitive":["members.value","employeeNumber"]}"#);
        let fewer = settings.with_pairs(&[("sensitive".into(), String::new())]).expect("good");
        let edit = Edit { settings: Some(fewer), ..Edit::default() };
        assert_eq!(directories::edit(&operator, &made, edit).await.expect("changes").settings, "{}");
    }
}
