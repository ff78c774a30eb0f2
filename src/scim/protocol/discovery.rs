//! What the server says about itself (RFC 7643 §5 to §7, RFC 7644 §4, RFC 9865 §4), from the registry and the
//! limits that are enforced.
//!
//! Every function takes the Base URL, without a slash at its end, that `meta.location` begins with.

use super::LIST_RESPONSE_SCHEMA;
use crate::scim::schema::{Registry, ResourceType, Schema};
use serde_json::{Map, Value, json};

/// The schema of a ServiceProviderConfig.
pub const SERVICE_PROVIDER_CONFIG_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
/// The schema of a ResourceType.
pub const RESOURCE_TYPE_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";

/// The limits that ServiceProviderConfig states: those that searches and bulk requests enforce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Resources in a page if the client does not say.
    pub page_size_default: u32,
    /// Resources in a page at most.
    pub page_size_max: u32,
    /// Seconds for which a cursor leads on.
    pub cursor_lifetime_s: i64,
    /// Operations of a bulk request at most.
    pub bulk_operations_max: usize,
    /// Bytes of the body of a bulk request at most.
    pub bulk_bytes_max: usize,
    /// Whether clients get their tokens by OAuth 2.0 too.
    pub oauth_supported: bool,
}

/// The ServiceProviderConfig (RFC 7643 §5).
///
/// Always complete: a client that misses a part of it falls back to guessing (authentik takes a document without
/// `bulk.maxOperations` to mean that there is neither PATCH nor filter).
///
/// Resource types may add to it what no RFC defines (`serviceProviderConfig` of their definition); what several say under one name is
/// put together.
pub fn service_provider_config(registry: &Registry, base_url: &str, capabilities: &Capabilities) -> Value {
    let mut config = defined(base_url, capabilities);
    for resource_type in &registry.resource_types {
        add(&mut config, &resource_type.service_provider_config);
    }
    config
}

/// Adds members to an object; of those that are there already, only what these lack.
fn add(object: &mut Value, more: &Map<String, Value>) {
    let Value::Object(object) = object else { return };
    for (name, value) in more {
        match (object.get_mut(name), value) {
            (None, value) => drop(object.insert(name.clone(), value.clone())),
            (Some(known), Value::Object(more)) => add(known, more),
            (Some(_), _) => {}
        }
    }
}

/// What RFC 7643 §5 and RFC 9865 §4 define.
fn defined(base_url: &str, capabilities: &Capabilities) -> Value {
    json!({
        "schemas": [SERVICE_PROVIDER_CONFIG_SCHEMA],
        "patch": { "supported": true },
        "bulk": {
            "supported": true,
            "maxOperations": capabilities.bulk_operations_max,
            "maxPayloadSize": capabilities.bulk_bytes_max,
        },
        "filter": { "supported": true, "maxResults": capabilities.page_size_max },
        "changePassword": { "supported": true },
        "sort": { "supported": true },
        "etag": { "supported": true },
        "authenticationSchemes": authentication_schemes(capabilities),
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": capabilities.page_size_default,
            "maxPageSize": capabilities.page_size_max,
            "cursorTimeout": capabilities.cursor_lifetime_s,
        },
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base_url}/ServiceProviderConfig"),
        },
    })
}

/// How clients may show who they are (RFC 7643 §5): by a bearer token, however they came by it; and, as the way to one, by
/// the client credentials of OAuth.
fn authentication_schemes(capabilities: &Capabilities) -> Value {
    let bearer = json!({
        "type": "oauthbearertoken",
        "name": "OAuth Bearer Token",
        "description": "Authentication with a bearer token in the Authorization header (RFC 6750)",
        "specUri": "https://www.rfc-editor.org/info/rfc6750",
        "primary": true,
    });
    let oauth = json!({
        "type": "oauth2",
        "name": "OAuth 2.0 Client Credentials",
        "description": "A short-lived bearer token for the secret of a client or an assertion that it signs (RFC 6749 section 4.4, \
                        RFC 7523); the metadata of the server (RFC 8414) name the token endpoint",
        "specUri": "https://www.rfc-editor.org/info/rfc6749",
        "primary": false,
    });
    if capabilities.oauth_supported { json!([bearer, oauth]) } else { json!([bearer]) }
}

/// All schemas, as a ListResponse; it is never paged (P-4-08).
pub fn schemas(registry: &Registry, base_url: &str) -> Value {
    list(registry.schemas.iter().map(|schema| schema_resource(schema, base_url)).collect())
}

/// The schema with this URN, in any letter case (D-09).
pub fn schema(registry: &Registry, urn: &str, base_url: &str) -> Option<Value> {
    registry.schema(urn).map(|schema| schema_resource(schema, base_url))
}

/// All resource types, as a ListResponse; it is never paged (P-4-08).
pub fn resource_types(registry: &Registry, base_url: &str) -> Value {
    list(registry.resource_types.iter().map(|resource_type| resource_type_resource(resource_type, base_url)).collect())
}

/// The resource type called `name`, case exact (S-6-02).
pub fn resource_type(registry: &Registry, name: &str, base_url: &str) -> Option<Value> {
    registry.resource_type(name).map(|resource_type| resource_type_resource(resource_type, base_url))
}

fn list(resources: Vec<Value>) -> Value {
    json!({
        "schemas": [LIST_RESPONSE_SCHEMA],
        "totalResults": resources.len(),
        "startIndex": 1,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}

fn schema_resource(schema: &Schema, base_url: &str) -> Value {
    let mut resource = schema.definition.clone();
    if let Some(members) = resource.as_object_mut() {
        let location = format!("{base_url}/Schemas/{}", schema.id);
        members.insert("meta".into(), json!({ "resourceType": "Schema", "location": location }));
    }
    resource
}

fn resource_type_resource(resource_type: &ResourceType, base_url: &str) -> Value {
    let mut resource = json!({
        "schemas": [RESOURCE_TYPE_SCHEMA],
        "id": *resource_type.name,
        "name": *resource_type.name,
        "endpoint": resource_type.endpoint,
        "description": resource_type.description,
        "schema": *resource_type.schema.id,
    });
    if let Some(members) = resource.as_object_mut() {
        if !resource_type.extensions.is_empty() {
            let extensions = resource_type
                .extensions
                .iter()
                .map(|extension| json!({ "schema": *extension.schema.id, "required": extension.required }))
                .collect();
            members.insert("schemaExtensions".into(), Value::Array(extensions));
        }
        let location = format!("{base_url}/ResourceTypes/{}", resource_type.name);
        members.insert("meta".into(), json!({ "resourceType": "ResourceType", "location": location }));
    }
    resource
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://scim.example.org/scim/v2";
    const CAPABILITIES: Capabilities = Capabilities {
        page_size_default: 100,
        page_size_max: 1_000,
        cursor_lifetime_s: 3_600,
        bulk_operations_max: 500,
        bulk_bytes_max: 1_000_000,
        oauth_supported: true,
    };

    /// Shows S-5-02, S-5-03, S-5-04, S-5-05, S-5-06, S-5-07, S-5-08.
    #[test]
    fn service_provider_config_has_every_part_that_rfc_7643_requires() {
        let config = service_provider_config(&Registry::built_in(), BASE, &CAPABILITIES);
        for part in ["patch", "bulk", "filter", "changePassword", "sort", "etag"] {
            assert!(config[part]["supported"].is_boolean(), "{part}");
        }
        for part in ["/bulk/maxOperations", "/bulk/maxPayloadSize", "/filter/maxResults", "/pagination/maxPageSize"] {
            assert!(config.pointer(part).is_some_and(Value::is_u64), "{part}");
        }
        let schemes = config["authenticationSchemes"].as_array().expect("a list");
        for scheme in schemes {
            for part in ["type", "name", "description", "specUri"] {
                assert!(scheme[part].is_string(), "{part} of {scheme}");
            }
        }
        let types = |config: &Value| {
            let schemes = config["authenticationSchemes"].as_array().expect("a list");
            schemes.iter().map(|scheme| (scheme["type"].clone(), scheme["primary"].clone())).collect::<Vec<_>>()
        };
        let bearer = (json!("oauthbearertoken"), json!(true));
        assert_eq!(types(&config), [bearer.clone(), (json!("oauth2"), json!(false))]);
        let without = Capabilities { oauth_supported: false, ..CAPABILITIES };
        assert_eq!(types(&service_provider_config(&Registry::built_in(), BASE, &without)), [bearer]);
        assert_eq!(config["filter"]["maxResults"], 1_000);
        assert_eq!(config["bulk"], json!({ "supported": true, "maxOperations": 500, "maxPayloadSize": 1_000_000 }));
        assert_eq!(config["meta"]["location"], format!("{BASE}/ServiceProviderConfig"));
    }

    #[test]
    fn schemas_lists_all_six_with_their_locations() {
        let list = schemas(&Registry::built_in(), BASE);
        assert_eq!(list["totalResults"], 6);
        assert_eq!(list["itemsPerPage"], 6);
        for schema in list["Resources"].as_array().expect("a list") {
            let id = schema["id"].as_str().expect("a URN");
            assert_eq!(schema["meta"]["location"], format!("{BASE}/Schemas/{id}"));
            assert!(schema["attributes"].as_array().is_some_and(|attributes| !attributes.is_empty()), "{id}");
        }
    }

    /// Shows S-10.2-01.
    #[test]
    fn a_schema_is_found_by_its_urn_in_any_case_and_messages_are_no_schemas() {
        let registry = Registry::built_in();
        let user = schema(&registry, "URN:ietf:params:SCIM:schemas:core:2.0:user", BASE).expect("User");
        assert_eq!(user["id"], "urn:ietf:params:scim:schemas:core:2.0:User");
        assert_eq!(schema(&registry, LIST_RESPONSE_SCHEMA, BASE), None);
    }

    /// Shows S-6-01, S-6-05, S-6-06.
    #[test]
    fn every_schema_that_a_resource_type_names_is_served() {
        let registry = Registry::built_in();
        let list = resource_types(&registry, BASE);
        assert_eq!(list["totalResults"], 2);
        for resource_type in list["Resources"].as_array().expect("a list") {
            assert_eq!(resource_type["id"], resource_type["name"]);
            assert!(schema(&registry, resource_type["schema"].as_str().expect("a URN"), BASE).is_some());
            for extension in resource_type["schemaExtensions"].as_array().into_iter().flatten() {
                assert!(schema(&registry, extension["schema"].as_str().expect("a URN"), BASE).is_some());
            }
        }
    }

    /// Shows S-6-02.
    #[test]
    fn a_resource_type_is_found_by_its_exact_name() {
        let registry = Registry::built_in();
        let user = resource_type(&registry, "User", BASE).expect("User");
        assert_eq!(user["endpoint"], "/Users");
        assert_eq!(user["meta"]["location"], format!("{BASE}/ResourceTypes/User"));
        assert_eq!(resource_type(&registry, "user", BASE), None);
    }
}
