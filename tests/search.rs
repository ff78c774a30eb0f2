//! Searching one type and all types (RFC 7644 §3.4.2, §3.4.3), on both back ends.

#[path = "support/app.rs"]
mod app;

use app::{Answer, App, ERROR, GROUP, USER};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// Three users and two groups, displayNames interleaved; one user has none.
async fn some_of_each(app: &App) {
    for (user_name, display_name) in [("anna", Some("Delta")), ("bert", Some("alpha")), ("carl", None)] {
        let mut user = json!({ "schemas": [USER], "userName": user_name });
        if let Some(name) = display_name {
            user["displayName"] = json!(name);
        }
        app.post("/Users", user).await.expect(201);
    }
    app.group("Bravo", &[]).await;
    app.group("Echo", &[]).await;
}

/// What shows which resource it is: the userName, else the displayName.
fn names(answer: &Answer) -> Vec<&str> {
    let resources = answer.at("/Resources").as_array().expect("a list");
    resources.iter().map(|one| one["userName"].as_str().or(one["displayName"].as_str()).expect("a name")).collect()
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn refused(answer: Answer, scim_type: &str) {
    let answer = answer.expect(400);
    assert_eq!(answer.at("/schemas"), &json!([ERROR]));
    assert_eq!(answer.text("/scimType"), scim_type);
}

on_both_back_ends! {
    /// Shows P-3.4.2-01, P-3.4.2.1-01, P-3.4.3-01, P-3.4.3-07.
    async fn the_root_lists_the_resources_of_all_types(app: App) {
        some_of_each(&app).await;
        for path in ["", "/"] {
            let all = app.get(path).await.expect(200);
            assert_eq!(all.at("/schemas"), &json!([LIST]));
            assert_eq!((all.at("/totalResults"), all.at("/itemsPerPage")), (&json!(5), &json!(5)));
            let mut found = names(&all);
            found.sort_unstable();
            assert_eq!(found, ["Bravo", "Echo", "anna", "bert", "carl"]);
            for resource in all.at("/Resources").as_array().expect("a list") {
                let user = resource["userName"].is_string();
                assert_eq!(resource["schemas"], json!([if user { USER } else { GROUP }]));
                assert_eq!(resource["meta"]["resourceType"], if user { "User" } else { "Group" });
                let endpoint = if user { "/Users/" } else { "/Groups/" };
                assert!(resource["meta"]["location"].as_str().expect("a URL").contains(endpoint));
            }
            let posted = app.post("/.search", json!({ "schemas": [SEARCH] })).await.expect(200);
            assert_eq!(posted.json, all.json);
        }
    }

    /// Shows P-3.4.2.1-02, P-3.4.2.1-04, P-3.4.2.1-05.
    async fn a_filter_at_the_root_means_for_each_type_what_it_knows(app: App) {
        some_of_each(&app).await;
        for (filter, expected) in [
            (r#"meta.resourceType eq "User""#, vec!["anna", "bert", "carl"]),
            (r#"meta.resourceType eq "Group" or userName eq "ANNA""#, vec!["Bravo", "Echo", "anna"]),
            (r#"userName sw "b""#, vec!["bert"]),
            (r#"displayName co "L""#, vec!["anna", "bert"]),
            ("displayName pr and userName pr", vec!["anna", "bert"]),
            ("not (userName pr)", vec!["Bravo", "Echo"]),
            (r#"displayName eq "bravo" or displayName eq "DELTA""#, vec!["Bravo", "anna"]),
            (r#"meta.resourceType eq "Robot""#, vec![]),
        ] {
            let answer = app.filter("", filter).await.expect(200);
            let mut found = names(&answer);
            found.sort_unstable();
            assert_eq!(found, expected, "{filter}");
            assert_eq!(answer.at("/totalResults"), &json!(expected.len()), "{filter}");
            let posted = app.post("/.search", json!({ "schemas": [SEARCH], "filter": filter })).await.expect(200);
            assert_eq!(posted.json, answer.json, "{filter}");
        }
    }

    /// Shows D-40, D-44, P-3.4.3-03, P-3.4.3-05: what no type knows is refused, at the root too.
    async fn what_no_type_knows_is_refused(app: App) {
        some_of_each(&app).await;
        refused(app.filter("", r#"shoeSize eq "9""#).await, "invalidFilter");
        refused(app.filter("", r#"userName eq "a" or shoeSize pr"#).await, "invalidFilter");
        refused(app.filter("/Groups", r#"userName eq "a""#).await, "invalidFilter");
        refused(app.get("?sortBy=shoeSize").await, "invalidValue");
        refused(app.get("?sortBy=name").await, "invalidValue");
        refused(app.post("/.search", json!({ "schemas": [USER] })).await, "invalidSyntax");
        refused(app.post("/.search", json!({ "schemas": [SEARCH], "filter": "userName xx 1" })).await, "invalidFilter");
        refused(app.post("/.search", json!({ "schemas": [SEARCH], "filter": "password pr" })).await, "invalidFilter");
        app.filter("", "password pr").await.expect(403);
    }

    /// Shows P-3.4.3-08.
    async fn search_is_no_method_of_discovery_or_of_one_resource(app: App) {
        let id = app.user("bjensen").await;
        for path in ["/Schemas/.search".to_owned(), format!("/Users/{id}/.search"), "/Nobody/.search".to_owned()] {
            let status = app.post(&path, json!({ "schemas": [SEARCH] })).await.status.as_u16();
            assert!(status == 404 || status == 405, "{path}: {status}");
        }
        app.get("/.search").await.expect(405);
        app.post("", json!({})).await.expect(405);
    }

    /// Shows P-3.4.2.3-05 and D-44 across types: in one order, those without a value last, first if descending.
    async fn the_root_sorts_across_types(app: App) {
        some_of_each(&app).await;
        let ascending = ["bert", "Bravo", "anna", "Echo", "carl"];
        let descending = ["carl", "Echo", "anna", "Bravo", "bert"];
        for (query, expected) in [("sortBy=displayName", ascending), ("sortBy=displayName&sortOrder=descending", descending)] {
            assert_eq!(names(&app.get(&format!("?{query}")).await.expect(200)), expected);
            let mut paged = Vec::new();
            for start in 1..=5 {
                let page = app.get(&format!("?{query}&count=1&startIndex={start}")).await.expect(200);
                assert_eq!(page.at("/totalResults"), &json!(5));
                paged.extend(names(&page).into_iter().map(str::to_owned));
            }
            assert_eq!(paged, expected, "page by page");
        }
        assert_eq!(names(&app.get("?sortBy=userName").await.expect(200))[..3], ["anna", "bert", "carl"]);
        assert_eq!(names(&app.get("?sortBy=userName&sortOrder=descending").await.expect(200))[2..], ["carl", "bert", "anna"]);
        let by_type = app.get("?sortBy=meta.resourceType&sortOrder=descending").await.expect(200);
        assert!(by_type.at("/Resources").as_array().expect("a list")[..3].iter().all(|one| one["userName"].is_string()));
        let filtered = app.get(&format!("?sortBy=displayName&filter={}", encoded("displayName pr"))).await.expect(200);
        assert_eq!(names(&filtered), ascending[..4]);
        for sort_by in ["id", "meta.created", "meta.lastModified", "meta.location", "active", "emails", "externalId"] {
            let found = app.get(&format!("?sortBy={sort_by}&sortOrder=descending")).await.expect(200);
            assert_eq!(names(&found).len(), 5, "{sort_by}");
            let found: Vec<&Value> = found.at("/Resources").as_array().expect("a list").iter().collect();
            let mut paged = Vec::new();
            for start in 1..=5 {
                let page = app.get(&format!("?sortBy={sort_by}&sortOrder=descending&count=1&startIndex={start}")).await.expect(200);
                paged.push(page.at("/Resources/0").clone());
            }
            assert_eq!(paged.iter().collect::<Vec<_>>(), found, "{sort_by}");
        }
    }

    /// Shows P-3.4.3-02, P-3.4.3-04, P-3.4.3-06: each resource is shown by its own type's rules.
    async fn the_root_projects_each_type_by_its_own_attributes(app: App) {
        let user = app.user("bjensen").await;
        app.group("Staff", &[&user]).await;
        let shown = app.get("?attributes=userName,members.value&sortBy=userName").await.expect(200);
        assert_eq!(shown.at("/Resources/0/userName"), "bjensen");
        assert_eq!(shown.at("/Resources/0").as_object().expect("an object").len(), 3, "schemas, id, userName");
        assert_eq!(shown.at("/Resources/1/members"), &json!([{ "value": user }]));
        let whole = app.get("?sortBy=userName").await.expect(200);
        assert_eq!(whole.text("/Resources/0/groups/0/display"), "Staff");
        let body = json!({ "schemas": [SEARCH], "attributes": ["userName", "members.value"], "sortBy": "userName" });
        assert_eq!(app.post("/.search", body).await.expect(200).json, shown.json);
        refused(app.post("/.search", json!({ "schemas": [SEARCH], "count": "10" })).await, "invalidValue");
    }

    /// Shows P-3.4.2.1-01: another Directory's resources are not among them.
    async fn the_root_is_that_of_one_directory(app: App) {
        some_of_each(&app).await;
        let other = app.directory("other", "generic").await;
        other.user("zoe").await;
        assert_eq!(names(&other.get("").await.expect(200)), ["zoe"]);
        assert_eq!(names(&other.get("?sortBy=displayName&count=1").await.expect(200)), ["zoe"]);
        assert_eq!(other.get("?count=0").await.expect(200).at("/totalResults"), &json!(1));
    }

    /// Shows D-45: a walk in order by startIndex skips nobody because somebody before it went away.
    async fn a_sorted_walk_goes_on_behind_where_it_was(app: App) {
        let mut ids = Vec::new();
        for name in ["a", "b", "c", "d"] {
            ids.push(app.user(name).await);
        }
        let page = |start| format!("/Users?sortBy=userName&count=2&startIndex={start}");
        assert_eq!(names(&app.get(&page(1)).await.expect(200)), ["a", "b"]);
        app.delete(&format!("/Users/{}", ids[0])).await.expect(204);
        assert_eq!(names(&app.get(&page(3)).await.expect(200)), ["c", "d"]);
    }
}
