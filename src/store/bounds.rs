//! Whether a change would leave more than there may be of what it adds to: what both back ends count, and what follows.

use super::commit::{Bound, Change, Commit, MembershipBound};
use super::{Bounds, StoreError};
use crate::id::ResourceId;

/// What a change adds, if there is a bound to it.
pub(super) struct Adding<'c> {
    pub resource_type: &'c str,
    pub id: ResourceId,
    pub add: &'c [ResourceId],
    pub remove: &'c [ResourceId],
    bounds: Bounds,
    creates: bool,
    clear: bool,
}

/// What there is before the change.
pub(super) struct Counted {
    /// Resources of the type.
    pub resources: i64,
    /// Members, as far as they were counted.
    pub members: i64,
    /// Those among them who are to go.
    pub removed: i64,
    /// Those among them who are to come.
    pub present: i64,
    /// Whether one who comes is a member of as many as may be.
    pub crowded: bool,
}

impl<'c> Adding<'c> {
    /// `None`: nothing is counted.
    pub fn of(commit: &'c Commit) -> Option<Self> {
        let bounds = commit.bounds;
        let adding = match &commit.change {
            Change::Create(new) => Self {
                resource_type: &new.resource_type,
                id: new.id,
                add: &new.members,
                remove: &[],
                bounds,
                creates: true,
                clear: false,
            },
            Change::Update(update) => Self {
                resource_type: &update.resource_type,
                id: update.id,
                add: &update.members.add,
                remove: &update.members.remove,
                bounds,
                creates: false,
                clear: update.members.clear,
            },
            Change::Delete { .. } => return None,
        };
        let adds_members = !adding.add.is_empty() && (bounds.members_max.is_some() || bounds.memberships_max.is_some());
        (adds_members || adding.counts_resources()).then_some(adding)
    }

    /// Whether it is one more resource of a type of which there is a greatest number.
    pub fn counts_resources(&self) -> bool {
        self.creates && self.bounds.resources_max.is_some()
    }

    /// Whether those who come have to be looked at one by one.
    #[must_use]
    pub fn counts_memberships(&self) -> bool {
        self.bounds.memberships_max.is_some() && !self.add.is_empty()
    }

    /// Up to how many members are counted: enough to know whether there are too many afterwards, and more than before.
    pub fn members_counted(&self) -> i64 {
        let enough = |max| i64::from(max).max(self.add.len() as i64) + self.remove.len() as i64 + 1;
        self.bounds.members_max.map_or(0, enough)
    }

    /// How many memberships there may be; `None`: any number.
    pub fn memberships_counted(&self) -> Option<i64> {
        self.bounds.memberships_max.map(|bound| i64::from(bound.max))
    }

    /// The type of the members whose memberships are counted.
    pub fn member_type(&self) -> &'static str {
        self.bounds.memberships_max.map_or("", |bound: MembershipBound| bound.member_type)
    }

    /// Whether the change may be made.
    ///
    /// # Errors
    /// [`StoreError::Bound`]
    pub fn judge(&self, counted: &Counted) -> Result<(), StoreError> {
        let new = self.add.len() as i64 - counted.present;
        let after = if self.clear { self.add.len() as i64 } else { counted.members - counted.removed + new };
        match self.bounds {
            Bounds { resources_max: Some(max), .. } if self.creates && counted.resources >= i64::from(max) => {
                Err(StoreError::Bound(Bound::Resources { resource_type: self.resource_type.to_owned(), max }))
            }
            Bounds { members_max: Some(max), .. } if after > i64::from(max) && after > counted.members => {
                Err(StoreError::Bound(Bound::Members { max }))
            }
            Bounds { memberships_max: Some(MembershipBound { max, .. }), .. } if counted.crowded => {
                Err(StoreError::Bound(Bound::Memberships { max }))
            }
            _ => Ok(()),
        }
    }
}

/// Counts what there is, in one row: resources of the type, members, those who go, those who come and are there already, and
/// whether one of the others is a member of as many as may be.
///
/// `$1` the Directory, `$2` the resource, `$3` its type, `$4` who comes, `$5` who goes, `$6` up to how many members, `$7` of how many
/// one may be a member, `$8` of what type. The arguments are the ids of `$4` and `$5`, each as a subselect of a column `id`.
///
/// What is looked up for an id is a subselect that gives one value: neither planner makes a join of it, which it could begin with all
/// members of a group or all groups of the Directory.
macro_rules! count_for_bounds {
    ($add:literal, $remove:literal) => {
        concat!(
            "SELECT \
                 (SELECT CAST(coalesce(sum(resources), 0) AS bigint) FROM counters WHERE directory_id = $1 AND resource_type = $3 \
                     AND slot >= 0), \
                 (SELECT count(*) FROM (SELECT 1 FROM members WHERE directory_id = $1 AND group_id = $2 LIMIT $6) AS reached), \
                 (SELECT count((SELECT 1 FROM members WHERE directory_id = $1 AND group_id = $2 AND member_id = listed.id)) FROM (",
            $remove,
            ") AS listed), \
                 (SELECT count((SELECT 1 FROM members WHERE directory_id = $1 AND group_id = $2 AND member_id = listed.id)) FROM (",
            $add,
            ") AS listed), \
                 $7 IS NOT NULL AND EXISTS (SELECT 1 FROM (",
            $add,
            ") AS listed WHERE (SELECT resource_type FROM resources WHERE directory_id = $1 AND id = listed.id) = $8 \
                     AND (SELECT 1 FROM members WHERE directory_id = $1 AND group_id = $2 AND member_id = listed.id) IS NULL \
                     AND $7 <= (SELECT count(*) FROM (SELECT 1 FROM members AS m \
                         WHERE m.directory_id = $1 AND m.member_id = listed.id \
                             AND (SELECT resource_type FROM resources WHERE directory_id = $1 AND id = m.group_id) = $3 \
                         LIMIT coalesce($7, 0)) AS reached))"
        )
    };
}

pub(super) use count_for_bounds;

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: Bounds = Bounds { resources_max: None, members_max: Some(3), memberships_max: None };

    #[track_caller]
    fn check(clear: bool, add: usize, counted: (i64, i64, i64), fits: bool) {
        let (add, remove) = (vec![ResourceId::generate(); add], Vec::new());
        let adding = Adding {
            resource_type: "Group",
            id: ResourceId::generate(),
            add: &add,
            remove: &remove,
            bounds: MAX,
            creates: false,
            clear,
        };
        let (members, removed, present) = counted;
        let counted = Counted { resources: 0, members, removed, present, crowded: false };
        assert_eq!(adding.judge(&counted).is_ok(), fits);
    }

    #[test]
    fn as_many_members_as_may_be_and_no_more() {
        check(false, 1, (2, 0, 0), true);
        check(false, 1, (3, 0, 0), false);
        check(false, 1, (3, 0, 1), true);
        check(false, 1, (3, 1, 0), true);
        check(false, 2, (3, 1, 0), false);
        check(true, 3, (3, 0, 0), true);
        check(true, 4, (3, 0, 3), false);
    }

    /// Shows that who has more members than there may be by now can lose some, and change others.
    #[test]
    fn what_is_there_is_not_too_much() {
        check(false, 1, (5, 1, 0), true);
        check(false, 1, (5, 2, 0), true);
        check(false, 2, (5, 1, 0), false);
        check(true, 5, (5, 0, 4), true);
        check(true, 4, (5, 0, 4), true);
        check(true, 6, (5, 0, 5), false);
    }
}
