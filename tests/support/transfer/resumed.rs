//! An export that was interrupted goes on if nothing has changed, and is then what it would have been; else it begins anew.

use crate::app::{App, USER};
use crate::file::{begin, group, id, members, sealed, user};
use crate::{fill, import_text, limits, on_both_back_ends, rest};
use scimd::admin::operator::Act;
use scimd::admin::resources;
use scimd::admin::transfer::{Export, Kept, Left, Resumed};
use scimd::admin::{Desk, Kind, definitions, deletion, directories, users};
use scimd::auth::PasswordHasher;
use scimd::config::{Config, Sources};
use scimd::id::ResourceId;
use scimd::store::DefinitionKind;
use scimd::store::operator::Operation;
use scimd::store::transfer::Edge;
use serde_json::json;
use std::time::Duration;

const USERS: u64 = 620;
const GROUPS: u64 = 4;

/// What an export has written when it is interrupted.
#[derive(Clone)]
struct Written {
    notes: String,
    part: String,
    /// How long each was after each page.
    ends: Vec<(usize, usize)>,
}

/// All of an export, as it is before its file gets its name.
async fn written(app: &App, name: &str, secrets: bool) -> Written {
    let mut export = Export::begin(&app.operator(), name, secrets).await.expect("begins");
    let mut written = Written { notes: export.first_note() + "\n", part: String::new(), ends: Vec::new() };
    while let Some(lines) = export.next().await.expect("goes on") {
        written.part.push_str(&lines);
        if let Some(note) = export.note() {
            written.notes.push_str(&note);
            written.notes.push('\n');
            written.ends.push((written.notes.len(), written.part.len()));
        }
    }
    written
}

/// Goes on with what is left, and gives all that the file is then; or why it begins anew.
async fn resume(app: &App, name: &str, secrets: bool, notes: &[u8], part: &[u8]) -> Result<String, String> {
    let mut export = Export::begin(&app.operator(), name, secrets).await.expect("begins");
    match export.go_on(Left { notes: &mut &*notes, part: &mut &*part }).await.expect("answers") {
        Resumed::On(Kept { part_bytes, .. }) => {
            let kept = &part[..usize::try_from(part_bytes).expect("small")];
            let text = String::from_utf8(kept.to_vec()).expect("UTF-8") + &rest(&mut export).await;
            export.end(&app.operator()).await.expect("ends");
            Ok(text)
        }
        Resumed::Anew(why) => {
            assert!(rest(&mut export).await.contains("\"end\""), "it is whole anyhow");
            Err(why.to_string())
        }
    }
}

/// A Directory `large` with some pages of resources and of memberships; the last page begins amid a group.
async fn fill_large(app: &App) {
    let mut lines = vec![begin()];
    lines.extend((1..=USERS).map(|number| user(number, &format!("user-{number}"))));
    lines.extend((1..=GROUPS).map(|number| group(USERS + number, &format!("Group {number}"))));
    let all: Vec<u64> = (1..=USERS).collect();
    for number in 1..=GROUPS {
        lines.extend(all.chunks(500).map(|some| members(USERS + number, some)));
    }
    import_text(app, "large", true, &sealed(&lines)).await.expect("imports");
}

/// Shows that it begins anew after `change`, for the reason of which `says` is a part.
async fn begins_anew(app: &App, says: &str, change: impl AsyncFnOnce()) {
    let Written { notes, part, .. } = written(app, "source", true).await;
    resume(app, "source", true, notes.as_bytes(), part.as_bytes()).await.expect("goes on as long as nothing has changed");
    change().await;
    let why = resume(app, "source", true, notes.as_bytes(), part.as_bytes()).await.expect_err(says);
    assert!(why.contains(says), "{says}: {why}");
}

on_both_back_ends! {
    async fn an_export_that_goes_on_is_what_it_would_have_been(app: App) {
        fill_large(&app).await;
        let Written { notes, part, ends } = written(&app, "large", false).await;
        assert_eq!(ends.len(), 1 + 4 + 2, "the first lines, and pages of resources and of memberships");
        let notes_of_all = notes.len();
        let mut cuts: Vec<(usize, usize)> = ends.clone();
        // Behind a page that was not noted yet, in half of a line, and between its lines.
        cuts.extend(ends.windows(2).map(|pair| (pair[0].0 + 17, pair[1].1 - 30)));
        let line = part[ends[1].1..].find('\n').expect("a line") + 1;
        cuts.push((ends[1].0, ends[1].1 + line));
        // The notes are there of what did not reach the disk.
        cuts.push((notes_of_all, ends[2].1 + 7));
        cuts.push((notes_of_all, ends[6].1 - 1));
        // Before, in and behind the last line.
        cuts.extend([(notes_of_all, ends[6].1 + 9), (notes_of_all, part.len() - 1), (notes_of_all, part.len())]);
        for (notes_end, part_end) in cuts {
            let text = resume(&app, "large", false, &notes.as_bytes()[..notes_end], &part.as_bytes()[..part_end]).await;
            assert!(text.expect("goes on") == part, "cut at {notes_end} and {part_end}");
        }
    }

    async fn what_was_left_is_kept_up_to_the_last_page(app: App) {
        fill_large(&app).await;
        let Written { notes, part, ends } = written(&app, "large", false).await;
        let mut export = Export::begin(&app.operator(), "large", false).await.expect("begins");
        let (mut left_notes, mut left_part) = (&notes.as_bytes()[..ends[3].0 + 5], &part.as_bytes()[..ends[3].1 + 5]);
        let left = Left { notes: &mut left_notes, part: &mut left_part };
        let Resumed::On(kept) = export.go_on(left).await.expect("answers") else { panic!("it begins anew") };
        assert_eq!(kept, Kept { notes_bytes: ends[3].0 as u64, part_bytes: ends[3].1 as u64 });
        assert_eq!(export.progress().resources, 600);
        assert_eq!(export.first_note() + "\n", notes[..=notes.find('\n').expect("a line")], "it is noted as if it had been one");
        export.next().await.expect("goes on").expect("lines");
        assert_eq!(export.note().expect("a note") + "\n", notes[ends[3].0..ends[4].0]);
    }

    /// Shows that damage behind a page costs what is behind it, and no more.
    async fn what_is_damaged_is_written_anew(app: App) {
        fill(&app).await;
        let Written { notes, part, ends } = written(&app, "source", true).await;
        let goes_on = async |notes: &[u8], part_left: &[u8]| {
            let text = resume(&app, "source", true, notes, part_left).await.expect("goes on");
            assert!(text == part, "{text}");
        };
        for (from, to) in [("user-1", "user-7"), ("\"version\":2", "\"version\":3"), ("{\"group\"", "[\"group\"")] {
            assert!(part.contains(from), "{from}");
            goes_on(notes.as_bytes(), part.replacen(from, to, 1).as_bytes()).await;
        }
        let (good, later) = notes.split_at(ends[0].0);
        let id = later.split("\"resource\":\"").nth(1).expect("an id")[..36].to_owned();
        let other = ResourceId::generate().to_string();
        for (from, to) in [("\"User\":3", "\"User\":2"), ("\"members\":4", "\"members\":5"), ("\"seal\":\"", "\"seal\":\"0"), (&id, &other)] {
            assert!(later.contains(from), "{from}");
            goes_on(format!("{good}{}", later.replace(from, to)).as_bytes(), part.as_bytes()).await;
        }
        goes_on(format!("{good}nothing\n{later}").as_bytes(), part.as_bytes()).await;
        goes_on(format!("{good}{good}{later}").as_bytes(), part.as_bytes()).await;
        // When the power goes, zeros may stand where the last bytes should.
        let zeroed = |text: &str, from: usize| [&text.as_bytes()[..from], &vec![0; text.len() - from]].concat();
        for (notes_end, part_end) in [(ends[0].0, part.len()), (ends[0].0 + 9, part.len()), (notes.len(), ends[0].1 + 9)] {
            goes_on(&zeroed(&notes, notes_end), &zeroed(&part, part_end)).await;
        }
        let endless = [good.as_bytes(), &vec![0; 2 * 1024 * 1024]].concat();
        goes_on(&endless, part.as_bytes()).await;
    }

    async fn what_is_damaged_from_the_beginning_or_is_not_enough_begins_anew(app: App) {
        fill(&app).await;
        let Written { notes, part, ends } = written(&app, "source", true).await;
        let anew = async |notes: &str, part: &str| {
            resume(&app, "source", true, notes.as_bytes(), part.as_bytes()).await.expect_err("it begins anew")
        };
        assert!(anew(&notes, &part.replacen("\"source\"", "\"sauces\"", 1)).await.contains("damaged"));
        let (first, sealed) = notes.split_once('\n').expect("a line");
        for (from, to) in [("\"members\":0", "\"members\":1"), ("\"last\":\"head\"", "\"last\":\"Head\""), ("\"seal\":\"", "\"seal\":\"0")] {
            assert!(sealed.contains(from), "{from}: {sealed}");
            assert!(anew(&format!("{first}\n{}", sealed.replacen(from, to, 1)), &part).await.contains("damaged"), "{from}");
        }
        assert!(anew(&format!("{first}\nnothing\n{sealed}"), &part).await.contains("damaged"));
        assert!(anew(&format!("{first}\n"), &part).await.contains("within its first lines"));
        assert!(anew(&notes, &part[..ends[0].1 - 1]).await.contains("within its first lines"));
        assert!(anew("", &part).await.contains("nothing is noted"));
        assert!(anew(&first[..20], &part).await.contains("nothing is noted"));
        assert!(anew("{}\n", &part).await.contains("damaged"));
        let version = format!("\"scimd\":\"{}\"", env!("CARGO_PKG_VERSION"));
        assert!(anew(&notes.replace(&version, "\"scimd\":\"0.0.1\""), &part).await.contains("another version"));
        // The first line is under the seals too.
        let later = notes.replacen("\"exported\":1", "\"exported\":2", 1);
        assert!(anew(&later, &part).await.contains("damaged"));
    }

    async fn one_of_another_directory_or_of_other_options_begins_anew(app: App) {
        fill(&app).await;
        app.directory("other", "generic").await;
        let Written { notes, part, .. } = written(&app, "source", false).await;
        let why = resume(&app, "other", false, notes.as_bytes(), part.as_bytes()).await.expect_err("it is another");
        assert!(why.contains("another Directory"), "{why}");
        let why = resume(&app, "source", true, notes.as_bytes(), part.as_bytes()).await.expect_err("it has no hashes");
        assert!(why.contains("without password hashes"), "{why}");
        let Written { notes, part, .. } = written(&app, "source", true).await;
        let why = resume(&app, "source", false, notes.as_bytes(), part.as_bytes()).await.expect_err("it has hashes");
        assert!(why.contains("with password hashes"), "{why}");
    }

    /// Shows that whatever an export holds is missed by no way of changing it.
    async fn every_change_of_a_directory_lets_its_export_begin_anew(app: App) {
        let source = fill(&app).await;
        let users = source.get("/Users").await;
        let ids: Vec<String> = (0..3).map(|number| users.text(&format!("/Resources/{number}/id"))).collect();
        let groups = source.get("/Groups").await;
        let groups: Vec<String> = (0..2).map(|number| groups.text(&format!("/Resources/{number}/id"))).collect();
        let path = format!("/Users/{}", ids[0]);
        let patch = async |path: &str, operation: serde_json::Value| {
            let answer = source.patch(path, json!([operation])).await;
            assert!(answer.status.is_success(), "{:#}", answer.json);
        };
        begins_anew(&app, "resources", async || drop(source.user("new").await)).await;
        begins_anew(&app, "resources", async || {
            patch(&path, json!({ "op": "replace", "path": "title", "value": "New" })).await;
        }).await;
        begins_anew(&app, "resources", async || {
            patch(&path, json!({ "op": "replace", "path": "password", "value": "Quite-another-1" })).await;
        }).await;
        begins_anew(&app, "resources", async || {
            patch(&format!("/Groups/{}", groups[0]), json!({ "op": "add", "path": "members", "value": [{ "value": ids[2] }] })).await;
        }).await;
        let hold = async || {
            let (operator, row) = (app.operator(), source.row().await);
            let passwords = PasswordHasher::new(&Config::load(&Sources::default()).expect("valid").password);
            let limits = limits();
            let desk = Desk::open(&operator, &row, &limits, &passwords).await.expect("opens");
            let user = resources::find(&*app.store, row.id, Kind::User, "user-1").await.expect("is there");
            users::disable(&desk, &user).await.expect("disables");
        };
        begins_anew(&app, "resources", hold).await;
        begins_anew(&app, "resources", async || drop(source.delete(&format!("/Users/{}", ids[2])).await.expect(204))).await;
        // A membership that comes with an import has no event.
        let (directory, events) = (source.row().await.id, app.events().await);
        let edge = |group: &str, member: &str| {
            let id = |text| ResourceId::parse(text).expect("an id");
            vec![Edge { group: id(group), member: id(member) }]
        };
        let (inner, outer) = if groups[0] < groups[1] { (&groups[0], &groups[1]) } else { (&groups[1], &groups[0]) };
        begins_anew(&app, "resources", async || {
            app.store.import_members(directory, edge(outer, &ids[0])).await.expect("adds");
        }).await;
        assert_eq!(app.events().await, events);
        let there = written(&app, "source", true).await;
        app.store.import_members(directory, edge(outer, &ids[0])).await.expect("it is there already");
        app.store.import_members(directory, edge(inner, &ids[0])).await.expect("it is there already");
        resume(&app, "source", true, there.notes.as_bytes(), there.part.as_bytes()).await.expect("nothing has changed");

        begins_anew(&app, "settings", async || {
            let edit = directories::Edit { display_name: Some("Other".to_owned()), ..Default::default() };
            directories::edit(&app.operator(), &source.row().await, edit).await.expect("edits");
        }).await;
        begins_anew(&app, "schemas", async || {
            let schema = json!({ "id": "urn:example:more:2.0:User", "name": "More", "extends": ["User"], "attributes": [
                { "name": "size", "type": "string", "multiValued": false }
            ] });
            let timing = definitions::Timing::After(Duration::ZERO);
            let row = source.row().await;
            definitions::add(&app.operator(), &row, DefinitionKind::Schema, &schema.to_string(), timing).await.expect("adds");
        }).await;
        begins_anew(&app, "settings", async || drop(deletion::disconnect(&app.operator(), &source.row().await).await.expect("ends"))).await;
    }

    /// Shows that the pieces of a Directory that loses its provider are seen, of which no event and no revision tells.
    async fn resources_that_become_the_operators_own_let_an_export_begin_anew(app: App) {
        let source = fill(&app).await;
        let mut row = source.row().await;
        row.provider = "manual".to_owned();
        let act = || Act { name: "directory.disconnect", ..Act::default() };
        app.operator().act(act(), Operation::Disconnect(row.clone())).await.expect("begins");
        for _ in 0..3 {
            begins_anew(&app, "resources", async || {
                let piece = Operation::KeepPiece { directory: row.id, limit: 2 };
                app.operator().act(act(), piece).await.expect("keeps");
            }).await;
        }
    }

    async fn what_happens_elsewhere_is_no_obstacle(app: App) {
        fill(&app).await;
        let Written { notes, part, .. } = written(&app, "source", false).await;
        app.user("somebody").await;
        let more = app.directory("more", "generic").await;
        let id = more.post("/Users", json!({ "schemas": [USER], "userName": "more" })).await.expect(201).id();
        more.delete(&format!("/Users/{id}")).await.expect(204);
        assert!(resume(&app, "source", false, notes.as_bytes(), part.as_bytes()).await.expect("goes on") == part);
    }

    /// Shows that a Directory that has the name of one that is gone is another one.
    async fn a_directory_that_is_made_anew_lets_its_export_begin_anew(app: App) {
        import_text(&app, "copy", true, &sealed(&[begin(), user(1, "ann")])).await.expect("imports");
        let Written { notes, part, .. } = written(&app, "copy", false).await;
        let row = directories::find(&*app.store, "copy").await.expect("is there");
        let row = deletion::begin(&app.operator(), &row).await.expect("begins");
        deletion::finish(&app.operator(), &row).await.expect("ends");
        import_text(&app, "copy", true, &sealed(&[begin(), user(1, "ann")])).await.expect("imports");
        let why = resume(&app, "copy", false, notes.as_bytes(), part.as_bytes()).await.expect_err("it is another");
        assert!(why.contains("another Directory"), "{why}");
        assert!(part.contains(&id(1)));
    }
}
