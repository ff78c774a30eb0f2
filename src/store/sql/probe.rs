//! Which index serves a filter.
//!
//! A probe is a condition that every match satisfies and an index answers. Of a conjunction one term is enough to
//! probe by: the best one, by [`Rank`]; the others are then checked on the few rows that it leaves. Of a disjunction
//! every branch needs one.
//!
//! The index holds keys cut to [`INDEX_VALUE_BYTES_MAX`] at a character, so a row may stand for a longer value. A
//! literal shorter than any cut key compares with a cut key as with the whole one; a longer one is cut short too, and
//! what it finds is more than what matches.

use super::compiler::Compiler;
use super::predicate::{self, Location};
use super::reference::Side;
use super::scan::{Bound, Scan, WHOLE_BYTES_MAX, equals, select};
use super::statement::{Bind, Dialect};
use crate::id::ResourceId;
use crate::scim::filter::{CompareOp, Literal, ResolvedFilter};
use crate::scim::resource::Grams;
use crate::scim::schema::{AttributeType, IndexedAttribute, Target, Uniqueness};
use crate::store::INDEX_VALUE_BYTES_MAX;
use uuid::Uuid;

/// How many scans one probe unites at most; beyond it the rows are scanned themselves. SQLite refuses compound
/// statements of more than 500 parts.
const SCANS_MAX: usize = 100;

/// Candidates for a filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Probe {
    /// The candidates are those of any scan; of none, if there is no scan.
    scans: Vec<Scan>,
    /// Whether the candidates are exactly the matches.
    pub exact: bool,
    /// How few candidates to expect.
    rank: Rank,
}

/// How few candidates to expect; the least is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// None, or as many as ids are given.
    Ids,
    /// One for each value.
    UniqueValues,
    /// Those with a value.
    Values,
    /// Those at the other end of a membership.
    Memberships,
    /// Those with a value that begins so.
    Prefix,
    /// Those with a value that such a part is in.
    Part,
    /// Those on one side of a value.
    Range,
    /// All rows of the index have to be read.
    Scan,
}

/// How much is read to find what a filter selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// There is no filter: what the page holds.
    Page,
    /// A few candidates.
    Few,
    /// What matches, be it many, and nothing else.
    Matches,
    /// It may be all resources of the type, or all values of an attribute.
    All,
}

/// The best probe for one term of a top-level conjunction, if an index serves it.
pub(super) fn probe(compiler: &Compiler<'_>, filter: &ResolvedFilter) -> Option<Probe> {
    of(compiler, None, filter)
}

/// Whether `left` promises fewer candidates than `right`.
pub(super) fn better(left: &Probe, right: &Probe) -> bool {
    left.rank < right.rank
}

impl Probe {
    /// What is read to find the candidates, and to check them if `checked`.
    pub fn reach(&self, checked: bool) -> Reach {
        match self.rank {
            Rank::Ids | Rank::UniqueValues | Rank::Values | Rank::Memberships | Rank::Prefix | Rank::Part => Reach::Few,
            // What lies on one side of a value may be nearly all; of that, few may pass the check.
            Rank::Range if checked => Reach::All,
            Rank::Range => Reach::Matches,
            Rank::Scan => Reach::All,
        }
    }

    /// Whether [`Probe::condition`] is one on ids that are given, or on none.
    pub fn is_by_id(&self) -> bool {
        matches!(self.scans.as_slice(), [] | [Scan::Ids(_)])
    }

    /// The condition on row `r`.
    pub fn condition(&self, compiler: &mut Compiler<'_>) -> String {
        match self.scans.as_slice() {
            [] => "FALSE".to_owned(),
            [Scan::Ids(ids)] => equals(compiler, "r.id", ids.iter().copied().map(Bind::Id)),
            scans => format!("r.id IN ({})", select(compiler, scans)),
        }
    }

    /// The candidates' ids as a statement, unless there are none; it may name a resource twice.
    pub fn candidates(&self, compiler: &mut Compiler<'_>) -> Option<String> {
        (!self.scans.is_empty()).then(|| select(compiler, &self.scans))
    }

    /// Whether [`Probe::candidates`] and [`Probe::index_rows`] name each resource once.
    pub fn is_distinct(&self) -> bool {
        matches!(self.scans.as_slice(), [Scan::Moment { .. } | Scan::Grams { .. }])
    }

    /// The candidates' ids as a statement that reads an index alone, if that is where they all are; it may name a
    /// resource twice.
    pub fn index_rows(&self, compiler: &mut Compiler<'_>) -> Option<String> {
        let in_index = |scan: &Scan| match scan {
            Scan::Values { .. } | Scan::Range { .. } | Scan::Text { .. } | Scan::Moment { .. } => true,
            Scan::Ids(_) | Scan::Grams { .. } | Scan::Memberships { .. } | Scan::Held { .. } => false,
        };
        (!self.scans.is_empty() && self.scans.iter().all(in_index)).then(|| select(compiler, &self.scans))
    }
}

/// `outer` is the attribute whose element the filter speaks of, inside `[ ]`.
fn of(compiler: &Compiler<'_>, outer: Option<&Target>, filter: &ResolvedFilter) -> Option<Probe> {
    match filter {
        ResolvedFilter::Compare { target, op, literal: Literal::Text(literal) } => leaf(compiler, outer, target, *op, literal),
        ResolvedFilter::Compare { target, op, literal: Literal::Instant(nanos) } => moment(compiler, outer, target, *op, *nanos),
        ResolvedFilter::Constant(false) => Some(Probe { scans: Vec::new(), exact: true, rank: Rank::Ids }),
        ResolvedFilter::Element { target, filter } => of(compiler, Some(target), filter),
        ResolvedFilter::And(filters) => {
            let mut best = filters.iter().filter_map(|filter| of(compiler, outer, filter)).min_by_key(|probe| probe.rank)?;
            best.exact = false;
            Some(best)
        }
        ResolvedFilter::Or(filters) => {
            let mut union = Probe { scans: Vec::new(), exact: true, rank: Rank::Ids };
            for filter in filters {
                let probe = of(compiler, outer, filter)?;
                union.exact &= probe.exact;
                union.rank = union.rank.max(probe.rank);
                for scan in probe.scans {
                    if !union.scans.iter_mut().any(|present| present.absorb(&scan)) {
                        union.scans.push(scan);
                    }
                }
            }
            (union.scans.len() <= SCANS_MAX).then_some(union)
        }
        ResolvedFilter::Compare { .. } | ResolvedFilter::Present(_) | ResolvedFilter::Not(_) | ResolvedFilter::Constant(true) => {
            None
        }
    }
}

fn leaf(compiler: &Compiler<'_>, outer: Option<&Target>, target: &Target, op: CompareOp, literal: &str) -> Option<Probe> {
    let (attribute, part) = match outer {
        Some(outer) => (outer, Some(&target.attribute)),
        None => (target, target.sub.as_ref()),
    };
    match (predicate::location(compiler, attribute), part) {
        (Location::Id, None) if op == CompareOp::Eq => Some(ids(literal, Rank::Ids, Scan::Ids)),
        (Location::Membership(side), Some(part)) if op == CompareOp::Eq && part.name == "value" => {
            memberships(compiler, side, literal)
        }
        (Location::KeysAndMembership(side), Some(part)) if op == CompareOp::Eq && part.name == "value" => {
            let whole = Target { sub: Some(part.clone()), ..attribute.clone() };
            let mut probe = memberships(compiler, side, literal)?;
            probe.scans.extend(indexed(compiler, &whole, op, literal)?.scans);
            probe.exact = false;
            Some(probe)
        }
        (Location::Keys, _) => {
            // `tags[value eq "x"]` of a simple attribute speaks of the attribute itself.
            let part = part.filter(|_| attribute.attribute.is_complex());
            let whole = Target { sub: part.cloned(), ..attribute.clone() };
            indexed(compiler, &whole, op, literal)
        }
        (Location::Id | Location::Meta | Location::Membership(_) | Location::KeysAndMembership(_), _) => None,
    }
}

/// Those with a membership that shows `literal` as its value, and perhaps others.
fn memberships(compiler: &Compiler<'_>, side: Side, literal: &str) -> Option<Probe> {
    let mut probe = ids(literal, Rank::Memberships, |others| Scan::Memberships { side, others });
    let Some(shows) = side.shows(compiler.resource_type) else { return Some(probe) };
    for shown in &shows.types {
        let Some(attribute) = &shown.value else { continue };
        if !shown.value_indexed {
            return None;
        }
        let values = vec![cut(literal, INDEX_VALUE_BYTES_MAX).to_owned()];
        probe.scans.push(Scan::Held { holder: shown.name.to_string(), attribute: attribute.to_string(), values });
        // The id of one that shows another value is found too.
        probe.exact = false;
    }
    // So is a membership in a type that is not shown.
    probe.exact &= shows.shows_all;
    Some(probe)
}

/// What was created or changed before, at or after a moment.
///
/// SQLite needs no probe: it finds the index for the bare condition. PostgreSQL expects a third of all rows to pass, whatever
/// the moment, and so would read all of them in the order of the page.
fn moment(compiler: &Compiler<'_>, outer: Option<&Target>, target: &Target, op: CompareOp, nanos: i128) -> Option<Probe> {
    let column = moment_column(compiler, outer, target, op).filter(|_| compiler.dialect == Dialect::Postgres)?;
    Some(Probe { scans: vec![Scan::Moment { column, op, nanos }], exact: true, rank: Rank::Range })
}

/// The column, if its index has what compares so in one range.
fn moment_column(compiler: &Compiler<'_>, outer: Option<&Target>, target: &Target, op: CompareOp) -> Option<&'static str> {
    let (attribute, sub) = match outer {
        Some(outer) => (outer, &target.attribute),
        None => (target, target.sub.as_ref()?),
    };
    let column = match sub.name.as_str() {
        "created" => "created",
        "lastModified" => "last_modified",
        _ => return None,
    };
    let served = predicate::location(compiler, attribute) == Location::Meta
        && matches!(op, CompareOp::Eq | CompareOp::Gt | CompareOp::Ge | CompareOp::Lt | CompareOp::Le);
    served.then_some(column)
}

/// Whether an index serves a condition that has no probe: SQLite and moments, see [`moment`].
pub(super) fn is_bare_moment(compiler: &Compiler<'_>, filter: &ResolvedFilter) -> bool {
    match filter {
        ResolvedFilter::Compare { target, op, literal: Literal::Instant(_) } => {
            moment_column(compiler, None, target, *op).is_some()
        }
        ResolvedFilter::Compare { .. }
        | ResolvedFilter::Present(_)
        | ResolvedFilter::Element { .. }
        | ResolvedFilter::Not(_)
        | ResolvedFilter::And(_)
        | ResolvedFilter::Or(_)
        | ResolvedFilter::Constant(_) => false,
    }
}

/// No candidates, if the literal is no id that the server issues.
fn ids(literal: &str, rank: Rank, scan: impl FnOnce(Vec<Uuid>) -> Scan) -> Probe {
    let scans = ResourceId::parse(literal).map(|id| scan(vec![id.0])).into_iter().collect();
    Probe { scans, exact: true, rank }
}

/// The name in the index of an attribute with text values, if it is indexed and all its rows are there.
pub(super) fn index_name(compiler: &Compiler<'_>, target: &Target) -> Option<String> {
    let name = target.name();
    let is_text = matches!(target.leaf().attribute_type, AttributeType::String | AttributeType::Reference);
    (is_text && compiler.resource_type.indexed.iter().any(|indexed| indexed.ready && *indexed.name == *name)).then_some(name)
}

fn indexed(compiler: &Compiler<'_>, target: &Target, op: CompareOp, literal: &str) -> Option<Probe> {
    let attribute = index_name(compiler, target)?;
    let short = cut(literal, WHOLE_BYTES_MAX);
    let whole = short.len() == literal.len();
    let bound = |inclusive| Some(Bound { value: short.to_owned(), inclusive });
    // All that begins with `short` lies before its successor; of a literal cut short nothing narrower is known.
    let end = || successor(short).map(|value| Bound { value, inclusive: false });
    let (scan, exact, rank) = match op {
        CompareOp::Eq => {
            let unique = matches!(target.leaf().uniqueness, Uniqueness::Server | Uniqueness::Global);
            let values = vec![cut(literal, INDEX_VALUE_BYTES_MAX).to_owned()];
            (Scan::Values { attribute, values }, whole, if unique { Rank::UniqueValues } else { Rank::Values })
        }
        CompareOp::Sw if !literal.is_empty() => (Scan::Range { attribute, from: bound(true), to: end() }, whole, Rank::Prefix),
        CompareOp::Gt => (Scan::Range { attribute, from: bound(!whole), to: None }, whole, Rank::Range),
        CompareOp::Ge => (Scan::Range { attribute, from: bound(true), to: None }, whole, Rank::Range),
        CompareOp::Lt if whole => (Scan::Range { attribute, from: None, to: bound(false) }, true, Rank::Range),
        CompareOp::Le if whole => (Scan::Range { attribute, from: None, to: bound(true) }, true, Rank::Range),
        CompareOp::Lt | CompareOp::Le => (Scan::Range { attribute, from: None, to: end() }, false, Rank::Range),
        CompareOp::Co if let Some(scan) = parts(compiler, &attribute, literal) => (scan, false, Rank::Part),
        CompareOp::Co | CompareOp::Ew if !literal.is_empty() => {
            (Scan::Text { attribute, op, literal: literal.to_owned() }, false, Rank::Scan)
        }
        CompareOp::Sw | CompareOp::Co | CompareOp::Ew | CompareOp::Ne => return None,
    };
    Some(Probe { scans: vec![scan], exact, rank })
}

/// The grams of `literal`, if the attribute is indexed by parts and there is a gram in it.
fn parts(compiler: &Compiler<'_>, attribute: &str, literal: &str) -> Option<Scan> {
    let by_parts = |indexed: &IndexedAttribute| indexed.by_parts && *indexed.name == *attribute;
    compiler.resource_type.indexed.iter().find(|indexed| by_parts(indexed))?;
    let grams = Grams::new(compiler.directory_id, &compiler.resource_type.name, attribute);
    let all = grams.of_part(literal);
    (!all.is_empty()).then(|| Scan::Grams { all, long: grams.long() })
}

/// The longest beginning of `text` that has at most `bytes_max` bytes and ends at a character.
fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// The least string above all that begin with `prefix`, in byte order. `None`: there is none.
fn successor(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        // Ranges of characters skip the surrogates.
        if let Some(next) = (last..=char::MAX).nth(1) {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_successor_of_a_prefix_is_above_all_that_begin_with_it() {
        assert_eq!(successor("ab").as_deref(), Some("ac"));
        assert_eq!(successor("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(successor("\u{D7FF}").as_deref(), Some("\u{E000}"));
        assert_eq!(successor("\u{7F}").as_deref(), Some("\u{80}"));
        assert_eq!(successor("\u{10FFFF}\u{10FFFF}"), None);
        assert_eq!(successor(""), None);
    }

    #[test]
    fn a_cut_ends_at_a_character() {
        assert_eq!(cut("aäb", 2), "a");
        assert_eq!(cut("aäb", 3), "aä");
        assert_eq!(cut("aäb", 9), "aäb");
    }
}
