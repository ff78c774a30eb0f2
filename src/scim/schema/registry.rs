//! The schemas and resource types of a Directory.

use super::definition::{self, Definition, Faults};
use super::extended::assemble;
use super::membership::{self, MemberOf, ShownAs};
use super::path::{self, Resolved};
use super::{Attribute, Mutability, Returned, Target, USER_SCHEMA, spelling};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::{Arc, OnceLock};

/// A Schema resource (RFC 7643 §7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Its URN, spelled as registered.
    pub id: Arc<str>,
    /// Its name, for people.
    pub name: String,
    /// Its description, for people.
    pub description: String,
    /// Its attributes, in the order in which documents hold them.
    pub attributes: Vec<Arc<Attribute>>,
    /// The definition as loaded, for `/Schemas`; without `meta`.
    pub definition: Value,
}

/// An extension of a resource type (RFC 7643 §6, `schemaExtensions`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// The extension's schema.
    pub schema: Arc<Schema>,
    /// Whether each resource must have it.
    pub required: bool,
}

/// An attribute that the store indexes, so that `eq`, `sw`, ranges and sorting by it do not scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedAttribute {
    /// The name in the index: [`Target::name`], such as `userName` or `emails.value`.
    pub name: Arc<str>,
    /// What it names.
    pub target: Target,
    /// Whether every stored resource has its rows. While that is not so, rows are written, and nothing is read by them.
    pub ready: bool,
    /// Whether it is also indexed by parts of its values, so that `co` does not scan.
    pub by_parts: bool,
}

/// A resource type (RFC 7643 §6) with what the server knows of it beyond the RFC's attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceType {
    /// `name`, equal to `meta.resourceType` of its resources, case exact.
    pub name: Arc<str>,
    /// `endpoint`, relative to the Base URL: `/Users`.
    pub endpoint: String,
    /// `description`, for people.
    pub description: String,
    /// The base schema.
    pub schema: Arc<Schema>,
    /// The extensions.
    pub extensions: Vec<Extension>,
    /// The common attributes of RFC 7643 §3.1: schemas, id, externalId, meta.
    pub common: Vec<Arc<Attribute>>,
    /// The attributes that the store indexes.
    pub indexed: Vec<IndexedAttribute>,
    /// The multi-valued attribute whose elements are memberships (`members` of Group), if any.
    pub membership: Option<Arc<Attribute>>,
    /// The attributes that show what its resources are members of (`groups` of User).
    pub member_of: Vec<MemberOf>,
    /// How its members show that they are members of a resource of this type, if they do.
    pub shown_as: Option<ShownAs>,
    /// What ServiceProviderConfig says of the type, beside what RFC 7643 §5 defines.
    pub service_provider_config: Map<String, Value>,
}

/// Why a schema or resource type file is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Not JSON, or not of the form of a Schema or ResourceType.
    #[error("{file}: {source}")]
    Malformed {
        /// The file.
        file: String,
        /// What the JSON reader says.
        #[source]
        source: serde_json::Error,
    },
    /// Well-formed but wrong.
    #[error("{file}: {problem}")]
    Invalid {
        /// The file.
        file: String,
        /// What is wrong, naming the attribute.
        problem: String,
    },
}

/// The schemas and resource types that a Directory serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// All schemas, those of discovery included, in the order of `/Schemas`.
    pub schemas: Vec<Arc<Schema>>,
    /// All resource types, in the order of `/ResourceTypes`.
    pub resource_types: Vec<Arc<ResourceType>>,
}

impl Registry {
    /// The schemas and resource types that every Directory has; read once from the embedded files of `config/`.
    pub fn built_in() -> Arc<Registry> {
        static BUILT_IN: OnceLock<Arc<Registry>> = OnceLock::new();
        BUILT_IN
            .get_or_init(|| Arc::new(load_built_in().expect("the embedded files of config/ are valid, as the test below shows")))
            .clone()
    }

    /// The resource type called `name`, case exact.
    pub fn resource_type(&self, name: &str) -> Option<&Arc<ResourceType>> {
        self.resource_types.iter().find(|resource_type| &*resource_type.name == name)
    }

    /// The resource type at `endpoint` (`/Users`), in any letter case (D-86).
    pub fn endpoint(&self, endpoint: &str) -> Option<&Arc<ResourceType>> {
        self.resource_types.iter().find(|resource_type| resource_type.endpoint.eq_ignore_ascii_case(endpoint))
    }

    /// The schema with this URN, in any letter case (D-09).
    pub fn schema(&self, urn: &str) -> Option<&Arc<Schema>> {
        self.schemas.iter().find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }
}

impl ResourceType {
    /// What an attribute path names; see [`path::resolve`].
    pub fn resolve(&self, path: &str) -> Option<Resolved> {
        path::resolve(path, self)
    }

    /// The base schema's and all extensions' URNs, the base first.
    pub fn urns(&self) -> impl Iterator<Item = &Arc<str>> {
        std::iter::once(&self.schema.id).chain(self.extensions.iter().map(|extension| &extension.schema.id))
    }

    /// The extension with this URN, in any letter case.
    pub fn extension(&self, urn: &str) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.schema.id.eq_ignore_ascii_case(urn))
    }

    /// The attributes of the base schema or of an extension, by URN as registered.
    pub fn attributes_of(&self, urn: &str) -> Option<&[Arc<Attribute>]> {
        if *urn == *self.schema.id {
            return Some(&self.schema.attributes);
        }
        self.extension(urn).map(|extension| extension.schema.attributes.as_slice())
    }

    /// Whether an attribute of the base schema is kept in a resource's document. Kept elsewhere are the password, the
    /// membership attribute and what is computed from memberships, and the common attributes that a schema may list again
    /// (RFC 7643 §3.1 overrides it).
    pub fn is_in_document(&self, attribute: &Attribute) -> bool {
        let is = |other: &Option<Arc<Attribute>>| other.as_ref().is_some_and(|other| other.name == attribute.name);
        let is_common = self.common.iter().any(|common| common.name.eq_ignore_ascii_case(&attribute.name));
        let is_computed = self.member_of.iter().any(|shows| !shows.written && shows.attribute.name == attribute.name);
        !is_common && !is(&self.membership) && !is_computed && !attribute.is_password()
    }

    /// The attributes that show memberships beside values that clients write.
    pub fn written_member_of(&self) -> impl Iterator<Item = &MemberOf> {
        self.member_of.iter().filter(|shows| shows.written)
    }

    /// Whether an answer without `attributes` and `excludedAttributes` shows all that a document holds: no attribute that the document
    /// keeps is `writeOnly`, or returned never or on request only.
    pub fn default_projection_is_identity(&self) -> bool {
        fn is_shown(attribute: &Arc<Attribute>) -> bool {
            attribute.mutability != Mutability::WriteOnly
                && matches!(attribute.returned, Returned::Always | Returned::Default)
                && attribute.sub_attributes.iter().all(is_shown)
        }
        let base = self.schema.attributes.iter().filter(|attribute| self.is_in_document(attribute));
        let extensions = self.extensions.iter().flat_map(|extension| &extension.schema.attributes);
        base.chain(extensions).all(is_shown)
    }

    /// Splits a leading URN of this type off a path: `urn:…:User:name.givenName` is (`urn:…:User`, `name.givenName`).
    pub(super) fn split_urn<'p>(&self, path: &'p str) -> Option<(Arc<str>, &'p str)> {
        self.urns()
            .filter_map(|urn| {
                let head = path.get(..urn.len())?;
                let rest = &path[urn.len()..];
                let rest = if rest.is_empty() { rest } else { rest.strip_prefix(':')? };
                head.eq_ignore_ascii_case(urn).then(|| (urn.clone(), rest))
            })
            .max_by_key(|(urn, _)| urn.len())
    }
}

fn load_built_in() -> Result<Registry, RegistryError> {
    let schemas = [
        ("User.json", include_str!("../../../config/schemas/User.json")),
        ("Group.json", include_str!("../../../config/schemas/Group.json")),
        ("EnterpriseUser.json", include_str!("../../../config/schemas/EnterpriseUser.json")),
        ("ServiceProviderConfig.json", include_str!("../../../config/schemas/ServiceProviderConfig.json")),
        ("ResourceType.json", include_str!("../../../config/schemas/ResourceType.json")),
        ("Schema.json", include_str!("../../../config/schemas/Schema.json")),
    ]
    .into_iter()
    .map(|(file, text)| load_schema(file, text).map(Arc::new))
    .collect::<Result<Vec<_>, _>>()?;
    let common = load_common(include_str!("../../../config/schemas/common.json"))?;
    let mut resource_types = [
        ("User.json", include_str!("../../../config/resource-types/User.json")),
        ("Group.json", include_str!("../../../config/resource-types/Group.json")),
    ]
    .into_iter()
    .map(|(file, text)| load_resource_type(file, text, &schemas, &common))
    .collect::<Result<Vec<_>, _>>()?;
    let faults = membership::link(&mut resource_types);
    if !faults.is_empty() {
        return Err(RegistryError::Invalid { file: "resource-types".into(), problem: Faults(faults).to_string() });
    }
    Ok(Registry { schemas, resource_types: resource_types.into_iter().map(Arc::new).collect() })
}

#[derive(Deserialize)]
struct AttributesOnly {
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    attributes: Vec<Arc<Attribute>>,
}

fn load_schema(file: &str, text: &str) -> Result<Schema, RegistryError> {
    let malformed = |source| RegistryError::Malformed { file: file.into(), source };
    let mut parsed: AttributesOnly = serde_json::from_str(text).map_err(malformed)?;
    if parsed.id == USER_SCHEMA {
        spelling::mark(&mut parsed.attributes);
    }
    let mut definition: Value = serde_json::from_str(text).map_err(malformed)?;
    if let Some(definition) = definition.as_object_mut() {
        definition.shift_remove("meta");
    }
    Ok(Schema {
        id: parsed.id.into(),
        name: parsed.name,
        description: parsed.description,
        attributes: parsed.attributes,
        definition,
    })
}

fn load_common(text: &str) -> Result<Vec<Arc<Attribute>>, RegistryError> {
    let parsed: AttributesOnly =
        serde_json::from_str(text).map_err(|source| RegistryError::Malformed { file: "common.json".into(), source })?;
    Ok(parsed.attributes)
}

fn load_resource_type(
    file: &str,
    text: &str,
    schemas: &[Arc<Schema>],
    common: &[Arc<Attribute>],
) -> Result<ResourceType, RegistryError> {
    let invalid = |problem: String| RegistryError::Invalid { file: file.into(), problem };
    match definition::parse(text).map_err(|faults| invalid(faults.to_string()))?.definition {
        Definition::ResourceType(definition) => {
            assemble(&definition, schemas, common, &[]).map_err(|faults| invalid(faults.to_string()))
        }
        Definition::Schema(_) => Err(invalid("it is a schema".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_files_load() {
        let registry = load_built_in().expect("valid");
        assert_eq!(registry.schemas.len(), 6);
        assert_eq!(registry.resource_types.len(), 2);
    }

    #[test]
    fn names_resolve_as_d43_says() {
        let registry = Registry::built_in();
        let user = registry.resource_type("User").expect("built in");
        let name = |path: &str| match user.resolve(path) {
            Some(Resolved::Attribute(target)) => Some(target.name()),
            Some(Resolved::Container(urn)) => Some(urn.to_string()),
            None => None,
        };
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        assert_eq!(name("USERNAME").as_deref(), Some("userName"));
        assert_eq!(name("name.GivenName").as_deref(), Some("name.givenName"));
        assert_eq!(name("urn:ietf:params:scim:schemas:core:2.0:User:name.givenName").as_deref(), Some("name.givenName"));
        assert_eq!(name("department"), Some(format!("{enterprise}:department")));
        assert_eq!(name(&enterprise.to_uppercase()).as_deref(), Some(enterprise));
        assert_eq!(name(&format!("{enterprise}:manager.value")), Some(format!("{enterprise}:manager.value")));
        assert_eq!(name("meta.lastModified").as_deref(), Some("meta.lastModified"));
        assert_eq!(name("nothing"), None);
        assert_eq!(name("userName.x"), None);
    }
}
