//! A resource type (RFC 7643 §6) as an operator gives it.

use super::fault::Fault;
use super::reader::Reader;
use serde_json::{Map, Value};

/// Bytes of a name at most.
const NAME_BYTES_MAX: usize = 100;

/// First segments of paths that are taken (RFC 7644 §3.2).
const TAKEN: [&str; 6] = ["ServiceProviderConfig", "Schemas", "ResourceTypes", "Bulk", "Me", ".search"];

/// The attributes of ServiceProviderConfig that RFCs define.
const DEFINED: [&str; 11] = [
    "schemas",
    "meta",
    "documentationUri",
    "patch",
    "bulk",
    "filter",
    "changePassword",
    "sort",
    "etag",
    "authenticationSchemes",
    "pagination",
];

/// A resource type, its schemas by URN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceTypeDefinition {
    /// `name`
    pub name: String,
    /// `endpoint`; if absent, the name with an s behind a slash (P-3.2-02).
    pub endpoint: String,
    /// `description`
    pub description: String,
    /// The URN of the base schema.
    pub schema: String,
    /// The extensions.
    pub extensions: Vec<ExtensionDefinition>,
    /// Attributes to index, beyond those that the schemas mark.
    pub indexed: Vec<String>,
    /// The attribute of the base schema whose elements are memberships, if any.
    pub membership: Option<String>,
    /// The attribute of the base schema that is computed from memberships, if any.
    pub member_of: Option<String>,
    /// The attribute of its members that shows who is in a resource of this type, if any does.
    pub shown_as: Option<String>,
    /// The attribute of this type that is shown there as `value`; if absent, the id is.
    pub shown_value: Option<String>,
    /// The attribute of this type that is shown there as `type`, if any.
    pub shown_type: Option<String>,
    /// What ServiceProviderConfig says of the type, beside what RFC 7643 §5 defines.
    pub service_provider_config: Map<String, Value>,
}

/// An extension of a resource type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionDefinition {
    /// The URN of its schema.
    pub schema: String,
    /// Whether each resource must have it.
    pub required: bool,
}

pub(super) fn read(object: &Map<String, Value>, faults: &mut Vec<Fault>) -> ResourceTypeDefinition {
    const KEYS: [&str; 15] = [
        "schemas",
        "meta",
        "id",
        "name",
        "description",
        "endpoint",
        "schema",
        "schemaExtensions",
        "indexed",
        "membership",
        "memberOf",
        "shownAs",
        "shownValue",
        "shownType",
        "serviceProviderConfig",
    ];
    let mut reader = Reader::new(object, String::new(), &KEYS, faults);
    let name = reader.required_string("name").unwrap_or_default();
    if !reader.is_absent("name") && !is_name(&name) {
        reader.fault(
            "name",
            format!("{name:?} cannot be a name: a letter, then letters, digits, - and _, {NAME_BYTES_MAX} at most"),
        );
    }
    if let Some(id) = reader.string("id")
        && id != name
    {
        reader.fault("id", "must be the same as name; leave it out");
    }
    let endpoint = reader.string("endpoint").unwrap_or_else(|| format!("/{name}s"));
    match endpoint.strip_prefix('/') {
        Some(segment) if is_taken(segment) => reader.fault("endpoint", format!("{endpoint} is taken by the protocol")),
        Some(segment) if is_name(segment) || reader.is_absent("endpoint") => {}
        _ => reader.fault("endpoint", format!("{endpoint:?} cannot be an endpoint: a slash and one segment, such as /Devices")),
    }
    let schema = reader.required_string("schema").unwrap_or_default();
    let mut extensions = Vec::new();
    for (place, extension) in reader.objects("schemaExtensions").into_iter().enumerate() {
        let mut reader = Reader::new(extension, format!("schemaExtensions.{place}"), &["schema", "required"], reader.faults());
        let required = reader.boolean("required");
        if let Some(schema) = reader.required_string("schema") {
            extensions.push(ExtensionDefinition { schema, required });
        }
    }
    let service_provider_config = reader.object("serviceProviderConfig");
    for key in service_provider_config.keys() {
        if DEFINED.iter().any(|defined| defined.eq_ignore_ascii_case(key)) {
            reader.fault(
                "serviceProviderConfig",
                format!("{key} is defined by RFC 7643 §5 or RFC 9865 §4 and said by the server itself"),
            );
        }
    }
    ResourceTypeDefinition {
        service_provider_config,
        endpoint,
        description: reader.string("description").unwrap_or_default(),
        schema,
        extensions,
        indexed: reader.strings("indexed"),
        membership: reader.string("membership"),
        member_of: reader.string("memberOf"),
        shown_as: reader.string("shownAs"),
        shown_value: reader.string("shownValue"),
        shown_type: reader.string("shownType"),
        name,
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Whether a path below the Base URL that begins with `segment` means something else: an endpoint, or a version (D-82).
fn is_taken(segment: &str) -> bool {
    let is_version = segment
        .strip_prefix(['v', 'V'])
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    is_version || TAKEN.iter().any(|taken| taken.eq_ignore_ascii_case(segment))
}
