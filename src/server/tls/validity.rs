//! Until when a certificate is good (RFC 5280 §4.1.2.5): the one thing that its operator has to know of it.

use crate::clock::Timestamp;
use chrono::NaiveDateTime;

/// The tags of DER that lead there.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// From when on and until when a certificate in DER is good; `None` if it is none.
pub fn validity(der: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (certificate, _) = expect(SEQUENCE, der)?;
    let (mut rest, _) = expect(SEQUENCE, certificate)?;
    if let Some((_, behind)) = expect(VERSION, rest) {
        rest = behind;
    }
    for _serial_signature_issuer in 0..3 {
        (_, _, rest) = element(rest)?;
    }
    let (validity, _) = expect(SEQUENCE, rest)?;
    let (from, rest) = time(validity)?;
    let (until, _) = time(rest)?;
    Some((from, until))
}

/// The content of the first element, which must have this tag, and what comes behind it.
fn expect(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(der)?;
    (found == tag).then_some((content, rest))
}

/// The tag and content of the first element, and what comes behind it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, der) = der.split_first()?;
    let (&first, mut der) = der.split_first()?;
    let length = if first < 0x80 {
        usize::from(first)
    } else {
        let (bytes, rest) = der.split_at_checked(usize::from(first & 0x7f))?;
        der = rest;
        if bytes.len() > 4 {
            return None;
        }
        bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
    };
    let (content, rest) = der.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn time(der: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (tag, content, rest) = element(der)?;
    let text = std::str::from_utf8(content).ok()?;
    let text = match tag {
        // Two digits of the year are those of 1950 to 2049.
        UTC_TIME => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let moment = NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%SZ").ok()?;
    Some((Timestamp(moment.and_utc().timestamp_millis()), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    fn certificate(from: (i32, u8, u8), until: (i32, u8, u8)) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["scim.example.com".to_owned()]).expect("a name");
        params.not_before = date_time_ymd(from.0, from.1, from.2);
        params.not_after = date_time_ymd(until.0, until.1, until.2);
        let key = KeyPair::generate().expect("a key");
        params.self_signed(&key).expect("signs").der().to_vec()
    }

    #[test]
    fn the_time_is_read_in_both_forms() {
        let shown = |der: &[u8]| validity(der).map(|(from, until)| (from.to_rfc3339(), until.to_rfc3339()));
        let near = certificate((1999, 1, 2), (2049, 12, 31));
        assert_eq!(shown(&near), Some(("1999-01-02T00:00:00.000Z".into(), "2049-12-31T00:00:00.000Z".into())));
        let far = certificate((2026, 11, 30), (2050, 1, 1));
        assert_eq!(shown(&far), Some(("2026-11-30T00:00:00.000Z".into(), "2050-01-01T00:00:00.000Z".into())));
    }

    #[test]
    fn what_is_no_certificate_has_none() {
        let der = certificate((2026, 1, 1), (2027, 1, 1));
        // The time stands well within the first 200 bytes; cut anywhere, the outer length is wrong.
        for end in 0..der.len() {
            assert_eq!(validity(&der[..end]), None, "{end}");
        }
        assert_eq!(validity(b"\x30\x84\xff\xff\xff\xff"), None);
        assert_eq!(validity(b"\x30\x89\x01\x01\x01\x01\x01\x01\x01\x01\x01"), None);
    }
}
