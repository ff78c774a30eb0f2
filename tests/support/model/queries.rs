//! Requests that read, and the deletion of whatever.

use super::player::{ADDRESSES, KINDS, LABELS, Player, TITLES};
use super::state::{Group, User};
use crate::app::ENTERPRISE;
use serde_json::Value;
use std::collections::BTreeSet;

type UserTest = Box<dyn Fn(&str, &User) -> bool>;
type GroupTest = Box<dyn Fn(&str, &Group) -> bool>;

impl Player {
    pub async fn delete(&mut self) {
        let (endpoint, id) = if self.chance(4) { ("Groups", self.group_id()) } else { ("Users", self.user_id()) };
        let version = self.model.users.get(&id).map(|user| user.version);
        let version = version.or_else(|| self.model.groups.get(&id).map(|group| group.version));
        let (if_match, matches) = self.if_match(version);
        let expected = if self.model.is_there(&id) { matches } else { Err((404, "")) };
        let answer = self.app.send("DELETE", &format!("/{endpoint}/{id}"), &[("if-match", &if_match)], "").await;
        if self.judge(&answer, 204, &expected, &format!("DELETE {endpoint}/{id} {if_match}")) {
            self.model.delete(&id);
        }
    }

    pub async fn read(&mut self) {
        let id = self.user_id();
        let answer = self.app.get(&format!("/Users/{id}")).await;
        let expected = if self.model.users.contains_key(&id) { Ok(()) } else { Err((404, "")) };
        if self.judge(&answer, 200, &expected, &id) {
            self.same_user(&answer.json, &id, "GET of a user");
            let tag = answer.header("etag");
            let again = self.app.send("GET", &format!("/Users/{id}"), &[("if-none-match", tag)], "").await;
            self.agree(&again.status.as_u16(), &304, "GET with If-None-Match");
        }
        let id = self.group_id();
        let answer = self.app.get(&format!("/Groups/{id}")).await;
        let expected = if self.model.groups.contains_key(&id) { Ok(()) } else { Err((404, "")) };
        if self.judge(&answer, 200, &expected, &id) {
            self.same_group(&answer.json, &id, "GET of a group");
        }
    }

    pub async fn search(&mut self) {
        if self.chance(4) {
            let (filter, holds) = self.group_filter();
            let expected = self.model.groups.iter().filter(|(id, group)| holds(id, group)).map(|(id, _)| id.clone()).collect();
            self.finds("/Groups", &filter, &expected).await;
            return;
        }
        let (mut filter, mut holds) = self.user_filter();
        for _ in 0..self.dice.below(3) {
            let (other, also) = self.user_filter();
            let first = holds;
            let kind = self.dice.below(3);
            filter = match kind {
                0 => format!("({filter} and ({other}))"),
                1 => format!("(({filter}) or {other})"),
                _ => format!("({filter} and not ({other}))"),
            };
            holds = Box::new(move |id, user| match kind {
                0 => first(id, user) && also(id, user),
                1 => first(id, user) || also(id, user),
                _ => first(id, user) && !also(id, user),
            });
        }
        let expected = self.model.users.iter().filter(|(id, user)| holds(id, user)).map(|(id, _)| id.clone()).collect();
        self.finds("/Users", &filter, &expected).await;
    }

    /// Asserts what a filter finds, page by page, and that each is shown as it is.
    async fn finds(&mut self, endpoint: &str, filter: &str, expected: &BTreeSet<String>) {
        let count = 1 + self.dice.below(9);
        let encoded = percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
        let mut found = BTreeSet::new();
        for start_index in (1..).step_by(usize::try_from(count).expect("small")) {
            let page = self.app.get(&format!("{endpoint}?filter={encoded}&startIndex={start_index}&count={count}")).await;
            self.agree(&page.json["totalResults"], &Value::from(expected.len()), filter);
            for resource in page.json["Resources"].as_array().expect("a list") {
                let id = resource["id"].as_str().expect("an id");
                self.agree(&expected.contains(id), &true, &format!("{filter} finds {resource:#}"));
                self.agree(&found.insert(id.to_owned()), &true, &format!("{filter} finds once {id}"));
                if endpoint == "/Users" {
                    self.same_user(resource, id, filter);
                } else {
                    self.same_group(resource, id, filter);
                }
            }
            if start_index + usize::try_from(count).expect("small") > expected.len() {
                break;
            }
        }
        self.agree(&found, expected, filter);
    }

    fn user_filter(&mut self) -> (String, UserTest) {
        let name = self.user_name();
        let (kind, address) = (self.pick(&KINDS), self.pick(&ADDRESSES));
        let (title, label) = (self.pick(&TITLES), self.pick(&LABELS));
        match self.dice.below(11) {
            0 => (format!("userName eq \"{name}\""), Box::new(move |_, user| user.user_name.eq_ignore_ascii_case(&name))),
            1 => {
                let start = name[..1].to_lowercase();
                (format!("userName sw \"{start}\""), Box::new(move |_, user| user.user_name.to_lowercase().starts_with(&start)))
            }
            2 => {
                let low = name.to_lowercase();
                (format!("userName gt \"{name}\""), Box::new(move |_, user| user.user_name.to_lowercase() > low))
            }
            3 => (format!("title eq \"{title}\""), Box::new(move |_, user| same(user.title.as_deref(), title))),
            4 => (format!("title ne \"{title}\""), Box::new(move |_, user| !same(user.title.as_deref(), title))),
            5 => ("title pr".into(), Box::new(|_, user| user.title.is_some())),
            6 => ("active eq false".into(), Box::new(|_, user| !user.active)),
            7 => (
                format!("{ENTERPRISE}:department eq \"{label}\""),
                Box::new(move |_, user| same(user.department.as_deref(), label)),
            ),
            8 => (
                format!("emails.type eq \"{kind}\""),
                Box::new(move |_, user| user.emails.iter().any(|(other, _)| other == kind)),
            ),
            9 => (
                format!("emails[type eq \"{kind}\" and value eq \"{address}\"]"),
                Box::new(move |_, user| {
                    user.emails.iter().any(|(other, value)| other == kind && value.eq_ignore_ascii_case(address))
                }),
            ),
            _ => {
                let group = self.group_id();
                // Filters see who is a member through other groups, too.
                let is_in = |id: &&String| self.model.groups_of(id).contains_key(&group);
                let within: BTreeSet<String> = self.model.users.keys().filter(is_in).cloned().collect();
                (format!("groups.value eq \"{group}\""), Box::new(move |id, _| within.contains(id)))
            }
        }
    }

    fn group_filter(&mut self) -> (String, GroupTest) {
        let label = self.pick(&LABELS);
        match self.dice.below(3) {
            0 => {
                (format!("displayName eq \"{label}\""), Box::new(move |_, group| group.display_name.eq_ignore_ascii_case(label)))
            }
            1 => {
                let member = self.user_id();
                (format!("members.value eq \"{member}\""), Box::new(move |_, group| group.members.contains(&member)))
            }
            _ => ("not (members pr)".into(), Box::new(|_, group| group.members.is_empty())),
        }
    }

    /// Asserts that the server holds just what the model does.
    pub async fn compare_everything(&mut self) {
        let (users, groups) = (self.model.users.keys().cloned().collect(), self.model.groups.keys().cloned().collect());
        self.finds("/Users", "id pr", &users).await;
        self.finds("/Groups", "id pr", &groups).await;
        for id in self.model.gone.clone() {
            for endpoint in ["Users", "Groups"] {
                let answer = self.app.get(&format!("/{endpoint}/{id}")).await;
                self.agree(&answer.status.as_u16(), &404, "what was deleted stays away");
            }
        }
        self.agree(&self.app.events().await, &self.model.events, "one record for each change");
    }
}

fn same(value: Option<&str>, text: &str) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case(text))
}
