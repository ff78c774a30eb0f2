//! One line of the doctor's report.

use serde_json::{Value, json};

/// What was found about one subject.
#[derive(Debug)]
pub struct Finding {
    subject: &'static str,
    state: State,
    says: String,
    /// How to mend it.
    pub advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    Warning,
    Problem,
}

impl Finding {
    /// All is well.
    pub fn ok(subject: &'static str, says: String) -> Self {
        Self { subject, state: State::Ok, says, advice: None }
    }

    /// The server works, but somebody should look at this.
    pub fn warning(subject: &'static str, says: String, advice: &str) -> Self {
        Self { subject, state: State::Warning, says, advice: Some(advice.to_owned()) }
    }

    /// The server does not work.
    pub fn problem(subject: &'static str, says: String, advice: &str) -> Self {
        Self { subject, state: State::Problem, says, advice: Some(advice.to_owned()) }
    }

    /// Whether the server does not work.
    pub fn is_problem(&self) -> bool {
        self.state == State::Problem
    }

    /// For people; the advice goes on a line of its own.
    pub fn line(&self) -> String {
        format!("{:7}  {}: {}", self.word(), self.subject, self.says)
    }

    /// For programs.
    pub fn describe(&self) -> Value {
        json!({ "subject": self.subject, "state": self.word(), "says": self.says, "advice": self.advice })
    }

    fn word(&self) -> &'static str {
        match self.state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Problem => "problem",
        }
    }
}
