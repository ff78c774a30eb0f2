//! `[traces]`: where traces go.

use super::settings::Settings;

/// `[traces]`.
#[derive(Debug, Clone, PartialEq)]
pub struct TracesConfig {
    /// The collector, without a slash at the end: `http://127.0.0.1:4318`.
    pub endpoint: String,
    /// Which part of the traces that begin here is kept, from 0 to 1.
    pub sampling_ratio: f64,
    /// Whether traces of any client go on here; if not, those that come by trusted proxies alone.
    pub continue_any: bool,
}

impl TracesConfig {
    /// `None`: nowhere.
    pub(super) fn read(settings: &mut Settings) -> Option<Self> {
        let sampling_ratio = settings.number("traces.sampling_ratio", 0.0..=1.0);
        let continue_any = settings.boolean("traces.continue_any");
        let endpoint = settings.parsed("traces.endpoint", endpoint)?;
        Some(Self { endpoint, sampling_ratio, continue_any })
    }
}

fn endpoint(text: &str) -> Result<Option<String>, String> {
    let host = text.strip_prefix("http://").filter(|rest| !rest.is_empty() && !rest.starts_with('/'));
    match host {
        _ if text.is_empty() => Ok(None),
        Some(_) if text.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#@".contains(&byte)) => {
            Ok(Some(text.trim_end_matches('/').to_owned()))
        }
        Some(_) | None => Err("must be the URL of a collector nearby, such as http://127.0.0.1:4318, or empty".to_owned()),
    }
}
