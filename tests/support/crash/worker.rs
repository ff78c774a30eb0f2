//! A client that writes, and remembers what was acknowledged.

use crate::SECRET;
use crate::dice::Dice;
use crate::process::Connection;
use serde_json::{Value, json};
use std::io;

/// A user as acknowledged. Each change writes one number into several attributes: they are equal, or a change is half there.
#[derive(Debug, Clone)]
pub struct User {
    pub name: String,
    pub id: String,
    pub number: u64,
    pub version: u64,
}

impl User {
    /// The request that makes the user what it is.
    pub fn body(&self) -> Value {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": self.name,
            "externalId": format!("x-{}", self.name),
            "name": { "familyName": format!("family {}", self.number) },
            "title": format!("title {}", self.number),
            "emails": [{ "type": "work", "value": format!("{}.{}@example.com", self.name, self.number) }],
        })
    }

    fn operations(&self) -> Value {
        let body = self.body();
        json!([
            { "op": "replace", "path": "name.familyName", "value": body["name"]["familyName"] },
            { "op": "replace", "path": "title", "value": body["title"] },
            { "op": "replace", "path": "emails[type eq \"work\"].value", "value": body["emails"][0]["value"] },
        ])
    }
}

/// The change whose answer did not come.
#[derive(Debug)]
enum Doubt {
    Create(String),
    Change(usize),
    Delete(usize),
    Members(Vec<String>),
    Everyone(String),
}

/// A client and its ledger. What it writes, no other writes, except the members of the group that all share.
pub struct Worker {
    number: usize,
    dice: Dice,
    created: usize,
    pub users: Vec<User>,
    /// Names and ids of those that were deleted.
    pub gone: Vec<(String, String)>,
    /// Its own group.
    pub group: String,
    pub group_version: u64,
    pub members: Vec<String>,
    /// The group that all share, and whom this one has put in.
    everyone: String,
    pub in_everyone: Vec<String>,
    doubt: Option<Doubt>,
}

impl Worker {
    pub fn new(number: usize, seed: u64, group: String, everyone: String) -> Self {
        Self {
            number,
            dice: Dice::new(seed + number as u64),
            created: 0,
            users: Vec::new(),
            gone: Vec::new(),
            group,
            group_version: 1,
            members: Vec::new(),
            everyone,
            in_everyone: Vec::new(),
            doubt: None,
        }
    }

    pub fn in_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// Makes one change. An error: its answer did not come, and it is in doubt.
    pub fn step(&mut self, connection: &mut Connection) -> io::Result<()> {
        let free = || self.users.iter().filter(|user| !self.members.contains(&user.id) && !self.in_everyone.contains(&user.id));
        match self.dice.below(10) {
            0 | 1 if !self.users.is_empty() => {
                let at = self.pick();
                self.change(connection, at, "PATCH")?;
            }
            2 if !self.users.is_empty() => {
                let at = self.pick();
                self.change(connection, at, "PUT")?;
            }
            3 | 4 if free().count() >= 3 => {
                let ids: Vec<String> = free().take(3).map(|user| user.id.clone()).collect();
                self.doubt = Some(Doubt::Members(ids.clone()));
                connection.send("PATCH", &format!("/Groups/{}", self.group), Some(&add(&ids)))?.expect(204);
                self.members.extend(ids);
                self.group_version += 1;
            }
            5 if free().count() > 0 => {
                let id = free().next().expect("counted").id.clone();
                self.doubt = Some(Doubt::Everyone(id.clone()));
                let path = format!("/Groups/{}", self.everyone);
                connection.send("PATCH", &path, Some(&add(std::slice::from_ref(&id))))?.expect(204);
                self.in_everyone.push(id);
            }
            6 if free().count() > 5 => {
                let id = free().next_back().expect("counted").id.clone();
                let at = self.users.iter().position(|user| user.id == id).expect("one of them");
                self.doubt = Some(Doubt::Delete(at));
                connection.send("DELETE", &format!("/Users/{id}"), None)?.expect(204);
                self.forget(at);
            }
            _ => {
                let name = format!("w{}-{}", self.number, self.created);
                self.created += 1;
                self.doubt = Some(Doubt::Create(name.clone()));
                let mut user = User { name, id: String::new(), number: 0, version: 1 };
                let mut body = user.body();
                if self.created % 8 == 1 {
                    body["password"] = SECRET.into();
                }
                user.id = connection.send("POST", "/Users", Some(&body))?.expect(201).id();
                self.users.push(user);
            }
        }
        self.doubt = None;
        Ok(())
    }

    fn pick(&mut self) -> usize {
        usize::try_from(self.dice.below(self.users.len() as u64)).expect("small")
    }

    fn change(&mut self, connection: &mut Connection, at: usize, method: &str) -> io::Result<()> {
        let mut user = self.users[at].clone();
        user.number += 1;
        user.version += 1;
        let body = match method {
            "PATCH" => json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": user.operations() }),
            _ => user.body(),
        };
        self.doubt = Some(Doubt::Change(at));
        connection.send(method, &format!("/Users/{}", user.id), Some(&body))?.expect(200);
        self.users[at] = user;
        Ok(())
    }

    fn forget(&mut self, at: usize) {
        let user = self.users.remove(at);
        self.gone.push((user.name, user.id));
    }

    /// Finds out what became of the change in doubt: it happened or it did not. [`crate::ledger::check`] sees to "wholly".
    pub fn settle(&mut self, connection: &mut Connection) {
        let mut get = |path: String| connection.send("GET", &path, None).expect("answered");
        match self.doubt.take() {
            None => {}
            Some(Doubt::Create(name)) => {
                let found = get(format!("/Users?filter=userName%20eq%20%22{name}%22")).expect(200);
                match found.json["Resources"].as_array().map(Vec::as_slice) {
                    Some([]) => {
                        // And so the name is free.
                        let user = User { name, id: String::new(), number: 0, version: 1 };
                        let id = connection.send("POST", "/Users", Some(&user.body())).expect("answered").expect(201).id();
                        self.users.push(User { id, ..user });
                    }
                    Some([user]) => {
                        let id = user["id"].as_str().expect("an id").to_owned();
                        self.users.push(User { name, id, number: 0, version: 1 });
                    }
                    _ => panic!("{:#}", found.json),
                }
            }
            Some(Doubt::Change(at)) => {
                let user = &mut self.users[at];
                let found = get(format!("/Users/{}", user.id)).expect(200);
                if found.json["title"] != user.body()["title"] {
                    user.number += 1;
                    user.version += 1;
                }
            }
            Some(Doubt::Delete(at)) => {
                let found = get(format!("/Users/{}", self.users[at].id));
                if found.status == 404 {
                    self.forget(at);
                }
            }
            Some(Doubt::Members(ids)) => {
                let found = get(format!("/Groups/{}", self.group)).expect(200);
                if super::ledger::members(&found.json).contains(&ids[0]) {
                    self.members.extend(ids);
                    self.group_version += 1;
                }
            }
            Some(Doubt::Everyone(id)) => {
                let found = get(format!("/Groups/{}", self.everyone)).expect(200);
                if super::ledger::members(&found.json).contains(&id) {
                    self.in_everyone.push(id);
                }
            }
        }
    }
}

fn add(ids: &[String]) -> Value {
    let members: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "add", "path": "members", "value": members }],
    })
}
