//! One value and one operator.
//!
//! Every condition made here is TRUE or FALSE, never NULL, so that NOT means what it says (D-34).

use super::compiler::Compiler;
use super::json::Json;
use super::statement::{Bind, Dialect};
use crate::id::ResourceId;
use crate::scim::filter::{CompareOp, Literal};
use crate::scim::key::date_time_key;
use crate::scim::schema::{Attribute, AttributeType};
use crate::store::StoreError;

const NANOS_PER_MILLISECOND: i128 = 1_000_000;

/// What is asked of one value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Test<'f> {
    /// How it compares. Never [`CompareOp::Ne`], which is the negation of `Eq` over all values.
    Compare(CompareOp, &'f Literal),
    /// Whether it is there and not empty (D-36).
    Present,
}

/// The test cannot be said of `attribute`.
pub(super) fn unsupported(attribute: &Attribute) -> StoreError {
    StoreError::Unsupported { attribute: attribute.name.clone() }
}

/// A value of the key document.
pub(super) fn json_value(
    compiler: &mut Compiler<'_>,
    json: &Json,
    attribute: &Attribute,
    test: Test<'_>,
) -> Result<String, StoreError> {
    let dialect = compiler.dialect;
    match test {
        Test::Present => Ok(match attribute.attribute_type {
            AttributeType::String | AttributeType::Reference | AttributeType::Binary => {
                format!("({} <> '') IS TRUE", json.text(dialect))
            }
            AttributeType::Boolean
            | AttributeType::Decimal
            | AttributeType::Integer
            | AttributeType::DateTime
            | AttributeType::Complex => json.exists(dialect),
        }),
        Test::Compare(op, Literal::Text(literal)) => {
            text(compiler, &json.text(dialect), op, literal).ok_or_else(|| unsupported(attribute))
        }
        Test::Compare(op, Literal::Instant(nanos)) => {
            text(compiler, &json.text(dialect), op, &date_time_key(*nanos)).ok_or_else(|| unsupported(attribute))
        }
        Test::Compare(op, Literal::Boolean(literal)) => {
            ordered(compiler, &json.boolean(dialect), op, Bind::Boolean(*literal)).ok_or_else(|| unsupported(attribute))
        }
        Test::Compare(op, Literal::Number(literal)) => {
            ordered(compiler, &json.number(dialect), op, Bind::Number(*literal)).ok_or_else(|| unsupported(attribute))
        }
    }
}

/// A text expression in byte order. `None`: `Ne`.
pub(super) fn text(compiler: &mut Compiler<'_>, value: &str, op: CompareOp, literal: &str) -> Option<String> {
    let length = literal.chars().count();
    match (op, compiler.dialect) {
        (CompareOp::Co, Dialect::Sqlite) => Some(format!("(instr({value}, {}) > 0) IS TRUE", compiler.bind_text(literal))),
        (CompareOp::Co, Dialect::Postgres) => Some(format!("(strpos({value}, {}) > 0) IS TRUE", compiler.bind_text(literal))),
        (CompareOp::Sw, Dialect::Sqlite) => {
            let (literal, length) = (compiler.bind_text(literal), compiler.bind(length_of(length)));
            Some(format!("(substr({value}, 1, {length}) = {literal}) IS TRUE"))
        }
        (CompareOp::Sw, Dialect::Postgres) => Some(format!("starts_with({value}, {}) IS TRUE", compiler.bind_text(literal))),
        // `substr(x, -0)` would be the whole of x.
        (CompareOp::Ew, _) if length == 0 => Some(format!("({value} IS NOT NULL)")),
        (CompareOp::Ew, Dialect::Sqlite) => {
            let (literal, length) = (compiler.bind_text(literal), compiler.bind(length_of(length)));
            Some(format!("(substr({value}, -{length}) = {literal}) IS TRUE"))
        }
        (CompareOp::Ew, Dialect::Postgres) => {
            let (literal, length) = (compiler.bind_text(literal), compiler.bind(length_of(length)));
            Some(format!("(right({value}, {length}::int) = {literal}) IS TRUE"))
        }
        (CompareOp::Eq | CompareOp::Ne | CompareOp::Gt | CompareOp::Ge | CompareOp::Lt | CompareOp::Le, _) => {
            ordered(compiler, value, op, Bind::Text(literal.to_owned()))
        }
    }
}

/// A text that is known already, the same for all resources.
pub(super) fn constant(value: &str, attribute: &Attribute, test: Test<'_>) -> Result<String, StoreError> {
    let holds = match test {
        Test::Present => true,
        Test::Compare(op, Literal::Text(literal)) => {
            let literal = literal.as_str();
            match op {
                CompareOp::Eq => value == literal,
                CompareOp::Co => value.contains(literal),
                CompareOp::Sw => value.starts_with(literal),
                CompareOp::Ew => value.ends_with(literal),
                CompareOp::Gt => value > literal,
                CompareOp::Ge => value >= literal,
                CompareOp::Lt => value < literal,
                CompareOp::Le => value <= literal,
                CompareOp::Ne => return Err(unsupported(attribute)),
            }
        }
        Test::Compare(_, Literal::Boolean(_) | Literal::Number(_) | Literal::Instant(_)) => return Err(unsupported(attribute)),
    };
    Ok(truth(holds).to_owned())
}

/// A column that holds the id of a resource; never NULL.
pub(super) fn id(compiler: &mut Compiler<'_>, column: &str, attribute: &Attribute, test: Test<'_>) -> Result<String, StoreError> {
    match test {
        Test::Present => Ok("TRUE".to_owned()),
        Test::Compare(CompareOp::Eq, Literal::Text(literal)) => Ok(match ResourceId::parse(literal) {
            Some(id) => format!("({column} = {})", compiler.bind(Bind::Id(id.0))),
            None => "FALSE".to_owned(),
        }),
        Test::Compare(op, Literal::Text(literal)) => {
            let value = id_text(compiler.dialect, column);
            text(compiler, &value, op, literal).ok_or_else(|| unsupported(attribute))
        }
        Test::Compare(_, Literal::Boolean(_) | Literal::Number(_) | Literal::Instant(_)) => Err(unsupported(attribute)),
    }
}

/// The spelling of an id that the server issues: lower case, hyphenated.
pub(super) fn id_text(dialect: Dialect, column: &str) -> String {
    match dialect {
        Dialect::Sqlite => {
            let part = |start: u8, length: u8| format!("substr(hex({column}), {start}, {length})");
            let parts = [part(1, 8), part(9, 4), part(13, 4), part(17, 4), part(21, 12)];
            format!("lower({})", parts.join(" || '-' || "))
        }
        Dialect::Postgres => format!("({column}::text COLLATE \"C\")"),
    }
}

/// A column that holds a moment in milliseconds; never NULL. The literal is exact to the nanosecond, which the column
/// cannot be: what lies between two milliseconds equals neither.
pub(super) fn moment(
    compiler: &mut Compiler<'_>,
    column: &str,
    attribute: &Attribute,
    test: Test<'_>,
) -> Result<String, StoreError> {
    match test {
        Test::Present => Ok("TRUE".to_owned()),
        Test::Compare(op, Literal::Instant(nanos)) => instant(compiler, column, op, *nanos).ok_or_else(|| unsupported(attribute)),
        Test::Compare(_, Literal::Text(_) | Literal::Boolean(_) | Literal::Number(_)) => Err(unsupported(attribute)),
    }
}

/// A column that holds a moment, beside a literal in nanoseconds. `None`: moments have no such operator.
pub(super) fn instant(compiler: &mut Compiler<'_>, column: &str, op: CompareOp, nanos: i128) -> Option<String> {
    let floor = nanos.div_euclid(NANOS_PER_MILLISECOND);
    let between = nanos.rem_euclid(NANOS_PER_MILLISECOND) != 0;
    // A literal outside the range of the column is beyond every value in it, as are the two ends.
    let floor = i64::try_from(floor).unwrap_or(if floor < 0 { i64::MIN } else { i64::MAX });
    let op = match op {
        CompareOp::Eq if between => return Some("FALSE".to_owned()),
        CompareOp::Ge if between => CompareOp::Gt,
        CompareOp::Lt if between => CompareOp::Le,
        op => op,
    };
    ordered(compiler, column, op, Bind::Integer(floor))
}

/// `TRUE` or `FALSE`.
pub(super) fn truth(holds: bool) -> &'static str {
    if holds { "TRUE" } else { "FALSE" }
}

/// The operators that every type with an order has. A value that is never NULL stays bare, so that an index serves it.
fn ordered(compiler: &mut Compiler<'_>, value: &str, op: CompareOp, literal: Bind) -> Option<String> {
    let sign = match op {
        CompareOp::Eq => "=",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
        CompareOp::Lt => "<",
        CompareOp::Le => "<=",
        CompareOp::Ne | CompareOp::Co | CompareOp::Sw | CompareOp::Ew => return None,
    };
    let never_null = matches!(literal, Bind::Integer(_) | Bind::Id(_));
    let literal = compiler.bind(literal);
    Some(if never_null { format!("({value} {sign} {literal})") } else { format!("({value} {sign} {literal}) IS TRUE") })
}

fn length_of(characters: usize) -> Bind {
    Bind::Integer(i64::from(i32::try_from(characters).unwrap_or(i32::MAX)))
}
