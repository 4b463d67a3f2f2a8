//! Language of the client, from `Accept-Language`.

use crate::domain::language::{self, Language};
use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};

/// Returns Chinese if the client prefers any variant of Chinese to English, else English.
pub(super) fn negotiate(headers: &HeaderMap) -> Language {
    let best = language::negotiate(accept_language(headers), Language::ALL.iter().map(|language| language.tag()));
    best.and_then(|at| Language::ALL.get(at).copied()).unwrap_or_default()
}

/// Returns the header; an empty text without one.
pub(super) fn accept_language(headers: &HeaderMap) -> &str {
    headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default()
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
        for accepted in [
            "zh-CN",
            "zh",
            "ZH-hans-cn",
            "en;q=0.5,zh-CN;q=0.9",
            "fr,zh;q=0.1",
            "zh_CN",
            "zh_Hans_CN,en;q=0.5",
            "zh; q=0.9, en; q=0.1",
            "zh ;Q=0.9,en;q=0.5",
        ] {
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
            "zh; q=0.1, en; q=0.9",
        ] {
            assert!(!chinese(accepted), "{accepted}");
        }
    }
}
