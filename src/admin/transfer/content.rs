//! The resource of a line, by the schemas of a Directory: as strict as a client's request, and in nothing silent.

use super::line::ResourceLine;
use crate::auth::password;
use crate::directory::{Directory, Limits};
use crate::scim::resource::{Document, Normalized, grams, keys, normalize, validate};
use crate::scim::schema::ResourceType;
use crate::scim::tolerance::Unknown;
use crate::scim::{ScimError, Tolerance};
use crate::store::NewResource;
use crate::store::transfer::Imported;
use serde_json::Value;
use std::sync::Arc;

/// By what the resources of a file are judged.
pub struct Rules<'a> {
    /// The Directory that they are for, as it is or as it will be.
    pub directory: &'a Directory,
    /// How large values may be.
    pub limits: &'a Limits,
    tolerance: Tolerance,
}

impl<'a> Rules<'a> {
    /// Those of a Directory, but that nothing unknown is passed over.
    pub fn of(directory: &'a Directory, limits: &'a Limits) -> Self {
        let tolerance =
            Tolerance { unknown_attributes: Unknown::Reject, unknown_schemas: Unknown::Reject, ..directory.tolerance.clone() };
        Self { directory, limits, tolerance }
    }

    /// The document of a line, and the type that it is of. Takes the document out of the line.
    ///
    /// # Errors
    /// What is wrong, by the name of the attribute; no value.
    pub fn document(&self, line: &mut ResourceLine) -> Result<(Arc<ResourceType>, Document), String> {
        let registry = &self.directory.registry;
        let resource_type =
            registry.resource_type(&line.resource_type).ok_or("resource: the Directory has no such resource type")?.clone();
        if line.last_modified < line.created {
            return Err("lastModified: it lies before created".to_owned());
        }
        if line.password_hash.as_deref().is_some_and(|hash| !password::is_hash(hash)) {
            return Err("passwordHash: expected a hash by Argon2id in PHC form".to_owned());
        }
        let body = std::mem::take(&mut line.document);
        let detail = |error: ScimError| error.detail;
        let normalized = normalize(body, &resource_type, &self.tolerance, &self.limits.values).map_err(detail)?;
        let Normalized { document, members, password, ignored, .. } = normalized;
        if let Some(name) = ignored.first() {
            return Err(format!("{name:.100}: the server alone writes this attribute, so it is in no document"));
        }
        if members.is_some() {
            return Err("members have lines of their own".to_owned());
        }
        if password.is_some() {
            return Err("password: it is in no document".to_owned());
        }
        validate(&document, &resource_type, &self.tolerance).map_err(detail)?;
        Ok((resource_type, document))
    }

    /// The line as the store takes it.
    ///
    /// # Errors
    /// As [`Rules::document`].
    pub fn imported(&self, mut line: ResourceLine) -> Result<Imported, String> {
        let (resource_type, document) = self.document(&mut line)?;
        let resource = NewResource {
            id: line.id,
            resource_type: line.resource_type,
            document: document.to_text(),
            keys: keys(&document, &resource_type).to_string(),
            index: self.directory.index_rows(&document, &resource_type),
            grams: grams(&document, self.directory.id, &resource_type),
            password_hash: line.password_hash,
            members: Vec::new(),
            member_types: Vec::new(),
            source: line.source,
            match_keys: None,
            once: false,
        };
        let ResourceLine { held, version, created, last_modified, .. } = line;
        Ok(Imported { resource, held, version, created, last_modified })
    }

    /// The names of the types whose resources may be members of those of `resource_type`; none: it has no members.
    pub fn member_types<'t>(&self, resource_type: &'t ResourceType) -> &'t [String] {
        let reference = resource_type.membership.as_ref().and_then(|membership| membership.sub_attribute("$ref"));
        reference.map_or(&[], |reference| reference.reference_types.as_slice())
    }
}

/// The name of the attribute that a member stands in.
pub fn membership_name(resource_type: &ResourceType) -> &str {
    resource_type.membership.as_ref().map_or("members", |membership| &membership.name)
}

/// Two definitions are the same whatever their white space.
pub fn same_definition(text: &str, value: &Value) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|stored| stored == *value)
}
