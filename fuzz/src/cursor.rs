//! Cursors (RFC 9865, D-91): what was not sealed here does not open, and what was opens its own search only.

use super::bulk::{LIMITS, METRICS, PASSWORDS, RUNTIME, directory};
use super::sample;
use super::store::{Memory, NOW};
use scimd::auth::scopes::EVERYTHING;
use scimd::clock::ManualClock;
use scimd::directory::cursors::{self, Cursors};
use scimd::directory::trace::Trace;
use scimd::directory::walks::Walks;
use scimd::directory::{Ctx, Directory, SearchParams};
use scimd::id::{DirectoryId, TokenId};
use scimd::scim::ErrorKind;
use scimd::store::{INDEX_VALUE_BYTES_MAX, Position, SortKey};
use std::sync::LazyLock;

const COUNT: u32 = 10;

static DIRECTORIES: LazyLock<[Directory; 2]> =
    LazyLock::new(|| [directory("strict"), Directory { id: DirectoryId(2), ..directory("strict") }]);
static STORE: LazyLock<Memory> = LazyLock::new(|| Memory::new(&DIRECTORIES[0]));
static CURSORS: LazyLock<Cursors> = LazyLock::new(Cursors::default);
static WALKS: LazyLock<Walks> = LazyLock::new(Walks::default);

/// Checks the bytes as a cursor, and a cursor to what they say.
pub fn check(bytes: &[u8]) {
    let clock = ManualClock::new(NOW);
    let ctx = Ctx {
        store: &*STORE,
        directory: &DIRECTORIES[0],
        actor: None,
        party: scimd::directory::Party::Provider,
        scopes: &EVERYTHING,
        clock: &clock,
        limits: &LIMITS,
        base_url: sample::BASE_URL,
        passwords: &PASSWORDS,
        walks: &WALKS,
        cursors: &CURSORS,
        metrics: &METRICS,
        trace: &Trace::default(),
    };
    let text = String::from_utf8_lossy(bytes);
    let params = SearchParams { filter: Some(text.to_string()), ..SearchParams::default() };
    assert_eq!(open(&ctx, "User", &params, &text), Err(ErrorKind::InvalidCursor));
    check_sealed(&ctx, &params, &position(bytes, &text), bytes);
}

fn check_sealed(ctx: &Ctx<'_>, params: &SearchParams, position: &Position, bytes: &[u8]) {
    let cursor = RUNTIME.block_on(cursors::seal(ctx, "User", params, COUNT, position)).expect("it can be sealed");
    assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{cursor}");
    let opened = RUNTIME.block_on(cursors::open(ctx, "User", params, COUNT, &cursor));
    assert_eq!(opened.as_ref().map(bits), Ok(bits(position)));
    let other_count = RUNTIME.block_on(cursors::open(ctx, "User", params, COUNT + 1, &cursor));
    assert_eq!(other_count.map_err(|error| error.kind), Err(ErrorKind::InvalidCount));

    // Of another search, client or Directory.
    let refused = Err(ErrorKind::InvalidCursor);
    assert_eq!(open(ctx, "Users", params, &cursor), refused);
    let filter = params.filter.clone().unwrap_or_default();
    let at = filter.floor_char_boundary(filter.len() / 2);
    let (head, tail) = filter.split_at(at);
    let elsewhere = [
        SearchParams { sort_by: params.filter.clone(), ..SearchParams::default() },
        SearchParams { filter: None, ..params.clone() },
        SearchParams { sort_order: Some(String::new()), ..params.clone() },
        SearchParams { attributes: Some("id".to_owned()), ..params.clone() },
        SearchParams { filter: Some(head.to_owned()), sort_by: Some(tail.to_owned()), ..SearchParams::default() },
    ];
    for params in &elsewhere {
        assert_eq!(open(ctx, "User", params, &cursor), refused, "{params:?}");
    }
    assert_eq!(open(&Ctx { actor: Some(TokenId(1)), ..copy(ctx) }, "User", params, &cursor), refused);
    assert_eq!(open(&Ctx { directory: &DIRECTORIES[1], ..copy(ctx) }, "User", params, &cursor), refused);

    // Changed on the way: one character another, one less, one more.
    let place = bytes.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte))) % cursor.len();
    let other = if cursor.as_bytes()[place] == b'A' { "B" } else { "A" };
    for changed in [
        format!("{}{other}{}", &cursor[..place], &cursor[place + 1..]),
        format!("{}{}", &cursor[..place], &cursor[place + 1..]),
        format!("{}{other}{}", &cursor[..place], &cursor[place..]),
        cursor[..place].to_owned(),
        format!("{cursor}="),
        format!("{cursor}{cursor}"),
    ] {
        assert_eq!(open(ctx, "User", params, &changed), refused, "{cursor} {changed}");
    }

    // In time, and too late.
    let after = |milliseconds: i64| {
        let clock = ManualClock::new(NOW);
        clock.advance(ctx.limits.cursor_lifetime_s * 1_000 + milliseconds);
        open(&Ctx { clock: &clock, ..copy(ctx) }, "User", params, &cursor)
    };
    assert_eq!((after(0), after(1)), (Ok(()), Err(ErrorKind::ExpiredCursor)));
}

fn copy<'a>(ctx: &Ctx<'a>) -> Ctx<'a> {
    Ctx { ..*ctx }
}

fn open(ctx: &Ctx<'_>, search: &str, params: &SearchParams, cursor: &str) -> Result<(), ErrorKind> {
    RUNTIME.block_on(cursors::open(ctx, search, params, COUNT, cursor)).map(|_| ()).map_err(|error| error.kind)
}

/// A place that the bytes choose, as the store gives them: a text is sorted by its first characters.
fn position(bytes: &[u8], text: &str) -> Position {
    let mut eight = [0; 8];
    bytes.iter().take(8).zip(&mut eight).for_each(|(from, to)| *to = *from);
    let key = match bytes.first().map_or(0, |first| first % 5) {
        0 => None,
        1 => Some(SortKey::Text(text.chars().take(INDEX_VALUE_BYTES_MAX).collect())),
        2 => Some(SortKey::Integer(i64::from_le_bytes(eight))),
        3 => Some(SortKey::Number(f64::from_le_bytes(eight))),
        _ => Some(SortKey::Boolean(bytes.len().is_multiple_of(2))),
    };
    Position { key, id: sample::id(u128::from(u64::from_le_bytes(eight))) }
}

/// The place, its number as bits: NaN is not equal to itself.
fn bits(position: &Position) -> (Option<u64>, Position) {
    match position.key {
        Some(SortKey::Number(number)) => (Some(number.to_bits()), Position { key: None, id: position.id }),
        Some(SortKey::Text(_) | SortKey::Integer(_) | SortKey::Boolean(_)) | None => (None, position.clone()),
    }
}
