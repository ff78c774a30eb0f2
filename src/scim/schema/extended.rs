//! A registry with the definitions of an operator.

use super::definition::{Definition, Fault, Faults, ResourceTypeDefinition, SchemaDefinition};
use super::membership::{self, MemberOf, ShownAs};
use super::path::Resolved;
use super::registry::{Extension, IndexedAttribute, Registry, ResourceType, Schema};
use super::{Attribute, AttributeType, Place, Target, Uniqueness};
use std::sync::Arc;

/// Schemas or resource types of one registry at most.
pub const DEFINITIONS_MAX: usize = 200;

/// An index of a resource type: (name of the type, name of the attribute).
pub type IndexName = (String, String);

impl Registry {
    /// This registry, the built-in one, with the schemas and resource types of an operator. `building` names the indexes
    /// that do not have all their rows yet.
    ///
    /// # Errors
    /// All that is wrong beside each other: names taken, schemas and types that are not there, attributes that are not what a
    /// key says they are.
    pub fn with(&self, definitions: &[Definition], building: &[IndexName]) -> Result<Registry, Faults> {
        let mut faults = Vec::new();
        if definitions.len() > DEFINITIONS_MAX {
            faults.push(Fault::new("", format!("there are more than {DEFINITIONS_MAX} schemas and resource types")));
        }
        let mut schemas = self.schemas.clone();
        let mut resource_types: Vec<ResourceType> = self.resource_types.iter().map(|known| (**known).clone()).collect();
        for schema in definitions.iter().filter_map(schema_of) {
            let id = &schema.schema.id;
            if schemas.iter().any(|known| known.id.eq_ignore_ascii_case(id)) {
                faults.push(Fault::new(&**id, "there is a schema with this id already"));
            } else {
                schemas.push(schema.schema.clone());
            }
        }
        let common = self.resource_types.first().map(|known| known.common.clone()).unwrap_or_default();
        let names = self.resource_types.iter().map(|known| known.name.to_string());
        let names: Vec<String> = names.chain(definitions.iter().filter_map(type_of).map(|new| new.name.clone())).collect();
        for definition in definitions.iter().filter_map(type_of) {
            check_names(definition, &resource_types, &mut faults);
            match assemble(definition, &schemas, &common, &names) {
                Ok(resource_type) => resource_types.push(resource_type),
                Err(Faults(more)) => faults.extend(more),
            }
        }
        for schema in definitions.iter().filter_map(schema_of) {
            extend(schema, &mut resource_types, &mut faults);
        }
        faults.extend(membership::link(&mut resource_types));
        for resource_type in &mut resource_types {
            check_full_names(resource_type, &mut faults);
            mark_indexed(resource_type, building);
        }
        membership::note_indexes(&mut resource_types);
        if faults.is_empty() {
            Ok(Registry { schemas, resource_types: resource_types.into_iter().map(Arc::new).collect() })
        } else {
            Err(Faults(faults))
        }
    }
}

fn schema_of(definition: &Definition) -> Option<&SchemaDefinition> {
    match definition {
        Definition::Schema(schema) => Some(schema),
        Definition::ResourceType(_) => None,
    }
}

fn type_of(definition: &Definition) -> Option<&ResourceTypeDefinition> {
    match definition {
        Definition::Schema(_) => None,
        Definition::ResourceType(resource_type) => Some(resource_type),
    }
}

fn check_names(definition: &ResourceTypeDefinition, others: &[ResourceType], faults: &mut Vec<Fault>) {
    for other in others {
        if other.name.eq_ignore_ascii_case(&definition.name) {
            faults.push(Fault::new(&definition.name, "there is a resource type with this name already"));
        } else if other.endpoint.eq_ignore_ascii_case(&definition.endpoint) {
            let problem = format!("endpoint: {} is that of {} already", definition.endpoint, other.name);
            faults.push(Fault::new(&definition.name, problem));
        }
    }
}

/// Makes a resource type of its definition. `names` are those of all types there will be; if empty, references are not looked at.
pub(super) fn assemble(
    definition: &ResourceTypeDefinition,
    schemas: &[Arc<Schema>],
    common: &[Arc<Attribute>],
    names: &[String],
) -> Result<ResourceType, Faults> {
    let mut faults = Vec::new();
    let mut fault = |problem: String| faults.push(Fault::new(&definition.name, problem));
    let find = |urn: &str| schemas.iter().find(|schema| schema.id.eq_ignore_ascii_case(urn)).cloned();
    let mut extensions: Vec<Extension> = Vec::new();
    for extension in &definition.extensions {
        match find(&extension.schema) {
            None => fault(format!("schemaExtensions: there is no schema {}", extension.schema)),
            Some(schema) if extensions.iter().any(|known| known.schema.id == schema.id) => {
                fault(format!("schemaExtensions: {} is there twice", schema.id));
            }
            Some(schema) if schema.id.eq_ignore_ascii_case(&definition.schema) => {
                fault(format!("schemaExtensions: {} is the schema itself", schema.id));
            }
            Some(schema) => extensions.push(Extension { schema, required: extension.required }),
        }
    }
    let Some(schema) = find(&definition.schema) else {
        fault(format!("schema: there is no schema {}", definition.schema));
        return Err(Faults(faults));
    };
    let mut top_level = |key: &str, name: &Option<String>| {
        let name = name.as_ref()?;
        let mut attributes = schema.attributes.iter();
        let found = attributes.find(|attribute| attribute.name == *name && attribute.multi_valued && attribute.is_complex());
        if found.is_none() {
            fault(format!("{key}: {name} is not a multi-valued complex attribute of {}", schema.id));
        }
        found.cloned()
    };
    let membership = top_level("membership", &definition.membership);
    let member_of = top_level("memberOf", &definition.member_of);
    if let Some(membership) = &membership {
        let value = membership.sub_attribute("value").is_some();
        let reference = membership.sub_attribute("$ref").map(|reference| reference.reference_types.as_slice());
        match reference {
            Some(types) if value => {
                for unknown in types.iter().filter(|name| !names.is_empty() && !names.contains(name)) {
                    fault(format!("membership: {}.$ref refers to {unknown}, which is no resource type", membership.name));
                }
            }
            _ => fault(format!("membership: {} needs the sub-attributes value and $ref", membership.name)),
        }
    }
    if definition.shown_as.is_some() && definition.membership.is_none() {
        fault("shownAs: a type without membership has no members to show it".to_owned());
    }
    let mut shown = |key: &str, name: &Option<String>| {
        let name = name.as_ref()?;
        if definition.shown_as.is_none() {
            fault(format!("{key}: without shownAs, nobody shows it"));
        }
        let is_text = |attribute: &Attribute| {
            attribute.attribute_type == AttributeType::String && !attribute.multi_valued && !attribute.is_secret()
        };
        let found = schema.attributes.iter().find(|attribute| attribute.name == *name && is_text(attribute));
        if found.is_none() {
            fault(format!("{key}: {name} is no string with one value of {}", schema.id));
        }
        found.cloned()
    };
    let (value, kind) = (shown("shownValue", &definition.shown_value), shown("shownType", &definition.shown_type));
    let shown_as = definition.shown_as.clone().map(|attribute| ShownAs { attribute, value, kind });
    let mut resource_type = ResourceType {
        name: definition.name.as_str().into(),
        endpoint: definition.endpoint.clone(),
        description: definition.description.clone(),
        membership,
        member_of: member_of.map(MemberOf::computed).into_iter().collect(),
        shown_as,
        service_provider_config: definition.service_provider_config.clone(),
        schema,
        extensions,
        common: common.to_vec(),
        indexed: Vec::new(),
    };
    for name in &definition.indexed {
        match resource_type.resolve(name) {
            Some(Resolved::Attribute(target)) if is_indexable(target.leaf()) => index(&mut resource_type, target),
            Some(Resolved::Attribute(_)) => fault(format!("indexed: {name} is no string or reference that is returned")),
            Some(Resolved::Container(_)) | None => fault(format!("indexed: there is no attribute {name}")),
        }
    }
    if faults.is_empty() { Ok(resource_type) } else { Err(Faults(faults)) }
}

/// Adds a schema to the resource types that it says it extends.
fn extend(definition: &SchemaDefinition, resource_types: &mut [ResourceType], faults: &mut Vec<Fault>) {
    let schema = &definition.schema;
    for name in &definition.extends {
        let Some(resource_type) = resource_types.iter_mut().find(|known| *known.name == **name) else {
            faults.push(Fault::new(&*schema.id, format!("extends: there is no resource type {name}")));
            continue;
        };
        if resource_type.urns().any(|urn| urn.eq_ignore_ascii_case(&schema.id)) {
            let problem = format!("extends: {name} has this schema already; say it in one place only");
            faults.push(Fault::new(&*schema.id, problem));
        } else {
            resource_type.extensions.push(Extension { schema: schema.clone(), required: false });
        }
    }
}

/// No full name of an attribute is the id of another schema of the type: a path that is one means that schema (RFC 7644 §3.10), so that
/// nobody could name the attribute.
fn check_full_names(resource_type: &ResourceType, faults: &mut Vec<Fault>) {
    for urn in resource_type.urns() {
        for other in resource_type.urns() {
            let head = other.get(..urn.len()).filter(|head| head.eq_ignore_ascii_case(urn));
            let Some(path) = head.and_then(|_| other[urn.len()..].strip_prefix(':')) else { continue };
            let (name, sub) = path.split_once('.').map_or((path, None), |(name, sub)| (name, Some(sub)));
            let mut attributes = resource_type.attributes_of(urn).unwrap_or_default().iter();
            let attribute = attributes.find(|attribute| attribute.name.eq_ignore_ascii_case(name));
            if attribute.is_some_and(|attribute| sub.is_none_or(|sub| attribute.sub_attribute(sub).is_some())) {
                let problem = format!("{other} is the id of a schema of {} already, so nobody could name it", resource_type.name);
                faults.push(Fault::new(format!("{urn}: attributes.{path}"), problem));
            }
        }
    }
}

/// Indexes what the schemas of a type mark, and what must be unique, which the index holds it to.
fn mark_indexed(resource_type: &mut ResourceType, building: &[IndexName]) {
    let mut targets = Vec::new();
    let base = resource_type.schema.attributes.iter().filter(|attribute| resource_type.is_in_document(attribute));
    base.for_each(|attribute| marked(&Place::Core, attribute, &mut targets));
    for extension in &resource_type.extensions {
        let place = Place::Extension(extension.schema.id.clone());
        extension.schema.attributes.iter().for_each(|attribute| marked(&place, attribute, &mut targets));
    }
    targets.into_iter().for_each(|target| index(resource_type, target));
    let name = resource_type.name.clone();
    for indexed in &mut resource_type.indexed {
        indexed.ready = !building.iter().any(|(of_type, attribute)| **of_type == *name && **attribute == *indexed.name);
    }
}

fn marked(place: &Place, attribute: &Arc<Attribute>, targets: &mut Vec<Target>) {
    let is_marked = |attribute: &Attribute| attribute.indexed || attribute.uniqueness != Uniqueness::None;
    let target = |sub| Target { place: place.clone(), attribute: attribute.clone(), sub };
    if is_marked(attribute) {
        targets.push(target(None));
    }
    let subs = attribute.sub_attributes.iter().filter(|sub| is_marked(sub));
    targets.extend(subs.map(|sub| target(Some(sub.clone()))));
}

/// What is indexed by parts of its values: the names that people search in, and no more, for each costs a write some thirty
/// entries. Types that every Directory has, so that no resource was stored before its attribute was listed here.
const BY_PARTS: [(&str, &str); 2] = [("User", "displayName"), ("Group", "displayName")];

/// Whether an index of the attribute serves filters.
fn is_indexable(attribute: &Attribute) -> bool {
    matches!(attribute.attribute_type, AttributeType::String | AttributeType::Reference) && !attribute.is_secret()
}

/// Indexes an attribute, if it is not yet.
pub(super) fn index(resource_type: &mut ResourceType, target: Target) {
    let name = target.name();
    if !resource_type.indexed.iter().any(|indexed| *indexed.name == *name) {
        let by_parts = BY_PARTS.contains(&(&*resource_type.name, &*name));
        resource_type.indexed.push(IndexedAttribute { name: name.into(), target, ready: true, by_parts });
    }
}
