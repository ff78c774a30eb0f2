//! What becomes of what is deleted, and of what an operator does to resources that a provider manages.
//!
//! Each policy is described in `docs/life-cycles.md`, with what a provider sees of it.

use serde::{Deserialize, Serialize};

/// What DELETE does (RFC 7644 §3.6). To clients the resource is gone either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeletePolicy {
    /// It deletes.
    Delete,
    /// It disables: operators still have the resource, until one of them or its retention deletes it.
    Disable,
}

/// What becomes of a user that an operator disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OperatorDisable {
    /// The provider enables it when it next writes that it is active.
    Revive,
    /// It stays disabled until an operator enables it; the provider's attempts are refused.
    Hold,
}

/// What becomes of a resource that an operator deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OperatorDelete {
    /// The provider may create it anew, which is a new resource: a group comes without the members that it had.
    Revive,
    /// The provider is refused to create it anew until it has unassigned it: disabled or deleted the one that is gone.
    UntilReassigned,
}

/// The policies of a Directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LifeCycles {
    /// What DELETE does.
    pub delete: DeletePolicy,
    /// What becomes of a user that an operator disabled.
    pub operator_disable: OperatorDisable,
    /// What becomes of a user that an operator deleted.
    pub operator_delete_user: OperatorDelete,
    /// What becomes of a group that an operator deleted.
    pub operator_delete_group: OperatorDelete,
}

impl LifeCycles {
    /// What the provider says counts: it works towards a state, and comes back to what it misses.
    pub const PROVIDER_COUNTS: Self = Self {
        delete: DeletePolicy::Delete,
        operator_disable: OperatorDisable::Revive,
        operator_delete_user: OperatorDelete::Revive,
        operator_delete_group: OperatorDelete::Revive,
    };

    /// What an operator did counts, until somebody at the provider assigns anew.
    pub const OPERATOR_COUNTS: Self = Self {
        delete: DeletePolicy::Delete,
        operator_disable: OperatorDisable::Hold,
        operator_delete_user: OperatorDelete::UntilReassigned,
        operator_delete_group: OperatorDelete::UntilReassigned,
    };

    /// What becomes of a resource of this type that an operator deleted; of those that an operator cannot delete, nothing.
    pub fn operator_delete(&self, resource_type: &str) -> OperatorDelete {
        match resource_type {
            "User" => self.operator_delete_user,
            "Group" => self.operator_delete_group,
            _ => OperatorDelete::Revive,
        }
    }
}
