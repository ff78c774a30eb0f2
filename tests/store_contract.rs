//! The contract of `scimd::store::Store`, as cases that hold on every back end.
//!
//! A case is a generic async function over a [`Fixture`](contract::fixture::Fixture); `contract!` makes one test of each
//! case for one back end. A back end adds a file with its fixture beside `sqlite.rs` in `tests/support/store_contract/`
//! and one line `contract!(...)` at the end of this file.

#[path = "support/store_contract/mod.rs"]
mod contract;

/// One `#[tokio::test]` per case, for the back end that `$fixture` opens.
macro_rules! contract {
    ($backend:ident, $fixture:ty) => {
        contract!(@cases $backend, $fixture,
            resources: [
                a_created_resource_is_read_as_it_was_written,
                of_many_creates_with_one_unique_value_one_wins,
                an_update_moves_document_version_and_index,
                last_modified_never_goes_back,
                a_commit_that_expects_another_version_is_refused,
                a_commit_on_what_is_not_there_is_refused,
                a_unique_value_is_free_again_when_its_holder_drops_it_or_goes,
                an_update_that_changes_nothing_leaves_no_trace,
                a_password_is_kept_apart_from_the_document,
                every_version_has_one_event,
                directories_do_not_see_each_other,
            ],
            life_cycles: [
                a_resource_is_changed_for_its_source_only,
                what_is_held_moves_the_version,
                what_is_barred_is_not_created,
                an_id_that_was_deleted_is_created_once_only,
                what_is_kept_has_its_document_until_it_is_forgotten,
                a_resource_that_came_back_under_its_id_is_deleted_again,
                a_bar_is_lifted_for_its_own_type_and_directory,
                a_change_of_an_operator_and_its_record_are_one,
                a_roll_has_those_of_one_standing_by_id,
            ],
            members: [
                member_deltas_of_many_callers_all_arrive,
                clearing_keeps_the_members_that_are_added,
                an_unknown_member_undoes_the_whole_change,
                a_membership_change_checks_the_version_only_if_one_is_given,
                deleting_a_member_moves_its_groups,
                members_are_paged_by_id,
                memberships_reach_through_groups_and_end_in_cycles,
                a_reference_shows_the_display_name,
            ],
            search: [
                pages_walk_all_resources_of_a_type_by_id,
                a_filter_selects_and_counts,
                sorting_puts_resources_in_the_order_of_an_attribute,
            ],
            listing: [
                a_listing_has_all_types_in_one_order,
                a_listing_goes_on_behind_a_place_whatever_came_and_went,
                walking_a_listing_shows_each_resource_once,
                each_type_of_a_listing_has_its_own_filter,
            ],
            operator: [
                directories_are_created_once_and_listed_by_name,
                a_directory_changes_only_from_the_revision_that_was_read,
                a_token_is_found_by_its_secret_and_by_the_one_of_before,
                the_name_of_a_revoked_token_is_free,
                a_token_is_changed_and_deleted_in_its_own_directory_only,
                no_more_tokens_are_in_use_than_may_be_whoever_asks_at_once,
                tokens_that_expire_are_found_and_warned_of_once,
                uses_of_tokens_add_up,
                a_token_is_found_by_its_number_in_its_own_directory_only,
                an_assertion_is_taken_once_by_whichever_replica,
                an_account_takes_its_keys_with_it,
                what_is_done_is_on_record_and_what_is_refused_is_not,
                the_record_is_one_chain_whoever_writes_it,
                the_first_secret_of_a_directory_is_everybodys,
            ],
            definitions: [
                definitions_change_together_and_move_the_revision,
                index_rows_are_written_for_the_version_they_were_made_of,
                a_change_by_the_schemas_of_before_is_refused,
                work_on_an_index_by_the_schemas_of_before_is_refused,
            ],
            global_values: [
                a_global_value_is_taken_in_all_directories,
                a_value_that_is_not_global_is_its_directorys_own,
                a_global_value_is_free_again_when_its_holder_drops_it_or_goes,
                of_creates_in_many_directories_with_one_global_value_one_wins,
                stored_values_become_global_and_free_again,
                an_import_takes_no_global_value_of_another_directory,
            ],
            durability: [
                what_was_committed_is_there_after_reopening,
                a_dropped_commit_happens_wholly_or_not_at_all,
                closing_finishes_what_was_begun,
                migrating_again_from_several_replicas_at_once_changes_nothing,
            ],
        );
    };
    (@cases $backend:ident, $fixture:ty, $($topic:ident: [$($case:ident,)*],)*) => {
        mod $backend {
            use crate::contract::fixture::Fixture as _;
            $(mod $topic {
                use super::*;
                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $case() {
                        let mut fixture = <$fixture>::open().await;
                        crate::contract::$topic::$case(&mut fixture).await;
                    }
                )*
            })*
        }
    };
}

contract!(sqlite, crate::contract::sqlite::SqliteFixture);
contract!(postgres, crate::contract::postgres::PostgresFixture);
