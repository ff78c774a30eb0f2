//! The parameters of a URL's query (RFC 7644 §3.4.2, D-47).

use crate::directory::SearchParams;
use crate::scim::ScimError;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// Reads the parameters that SCIM knows; their names in any letter case, others are ignored.
///
/// A blank may be a `+`. An `attributes`, `excludedAttributes`, `sortBy` or `sortOrder` without a value counts as absent.
///
/// # Errors
/// `invalidValue`: one is given twice, or is not UTF-8.
pub fn parse(query: Option<&str>) -> Result<SearchParams, ScimError> {
    let mut params = SearchParams::default();
    for (name, value) in pairs(query) {
        let Some(name) = decode(name) else { continue };
        let (name, may_be_empty, place) = match () {
            () if name.eq_ignore_ascii_case("filter") => ("filter", true, &mut params.filter),
            () if name.eq_ignore_ascii_case("sortBy") => ("sortBy", false, &mut params.sort_by),
            () if name.eq_ignore_ascii_case("sortOrder") => ("sortOrder", false, &mut params.sort_order),
            () if name.eq_ignore_ascii_case("startIndex") => ("startIndex", true, &mut params.start_index),
            () if name.eq_ignore_ascii_case("count") => ("count", true, &mut params.count),
            () if name.eq_ignore_ascii_case("cursor") => ("cursor", true, &mut params.cursor),
            () if name.eq_ignore_ascii_case("attributes") => ("attributes", false, &mut params.attributes),
            () if name.eq_ignore_ascii_case("excludedAttributes") => {
                ("excludedAttributes", false, &mut params.excluded_attributes)
            }
            () => continue,
        };
        if place.is_some() {
            return Err(ScimError::invalid_value(format!("the parameter {name} is given twice")));
        }
        let value =
            decode(value).ok_or_else(|| ScimError::invalid_value(format!("the value of the parameter {name} is not UTF-8")))?;
        *place = Some(value.into_owned());
        if !may_be_empty && place.as_deref() == Some("") {
            *place = None;
        }
    }
    Ok(params)
}

/// Whether there is a `filter`, with a value or without one; discovery refuses it (P-4-09).
pub fn has_filter(query: Option<&str>) -> bool {
    pairs(query).any(|(name, _)| decode(name).is_some_and(|name| name.eq_ignore_ascii_case("filter")))
}

/// The names and values of a form, as they are written.
pub(super) fn pairs(query: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
    query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Decodes a form-encoded text. `None`: it is not UTF-8.
pub(super) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('+') {
        return percent_decode_str(text).decode_utf8().ok();
    }
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().ok().map(|text| Cow::Owned(text.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_once_and_a_plus_is_a_blank() {
        let filter = |query: &str| parse(Some(query)).expect("fine").filter;
        assert_eq!(filter("filter=userName+eq+%22a%2Bb%22").as_deref(), Some("userName eq \"a+b\""));
        assert_eq!(filter("filter=userName%20eq%20%22%2541%22").as_deref(), Some("userName eq \"%41\""));
        assert_eq!(filter("filter=a=b%26c").as_deref(), Some("a=b&c"));
        assert_eq!(filter("filter=100%").as_deref(), Some("100%"));
        assert_eq!(filter("filter=").as_deref(), Some(""));
        assert_eq!(filter("filter").as_deref(), Some(""));
        assert_eq!(filter("").as_deref(), None);
        assert_eq!(filter("&&").as_deref(), None);
    }

    #[test]
    fn names_are_known_in_any_case_and_unknown_ones_are_ignored() {
        let params = parse(Some("COUNT=1&startindex=2&SortBy=userName&sortORDER=descending&x=%FF&x=1&%63ursor=&")).expect("fine");
        assert_eq!(params.count.as_deref(), Some("1"));
        assert_eq!(params.start_index.as_deref(), Some("2"));
        assert_eq!(params.sort_by.as_deref(), Some("userName"));
        assert_eq!(params.sort_order.as_deref(), Some("descending"));
        assert_eq!(params.filter, None);
        assert_eq!(params.cursor.as_deref(), Some(""), "an empty cursor begins a walk (RFC 9865 §2)");
    }

    #[test]
    fn an_empty_projection_or_sort_counts_as_absent() {
        let params = parse(Some("attributes=&excludedAttributes=&sortBy=&sortOrder=")).expect("fine");
        assert_eq!((params.attributes, params.excluded_attributes, params.sort_by, params.sort_order), (None, None, None, None));
    }

    #[test]
    fn twice_or_not_utf8_is_refused_by_name() {
        let detail = |query: &str| parse(Some(query)).expect_err("refused").detail;
        assert_eq!(detail("count=1&Count=1"), "the parameter count is given twice");
        assert_eq!(detail("filter=%FF"), "the value of the parameter filter is not UTF-8");
    }

    #[test]
    fn a_filter_is_noticed_however_it_is_written() {
        for query in ["filter=x", "FILTER=", "a=b&filter", "%66ilter=x"] {
            assert!(has_filter(Some(query)), "{query}");
        }
        assert!(!has_filter(Some("filters=x&count=1")));
        assert!(!has_filter(None));
    }
}
