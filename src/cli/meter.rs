//! How far a long command is, said on standard error.

use crate::admin::transfer::Progress;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How often a terminal is told.
const TERMINAL_PERIOD: Duration = Duration::from_millis(200);

/// How often a log is told.
const LOG_PERIOD: Duration = Duration::from_secs(10);

/// Says now and then how far a command is: on a terminal in one line that is written over, else in a line each ten seconds.
pub struct Meter {
    what: &'static str,
    /// How many resources there are in all, if that is known.
    total: Option<u64>,
    terminal: bool,
    started: Instant,
    said: Instant,
    /// Whether there is a line to be wiped.
    open: bool,
}

impl Meter {
    /// For what is done, as `Exported`.
    pub fn new(what: &'static str, total: Option<u64>) -> Self {
        let now = Instant::now();
        Self { what, total, terminal: io::stderr().is_terminal(), started: now, said: now, open: false }
    }

    /// Hears how far it is.
    pub fn hear(&mut self, progress: Progress) {
        let period = if self.terminal { TERMINAL_PERIOD } else { LOG_PERIOD };
        if self.said.elapsed() < period {
            return;
        }
        self.said = Instant::now();
        let text = self.text(progress);
        // If nobody hears it, that is no failure.
        let _ = match self.terminal {
            true => write!(io::stderr(), "\r{text}\u{1b}[K"),
            false => writeln!(io::stderr(), "{text}"),
        };
        self.open = self.terminal;
    }

    /// Wipes the line.
    pub fn end(self) {
        if self.open {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }

    fn text(&self, progress: Progress) -> String {
        let Progress { resources, members } = progress;
        let of = self.total.map(|total| format!(" of {total}")).unwrap_or_default();
        let seconds = self.started.elapsed().as_secs();
        format!("{}: {resources}{of} resources, {members} memberships, {seconds} s", self.what)
    }
}
