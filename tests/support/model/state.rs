//! What the server should hold: users and groups as plain maps, and what each request makes of them.

use crate::app::ENTERPRISE;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A user.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    pub user_name: String,
    pub title: Option<String>,
    pub active: bool,
    pub department: Option<String>,
    /// Type and value.
    pub emails: Vec<(String, String)>,
    pub version: u64,
}

/// A group.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub display_name: String,
    pub members: BTreeSet<String>,
    pub version: u64,
}

/// All of a Directory, by id.
#[derive(Debug, Default)]
pub struct Model {
    pub users: BTreeMap<String, User>,
    pub groups: BTreeMap<String, Group>,
    /// Ids that were somebody's.
    pub gone: Vec<String>,
    /// How many changes there were.
    pub events: i64,
}

/// A refusal: status and scimType.
pub type Refusal = (u16, &'static str);

impl User {
    /// Adds an address; one that is equal, but for letter case, takes the new spelling (D-15, D-24).
    pub fn add_email(&mut self, kind: &str, value: &str) {
        let same = |(other, known): &&mut (String, String)| other == kind && known.eq_ignore_ascii_case(value);
        match self.emails.iter_mut().find(same) {
            Some((_, known)) => value.clone_into(known),
            None => self.emails.push((kind.to_owned(), value.to_owned())),
        }
    }
}

impl Model {
    pub fn is_there(&self, id: &str) -> bool {
        self.users.contains_key(id) || self.groups.contains_key(id)
    }

    /// 409 if another user than `id` has the name.
    pub fn check_name(&self, name: &str, id: &str) -> Result<(), Refusal> {
        let is_taken = |(other, user): (&String, &User)| other != id && user.user_name.eq_ignore_ascii_case(name);
        if self.users.iter().any(is_taken) { Err((409, "uniqueness")) } else { Ok(()) }
    }

    /// 400 if one of the members is nobody, or the group `id` itself.
    pub fn check_members(&self, members: &BTreeSet<String>, id: &str) -> Result<(), Refusal> {
        let is_wrong = |member: &String| member == id || !self.is_there(member);
        if members.iter().any(is_wrong) { Err((400, "invalidValue")) } else { Ok(()) }
    }

    pub fn create_user(&mut self, id: String, user: User) {
        self.users.insert(id, user);
        self.events += 1;
    }

    pub fn create_group(&mut self, id: String, group: Group) {
        self.groups.insert(id, group);
        self.events += 1;
    }

    /// Puts a changed user in its place: a new version if it is another one.
    pub fn update_user(&mut self, id: &str, mut user: User) {
        if self.users[id] != user {
            user.version += 1;
            self.events += 1;
            self.users.insert(id.to_owned(), user);
        }
    }

    /// The same of a group.
    pub fn update_group(&mut self, id: &str, mut group: Group) {
        if self.groups[id] != group {
            group.version += 1;
            self.events += 1;
            self.groups.insert(id.to_owned(), group);
        }
    }

    /// Deletes whatever has the id, and takes it out of all groups, which is a change of them (D-41).
    pub fn delete(&mut self, id: &str) {
        self.users.remove(id);
        self.groups.remove(id);
        self.gone.push(id.to_owned());
        self.events += 1;
        for group in self.groups.values_mut() {
            if group.members.remove(id) {
                group.version += 1;
                self.events += 1;
            }
        }
    }

    /// The groups that somebody is in, and whether directly (D-69).
    pub fn groups_of(&self, id: &str) -> BTreeMap<String, bool> {
        let mut found: BTreeMap<String, bool> = BTreeMap::new();
        let mut next = vec![id.to_owned()];
        while let Some(member) = next.pop() {
            for (group, _) in self.groups.iter().filter(|(_, group)| group.members.contains(&member)) {
                let is_direct = member == id;
                if !found.contains_key(group) {
                    next.push(group.clone());
                }
                *found.entry(group.clone()).or_default() |= is_direct;
            }
        }
        found
    }

    /// A user as JSON without `id`, `meta` and `schemas`, in the form of [`shown`].
    pub fn user_json(&self, id: &str) -> Value {
        let user = &self.users[id];
        let mut object = Map::new();
        object.insert("userName".into(), json!(user.user_name));
        object.insert("active".into(), json!(user.active));
        if let Some(title) = &user.title {
            object.insert("title".into(), json!(title));
        }
        if let Some(department) = &user.department {
            object.insert(ENTERPRISE.into(), json!({ "department": department }));
        }
        if !user.emails.is_empty() {
            let emails = user.emails.iter().map(|(kind, value)| json!({ "value": value, "type": kind }));
            object.insert("emails".into(), emails.collect());
        }
        let groups: Vec<Value> =
            self.groups_of(id).into_iter().map(|(group, is_direct)| self.group_of_user(&group, is_direct)).collect();
        if !groups.is_empty() {
            object.insert("groups".into(), groups.into());
        }
        Value::Object(object)
    }

    /// A group as JSON, the same way.
    pub fn group_json(&self, id: &str) -> Value {
        let group = &self.groups[id];
        let members: Vec<Value> = group.members.iter().map(|member| self.member(member)).collect();
        let mut object = json!({ "displayName": group.display_name });
        if !members.is_empty() {
            object["members"] = members.into();
        }
        object
    }

    fn group_of_user(&self, group: &str, is_direct: bool) -> Value {
        json!({ "value": group, "display": self.groups[group].display_name, "type": if is_direct { "direct" } else { "indirect" } })
    }

    fn member(&self, id: &str) -> Value {
        match self.groups.get(id) {
            Some(group) => json!({ "value": id, "type": "Group", "display": group.display_name }),
            None => json!({ "value": id, "type": "User" }),
        }
    }
}

/// A resource of the server as the model knows it: what the server adds is left out, and computed lists are in order.
pub fn shown(resource: &Value) -> Value {
    let mut object = resource.as_object().expect("a resource").clone();
    for name in ["schemas", "id", "meta"] {
        object.remove(name).expect("each resource has it");
    }
    for name in ["members", "groups"] {
        let Some(list) = object.get_mut(name).and_then(Value::as_array_mut) else { continue };
        list.sort_by_key(|element| element["value"].as_str().map(str::to_owned));
        for element in list {
            element.as_object_mut().expect("an object").remove("$ref").expect("each has it");
        }
    }
    Value::Object(object)
}
