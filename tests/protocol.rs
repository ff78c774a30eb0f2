//! What RFC 7644 asks of a service provider, section by section, over HTTP and on both back ends.

#[path = "support/app.rs"]
mod app;

#[path = "protocol/answers.rs"]
mod answers;
#[path = "protocol/creating.rs"]
mod creating;
#[path = "protocol/deleting.rs"]
mod deleting;
#[path = "protocol/discovery.rs"]
mod discovery;
#[path = "protocol/errors.rs"]
mod errors;
#[path = "protocol/filter_vectors.rs"]
mod filter_vectors;
#[path = "protocol/filtering.rs"]
mod filtering;
#[path = "protocol/formats.rs"]
mod formats;
#[path = "protocol/guesses.rs"]
mod guesses;
#[path = "protocol/paging.rs"]
mod paging;
#[path = "protocol/patch_add.rs"]
mod patch_add;
#[path = "protocol/patch_remove.rs"]
mod patch_remove;
#[path = "protocol/patch_replace.rs"]
mod patch_replace;
#[path = "protocol/patch_vectors.rs"]
mod patch_vectors;
#[path = "protocol/patching.rs"]
mod patching;
#[path = "protocol/projecting.rs"]
mod projecting;
#[path = "protocol/replacing.rs"]
mod replacing;
#[path = "protocol/retrieving.rs"]
mod retrieving;
#[path = "protocol/searching.rs"]
mod searching;
#[path = "protocol/sorting.rs"]
mod sorting;
#[path = "protocol/strings.rs"]
mod strings;
#[path = "protocol/tenants.rs"]
mod tenants;
#[path = "protocol/versions.rs"]
mod versions;
