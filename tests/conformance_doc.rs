//! Keeps `docs/conformance.md` true: each requirement of RFC 7643, RFC 7644 and RFC 9865 with its state and what shows it.
//!
//! A test says what it shows in a comment line right above it: `/// Shows P-3.5.2-17, P-3.5.2-18.` A requirement that no test
//! can show, or that is not met, stands in `tests/requirements-other-7643.toml`, `-7644.toml` or `-9865.toml` with its state and
//! the reason. Each requirement has exactly one of the two, unless it is met in part. `UPDATE_DOCS=1 cargo test --test conformance_doc` writes the document anew.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Requirement {
    id: String,
    section: String,
    level: String,
    requirement: String,
}

/// A row of `tests/requirements-other-*.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    state: State,
    why: String,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// Met, by something that no test can show; the reason says by what.
    Met,
    /// Met in part; the reason says what is missing.
    Partly,
    /// Not met yet.
    Open,
    /// A MAY that is declined, or a rule for something that scimd does not have.
    NotApplicable,
    /// A Decision settles it otherwise.
    Decided,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Partly => "partly",
            Self::Open => "**open**",
            Self::NotApplicable => "not applicable",
            Self::Decided => "decided otherwise",
        }
    }
}

#[test]
fn the_document_states_what_the_tests_show() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let requirements: Vec<Requirement> =
        serde_json::from_str(&fs::read_to_string(root.join("tests/requirements.json")).expect("readable")).expect("valid");
    let others: BTreeMap<String, Other> = ["7643", "7644", "9865"]
        .iter()
        .flat_map(|rfc| {
            let path = root.join(format!("tests/requirements-other-{rfc}.toml"));
            let text = fs::read_to_string(path).expect("readable");
            toml::from_str::<BTreeMap<String, Other>>(&text).expect("valid")
        })
        .collect();
    let shown = shown_by_tests(root);

    let known: BTreeSet<&str> = requirements.iter().map(|requirement| requirement.id.as_str()).collect();
    let mut faults = Vec::new();
    for id in shown.keys().chain(others.keys()) {
        if !known.contains(id.as_str()) {
            faults.push(format!("{id} is no requirement of RFC 7643, RFC 7644 or RFC 9865"));
        }
    }
    for requirement in &requirements {
        match (shown.contains_key(&requirement.id), others.contains_key(&requirement.id)) {
            (false, false) => faults.push(format!("{}: no test shows it and no reason is given", requirement.id)),
            (true, true) if others[&requirement.id].state != State::Partly => {
                faults.push(format!("{}: a test shows it, so it needs no reason", requirement.id));
            }
            _ => {}
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));

    let document = document(&requirements, &shown, &others);
    let path = root.join("docs/conformance.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &document).expect("docs is writable");
    }
    assert!(
        fs::read_to_string(&path).is_ok_and(|text| text == document),
        "docs/conformance.md is out of date: UPDATE_DOCS=1 cargo test --test conformance_doc"
    );
}

/// Which tests show each requirement, as `file::test`.
fn shown_by_tests(root: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    collect(&root.join("tests"), &mut files);
    let mut shown: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("readable");
        let file = path.strip_prefix(root).expect("below the root").with_extension("").display().to_string();
        let mut pending: Vec<String> = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(ids) = line.strip_prefix("/// Shows ") {
                let words = ids.split([' ', ',', ':']).map(|word| word.trim_end_matches('.'));
                pending
                    .extend(words.filter(|word| ["S-", "P-", "C-"].iter().any(|rfc| word.starts_with(rfc))).map(str::to_owned));
            } else if let Some(name) = test_name(line) {
                for id in pending.drain(..) {
                    shown.entry(id).or_default().insert(format!("{file}::{name}"));
                }
            }
        }
        assert!(pending.is_empty(), "{file}: no test follows the last Shows");
    }
    shown
}

fn test_name(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
    rest.split(['(', '<']).next()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_name().is_some_and(|name| name != "conformance_doc.rs")
        {
            files.push(path);
        }
    }
}

fn document(
    requirements: &[Requirement],
    shown: &BTreeMap<String, BTreeSet<String>>,
    others: &BTreeMap<String, Other>,
) -> String {
    let mut text = String::from(
        "# Conformance\n\nEach requirement that RFC 7643 (S), RFC 7644 (P) and RFC 9865 (C) put on a service provider, its state, and the tests that show it.\n\
         Written by `tests/conformance_doc.rs` from the tests and `tests/requirements-other-*.toml`; CI fails when it is out of date.\n\n",
    );
    let count = |state: State| {
        requirements.iter().filter(|requirement| others.get(&requirement.id).is_some_and(|other| other.state == state)).count()
    };
    let tested = requirements
        .iter()
        .filter(|requirement| shown.contains_key(&requirement.id) && !others.contains_key(&requirement.id))
        .count();
    let _ = writeln!(
        text,
        "Shown by tests: {tested}. Met otherwise: {}. Partly: {}. Open: {}. Decided otherwise: {}. Not applicable: {}. All: {}.\n",
        count(State::Met),
        count(State::Partly),
        count(State::Open),
        count(State::Decided),
        count(State::NotApplicable),
        requirements.len()
    );
    text.push_str("| ID | § | Level | Requirement | State | Shown by |\n|---|---|---|---|---|---|\n");
    for requirement in requirements {
        let other = others.get(&requirement.id);
        let state = other.map_or("met", |other| other.state.word());
        let mut by: Vec<String> = shown.get(&requirement.id).into_iter().flatten().map(|test| format!("`{test}`")).collect();
        by.extend(other.map(|other| other.why.clone()));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {state} | {} |",
            requirement.id,
            requirement.section,
            requirement.level,
            requirement.requirement.replace('|', "\\|"),
            by.join("; ")
        );
    }
    text
}
