//! Where the core may bend, as named switches (D-01 layer c). A Directory's profile sets them.

/// What to do with an attribute or schema URI that the resource type does not define.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Leave it out and report it as ignored.
    Ignore,
    /// Refuse the request: 400 invalidSyntax.
    Reject,
}

/// The switches. [`Tolerance::default`] is a fresh Directory: RFC behaviour with the harmless tolerances on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tolerance {
    /// `"True"` and `"false"` count as booleans in bodies, PATCH values and filters (D-07).
    pub coerce_boolean_strings: bool,
    /// Attributes that no schema of the type defines (D-03).
    pub unknown_attributes: Unknown,
    /// URIs in `schemas` that the type does not have (D-03, RFC 7643 §3).
    pub unknown_schemas: Unknown,
    /// `replace` on a value path without a match creates the element, as `add` does (D-54).
    pub create_on_replace_no_match: bool,
    /// A PATCH without operations answers 200 unchanged (D-61).
    pub allow_empty_patch: bool,
    /// `emails[type eq "work"].value eq "x"`, outside the RFC's grammar, reads as `emails[type eq "work" and value eq "x"]`.
    pub value_path_suffix: bool,
    /// `""` and `{"value": ""}` for a reference such as `manager` unassign it (D-10).
    pub empty_reference_clears: bool,
    /// One object where a list is meant counts as a list of one.
    pub single_value_as_list: bool,
    /// Formats of attributes (country, locale, timezone …) are enforced (D-12).
    pub strict_formats: bool,
    /// Values that can be spelled in several ways are stored, and looked for, in one: e-mail addresses, instant messaging addresses,
    /// profileUrl.
    pub one_spelling: bool,
    /// A userName that PRECIS disallows is refused instead of compared by NFKC (D-23).
    pub strict_precis: bool,
    /// A PATCH operation needs a path; whole complex values replace (D-96).
    pub interop_profile: bool,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self {
            coerce_boolean_strings: true,
            unknown_attributes: Unknown::Ignore,
            unknown_schemas: Unknown::Reject,
            create_on_replace_no_match: false,
            allow_empty_patch: false,
            value_path_suffix: true,
            empty_reference_clears: false,
            single_value_as_list: false,
            strict_formats: false,
            one_spelling: false,
            strict_precis: false,
            interop_profile: false,
        }
    }
}
