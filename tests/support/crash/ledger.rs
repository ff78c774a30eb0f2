//! That a server has exactly what the ledgers of its clients say.

use crate::process::Connection;
use crate::worker::Worker;
use serde_json::Value;
use std::collections::BTreeSet;

/// Compares all that there is with all that was acknowledged.
pub fn check(connection: &mut Connection, workers: &[Worker], everyone: &str) {
    for worker in workers {
        for user in &worker.users {
            let found = get(connection, &format!("/Users/{}", user.id));
            for (name, value) in user.body().as_object().expect("an object") {
                assert_eq!(found[name], *value, "{name} of {user:?}");
            }
            assert_eq!(found["meta"]["version"], format!("W/\"{}\"", user.version), "{user:?}");
        }
        // All ways to find a user lead to it: one in a few, for time.
        for user in worker.users.iter().rev().step_by(7) {
            let email = user.body()["emails"][0]["value"].clone();
            for filter in [
                format!("userName eq \"{}\"", user.name.to_uppercase()),
                format!("externalId eq \"x-{}\"", user.name),
                format!("emails.value eq {email}"),
                format!("title eq \"title {}\" and userName eq \"{}\"", user.number, user.name),
            ] {
                let found = select(connection, &filter);
                assert_eq!(found["totalResults"], 1, "{filter}");
                assert_eq!(found["Resources"][0]["id"], Value::from(user.id.as_str()), "{filter}");
            }
            let again = connection.send("POST", "/Users", Some(&user.body())).expect("answered");
            assert_eq!(again.status, 409, "{} is taken", user.name);
        }
        for (name, id) in &worker.gone {
            let found = connection.send("GET", &format!("/Users/{id}"), None).expect("answered");
            assert_eq!(found.status, 404, "{name} was deleted");
            assert_eq!(select(connection, &format!("userName eq \"{name}\""))["totalResults"], 0, "{name}");
        }
        let group = get(connection, &format!("/Groups/{}", worker.group));
        assert_eq!(members(&group), worker.members.iter().cloned().collect::<BTreeSet<_>>());
        assert_eq!(group["meta"]["version"], format!("W/\"{}\"", worker.group_version));
    }
    let group = get(connection, &format!("/Groups/{everyone}"));
    assert_eq!(members(&group), workers.iter().flat_map(|worker| worker.in_everyone.iter().cloned()).collect());
    let users: usize = workers.iter().map(|worker| worker.users.len()).sum();
    assert_eq!(get(connection, "/Users?count=0")["totalResults"], users);
}

/// The ids of the members of a group.
pub fn members(group: &Value) -> BTreeSet<String> {
    let members = group["members"].as_array().into_iter().flatten();
    members.map(|member| member["value"].as_str().expect("an id").to_owned()).collect()
}

fn get(connection: &mut Connection, path: &str) -> Value {
    connection.send("GET", path, None).expect("answered").expect(200).json
}

fn select(connection: &mut Connection, filter: &str) -> Value {
    let filter = percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
    get(connection, &format!("/Users?filter={filter}"))
}
