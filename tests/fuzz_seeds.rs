//! What the fuzz targets check, on the seeds that they begin with: `fuzz/` says what, CONTRIBUTING.md how to go on from here.
//!
//! With `FUZZ_CORPUS=1` the seeds are written to `fuzz/corpus/`, where `cargo fuzz` looks for them.

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use fuzz::seeds::seeds;
use std::path::Path;

/// Runs `check` on all seeds of the target, of which there are at least `count_min`.
fn check_seeds(target: &str, count_min: usize, check: fn(&[u8])) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let seeds = seeds(target, root);
    assert!(seeds.len() >= count_min, "{} seeds", seeds.len());
    let corpus = std::env::var_os("FUZZ_CORPUS").map(|_| root.join("fuzz/corpus").join(target));
    for (number, seed) in seeds.iter().enumerate() {
        if let Some(corpus) = &corpus {
            std::fs::create_dir_all(corpus).expect("a folder can be made");
            std::fs::write(corpus.join(format!("seed-{number:04}")), seed).expect("a file can be written");
        }
        check(seed);
    }
}

#[test]
fn filters_hold_their_laws() {
    check_seeds("filter", 190, fuzz::filter::check);
}

#[test]
fn paths_hold_their_laws() {
    check_seeds("path", 80, fuzz::path::check);
}

#[test]
fn patch_documents_hold_their_laws() {
    check_seeds("patch", 150, fuzz::patch::check);
}

#[test]
fn bulk_bodies_hold_their_laws() {
    check_seeds("bulk", 5, fuzz::bulk::check);
}

#[test]
fn cursors_hold_their_laws() {
    check_seeds("cursor", 3, fuzz::cursor::check);
}

#[test]
fn definitions_hold_their_laws() {
    check_seeds("schema", 8, fuzz::schema::check);
}
