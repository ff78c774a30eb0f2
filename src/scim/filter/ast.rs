//! What a filter says, before anybody knows the attributes (RFC 7644 §3.4.2.2, Figure 1).

/// A filter as written. `And` and `Or` hold two or more terms, so that a long chain is wide, not deep; nesting is
/// bounded by the parser, so no recursion over a filter can exhaust the stack (R9).
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// `path op value`.
    Compare {
        /// The attribute.
        path: AttrPath,
        /// The operator.
        op: CompareOp,
        /// The literal.
        value: CompValue,
    },
    /// `path pr`.
    Present(AttrPath),
    /// `path[filter]`: all of `filter` holds for one and the same element.
    ValuePath {
        /// The multi-valued (or, tolerated, singular complex) attribute.
        path: AttrPath,
        /// A filter over its sub-attributes; holds no `ValuePath` (EID 4690, 7322).
        filter: Box<Filter>,
    },
    /// `not (filter)`.
    Not(Box<Filter>),
    /// `a and b and …`.
    And(Vec<Filter>),
    /// `a or b or …`.
    Or(Vec<Filter>),
}

/// An attribute path as written: `userName`, `name.givenName`, `urn:…:User:department`. Where the URN ends only a resource type knows.
#[derive(Debug, Clone)]
pub struct AttrPath {
    /// The path as written.
    pub text: String,
    /// Where it begins in the filter, in characters from 0, for error messages.
    pub position: usize,
}

/// Two paths are equal when they read the same, wherever they stand.
impl PartialEq for AttrPath {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// The comparison operators of Table 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// equal
    Eq,
    /// not equal: exactly not `eq` (D-34)
    Ne,
    /// contains
    Co,
    /// starts with
    Sw,
    /// ends with
    Ew,
    /// greater than
    Gt,
    /// greater than or equal
    Ge,
    /// less than
    Lt,
    /// less than or equal
    Le,
}

/// A literal: a JSON scalar.
#[derive(Debug, Clone, PartialEq)]
pub enum CompValue {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A JSON number, its text kept.
    Number(serde_json::Number),
    /// A JSON string, unescaped.
    String(String),
}

impl CompareOp {
    /// All of them, in the order of Table 3.
    pub const ALL: [CompareOp; 9] = [Self::Eq, Self::Ne, Self::Co, Self::Sw, Self::Ew, Self::Gt, Self::Ge, Self::Lt, Self::Le];

    /// The operator as filters write it: `eq`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }

    /// The operator that `word` is, in any letter case.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.word().eq_ignore_ascii_case(word))
    }
}

/// The path of a PATCH operation (RFC 7644 Figure 7): an attribute path, or `attribute[filter]` with or without `.sub`.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// The attribute, as far as it stands before `[`: `name.familyName`, `emails`.
    pub attribute: AttrPath,
    /// Which values are meant; over their sub-attributes.
    pub filter: Option<Filter>,
    /// The sub-attribute after `]`.
    pub sub: Option<String>,
}
