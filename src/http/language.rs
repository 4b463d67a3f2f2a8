//! Language of the client, from `Accept-Language`.

use crate::domain::language::Language;
use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};

/// Returns Chinese if the client prefers any variant of Chinese to English, else English (RFC 9110, 12.5.4). Apps in
/// Java send the platform's name of the locale, `zh_CN`.
pub(super) fn negotiate(headers: &HeaderMap) -> Language {
    let Some(accepted) = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()) else {
        return Language::English;
    };
    let quality = |prefix: &str| {
        let ranges = accepted.split(',').take(32).filter_map(|range| {
            let (tag, weight) = range.split_once(";q=").unwrap_or((range, "1"));
            let tag = tag.trim();
            let matches = tag.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
                && matches!(tag.as_bytes().get(2), None | Some(b'-' | b'_'));
            matches.then(|| weight.trim().parse().unwrap_or(0.0_f32))
        });
        ranges.fold(0.0, f32::max)
    };
    if quality("zh") > quality("en") { Language::Chinese } else { Language::English }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn accept_language_selects_the_language() {
        let chinese = |accepted: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(accepted).unwrap());
            matches!(negotiate(&headers), Language::Chinese)
        };
        for accepted in
            ["zh-CN", "zh", "ZH-hans-cn", "en;q=0.5,zh-CN;q=0.9", "fr,zh;q=0.1", "zh_CN", "zh_Hans_CN,en;q=0.5"]
        {
            assert!(chinese(accepted), "{accepted}");
        }
        for accepted in [
            "en",
            "en-US,zh;q=0.5",
            "fr",
            "",
            "*",
            "zhx",
            "zh;q=0",
            ";;;,,,q=",
            "zh;q=abc",
            "漢",
            "en_US,zh_CN;q=0.5",
            "zhx_CN",
        ] {
            assert!(!chinese(accepted), "{accepted}");
        }
    }
}
