//! Schemas and resource types.

use super::Place;

#[test]
fn schemas_and_resource_types_are_added_listed_shown_and_removed() {
    let place = Place::new();
    place.ok("directory create acme");
    let write = |name: &str, text: &str| std::fs::write(place.path().join(name), text).expect("writes");
    write("device.json", r#"{ "id": "urn:example:Device", "attributes": [{ "name": "displayName" }] }"#);
    write("type.json", r#"{ "name": "Device", "schema": "urn:example:Device" }"#);
    write("wrong.json", r#"{ "id": "urn:example:x", "attributes": [{ "name": "1" }, { "name": "y", "type": "date" }] }"#);
    place.fails("resource-type add acme type.json", 1, "Device: schema: there is no schema urn:example:Device");
    place.ok("schema add acme device.json");
    place.fails("schema add acme type.json", 1, "this is a resource type, not a schema");
    place.ok("resource-type add acme type.json");
    let done = place.run("schema add acme wrong.json");
    assert!(done.stderr.contains("attributes.1.name") && done.stderr.contains("attributes.y.type"), "{done:?}");
    assert_eq!(place.json("schema list acme --json")[0]["name"], "urn:example:Device");
    assert!(place.ok("resource-type list acme").contains("/Devices"));
    assert!(place.ok("schema show acme urn:example:device").contains("displayName"));
    place.fails("schema remove acme urn:example:Device", 1, "there is no schema urn:example:Device");
    place.ok("resource-type remove acme Device");
    place.ok("schema remove acme urn:example:Device");
    place.fails("schema remove acme urn:example:Device", 1, "the Directory was given none");
}

#[test]
fn the_examples_of_docs_schemas_work_when_pasted() {
    let place = Place::new();
    place.ok("directory create default");
    let mut lines = include_str!("../../docs/schemas.md").lines();
    let mut commands = 0;
    while let Some(line) = lines.next() {
        if let Some(file) = line.strip_prefix("cat > ").and_then(|rest| rest.strip_suffix(" <<'END'")) {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "END").collect();
            std::fs::write(place.path().join(file), text.join("\n")).expect("writes");
        } else if let Some(command) = line.strip_prefix("scimd ") {
            place.ok(command);
            commands += 1;
        }
    }
    assert_eq!(commands, 3);
}

#[test]
fn faults_of_the_schema_folder_are_reported_before_the_port_opens() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("schemas")).expect("a folder");
    std::fs::write(place.path().join("schemas/bad.json"), r#"{ "id": "x", "attributes": [] }"#).expect("writes");
    std::fs::write(place.path().join("scimd.toml"), "[schemas]\nfolder = \"schemas\"\n").expect("writes");
    let done = place.run("serve --config scimd.toml --listen 127.0.0.1:0");
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("bad.json: id") && done.stderr.contains("bad.json: attributes"), "{done:?}");
    assert!(!done.stderr.contains("listening"), "{done:?}");
}
