//! Texts made to exhaust something (R9, R10): refused, fast, on a small stack.

use super::{parse, user};
use crate::scim::filter::{Filter, FilterOptions, parse_path};
use crate::scim::{ErrorKind, Tolerance};
use std::time::{Duration, Instant};

const STACK_BYTES: usize = 256 * 1024;
/// Far more than any of these needs, so that a slow and busy machine passes and a parser that is quadratic in a megabyte
/// does not.
const PATIENCE: Duration = Duration::from_secs(30);

/// Limits so wide that only depth refuses.
fn long_texts() -> FilterOptions {
    FilterOptions { text_bytes_max: 100_000_000, terms_max: 1_000_000, ..FilterOptions::default() }
}

/// Runs on a stack that a recursion without bound overflows, which ends the whole process.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).expect("a thread").join().expect("no panic");
}

#[track_caller]
fn check_refused(text: &str, options: &FilterOptions, part_of_detail: &str) {
    let start = Instant::now();
    let error = Filter::parse(text, options).expect_err("refused");
    assert_eq!(error.kind, ErrorKind::InvalidFilter);
    assert!(error.detail.contains(part_of_detail), "{}", error.detail);
    assert!(error.detail.len() < 300, "{} bytes of detail", error.detail.len());
    assert!(start.elapsed() < PATIENCE);
}

/// Shows P-3.4.2.2-32.
#[test]
fn deep_nesting_is_refused_on_a_small_stack() {
    on_a_small_stack(|| {
        for opening in ["(", "not (", "not(", "( ", "a pr and (", "a pr or not ("] {
            let text = opening.repeat(10_000);
            check_refused(&text, &FilterOptions::default(), if text.len() > 16_384 { "16384 are allowed" } else { "deeper" });
            check_refused(&text, &long_texts(), "nested deeper than 32");
            let error = parse_path(&format!("a[{text}"), &long_texts()).expect_err("refused");
            assert_eq!(error.kind, ErrorKind::InvalidFilter);
        }
    });
}

#[test]
fn the_deepest_filter_allowed_fits_a_small_stack() {
    on_a_small_stack(|| {
        let nested = |depth: usize| {
            let opening = "title pr or nickName pr and not (".repeat(depth - 1);
            format!("{opening}emails[type pr]{}", ")".repeat(depth - 1))
        };
        let filter = parse(&nested(32)).expect("at the limit");
        assert_eq!(parse(&filter.to_string()), Ok(filter.clone()));
        let resolved = filter.resolve(&user(), &Tolerance::default()).expect("resolves");
        assert!(!resolved.clone().matches(&serde_json::Map::new()));
        let error = parse(&nested(33)).expect_err("beyond the limit");
        assert!(error.detail.contains("nested deeper than 32"), "{}", error.detail);
    });
}

#[test]
fn a_deep_filter_that_fails_at_its_end_is_dropped_safely() {
    on_a_small_stack(|| check_refused(&format!("{}a bad 1", "a pr or not (".repeat(32)), &FilterOptions::default(), "bad"));
}

#[test]
fn terms_are_counted() {
    let chain = |terms: usize| vec!["a pr"; terms].join(" or ");
    assert!(matches!(parse(&chain(500)), Ok(Filter::Or(terms)) if terms.len() == 500));
    check_refused(&chain(501), &FilterOptions::default(), "more than 500 comparisons");
    check_refused(&chain(10_000), &FilterOptions { text_bytes_max: 1_000_000, ..FilterOptions::default() }, "more than 500");
    check_refused(&chain(10_000), &FilterOptions::default(), "16384 are allowed");
    let inside = format!("e[{}].a pr", chain(500));
    check_refused(&inside, &FilterOptions::default(), "more than 500 comparisons");
}

#[test]
fn bytes_are_counted() {
    let text = |bytes: usize| format!("a eq \"{}\"", "x".repeat(bytes - 7));
    assert!(parse(&text(16_384)).is_ok());
    check_refused(&text(16_385), &FilterOptions::default(), "the filter has 16385 bytes; 16384 are allowed");
    check_refused(&text(1_000_000), &FilterOptions::default(), "16384 are allowed");
    let error = parse_path(&text(1_000_000), &FilterOptions::default()).expect_err("refused");
    assert_eq!(error.kind, ErrorKind::InvalidPath);
}

#[test]
fn a_megabyte_of_anything_is_read_in_linear_time() {
    const BYTES: usize = 1_000_000;
    let string = format!("a eq \"{}\"", "\\\\".repeat(BYTES / 2));
    let start = Instant::now();
    assert!(Filter::parse(&string, &long_texts()).is_ok());
    assert!(start.elapsed() < PATIENCE);
    for unit in [" ", "\"", "\\", ".", "a.", "[", "]", "a", "0", "é", "\u{10ffff}", "a eq 1 ", "a pr and ", "a[b pr]."] {
        let text = unit.repeat(BYTES / unit.len());
        check_refused(&text, &long_texts(), "filter position");
        check_refused(&format!("a eq {text}"), &long_texts(), "filter position");
        check_refused(&format!("a eq \"{text}x"), &long_texts(), "filter position");
    }
}
