//! What is printed: results on standard output, words for people on standard error.
//!
//! Stored values can hold what a terminal would obey; control characters are shown as `\u001b` (R32).

use crate::telemetry::escape_controls;
use serde_json::Value;
use std::io::{self, Write as _};

/// Writes one line of a result.
///
/// # Errors
/// Those of writing; the reader may be gone.
pub fn line(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", escape_controls(text))?;
    stdout.flush()
}

/// Writes lines for a person. If nobody hears them, that is no failure.
pub fn note(text: &str) {
    let mut stderr = io::stderr().lock();
    for line in text.lines() {
        let _ = writeln!(stderr, "{}", escape_controls(line));
    }
}

/// Writes a result as JSON, indented.
///
/// # Errors
/// Those of writing.
pub fn json(value: &Value) -> io::Result<()> {
    indented(value).iter().try_for_each(|text| line(text))
}

/// Writes rows in columns as wide as their widest value, below `names` if there are any.
///
/// # Errors
/// Those of writing.
pub fn table<const N: usize>(names: Option<[&str; N]>, rows: &[[String; N]]) -> io::Result<()> {
    let names = names.map(|names| names.map(str::to_owned));
    let rows: Vec<[String; N]> = names.iter().chain(rows).map(|row| row.clone().map(|value| escape_controls(&value))).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(value, width)| format!("{value:width$}")).collect();
        line(cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// Writes names and values, one pair a line.
///
/// # Errors
/// Those of writing.
pub fn pairs(pairs: &[(&str, String)]) -> io::Result<()> {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    pairs.iter().try_for_each(|(name, value)| line(&format!("{name:width$}  {value}")))
}

/// A JSON array that is written element by element, so that it may be longer than memory.
#[derive(Debug, Default)]
pub struct JsonArray {
    any: bool,
}

impl JsonArray {
    /// Writes one element.
    ///
    /// # Errors
    /// Those of writing.
    pub fn push(&mut self, value: &Value) -> io::Result<()> {
        // The comma that ends the element before stands here, where it is known that one follows.
        let mut margin = if self.any { ", " } else { "[ " };
        self.any = true;
        for text in indented(value) {
            line(&format!("{margin}{text}"))?;
            margin = "  ";
        }
        Ok(())
    }

    /// Writes the end.
    ///
    /// # Errors
    /// Those of writing.
    pub fn end(self) -> io::Result<()> {
        line(if self.any { "]" } else { "[]" })
    }
}

fn indented(value: &Value) -> Vec<String> {
    // The alternate form of a JSON value is the indented one, and cannot fail.
    format!("{value:#}").lines().map(str::to_owned).collect()
}
