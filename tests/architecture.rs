//! Holds `src/` to the house's rules: who may use whom, who may know which library.

use std::fs;
use std::path::{Path, PathBuf};

/// The top-level modules in reading order: a module may use those of its own line and of the lines above.
const ORDER: &[&[&str]] = &[
    &["id", "clock", "config"],
    &["metrics", "telemetry"],
    &["scim"],
    &["store"],
    &["auth"],
    &["directory"],
    &["admin"],
    &["http"],
    &["server"],
    &["app"],
    &["cli"],
];

/// Libraries that only some modules may name, because a change of the library must end there.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("axum", &["http"]),
    ("sqlx", &["store"]),
    ("clap", &["cli"]),
    ("hyper", &["http", "server"]),
    ("ring", &["auth", "directory"]),
    ("jsonwebtoken", &["auth"]),
    ("tokio_rustls", &["server"]),
    ("prometheus_client", &["metrics"]),
    ("opentelemetry", &["telemetry"]),
    ("opentelemetry_sdk", &["telemetry"]),
];

#[test]
fn modules_use_only_what_stands_above_them() {
    let mut violations = Vec::new();
    for (module, path, text) in sources() {
        let Some(level) = level(&module) else {
            violations.push(format!("{}: the module {module} is not in the reading order of this test", path.display()));
            continue;
        };
        for used in used_modules(&text) {
            match self::level(&used) {
                Some(of_used) if of_used > level || (of_used == level && used != module) && level > 0 => {
                    violations.push(format!("{}: {module} uses {used}, which stands below it", path.display()));
                }
                Some(_) => {}
                None => violations.push(format!("{}: uses crate::{used}, which is not in the reading order", path.display())),
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn libraries_are_known_where_they_belong() {
    let mut violations = Vec::new();
    for (module, path, text) in sources() {
        for (library, modules) in LIBRARIES {
            if code_lines(&text).any(|line| names(line, library)) && !modules.contains(&module.as_str()) {
                violations.push(format!("{}: names {library}", path.display()));
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

/// Whether a line has a path into the library. In quotes it is the target of a log line, behind a letter another name.
fn names(line: &str, library: &str) -> bool {
    let path = format!("{library}::");
    line.match_indices(&path)
        .any(|(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric() || "_\"".contains(before)))
}

#[test]
fn the_language_of_the_rfcs_is_pure() {
    const IMPURE: &[&str] = &[
        "async fn",
        ".await",
        "std::fs",
        "std::net",
        "std::env",
        "SystemTime::now",
        "Utc::now",
        "Instant::now",
        "tokio::",
        "tracing::",
        "getrandom",
    ];
    let mut violations = Vec::new();
    for (module, path, text) in sources() {
        if module != "scim" {
            continue;
        }
        for impure in IMPURE {
            if code_lines(&text).any(|line| line.contains(impure)) {
                violations.push(format!("{}: {impure}", path.display()));
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn only_config_and_cli_read_the_environment() {
    let violations: Vec<String> = sources()
        .filter(|(module, _, text)| {
            !["config", "cli", "main"].contains(&module.as_str()) && code_lines(text).any(|line| line.contains("env::var"))
        })
        .map(|(_, path, _)| path.display().to_string())
        .collect();
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn every_statement_on_tenant_tables_names_the_directory() {
    const TABLES: &[&str] = &[
        "resources",
        "members",
        "attribute_values",
        "substrings",
        "counters",
        "events",
        "tokens",
        "directory_keys",
        "definitions",
        "used_assertions",
        "tombstones",
    ];
    // The one look-up that finds out which Directory a request is for; the rows of SQLite's full-text index, which have
    // nothing but the number of a resource; and the search compiler, whose own tests check the finished text of its
    // statements.
    const EXCEPTIONS: &[&str] = &["digest", "substrings_due", "{condition}", "{rows}", "from attribute_values {alias} where {}"];
    let mut violations = Vec::new();
    for (module, path, text) in sources() {
        if module != "store" {
            continue;
        }
        for literal in sql_literals(&text) {
            let lower = literal.to_lowercase();
            let touches = TABLES.iter().any(|table| {
                ["from ", "into ", "update ", "join "].iter().any(|verb| {
                    lower.find(&format!("{verb}{table}")).is_some_and(|at| {
                        !lower[at + verb.len() + table.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_')
                    })
                })
            });
            if touches && !lower.contains("directory_id") && !EXCEPTIONS.iter().any(|word| lower.contains(word)) {
                violations.push(format!("{}: {}", path.display(), literal.split_whitespace().collect::<Vec<_>>().join(" ")));
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn a_statement_looks_into_other_directories_for_global_values_alone() {
    let mut found = 0;
    for (_, path, text) in sources() {
        for literal in sql_literals(&text).iter().filter(|literal| literal.contains("directory_id <>")) {
            let looks = literal.matches("directory_id <>").count();
            assert_eq!(
                looks,
                literal.matches("is_global OFFSET 0").count() + literal.matches("is_global = 1").count(),
                "{}",
                path.display()
            );
            found += 1;
        }
    }
    assert!(found > 0, "the statements were not found");
}

fn level(module: &str) -> Option<usize> {
    ORDER.iter().position(|line| line.contains(&module))
}

/// Each source file but `lib.rs` and `main.rs`, with the top-level module that it belongs to and its text without tests.
fn sources() -> impl Iterator<Item = (String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 20, "the sources were not found");
    files.into_iter().filter_map(move |path| {
        let relative = path.strip_prefix(&root).ok()?;
        let module = relative.components().next()?.as_os_str().to_str()?.trim_end_matches(".rs").to_owned();
        let test_file = relative.file_name().is_some_and(|name| name == "tests.rs");
        if ["lib", "main"].contains(&module.as_str())
            || test_file
            || relative.components().any(|part| part.as_os_str() == "tests")
        {
            return None;
        }
        let text = fs::read_to_string(&path).ok()?;
        let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
        Some((module, path, text))
    })
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src is readable") {
        let path = entry.expect("src is readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"))
}

fn used_modules(text: &str) -> Vec<String> {
    code_lines(text)
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(|next| next.is_alphanumeric() || *next == '_').collect::<String>())
        .filter(|name| !name.is_empty())
        .collect()
}

/// String literals that hold a statement.
fn sql_literals(text: &str) -> Vec<String> {
    let mut literals = Vec::new();
    let mut current = String::new();
    let mut inside = false;
    let mut escaped = false;
    for character in code_lines(text).collect::<Vec<_>>().join("\n").chars() {
        match (inside, character) {
            (true, '\\') if !escaped => escaped = true,
            (true, '"') if !escaped => {
                inside = false;
                literals.push(std::mem::take(&mut current));
            }
            (true, other) => {
                escaped = false;
                current.push(other);
            }
            (false, '"') => inside = true,
            (false, _) => {}
        }
    }
    literals.retain(|literal| ["SELECT ", "INSERT ", "UPDATE ", "DELETE "].iter().any(|verb| literal.contains(verb)));
    literals
}
