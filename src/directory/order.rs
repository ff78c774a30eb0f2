//! By what a search sorts (RFC 7644 §3.4.2.3, D-44).

use super::SearchParams;
use crate::scim::ScimError;
use crate::scim::schema::path::Resolved;
use crate::scim::schema::{AttributeType, ResourceType, Returned, Target};
use crate::store::Sort;
use std::sync::Arc;

/// For each of `types` what `sortBy` means for it; `None`: it has no such attribute, so its resources have no value.
///
/// # Errors
/// `InvalidValue`: no type knows the attribute, nothing can be sorted by it, or it has values of different kinds in
/// different types
pub fn resolve(types: &[&Arc<ResourceType>], params: &SearchParams) -> Result<Vec<Option<Sort>>, ScimError> {
    let Some(sort_by) = params.sort_by.as_deref().map(str::trim).filter(|name| !name.is_empty()) else {
        return Ok(vec![None; types.len()]);
    };
    let descending = match params.sort_order.as_deref().map(str::trim) {
        None | Some("") => false,
        Some(order) if order.eq_ignore_ascii_case("ascending") => false,
        Some(order) if order.eq_ignore_ascii_case("descending") => true,
        Some(order) => {
            return Err(ScimError::invalid_value(format!("sortOrder is ascending or descending, not {order}")).quoting(order));
        }
    };
    let sorts = types
        .iter()
        .map(|resource_type| Ok(target(resource_type, sort_by)?.map(|target| Sort { target, descending })))
        .collect::<Result<Vec<_>, ScimError>>()?;
    let mut kinds = sorts.iter().flatten().map(|sort| Kind::of(&sort.target));
    let Some(kind) = kinds.next() else {
        let detail = match types {
            [one] => format!("sortBy: {} has no attribute {sort_by}", one.name),
            _ => format!("sortBy: no resource type has an attribute {sort_by}"),
        };
        return Err(ScimError::invalid_value(detail).naming(sort_by));
    };
    if kinds.any(|other| other != kind) {
        return Err(
            ScimError::invalid_value(format!("sortBy: {sort_by} is not of one type in all resource types")).naming(sort_by)
        );
    }
    Ok(sorts)
}

/// How values compare in SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Time,
    Boolean,
    Number,
}

impl Kind {
    fn of(target: &Target) -> Self {
        match target.leaf().attribute_type {
            AttributeType::DateTime if target.attribute.name == "meta" => Self::Time,
            AttributeType::Boolean => Self::Boolean,
            AttributeType::Integer | AttributeType::Decimal => Self::Number,
            AttributeType::String
            | AttributeType::Reference
            | AttributeType::Binary
            | AttributeType::DateTime
            | AttributeType::Complex => Self::Text,
        }
    }
}

fn target(resource_type: &ResourceType, sort_by: &str) -> Result<Option<Target>, ScimError> {
    let Some(Resolved::Attribute(mut target)) = resource_type.resolve(sort_by) else { return Ok(None) };
    if target.leaf().attribute_type == AttributeType::Complex {
        target.sub = Some(target.attribute.sub_attribute("value").cloned().ok_or_else(|| {
            ScimError::invalid_value(format!("sortBy: {sort_by} is complex; name one of its sub-attributes")).naming(sort_by)
        })?);
    }
    if target.leaf().returned == Returned::Never || target.attribute.returned == Returned::Never {
        return Err(
            ScimError::invalid_value(format!("sortBy: {sort_by} is never returned, so nothing is sorted by it")).naming(sort_by)
        );
    }
    Ok(Some(target))
}
