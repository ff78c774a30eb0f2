//! Filters and PATCH paths that are no filters and no paths, and the other parameters of a query.

use crate::app::PATCH_OP;
use crate::canary::Canary;
use crate::on_both_back_ends;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

const FILTER: (u16, &str) = (400, "invalidFilter");
const PATH: (u16, &str) = (400, "invalidPath");
const VALUE: (u16, &str) = (400, "invalidValue");

fn search(filter: &str) -> String {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter }).to_string()
}

fn patch(operation: &Value) -> String {
    json!({ "schemas": [PATCH_OP], "Operations": [operation] }).to_string()
}

impl Canary {
    /// Refuses it as a filter, by GET and by POST, and in the brackets of a path; `position` is where in the filter.
    async fn refuses_filter(&self, filter: &str, position: usize, says: &str) {
        let says_where = format!("filter position {position}: {says}");
        let encoded = utf8_percent_encode(filter, NON_ALPHANUMERIC);
        self.refuses("GET", &format!("/Users?filter={encoded}"), "", FILTER, &says_where).await;
        self.refuses("POST", "/Users/.search", search(filter), FILTER, &says_where).await;
    }

    /// Refuses it as a path, whatever is to be done there.
    async fn refuses_path(&self, path: &str, error: (u16, &str), says: &str) {
        for operation in [
            json!({ "op": "add", "path": path, "value": "x" }),
            json!({ "op": "replace", "path": path, "value": { "value": "x" } }),
            json!({ "op": "remove", "path": path }),
        ] {
            let answer = self.refuses("PATCH", &self.user, patch(&operation), error, says).await;
            assert!(answer.text("/detail").starts_with("operation 1 (path "), "{:#}", answer.json);
        }
    }
}

on_both_back_ends! {
    /// Shows P-3.12-16, R7, R35.
    async fn a_filter_that_is_none_is_refused_at_its_position(app: App) {
        let canary = Canary::new(app).await;
        for (filter, position, says) in [
            ("", 0, "expected an attribute, found the end"),
            (" ", 1, "expected an attribute, found the end"),
            ("userName", 8, "expected an operator such as eq, found the end"),
            ("userName eq", 11, "expected a space and a value, found the end"),
            ("userName like \"x\"", 9, "expected an operator such as eq, found like"),
            ("userName eq 'a'", 12, "expected a string in double quotes"),
            ("userName eq a", 12, "expected a string in double quotes"),
            ("userName eq {}", 12, "expected a string in double quotes"),
            ("userName eq [1]", 12, "expected a string in double quotes"),
            ("userName eq \"a", 12, "the string has no closing quote"),
            ("userName eq \"a\\\"", 12, "the string has no closing quote"),
            ("userName eq \"a\nb\"", 12, "not a JSON string"),
            ("userName eq \"\\x\"", 12, "not a JSON string"),
            ("userName eq \"a\\u0000b\"", 12, "a string holds no U+0000"),
            ("userName eq \"\\ud800\"", 12, "not a JSON string"),
            ("userName eq 1e999999", 12, "the number is beyond the range of a double"),
            ("userName eq 01", 12, "expected"),
            ("userName eq \"a\" x", 16, "expected and or or, found x"),
            ("userName eq \"a\" and", 19, "expected a space after and"),
            ("userName eq \"a\"; DROP TABLE resources", 15, "expected and or or, found ;"),
            ("userName eq \"a\" OR 1=1", 19, "expected an attribute, found 1"),
            ("userName eq \"a\" -- ", 16, "expected and or or, found --"),
            ("(userName pr", 12, "expected"),
            ("userName pr)", 11, "expected and, or or the end, found )"),
            ("emails[type eq \"a\"", 18, "expected"),
            ("emails[]", 7, "expected a sub-attribute, found ]"),
            ("emails[0] pr", 7, "expected a sub-attribute, found 0"),
            ("emails[type[value pr]]", 11, "a value filter holds no other value filter"),
            ("\u{1f600} pr", 0, "expected an attribute, found \u{1f600}"),
            ("userName\u{202e} pr", 8, "expected an operator such as eq"),
            ("\u{ff55}serName pr", 0, "expected an attribute"),
            ("urn:::: pr", 0, "expected an attribute, found urn::::"),
            ("__proto__ pr", 0, "expected an attribute, found __proto__"),
            ("nothing pr", 0, "User has no attribute nothing"),
            ("name.nothing pr", 0, "User has no attribute name.nothing"),
            ("urn:x:y:nothing pr", 0, "User has no attribute urn:x:y:nothing"),
            ("userName eq 5", 0, "userName is a string"),
            ("userName gt null", 0, "userName"),
            ("active gt true", 0, "gt does not apply to active, which is a boolean"),
            ("active eq \"maybe\"", 0, "active"),
            ("name eq \"x\"", 0, "name is complex; name one of its sub-attributes"),
            ("meta.created gt \"x\"", 0, "meta.created is a dateTime"),
            ("meta.created gt \"0000-13-99T99:99:99Z\"", 0, "meta.created is a dateTime"),
            ("meta.created eq \"9999999-01-01T00:00:00Z\"", 0, "meta.created is a dateTime"),
        ] {
            canary.refuses_filter(filter, position, says).await;
        }
        canary.refuses("GET", "/Users?filter=password%20sw%20%22a%22", "", (403, "sensitive"), "password").await;
        canary.refuses("POST", "/Users/.search", search("password sw \"a\""), FILTER, "password").await;
        canary.is_unharmed().await;
    }

    /// Shows R9, R10: a filter costs no more than its bounds allow, and its parser has no stack to overflow.
    async fn a_filter_beyond_its_bounds_is_refused(app: App) {
        let canary = Canary::new(app).await;
        let nested = |open: &str, close: &str, depth| format!("{}id pr{}", open.repeat(depth), close.repeat(depth));
        let allowed = nested("(", ")", 32);
        assert_eq!(canary.app.filter("/Users", &allowed).await.expect(200).json["totalResults"], 1);
        canary.refuses_filter(&nested("(", ")", 33), 32, "nested deeper than 32").await;
        canary.refuses_filter(&nested("not (", ")", 33), 32 * 5 + 4, "nested deeper than 32").await;
        canary.refuses_filter(&"(".repeat(1_000), 32, "nested deeper than 32").await;
        canary.refuses_filter(&format!("{}x", "not (".repeat(1_000)), 32 * 5 + 4, "nested deeper than 32").await;
        canary.refuses_filter(&["id pr"; 201].join(" or "), 1_802, "more than 200 comparisons").await;
        canary.refuses_filter(&format!("{} pr", "a".repeat(10_000)), 0, "User has no attribute aaa").await;
        for text in ["(", ")", "[", "not (", "\"", "\\", ".", " ", "id pr or ", "emails[", "a", "\u{1f600}"] {
            let long = text.repeat(100_000);
            canary.refuses("POST", "/Users/.search", search(&long), FILTER, "16384 are allowed").await;
            let value = format!("userName eq {}", Value::from(long.as_str()));
            canary.refuses("POST", "/Users/.search", search(&value), FILTER, "16384 are allowed").await;
            let nearly = text.repeat(16_384 / text.len());
            canary.refuses("POST", "/Users/.search", search(&nearly), FILTER, "filter position").await;
            canary.refuses("GET", &format!("/Users?filter={}", "x".repeat(16_384)), "", (414, ""), "url_bytes_max").await;
        }
        canary.is_unharmed().await;
    }

    /// Shows P-3.12-21, R9, R14, R35.
    async fn a_path_that_is_none_is_refused_at_its_position(app: App) {
        let canary = Canary::new(app).await;
        for (path, says) in [
            ("", "path position 0: expected an attribute"),
            (" ", "path position"),
            (".", "path position 0"),
            ("emails.", "path position"),
            ("emails[type eq \"work\"]x", "path position 22"),
            ("emails[type eq \"work\"].", "path position"),
            ("emails[type eq \"work\"].value.x", "path position"),
            ("userName eq \"x\"", "userName has no elements to filter"),
            ("/emails/0", "path position 0"),
            ("$.emails", "no such attribute"),
            ("__proto__.x", "path position 0"),
            ("nothing", "no such attribute"),
            ("emails..value", "no such attribute"),
            ("constructor.prototype", "no such attribute"),
            ("name.nothing", "no such attribute"),
            ("urn:x:y", "no such attribute"),
            ("urn:ietf:params:scim:schemas:core:2.0:Group:displayName", "no such attribute"),
            ("emails[type eq \"work\"].nothing", "no such attribute"),
        ] {
            canary.refuses_path(path, PATH, says).await;
        }
        for (path, says) in [
            ("emails[", "path position 7: expected"),
            ("emails[]", "path position 7: expected"),
            ("emails[0]", "path position 7: expected"),
            ("emails[type eq \"work\"", "path position 21: expected"),
            ("emails[type eq]", "path position"),
            ("emails[type like \"x\"]", "path position 12: expected an operator such as eq"),
            ("emails[type eq \"\\u0000\"]", "path position 15: a string holds no U+0000"),
            ("emails[type eq \"\\ud800\"]", "path position 15: not a JSON string"),
            ("emails[nothing eq \"x\"]", "path position 7: emails has no attribute nothing"),
            ("emails[type eq 5]", "path position 7"),
            ("emails[type[value pr]]", "path position 11"),
        ] {
            canary.refuses_path(path, FILTER, says).await;
        }
        for text in ["(", "[", "emails[", "not (", "\"", ".", "a", "urn:", "emails[(", "emails[not ("] {
            canary.refuses_path(&text.repeat(100_000 / text.len()), PATH, "16384 are allowed").await;
        }
        let deep = format!("emails[{}type pr{}]", "(".repeat(33), ")".repeat(33));
        canary.refuses_path(&deep, FILTER, "path position 38: nested deeper than 32").await;
        canary.refuses_path(&format!("emails[{}]", ["type pr"; 201].join(" or ")), FILTER, "more than 200 comparisons").await;
        canary.is_unharmed().await;
    }

    /// Shows R35, R36.
    async fn a_query_that_makes_no_sense_is_refused_by_name(app: App) {
        let canary = Canary::new(app).await;
        for (query, error, says) in [
            ("filter=%00", FILTER, "filter position 0"),
            ("filter=userName%20eq%20%22a%00b%22", FILTER, "filter position 12"),
            ("filter=%", FILTER, "filter position 0"),
            ("filter=%zz", FILTER, "filter position 0"),
            ("filter=%FF", VALUE, "filter is not UTF-8"),
            ("filter=%ED%A0%80", VALUE, "filter is not UTF-8"),
            ("filter=userName%20eq%20%22%C0%80%22", VALUE, "filter is not UTF-8"),
            ("attributes=%FF", VALUE, "attributes is not UTF-8"),
            ("sortBy=%F5", VALUE, "sortBy is not UTF-8"),
            ("filter=id%20pr&FILTER=id%20pr", VALUE, "filter is given twice"),
            ("count=1&count=1", VALUE, "count is given twice"),
            ("startIndex=x", VALUE, "startIndex"),
            ("startIndex=1.5", VALUE, "startIndex"),
            ("startIndex=1e3", VALUE, "startIndex"),
            ("startIndex=%00", VALUE, "startIndex"),
            ("startIndex=1;drop", VALUE, "startIndex"),
            ("count=x", VALUE, "count"),
            ("count=0x10", VALUE, "count"),
            ("count=%EF%BC%91", VALUE, "count"),
            ("count=NaN", VALUE, "count"),
            ("sortBy=nothing", VALUE, "sortBy: User has no attribute nothing"),
            ("sortBy=%00", VALUE, "sortBy"),
            ("sortBy=password", VALUE, "sortBy: password"),
            ("sortBy=name", VALUE, "sortBy: name is complex"),
            ("sortBy=userName;drop", VALUE, "sortBy"),
            ("sortBy=userName&sortOrder=up", VALUE, "sortOrder"),
            ("attributes=userName&excludedAttributes=id", VALUE, "attributes and excludedAttributes"),
        ] {
            canary.refuses("GET", &format!("/Users?{query}"), "", error, says).await;
        }
        for name in ["sortBy", "startIndex", "count"] {
            canary.refuses("GET", &format!("/Users?{name}={}", "x".repeat(16_000)), "", VALUE, name).await;
        }
        // Odd, but they make sense: the largest and smallest numbers there are, and names of nothing.
        for query in [
            "count=-1",
            "count=2147483648",
            "count=9223372036854775807",
            "startIndex=-9223372036854775808",
            "startIndex=9223372036854775807",
            "startIndex=9223372036854775807&count=9223372036854775807",
            "=&&&=",
            "%FF=%FF",
        ] {
            let found = canary.app.get(&format!("/Users?{query}")).await.expect(200);
            assert_eq!(found.json["totalResults"], 1, "{query}");
        }
        let many = format!("/Users?attributes={}", "a,%00,".repeat(2_000));
        assert_eq!(canary.app.get(&many).await.expect(200).json["totalResults"], 1);
        canary.is_unharmed().await;
    }
}
