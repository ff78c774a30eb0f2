//! Requests for groups.

use super::player::{LABELS, Player};
use super::state::{Group, shown};
use crate::app::{GROUP, PATCH_OP};
use serde_json::{Value, json};
use std::collections::BTreeSet;

impl Player {
    pub async fn create_group(&mut self) {
        let group = self.group();
        let expected = self.model.check_members(&group.members, "");
        let body = group_body(&group);
        let answer = self.app.post("/Groups", body.clone()).await;
        let what = format!("POST {body}");
        if self.judge(&answer, 201, &expected, &what) {
            let id = answer.id();
            self.model.create_group(id.clone(), group);
            self.same_group(&answer.json, &id, &what);
        }
    }

    pub async fn replace_group(&mut self) {
        let id = self.group_id();
        let mut group = self.group();
        let before = self.model.groups.get(&id).cloned();
        let (if_match, matches) = self.if_match(before.as_ref().map(|group| group.version));
        if before.is_none() || matches.is_err() {
            // One fault at a time: which of two is told is nobody's business.
            group.members.clear();
        }
        let expected = match &before {
            None => Err((404, "")),
            Some(before) => {
                group.version = before.version;
                matches.and_then(|()| self.model.check_members(&group.members, &id))
            }
        };
        let body = group_body(&group);
        let answer = self.send("PUT", &format!("/Groups/{id}"), &if_match, &body).await;
        let what = format!("PUT {id} {if_match} {body}");
        if self.judge(&answer, 200, &expected, &what) {
            self.model.update_group(&id, group);
            self.same_group(&answer.json, &id, &what);
        }
    }

    pub async fn patch_group(&mut self) {
        let id = self.group_id();
        let before = self.model.groups.get(&id).cloned();
        let (if_match, matches) = self.if_match(before.as_ref().map(|group| group.version));
        let mut group = before.clone().unwrap_or_else(|| self.group());
        let mut operations = Vec::new();
        for _ in 0..=self.dice.below(3) {
            operations.push(self.group_operation(&mut group));
        }
        let mut expected = if before.is_some() { matches } else { Err((404, "")) };
        if expected.is_ok() && self.chance(8) {
            let nobody = if self.chance(2) { id.clone() } else { "00000000-0000-4000-8000-000000000000".into() };
            operations.push(json!({ "op": "add", "path": "members", "value": [{ "value": nobody }] }));
            expected = Err((400, "invalidValue"));
        }
        let body = json!({ "schemas": [PATCH_OP], "Operations": operations });
        let path = format!("/Groups/{id}");
        let shows = self.chance(3);
        let path = if shows { format!("{path}?excludedAttributes=nothing") } else { path };
        let answer = self.send("PATCH", &path, &if_match, &body).await;
        let what = format!("PATCH {id} {if_match} {}", body["Operations"]);
        if self.judge(&answer, if shows { 200 } else { 204 }, &expected, &what) {
            self.model.update_group(&id, group);
            let tag = format!("W/\"{}\"", self.model.groups[&id].version);
            self.agree(&answer.header("etag"), &tag.as_str(), &what);
            if shows {
                self.same_group(&answer.json, &id, &what);
            }
        }
    }

    /// An operation that succeeds, carried out on `group`.
    fn group_operation(&mut self, group: &mut Group) -> Value {
        let (one, other) = (self.user_id(), self.member_id());
        let values = json!([{ "value": one }, { "value": other }]);
        // Others cannot become members; groups in groups come by POST and PUT.
        let fit = [&one, &other].into_iter().all(|id| self.model.users.contains_key(id));
        match self.dice.below(9) {
            0..3 if fit => {
                group.members.extend([one, other]);
                json!({ "op": "add", "path": "members", "value": values })
            }
            3 if fit => {
                group.members = [one, other].into();
                json!({ "op": "replace", "path": "members", "value": values })
            }
            4 => {
                group.members.remove(&one);
                json!({ "op": "remove", "path": format!("members[value eq \"{one}\"]") })
            }
            5 => {
                group.members.retain(|id| *id != one && *id != other);
                json!({ "op": "remove", "path": "members", "value": values })
            }
            6 => {
                group.members.retain(|id| !self.model.users.contains_key(id));
                json!({ "op": "remove", "path": "members[type eq \"User\"]" })
            }
            7 if self.chance(3) => {
                group.members.clear();
                json!({ "op": "remove", "path": "members" })
            }
            _ => {
                group.display_name = self.pick(&LABELS).to_owned();
                json!({ "op": "replace", "path": "displayName", "value": group.display_name })
            }
        }
    }

    fn member_id(&mut self) -> String {
        if self.chance(6) { self.group_id() } else { self.user_id() }
    }

    fn members(&mut self) -> BTreeSet<String> {
        (0..self.dice.below(4)).map(|_| self.member_id()).collect()
    }

    fn group(&mut self) -> Group {
        Group { display_name: self.pick(&LABELS).to_owned(), members: self.members(), version: 1 }
    }

    pub fn same_group(&self, resource: &Value, id: &str, what: &str) {
        self.agree(&shown(resource), &self.model.group_json(id), what);
        self.agree(&resource["meta"]["version"], &json!(format!("W/\"{}\"", self.model.groups[id].version)), what);
    }
}

fn group_body(group: &Group) -> Value {
    let members: Vec<Value> = group.members.iter().map(|id| json!({ "value": id })).collect();
    json!({ "schemas": [GROUP], "displayName": group.display_name, "members": members })
}
