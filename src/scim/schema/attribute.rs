//! One attribute and its characteristics (RFC 7643 §2.2, §7).

use super::Spelling;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The data types of RFC 7643 §2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AttributeType {
    /// A JSON string.
    #[default]
    String,
    /// `true` or `false`.
    Boolean,
    /// Any JSON number; its text is kept (D-08).
    Decimal,
    /// A JSON number without fraction or exponent.
    Integer,
    /// An xsd:dateTime string with date, time and zone.
    DateTime,
    /// A URI string.
    Reference,
    /// A base64 string.
    Binary,
    /// An object of sub-attributes, none of them complex.
    Complex,
}

/// Who may change the attribute, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mutability {
    /// Only the server.
    ReadOnly,
    /// The client, at any time.
    #[default]
    ReadWrite,
    /// The client, while it has no value.
    Immutable,
    /// The client, and nobody may read it.
    WriteOnly,
}

/// When the attribute is in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Returned {
    /// In every answer.
    Always,
    /// In none; nothing may be learnt of it (D-42).
    Never,
    /// Unless `attributes` omits it or `excludedAttributes` names it.
    #[default]
    Default,
    /// Only if `attributes` names it, or the write itself set it (D-49).
    Request,
}

/// Whether two resources may have the same value; the more they are held to, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Uniqueness {
    /// They may.
    #[default]
    None,
    /// Not within one resource type of one Directory.
    Server,
    /// Not within one resource type, in all Directories of the database that hold the attribute to it. Who is refused learns that the value is
    /// there somewhere, so no built-in attribute has it.
    Global,
}

/// An attribute or sub-attribute definition, as in a Schema resource; absent characteristics have the defaults
/// of RFC 7643 §2.2.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// The name, spelled as answers spell it; compared without letter case.
    pub name: String,
    /// The data type.
    #[serde(rename = "type", default)]
    pub attribute_type: AttributeType,
    /// Whether the value is a list.
    #[serde(default)]
    pub multi_valued: bool,
    /// What it is for, for people.
    #[serde(default)]
    pub description: String,
    /// Whether a resource must have a value.
    #[serde(default)]
    pub required: bool,
    /// Suggested values; others are accepted (D-13).
    #[serde(default)]
    pub canonical_values: Vec<String>,
    /// Whether no others are accepted; scimd's own.
    #[serde(default)]
    pub enforce_canonical: bool,
    /// Whether letter case counts in comparisons.
    #[serde(default)]
    pub case_exact: bool,
    /// Who may change it.
    #[serde(default)]
    pub mutability: Mutability,
    /// When it is returned.
    #[serde(default)]
    pub returned: Returned,
    /// Whether values are unique.
    #[serde(default)]
    pub uniqueness: Uniqueness,
    /// For references: resource type names, `external` or `uri`.
    #[serde(default)]
    pub reference_types: Vec<String>,
    /// For complex attributes: their parts.
    #[serde(default)]
    pub sub_attributes: Vec<Arc<Attribute>>,
    /// Whether the store indexes it; scimd's own.
    #[serde(default)]
    pub indexed: bool,
    /// The one spelling of its values, for who wants them in one; scimd's own.
    #[serde(skip)]
    pub spelling: Option<Spelling>,
}

impl Attribute {
    /// Finds a sub-attribute by name, in any letter case.
    pub fn sub_attribute(&self, name: &str) -> Option<&Arc<Attribute>> {
        self.sub_attributes.iter().find(|sub| sub.name.eq_ignore_ascii_case(name))
    }

    /// Whether this is a complex attribute.
    pub fn is_complex(&self) -> bool {
        self.attribute_type == AttributeType::Complex
    }

    /// Whether it is the password (RFC 7643 §4.1.1): only a hash of it is kept, beside the document.
    pub fn is_password(&self) -> bool {
        self.name == "password" && self.mutability == Mutability::WriteOnly
    }

    /// Whether nothing may be learnt of its value (D-42): it is never returned, or nobody may read it.
    pub fn is_secret(&self) -> bool {
        self.returned == Returned::Never || self.mutability == Mutability::WriteOnly
    }

    /// Whether it is complex with a `$ref` to resources of this server, as `manager` and `members` are.
    pub fn is_resource_reference(&self) -> bool {
        self.sub_attribute("$ref")
            .is_some_and(|reference| reference.reference_types.iter().any(|name| name != "external" && name != "uri"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Shows S-1.1-01, S-2.2-01.
    #[test]
    fn an_attribute_that_has_only_a_name_has_the_defaults() {
        let attribute: Attribute = serde_json::from_value(json!({ "name": "colour" })).expect("an attribute");
        let expected = Attribute {
            name: "colour".into(),
            attribute_type: AttributeType::String,
            multi_valued: false,
            description: String::new(),
            required: false,
            canonical_values: Vec::new(),
            enforce_canonical: false,
            case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            reference_types: Vec::new(),
            sub_attributes: Vec::new(),
            indexed: false,
            spelling: None,
        };
        assert_eq!(attribute, expected);
    }

    /// Shows S-2.3-01, S-7-07.
    #[test]
    fn there_are_the_types_of_the_rfc_and_no_others() {
        let is_type = |name: &str| serde_json::from_value::<AttributeType>(json!(name)).is_ok();
        for name in ["string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex"] {
            assert!(is_type(name), "{name}");
        }
        for name in ["date", "number", "String", "object", ""] {
            assert!(!is_type(name), "{name}");
        }
    }
}
