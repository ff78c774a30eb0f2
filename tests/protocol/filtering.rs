//! Filters (RFC 7644 §3.4.2.2), row by row; `filter_vectors` has the breadth.

use crate::app::{App, ENTERPRISE, USER};
use crate::on_both_back_ends;
use serde_json::json;

/// Three users, each with what the others lack.
async fn people(app: &App) {
    let people = [
        json!({
            "schemas": [USER, ENTERPRISE], "userName": "bjensen", "externalId": "Ext1", "title": "100%_\\ \"Guide\"", "userType": "Employee",
            "name": { "givenName": "Barbara", "familyName": "Jensen" },
            "emails": [{ "value": "work-b@example.com", "type": "work", "primary": true }, { "value": "home-b@example.org", "type": "home" }],
            ENTERPRISE: { "employeeNumber": "9", "department": "Sales" },
        }),
        json!({
            "schemas": [USER], "userName": "john", "externalId": "ext1", "title": "Manager", "userType": "Contractor", "active": false,
            "emails": [{ "value": "home-b@example.org", "type": "work" }],
        }),
        json!({ "schemas": [USER], "userName": "zoe", "title": "", "nickName": "Zed" }),
    ];
    for person in people {
        app.post("/Users", person).await.expect(201);
    }
}

/// That `filter` selects exactly the users with these names.
async fn check(app: &App, filter: &str, expected: &[&str]) {
    let found = app.filter("/Users", filter).await.expect(200);
    let mut names: Vec<&str> = found.json["Resources"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|user| user["userName"].as_str().expect("a name"))
        .collect();
    names.sort_unstable();
    assert_eq!(names, expected, "{filter}");
}

async fn refuse(app: &App, filters: &[&str]) {
    for filter in filters {
        let refused = app.filter("/Users", filter).await;
        assert_eq!((refused.status.as_u16(), &refused.json["scimType"]), (400, &json!("invalidFilter")), "{filter}");
    }
}

const ALL: [&str; 3] = ["bjensen", "john", "zoe"];

on_both_back_ends! {
    /// Shows P-3.4.2.2-01, P-3.4.2.2-03, P-3.10-04, P-3.4.2.2-21, P-3.10-01, P-3.10-02, P-3.10-03.
    async fn names_and_operators_count_in_any_case_and_with_or_without_their_schema(app: App) {
        assert_eq!(app.get("/ServiceProviderConfig").await.at("/filter/supported"), true);
        people(&app).await;
        check(&app, "userName Eq \"john\"", &["john"]).await;
        check(&app, "USERNAME EQ \"john\" OR Nickname PR", &["john", "zoe"]).await;
        check(&app, &format!("{USER}:name.givenName sw \"b\""), &["bjensen"]).await;
        check(&app, &format!("{}:NAME.GIVENNAME sw \"b\"", USER.to_uppercase()), &["bjensen"]).await;
        check(&app, &format!("{ENTERPRISE}:department eq \"sales\""), &["bjensen"]).await;
        check(&app, "department eq \"sales\"", &["bjensen"]).await;
    }

    /// Shows P-3.4.2.2-04, P-3.4.2.2-05, P-3.4.2.2-27, P-3.4.2.2-26.
    async fn a_filter_is_at_least_one_expression_that_makes_sense(app: App) {
        people(&app).await;
        refuse(&app, &["", " ", "foo", "userName", "eq userName", "userName eq", "eq \"x\"", "userName \"x\"", "()", "userName eq \"x\" and"]).await;
        let unknown = app.filter("/Users", "userName regex \"x\"").await.expect_error(400, "invalidFilter");
        assert!(unknown.text("/detail").contains("regex"), "{}", unknown.json);
        refuse(&app, &["userName in (\"x\")", "userName like \"x\"", "userName = \"x\"", "userName nc \"x\""]).await;
    }

    /// Shows P-3.4.2.2-06, P-3.4.2.2-07, P-3.4.2.2-28.
    async fn eq_and_ne_part_the_resources(app: App) {
        people(&app).await;
        for (filter, equal) in [
            ("userName {} \"JOHN\"", &["john"][..]),
            ("externalId {} \"ext1\"", &["john"]),
            ("externalId {} \"EXT1\"", &[]),
            ("active {} false", &["john"]),
            ("nickName {} \"Zed\"", &["zoe"]),
            ("emails.value {} \"home-b@example.org\"", &["bjensen", "john"]),
            ("emails.type {} \"work\"", &["bjensen", "john"]),
            ("meta.resourceType {} \"User\"", &ALL),
            ("employeeNumber {} \"9\"", &["bjensen"]),
        ] {
            check(&app, &filter.replace("{}", "eq"), equal).await;
            let others: Vec<&str> = ALL.into_iter().filter(|name| !equal.contains(name)).collect();
            check(&app, &filter.replace("{}", "ne"), &others).await;
        }
    }

    /// Shows P-3.4.2.2-08, P-3.4.2.2-09, P-3.4.2.2-10.
    async fn a_part_a_beginning_and_an_end_are_literal_text(app: App) {
        people(&app).await;
        for part in ["100%_", "%_", "_\\\\", "\\\\ \\\"", "\\\"Guide\\\"", "guide"] {
            check(&app, &format!("title co \"{part}\""), &["bjensen"]).await;
        }
        for nothing in ["1%G", "M_nager", "100%%"] {
            check(&app, &format!("title co \"{nothing}\""), &[]).await;
        }
        check(&app, "userName co \"\"", &ALL).await;
        check(&app, "userName sw \"JO\"", &["john"]).await;
        check(&app, "userName sw \"john\"", &["john"]).await;
        check(&app, "userName sw \"ohn\"", &[]).await;
        check(&app, "userName ew \"HN\"", &["john"]).await;
        check(&app, "userName ew \"john\"", &["john"]).await;
        check(&app, "userName ew \"joh\"", &[]).await;
        check(&app, "emails.value sw \"home\"", &["bjensen", "john"]).await;
    }

    /// Shows P-3.4.2.2-11.
    async fn present_is_what_is_not_empty(app: App) {
        people(&app).await;
        check(&app, "title pr", &["bjensen", "john"]).await;
        check(&app, "name pr", &["bjensen"]).await;
        check(&app, "emails pr", &["bjensen", "john"]).await;
        check(&app, "active pr", &ALL).await;
        check(&app, "emails.primary pr", &["bjensen"]).await;
    }

    /// Shows P-3.4.2.2-12.
    async fn order_is_that_of_text_and_of_time(app: App) {
        people(&app).await;
        check(&app, "userName gt \"john\"", &["zoe"]).await;
        check(&app, "userName ge \"JOHN\"", &["john", "zoe"]).await;
        check(&app, "userName lt \"john\"", &["bjensen"]).await;
        check(&app, "userName le \"john\"", &["bjensen", "john"]).await;
        check(&app, "employeeNumber gt \"10\"", &["bjensen"]).await;
        let now = app.filter("/Users", "userName eq \"john\"").await.text("/Resources/0/meta/lastModified");
        let moment = |text: &str| format!("meta.lastModified ge \"{text}\" and userName eq \"john\"");
        check(&app, &moment(&now), &["john"]).await;
        // The same hour on clocks of other places: an instant, not a text.
        let hour_later = format!("{}+01:00", now.trim_end_matches('Z'));
        let hour_earlier = format!("{}-01:00", now.trim_end_matches('Z'));
        check(&app, &moment(&hour_later), &["john"]).await;
        check(&app, &moment(&hour_earlier), &[]).await;
    }

    /// Shows P-3.4.2.2-13, P-3.12-16.
    async fn what_has_no_order_is_not_ordered_even_when_nothing_is_there(app: App) {
        for op in ["gt", "ge", "lt", "le"] {
            refuse(&app, &[&format!("active {op} true"), &format!("x509Certificates.value {op} \"QUJD\"")]).await;
        }
        refuse(&app, &["active co true", "active sw \"t\"", "userName eq 5", "meta.created gt \"yesterday\""]).await;
    }

    /// Shows P-3.4.2.2-14, P-3.4.2.2-15, P-3.4.2.2-22.
    async fn not_binds_before_and_and_and_before_or(app: App) {
        people(&app).await;
        let (b, j, z) = ("userName eq \"bjensen\"", "userName eq \"john\"", "userName eq \"zoe\"");
        check(&app, &format!("{b} and {j}"), &[]).await;
        check(&app, &format!("{b} or {j}"), &["bjensen", "john"]).await;
        check(&app, &format!("not ({b})"), &["john", "zoe"]).await;
        check(&app, &format!("{b} or {j} and {z}"), &["bjensen"]).await;
        check(&app, &format!("({b} or {j}) and {z}"), &[]).await;
        check(&app, &format!("not ({b}) and not ({j})"), &["zoe"]).await;
        check(&app, &format!("not ({b} and {j})"), &ALL).await;
        check(&app, "title sw \"M\" and userType eq \"Contractor\" or nickName pr", &["john", "zoe"]).await;
        refuse(&app, &["not userName pr"]).await;
    }

    /// Shows P-3.4.2.2-16, P-3.4.2.2-17, P-3.4.2.2-23.
    async fn brackets_are_about_one_and_the_same_value(app: App) {
        people(&app).await;
        check(&app, "emails.value eq \"work-b@example.com\"", &["bjensen"]).await;
        check(&app, "emails.type eq \"work\" and emails.value eq \"home-b@example.org\"", &["bjensen", "john"]).await;
        check(&app, "emails[type eq \"work\" and value eq \"home-b@example.org\"]", &["john"]).await;
        check(&app, "emails[type eq \"home\" or value sw \"work\"]", &["bjensen"]).await;
        check(&app, "emails[type eq \"work\" and not (value co \"home\")]", &["bjensen"]).await;
    }

    /// Shows P-3.4.2.2-18, P-3.4.2.2-31.
    async fn names_are_those_of_the_type_and_in_brackets_those_of_the_attribute(app: App) {
        refuse(&app, &[
            "emails[userName eq \"x\"]", "emails[emails[type eq \"x\"]]", "emails[]", "emails[type]", "emails[name.givenName eq \"x\"]",
            "foo eq \"x\"", "name.foo pr", "urn:example:foo eq \"x\"", &format!("{ENTERPRISE}:foo pr"), "members pr",
        ]).await;
    }

    /// Shows P-3.4.2.2-20.
    async fn literals_are_json(app: App) {
        people(&app).await;
        check(&app, r#"userName eq "\u006a\u006f\u0068n""#, &["john"]).await;
        check(&app, r#"title eq "100%_\\ \"Guide\"""#, &["bjensen"]).await;
        check(&app, r#"title co "\ud83d\ude00""#, &[]).await;
        check(&app, "nickName eq null", &["bjensen", "john"]).await;
        refuse(&app, &["userName eq john", "userName eq 'john'", "active eq yes", r#"userName eq "\x""#, r#"userName eq "\ud83d""#, "meta.created gt 01"]).await;
    }

    /// Shows P-3.4.2.2-24.
    async fn a_complex_attribute_is_compared_by_a_sub_attribute_or_its_value(app: App) {
        people(&app).await;
        refuse(&app, &["name eq \"x\"", "name co \"x\"", "addresses eq \"x\"", "meta gt \"x\""]).await;
        check(&app, "emails co \"example.com\"", &["bjensen"]).await;
        check(&app, "emails eq \"home-b@example.org\"", &["bjensen", "john"]).await;
    }

    /// Shows P-3.4.2.2-29.
    async fn users_are_found_by_their_schemas(app: App) {
        people(&app).await;
        check(&app, &format!("schemas eq \"{ENTERPRISE}\""), &["bjensen"]).await;
        check(&app, &format!("schemas eq \"{USER}\""), &ALL).await;
    }

    /// Shows P-3.4.2.2-30.
    async fn the_examples_of_the_rfc_are_filters(app: App) {
        for filter in [
            "userName eq \"bjensen\"",
            "name.familyName co \"O'Malley\"",
            "userName sw \"J\"",
            "urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"J\"",
            "title pr",
            "meta.lastModified gt \"2011-05-13T04:42:34Z\"",
            "meta.lastModified ge \"2011-05-13T04:42:34Z\"",
            "meta.lastModified lt \"2011-05-13T04:42:34Z\"",
            "meta.lastModified le \"2011-05-13T04:42:34Z\"",
            "title pr and userType eq \"Employee\"",
            "title pr or userType eq \"Intern\"",
            "schemas eq \"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\"",
            "userType eq \"Employee\" and (emails co \"example.com\" or emails.value co \"example.org\")",
            "userType ne \"Employee\" and not (emails co \"example.com\" or emails.value co \"example.org\")",
            "userType eq \"Employee\" and (emails.type eq \"work\")",
            "userType eq \"Employee\" and emails[type eq \"work\" and value co \"@example.com\"]",
            "emails[type eq \"work\" and value co \"@example.com\"] or ims[type eq \"xmpp\" and value co \"@foo.com\"]",
        ] {
            app.filter("/Users", filter).await.expect(200);
        }
    }

    /// Shows P-3.4.2.2-32.
    async fn filters_are_bounded_in_length_depth_and_terms(app: App) {
        let parenthesised = |depth: usize| format!("{}title pr{}", "(".repeat(depth), ")".repeat(depth));
        let joined = |terms: usize| vec!["title pr"; terms].join(" or ");
        app.filter("/Users", &parenthesised(20)).await.expect(200);
        app.filter("/Users", &joined(200)).await.expect(200);
        for long in [parenthesised(33), parenthesised(2_000), joined(201)] {
            app.filter("/Users", &long).await.expect_error(400, "invalidFilter");
        }
        let search = |filter: String| json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter });
        for long in [parenthesised(100_000), format!("title eq \"{}\"", "x".repeat(20_000))] {
            app.post("/Users/.search", search(long)).await.expect_error(400, "invalidFilter");
        }
    }
}
