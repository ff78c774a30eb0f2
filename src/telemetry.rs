//! The log: lines of text or JSON on standard error. And [`traces`], if they are wanted.

pub mod traces;

pub use traces::Traces;

use crate::config::{LogConfig, LogFormat};
use std::io::{self, IsTerminal as _, Write};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

/// Starts the log of this process. Called once; a later call changes nothing.
pub fn start(config: &LogConfig) {
    start_with(config, None);
}

/// Starts the log and the traces of this process.
///
/// Statements of the database driver are never logged: their values are people's data (R31).
pub fn start_with(config: &LogConfig, traces: Option<&Traces>) {
    let off = |target: &str| format!("{target}=off").parse().expect("a directive");
    let filter = EnvFilter::try_new(&config.level)
        .unwrap_or_else(|_| EnvFilter::new("info"))
        .add_directive(off("sqlx::query"))
        .add_directive(off(traces::TARGET));
    let json = match config.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !io::stderr().is_terminal(),
    };
    let lines = tracing_subscriber::fmt::layer()
        // No colours: a line holds no escape sequence at all, so none can come from a client either.
        .with_ansi(false)
        // It would complain about a lost line on standard error, and panic if that is what is lost.
        .log_internal_errors(false)
        .with_writer(OneLine(io::stderr));
    let lines = if json { lines.json().flatten_event(true).boxed() } else { lines.boxed() };
    let subscriber = tracing_subscriber::registry().with(lines.with_filter(filter)).with(traces.map(Traces::layer));
    // It fails only if there is a subscriber already.
    let _ = subscriber.try_init();
}

/// Makes writers whose every `write` is one line: control characters in it are escaped (R32).
struct OneLine<M>(M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for OneLine<M> {
    type Writer = OneLineWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        OneLineWriter(self.0.make_writer())
    }
}

struct OneLineWriter<W>(W);

impl<W: Write> Write for OneLineWriter<W> {
    /// Takes a whole line, as the subscriber hands it over, with its line feed.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        self.0.write_all(escape_controls(text.strip_suffix('\n').unwrap_or(&text)).as_bytes())?;
        self.0.write_all(b"\n")?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A line with its control characters and line separators as JSON escapes them, `\u001b` for ESC; a line of JSON stays the same JSON.
pub fn escape_controls(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len() + 1);
    for character in line.chars() {
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            escaped.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(json: bool, log: impl FnOnce()) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(OneLine(move || writer.clone()));
        if json {
            tracing::subscriber::with_default(subscriber.json().flatten_event(true).finish(), log);
        } else {
            tracing::subscriber::with_default(subscriber.finish(), log);
        }
        let bytes = kept.0.lock().expect("not poisoned").clone();
        String::from_utf8(bytes).expect("UTF-8")
    }

    const HOSTILE: &str = "a\u{1b}[31mb\r\nforged line\u{9b}c\u{2028}d";

    #[test]
    fn an_event_is_one_line_whatever_it_holds() {
        for json in [false, true] {
            let text = logged(json, || tracing::info!(field = HOSTILE, shown = %HOSTILE, "{HOSTILE}"));
            assert_eq!(text.matches('\n').count(), 1, "{text:?}");
            assert!(text.ends_with('\n'));
            assert!(!text.trim_end_matches('\n').chars().any(char::is_control), "{text:?}");
        }
    }

    #[test]
    fn a_json_line_reads_as_json_with_the_characters_as_they_were() {
        let text = logged(true, || tracing::info!(field = HOSTILE, "message"));
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["field"], HOSTILE);
        assert_eq!(value["message"], "message");
    }
}
