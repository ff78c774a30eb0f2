//! Requests for users.

use super::player::{ADDRESSES, KINDS, LABELS, Player, TITLES};
use super::state::{Refusal, User, shown};
use crate::app::{ENTERPRISE, PATCH_OP, USER};
use serde_json::{Value, json};

impl Player {
    pub async fn create_user(&mut self) {
        let (mut user, with_active) = self.user();
        let body = user_body(&user, with_active);
        user.active |= !with_active;
        let expected = self.model.check_name(&user.user_name, "");
        let answer = self.app.post("/Users", body.clone()).await;
        let what = format!("POST {body}");
        if self.judge(&answer, 201, &expected, &what) {
            let id = answer.id();
            self.model.create_user(id.clone(), user);
            self.same_user(&answer.json, &id, &what);
        }
    }

    pub async fn replace_user(&mut self) {
        let id = self.user_id();
        let (mut user, with_active) = self.user();
        let body = user_body(&user, with_active);
        let before = self.model.users.get(&id).cloned();
        let (if_match, matches) = self.if_match(before.as_ref().map(|user| user.version));
        let expected = match &before {
            None => Err((404, "")),
            Some(before) => {
                user.version = before.version;
                user.active = if with_active { user.active } else { before.active };
                matches.and_then(|()| self.model.check_name(&user.user_name, &id))
            }
        };
        let answer = self.send("PUT", &format!("/Users/{id}"), &if_match, &body).await;
        let what = format!("PUT {id} {if_match} {body}");
        if self.judge(&answer, 200, &expected, &what) {
            self.model.update_user(&id, user);
            self.same_user(&answer.json, &id, &what);
        }
    }

    pub async fn patch_user(&mut self) {
        let id = self.user_id();
        let before = self.model.users.get(&id).cloned();
        let (if_match, matches) = self.if_match(before.as_ref().map(|user| user.version));
        let mut user = before.clone().unwrap_or_else(|| self.user().0);
        let mut operations = Vec::new();
        let mut applies = Ok(());
        for _ in 0..=self.dice.below(3) {
            let (operation, applied) = self.user_operation(&mut user);
            operations.push(operation);
            applies = applies.and(applied);
        }
        let expected = match before {
            None => Err((404, "")),
            Some(_) => matches.and(applies).and_then(|()| self.model.check_name(&user.user_name, &id)),
        };
        let body = json!({ "schemas": [PATCH_OP], "Operations": operations });
        let answer = self.send("PATCH", &format!("/Users/{id}"), &if_match, &body).await;
        let what = format!("PATCH {id} {if_match} {}", body["Operations"]);
        if self.judge(&answer, 200, &expected, &what) {
            self.model.update_user(&id, user);
            self.same_user(&answer.json, &id, &what);
        }
    }

    /// An operation, carried out on `user`.
    fn user_operation(&mut self, user: &mut User) -> (Value, Result<(), Refusal>) {
        let (kind, address) = (self.pick(&KINDS), self.pick(&ADDRESSES));
        let operation = match self.dice.below(10) {
            0 => {
                user.user_name = self.user_name();
                json!({ "op": "replace", "path": "userName", "value": user.user_name })
            }
            1 => {
                user.title = Some(self.pick(&TITLES).to_owned());
                json!({ "op": "add", "path": "title", "value": user.title })
            }
            2 => {
                user.title = None;
                json!({ "op": "remove", "path": "title" })
            }
            3 => {
                user.active = !user.active;
                json!({ "op": "replace", "value": { "active": user.active } })
            }
            4 => {
                user.department = self.chance(2).then(|| self.pick(&LABELS).to_owned());
                json!({ "op": "replace", "path": format!("{ENTERPRISE}:department"), "value": user.department })
            }
            5 | 6 => {
                user.add_email(kind, address);
                json!({ "op": "add", "path": "emails", "value": [{ "type": kind, "value": address }] })
            }
            7 => {
                user.emails.retain(|(other, _)| other != kind);
                json!({ "op": "remove", "path": format!("emails[type eq \"{kind}\"]") })
            }
            8 => {
                let mut emails = std::mem::take(&mut user.emails);
                let matching = emails.iter_mut().filter(|(other, _)| other == kind);
                let count = matching.map(|(_, value)| address.clone_into(value)).count();
                for (kind, value) in emails {
                    user.add_email(&kind, &value);
                }
                let operation = json!({ "op": "replace", "path": format!("emails[type eq \"{kind}\"].value"), "value": address });
                return (operation, if count == 0 { Err((400, "noTarget")) } else { Ok(()) });
            }
            _ if self.chance(3) => {
                return (json!({ "op": "replace", "path": "id", "value": "x" }), Err((400, "mutability")));
            }
            _ => {
                user.emails = vec![(kind.to_owned(), address.to_owned())];
                json!({ "op": "replace", "path": "emails", "value": { "type": kind, "value": address } })
            }
        };
        (operation, Ok(()))
    }

    /// A user as a client sends it, and whether `active` is in it.
    fn user(&mut self) -> (User, bool) {
        let title = (!self.chance(3)).then(|| self.pick(&TITLES).to_owned());
        let department = self.chance(2).then(|| self.pick(&LABELS).to_owned());
        let active = !self.chance(3);
        let mut user = User { user_name: self.user_name(), title, active, department, emails: Vec::new(), version: 1 };
        for _ in 0..self.dice.below(3) {
            user.add_email(self.pick(&KINDS), self.pick(&ADDRESSES));
        }
        (user, self.chance(2))
    }

    pub fn same_user(&self, resource: &Value, id: &str, what: &str) {
        self.agree(&shown(resource), &self.model.user_json(id), what);
        self.agree(&resource["meta"]["version"], &json!(format!("W/\"{}\"", self.model.users[id].version)), what);
        let department = self.model.users[id].department.as_ref();
        self.agree(&resource["schemas"], &department.map_or(json!([USER]), |_| json!([USER, ENTERPRISE])), what);
    }
}

fn user_body(user: &User, with_active: bool) -> Value {
    let emails: Vec<Value> = user.emails.iter().map(|(kind, value)| json!({ "type": kind, "value": value })).collect();
    let mut body = json!({ "schemas": [USER, ENTERPRISE], "userName": user.user_name, "title": user.title, "emails": emails });
    body[ENTERPRISE] = json!({ "department": user.department });
    if with_active {
        body["active"] = user.active.into();
    }
    body
}
