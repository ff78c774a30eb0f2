//! What is odd about a definition beside the others, but no obstacle.

use super::definition::{Definition, Fault};
use super::registry::{Extension, Registry, ResourceType};

impl Registry {
    /// What is odd about `definition`, which is part of this registry:
    ///
    /// - an extension has an attribute with the name of one that its base has: it should not (RFC 7643 §3.3), for readers take one
    ///   for the other
    /// - no attribute shows what `shownAs` says
    pub fn oddities(&self, definition: &Definition) -> Vec<Fault> {
        let name = definition.name();
        let mut odd = Vec::new();
        for resource_type in &self.resource_types {
            for extension in &resource_type.extensions {
                if *extension.schema.id == *name || *resource_type.name == *name {
                    redefined(resource_type, extension, &mut odd);
                }
            }
        }
        if let Definition::ResourceType(definition) = definition
            && let Some(shown_as) = &definition.shown_as
            && !self.resource_types.iter().flat_map(|of| &of.member_of).any(|shows| shows.shown_type(name).is_some())
        {
            odd.push(Fault::new("shownAs", format!("no type of its members has an attribute {shown_as}, so none shows it")));
        }
        odd
    }
}

fn redefined(resource_type: &ResourceType, extension: &Extension, odd: &mut Vec<Fault>) {
    for attribute in &extension.schema.attributes {
        let mut base = resource_type.schema.attributes.iter().chain(&resource_type.common);
        if base.any(|base| base.name.eq_ignore_ascii_case(&attribute.name)) {
            let problem = format!(
                "{} has an attribute of this name itself, which an extension should not redefine (RFC 7643 §3.3)",
                resource_type.name
            );
            odd.push(Fault::new(format!("attributes.{}", attribute.name), problem));
        }
    }
}
