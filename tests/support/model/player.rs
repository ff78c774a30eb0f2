//! Random requests, each sent to the server and made of the model, and the two compared.

use super::state::{Model, Refusal};
use crate::app::{Answer, App};
use crate::dice::Dice;
use serde_json::Value;
use std::fmt::Debug;

pub const NAMES: [&str; 8] = ["ada", "Bob", "cy", "dee", "Eve", "fay", "gus", "hal"];
pub const TITLES: [&str; 3] = ["Guide", "Clerk", "guide"];
pub const KINDS: [&str; 3] = ["work", "home", "other"];
pub const ADDRESSES: [&str; 4] = ["a@example.com", "b@example.com", "c@example.org", "A@example.com"];
pub const LABELS: [&str; 4] = ["Staff", "Guests", "staff", "Tour Guides"];

/// A client with the model of what it has done.
pub struct Player {
    pub app: App,
    pub dice: Dice,
    pub model: Model,
    pub seed: u64,
    pub step: usize,
}

impl Player {
    pub fn new(app: App, seed: u64) -> Self {
        Self { app, dice: Dice::new(seed), model: Model::default(), seed, step: 0 }
    }

    /// Makes one random request.
    pub async fn play(&mut self) {
        self.step += 1;
        match self.dice.below(20) {
            0..3 => self.create_user().await,
            3..5 => self.replace_user().await,
            5..9 => self.patch_user().await,
            9 => self.delete().await,
            10 => self.create_group().await,
            11 => self.replace_group().await,
            12..16 => self.patch_group().await,
            16 => self.read().await,
            _ => self.search().await,
        }
    }

    /// Asserts that server and model agree, or says by which seed they do not.
    #[track_caller]
    pub fn agree<T: PartialEq + Debug>(&self, server: &T, model: &T, what: &str) {
        let Self { seed, step, .. } = self;
        assert!(server == model, "step {step} of MODEL_SEED={seed}: {what}\nserver: {server:#?}\nmodel: {model:#?}");
    }

    pub fn chance(&mut self, one_in: u64) -> bool {
        self.dice.below(one_in) == 0
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[usize::try_from(self.dice.below(from.len() as u64)).expect("small")]
    }

    fn pick_id(&mut self, ids: Vec<String>) -> String {
        let gone = self.model.gone.last().cloned().unwrap_or_else(|| "00000000-0000-4000-8000-000000000000".into());
        if ids.is_empty() || self.chance(15) {
            return gone;
        }
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.pick(&ids).to_owned()
    }

    pub fn user_id(&mut self) -> String {
        self.pick_id(self.model.users.keys().cloned().collect())
    }

    pub fn group_id(&mut self) -> String {
        self.pick_id(self.model.groups.keys().cloned().collect())
    }

    pub fn user_name(&mut self) -> String {
        let name = self.pick(&NAMES);
        if self.chance(3) { name.to_uppercase() } else { name.to_owned() }
    }

    /// Sometimes an If-Match: the right one, or a wrong one, with which nothing may happen.
    pub fn if_match(&mut self, version: Option<u64>) -> (String, Result<(), Refusal>) {
        match (self.dice.below(12), version) {
            (0, _) => ("W/\"1000000\"".into(), Err((412, ""))),
            (1..3, Some(version)) => (format!("W/\"{version}\""), Ok(())),
            _ => (String::new(), Ok(())),
        }
    }

    pub async fn send(&self, method: &str, path: &str, if_match: &str, body: &Value) -> Answer {
        self.app.send(method, path, &[("if-match", if_match)], body.to_string()).await
    }

    /// Asserts the status that the model expects, and says whether it is a success.
    pub fn judge(&self, answer: &Answer, success: u16, expected: &Result<(), Refusal>, what: &str) -> bool {
        let (status, scim_type) = expected.err().unwrap_or((success, ""));
        let server = (answer.status.as_u16(), answer.json.get("scimType").and_then(Value::as_str).unwrap_or_default());
        self.agree(&server, &(status, scim_type), &format!("{what}\n{:#}", answer.json));
        expected.is_ok()
    }
}
