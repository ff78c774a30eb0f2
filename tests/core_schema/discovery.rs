//! What the server says about itself: ServiceProviderConfig, ResourceTypes, Schemas (RFC 7643 §5 to §7).

use crate::app::{App, ENTERPRISE, GROUP, USER};
use crate::{create, follow, ids, on_both_back_ends};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Calls `check` with each attribute of a schema, its name with that of its parent, and whether it has a parent.
fn each_attribute(attributes: &Value, parent: Option<&str>, check: &mut dyn FnMut(&str, &Value, bool)) {
    for attribute in attributes.as_array().expect("a list") {
        let name = attribute["name"].as_str().expect("a name");
        let name = parent.map_or_else(|| name.to_owned(), |parent| format!("{parent}.{name}"));
        check(&name, attribute, parent.is_some());
        if attribute.get("subAttributes").is_some() {
            each_attribute(&attribute["subAttributes"], Some(&name), check);
        }
    }
}

async fn schemas(app: &App) -> Vec<Value> {
    app.get("/Schemas").await.expect(200).at("/Resources").as_array().expect("a list").clone()
}

/// ATTRNAME of RFC 7643 §2.1, or `$ref` (D-02).
fn is_attribute_name(name: &str) -> bool {
    name == "$ref"
        || (name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.chars().all(|character| character.is_ascii_alphanumeric() || "$-_".contains(character)))
}

on_both_back_ends! {
    /// Shows S-5-04, S-5-05, S-5-06, S-5-10.
    async fn what_service_provider_config_states_is_so(app: App) {
        let config = app.get("/ServiceProviderConfig").await.expect(200);
        for part in ["patch", "filter", "changePassword", "sort", "etag"] {
            assert_eq!(config.at(&format!("/{part}/supported")), true, "{part}");
        }
        assert_eq!(config.at("/filter/maxResults"), 1_000);
        let path = create(&app, json!({})).await;
        for number in 0..1_004 {
            app.user(&format!("user{number}")).await;
        }
        let page = app.get("/Users?count=5000&attributes=id").await.expect(200);
        assert_eq!((page.at("/totalResults"), page.at("/itemsPerPage")), (&json!(1_005), &json!(1_000)));
        assert_eq!(ids(&page).len(), 1_000);
        let sorted = app.get("/Users?sortBy=userName&sortOrder=descending&count=2&attributes=userName").await.expect(200);
        assert_eq!(sorted.at("/Resources/0/userName"), "user999");
        let password = json!([{ "op": "replace", "path": "password", "value": "correct horse" }]);
        app.patch(&path, password).await.expect(200);
        // Only what is configured: there is no documentation of its own to point at.
        assert_eq!(config.json.get("documentationUri"), None);
        assert_eq!(config.at("/authenticationSchemes/0").get("documentationUri"), None);
        assert!(config.text("/authenticationSchemes/0/specUri").starts_with("https://"));
    }

    /// Shows S-5-01, S-6-01, S-7-02.
    async fn discovery_cannot_be_changed(app: App) {
        for endpoint in ["/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/User", "/Schemas", &format!("/Schemas/{USER}")] {
            let before = app.get(endpoint).await.expect(200);
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                let refused = app.send(method, endpoint, &[], before.json.to_string()).await.expect_error(405, "");
                assert_eq!(refused.header("allow"), "GET, HEAD, OPTIONS");
            }
            assert_eq!(app.get(endpoint).await.json, before.json);
        }
        assert_eq!(app.get("/ServiceProviderConfig").await.json.get("id"), None);
        assert_eq!(app.get("/ResourceTypes/User").await.id(), "User");
        let config = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
        for urn in [config, &config.replace("ServiceProviderConfig", "ResourceType"), &config.replace("ServiceProviderConfig", "Schema")] {
            let schema = app.get(&format!("/Schemas/{urn}")).await.expect(200);
            each_attribute(schema.at("/attributes"), None, &mut |name, attribute, _| assert_eq!(attribute["mutability"], "readOnly", "{urn} {name}"));
        }
    }

    /// Shows S-6-02, S-6-03, S-6-04, S-6-05, S-6-06, S-7-04.
    async fn each_resource_type_has_an_endpoint_and_known_schemas(app: App) {
        let types = app.get("/ResourceTypes").await.expect(200);
        let mut endpoints = HashSet::new();
        for resource_type in types.at("/Resources").as_array().expect("a list") {
            let text = |name: &str| resource_type[name].as_str().expect("text").to_owned();
            assert_eq!(text("id"), text("name"));
            assert!(!text("description").is_empty());
            assert!(text("endpoint").starts_with('/') && endpoints.insert(text("endpoint")));
            app.get(&text("endpoint")).await.expect(200);
            assert_eq!(&app.get(&format!("/ResourceTypes/{}", text("name"))).await.json, resource_type);
            let extensions = resource_type["schemaExtensions"].as_array().cloned().unwrap_or_default();
            for urn in extensions.iter().map(|extension| &extension["schema"]).chain([&resource_type["schema"]]) {
                let urn = urn.as_str().expect("a URN");
                assert_eq!(app.get(&format!("/Schemas/{urn}")).await.expect(200).id(), urn);
            }
            assert!(extensions.iter().all(|extension| extension["required"] == false));
        }
        assert_eq!(endpoints, HashSet::from(["/Users".to_owned(), "/Groups".to_owned()]));
    }

    /// Shows S-1.2-02, S-7-01, S-10.3-01.
    async fn every_schema_that_is_used_is_described(app: App) {
        let path = create(&app, json!({ ENTERPRISE: { "department": "d" } })).await;
        app.group("Guides", &[]).await;
        let mut used = HashSet::new();
        for endpoint in [path.as_str(), "/Users", "/Groups", "/ServiceProviderConfig", "/ResourceTypes", "/Schemas"] {
            let answer = app.get(endpoint).await.expect(200);
            let list = answer.json.get("Resources").and_then(Value::as_array).cloned();
            for resource in list.unwrap_or_else(|| vec![answer.json.clone()]) {
                used.extend(resource["schemas"].as_array().expect("a list").iter().map(|urn| urn.as_str().expect("a URN").to_owned()));
            }
        }
        // Those of the RFC, and none of our own that would be in its namespace.
        let core = |name: &str| format!("urn:ietf:params:scim:schemas:core:2.0:{name}");
        let registered = ["User", "Group", "ServiceProviderConfig", "ResourceType", "Schema"].map(core);
        let registered: HashSet<String> = registered.into_iter().chain([ENTERPRISE.to_owned()]).collect();
        assert_eq!(used, registered);
        let described: HashSet<String> = schemas(&app).await.iter().map(|schema| schema["id"].as_str().expect("a URN").to_owned()).collect();
        assert_eq!(used, described);
        for urn in [USER, GROUP, ENTERPRISE] {
            let schema = app.get(&format!("/Schemas/{urn}")).await.expect(200);
            assert_eq!(follow(&app, &schema.text("/meta/location")).await.expect(200).json, schema.json);
        }
    }

    /// Shows S-3.3-04.
    async fn an_extension_repeats_no_attribute_of_its_base(app: App) {
        let names = async |urn: &str| {
            let mut names = HashSet::new();
            each_attribute(app.get(&format!("/Schemas/{urn}")).await.expect(200).at("/attributes"), None, &mut |name, _, is_sub| {
                if !is_sub {
                    names.insert(name.to_lowercase());
                }
            });
            names
        };
        let (base, extension) = (names(USER).await, names(ENTERPRISE).await);
        assert!(base.is_disjoint(&extension), "{base:?} {extension:?}");
        assert!(extension.is_disjoint(&["id", "externalid", "meta", "schemas"].map(str::to_owned).into()));
    }

    /// Shows S-7-03.
    async fn discovery_shows_itself_whole_whatever_is_asked(app: App) {
        for endpoint in ["/Schemas", &format!("/Schemas/{USER}"), "/ResourceTypes", "/ServiceProviderConfig"] {
            let whole = app.get(endpoint).await.expect(200);
            for query in ["attributes=name", "excludedAttributes=id,attributes,name", "startIndex=3&count=1", "sortBy=name"] {
                assert_eq!(app.get(&format!("{endpoint}?{query}")).await.expect(200).json, whole.json, "{endpoint}?{query}");
            }
        }
    }

    /// Shows S-1.1-02, S-2.1-03, S-2.3.2-01, S-2.3.6-04, S-2.3.8-02, S-2.3.8-03, S-7-05, S-7-06, S-7-07, S-7-08, S-7-24, S-7-26.
    async fn every_attribute_is_described_as_the_rfc_has_it(app: App) {
        let types = ["string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex"];
        let one_of = |value: &Value, words: &[&str]| value.as_str().is_some_and(|word| words.contains(&word));
        let mut described = 0;
        for schema in schemas(&app).await {
            let urn = schema["id"].as_str().expect("a URN");
            for name in ["name", "description"] {
                assert!(schema[name].as_str().is_some_and(|text| !text.is_empty()), "{urn} {name}");
            }
            // The one schema that describes itself: its attributes have attributes (RFC 7643 §7).
            let describes_itself = urn == "urn:ietf:params:scim:schemas:core:2.0:Schema";
            each_attribute(&schema["attributes"], None, &mut |name, attribute, is_sub| {
                let context = format!("{urn} {name}: {attribute:#}");
                assert!(is_attribute_name(attribute["name"].as_str().expect("a name")), "{context}");
                assert!(one_of(&attribute["type"], &types), "{context}");
                assert!(attribute["multiValued"].is_boolean() && attribute["required"].is_boolean(), "{context}");
                assert!(attribute["description"].as_str().is_some_and(|text| !text.is_empty()), "{context}");
                assert!(one_of(&attribute["mutability"], &["readOnly", "readWrite", "immutable", "writeOnly"]), "{context}");
                assert!(one_of(&attribute["returned"], &["always", "never", "default", "request"]), "{context}");
                let kind = attribute["type"].as_str().expect("a word");
                let has_list = |name: &str| attribute[name].as_array().is_some_and(|list| !list.is_empty());
                assert_eq!(has_list("subAttributes"), kind == "complex", "{context}");
                assert_eq!(has_list("referenceTypes"), kind == "reference", "{context}");
                assert!(!(kind == "complex" && is_sub) || describes_itself, "{context}");
                let unique = attribute.get("uniqueness").is_some_and(|uniqueness| uniqueness != "none");
                match kind {
                    "string" | "reference" => {
                        assert!(attribute["caseExact"].is_boolean() && one_of(&attribute["uniqueness"], &["none", "server", "global"]), "{context}");
                        assert!(kind == "string" || attribute["caseExact"] == true, "{context}");
                    }
                    "binary" => assert!(attribute["caseExact"] == true && !unique, "{context}"),
                    _ => assert!(attribute.get("caseExact").is_none_or(|exact| exact == false) && !unique, "{context}"),
                }
                for referenced in attribute["referenceTypes"].as_array().into_iter().flatten() {
                    assert!(one_of(referenced, &["User", "Group", "external", "uri"]), "{context}");
                }
                described += 1;
            });
        }
        assert!(described >= 150, "{described}");
    }

    /// Shows S-2.4-10, S-4.1.2-06.
    async fn recommended_values_are_listed(app: App) {
        let schema = app.get(&format!("/Schemas/{USER}")).await;
        let mut listed = Vec::new();
        each_attribute(schema.at("/attributes"), None, &mut |name, attribute, _| {
            if ["emails.type", "photos.type", "roles.type", "entitlements.type"].contains(&name) {
                listed.push((name.to_owned(), attribute.get("canonicalValues").cloned()));
            }
        });
        let expected = [
            ("emails.type", Some(json!(["work", "home", "other"]))),
            ("photos.type", Some(json!(["photo", "thumbnail"]))),
            ("entitlements.type", None),
            ("roles.type", None),
        ];
        assert_eq!(listed, expected.map(|(name, values)| (name.to_owned(), values)));
    }

    /// Shows S-7-19.
    async fn what_is_returned_by_default_is_shown_unless_it_is_left_out(app: App) {
        let path = create(&app, json!({ "title": "x", "nickName": "y" })).await;
        let shows = async |query: &str| {
            let answer = app.get(&format!("{path}{query}")).await.expect(200);
            ["title", "nickName", "active"].map(|name| answer.json.get(name).is_some())
        };
        assert_eq!(shows("").await, [true, true, true]);
        assert_eq!(shows("?attributes=title").await, [true, false, false]);
        assert_eq!(shows("?excludedAttributes=title").await, [false, true, true]);
    }
}
