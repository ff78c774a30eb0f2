//! `[limits]`: how large things may be.

use super::settings::Settings;

/// `[limits]`. Past one of them a request is refused with a SCIM error, never a hang (R9, R11, R36).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Bytes of a request target.
    pub url_bytes_max: usize,
    /// Bytes of the head of a request.
    pub head_bytes_max: usize,
    /// Bytes of a request body.
    pub body_bytes_max: usize,
    /// Operations of a bulk request.
    pub bulk_operations_max: usize,
    /// Bytes of the body of a bulk request.
    pub bulk_bytes_max: usize,
    /// Levels of nesting in a JSON body.
    pub json_depth_max: usize,
    /// Elements of one list in a JSON body.
    pub json_array_len_max: usize,
    /// Members of one object in a JSON body.
    pub json_keys_max: usize,
    /// Bytes of one string in a JSON body.
    pub string_bytes_max: usize,
    /// Bytes of a filter.
    pub filter_bytes_max: usize,
    /// Levels of nesting in a filter.
    pub filter_depth_max: usize,
    /// Comparisons in a filter.
    pub filter_terms_max: usize,
    /// Operations of a PATCH request.
    pub patch_operations_max: usize,
    /// Values of one multi-valued attribute of a resource; not for memberships.
    pub values_max: usize,
    /// Memberships that one request may name.
    pub members_max: usize,
    /// Values that the operations of one PATCH request may go over in all.
    pub patch_values_max: usize,
    /// Resources of a page if the client does not say.
    pub page_size_default: u32,
    /// Resources of a page at most.
    pub page_size_max: u32,
    /// Members in a page of groups, beyond which it ends early.
    pub page_members_max: u32,
    /// Seconds for which a cursor leads on.
    pub cursor_lifetime_s: i64,
    /// How many groups deep a user's `groups` are followed (D-69).
    pub group_depth_max: u32,
    /// How often a change is tried again after a version conflict that no If-Match asked for.
    pub commit_retries_max: u32,
}

impl LimitsConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        let limits = Self {
            url_bytes_max: settings.integer("limits.url_bytes_max", 256..=65_534),
            head_bytes_max: settings.integer("limits.head_bytes_max", 8_192..=1_048_576),
            body_bytes_max: settings.integer("limits.body_bytes_max", 1_024..=1_073_741_824),
            bulk_operations_max: settings.integer("limits.bulk_operations_max", 1..=100_000),
            bulk_bytes_max: settings.integer("limits.bulk_bytes_max", 1_024..=1_073_741_824),
            // 127 is where the JSON reader itself stops.
            json_depth_max: settings.integer("limits.json_depth_max", 8..=127),
            json_array_len_max: settings.integer("limits.json_array_len_max", 1..=10_000_000),
            json_keys_max: settings.integer("limits.json_keys_max", 16..=1_000_000),
            string_bytes_max: settings.integer("limits.string_bytes_max", 256..=1_073_741_824),
            filter_bytes_max: settings.integer("limits.filter_bytes_max", 64..=1_048_576),
            // Deeper trees would need more stack than a thread surely has.
            filter_depth_max: settings.integer("limits.filter_depth_max", 1..=128),
            filter_terms_max: settings.integer("limits.filter_terms_max", 1..=10_000),
            patch_operations_max: settings.integer("limits.patch_operations_max", 1..=100_000),
            values_max: settings.integer("limits.values_max", 1..=10_000_000),
            members_max: settings.integer("limits.members_max", 1..=10_000_000),
            patch_values_max: settings.integer("limits.patch_values_max", 1_000..=1_000_000_000),
            page_size_default: settings.integer("limits.page_size_default", 1..=10_000),
            page_size_max: settings.integer("limits.page_size_max", 1..=10_000),
            page_members_max: settings.integer("limits.page_members_max", 1..=100_000_000),
            cursor_lifetime_s: settings.integer("limits.cursor_lifetime_s", 1..=604_800),
            group_depth_max: settings.integer("limits.group_depth_max", 1..=100),
            commit_retries_max: settings.integer("limits.commit_retries_max", 0..=100),
        };
        if limits.page_size_default > limits.page_size_max {
            settings.fault("limits.page_size_default", format!("must not exceed limits.page_size_max, {}", limits.page_size_max));
        }
        if limits.url_bytes_max > limits.head_bytes_max {
            settings.fault("limits.url_bytes_max", format!("must not exceed limits.head_bytes_max, {}", limits.head_bytes_max));
        }
        limits
    }
}
