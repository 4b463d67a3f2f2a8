//! HTML documents of the pages, in the languages of the pages.

use crate::domain::language::Language;
use crate::http::language::negotiate;
use crate::http::served::{Headers, Served};
use actix_web::{HttpRequest, HttpResponse};
use std::io;

/// HTML in English and in Chinese.
#[derive(Clone, Copy)]
pub(super) struct Texts {
    pub english: &'static str,
    pub chinese: &'static str,
}

pub(super) const DEMO: Texts = Texts {
    english: include_str!("../../../pages/dist/demo.en.html"),
    chinese: include_str!("../../../pages/dist/demo.zh.html"),
};

pub(super) const ACCOUNT_DELETION: Texts = Texts {
    english: include_str!("../../../pages/dist/account-deletion.en.html"),
    chinese: include_str!("../../../pages/dist/account-deletion.zh.html"),
};

const DOCS_HTML: &str = include_str!("../../../pages/dist/docs.html");
pub(super) const DOCS: Texts = Texts { english: DOCS_HTML, chinese: DOCS_HTML };

/// Document with its values filled in, compressed.
pub(super) struct Document {
    english: Served,
    chinese: Served,
}

impl Document {
    /// Replaces `{{name}}` by its value in both languages.
    pub(super) fn new(texts: Texts, headers: Headers, values: &[(&str, String)]) -> io::Result<Self> {
        let filled = |html: &str| Served::new(fill(html, values), headers);
        Ok(Self { english: filled(texts.english)?, chinese: filled(texts.chinese)? })
    }

    /// Response in the language of the query (`?lang=zh`), or else of `Accept-Language`.
    pub(super) fn response(&self, request: &HttpRequest) -> HttpResponse {
        let language = asked_for(request.query_string()).unwrap_or_else(|| negotiate(request.headers()));
        let served = match language {
            Language::English => &self.english,
            Language::Chinese => &self.chinese,
        };
        served.response(request.headers())
    }
}

fn asked_for(query: &str) -> Option<Language> {
    query.split('&').find_map(|pair| match pair {
        "lang=en" => Some(Language::English),
        "lang=zh" => Some(Language::Chinese),
        _ => None,
    })
}

fn fill(html: &str, values: &[(&str, String)]) -> String {
    values.iter().fold(html.to_owned(), |html, (name, value)| html.replace(&format!("{{{{{name}}}}}"), &escape(value)))
}

/// Escapes a text for an element or for an attribute in quotes. A brace could begin another placeholder.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' | '{' | '}' => escaped.push_str(&format!("&#{};", u32::from(c))),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_add_elements_attributes_or_placeholders() {
        let values = [("app", "<b title='x'>\"&{{url}}".to_owned()), ("url", "https://example.com/?a&b".to_owned())];
        let html = fill("<a href=\"{{url}}\">{{app}}</a>", &values);
        let app = "&#60;b title=&#39;x&#39;&#62;&#34;&#38;&#123;&#123;url&#125;&#125;";
        assert_eq!(html, format!("<a href=\"https://example.com/?a&#38;b\">{app}</a>"));
    }

    #[test]
    fn the_query_selects_a_language_of_the_pages() {
        assert!(matches!(asked_for("lang=zh"), Some(Language::Chinese)));
        assert!(matches!(asked_for("x=1&lang=en"), Some(Language::English)));
        for other in ["", "lang=", "lang=fr", "language=zh", "lang=zh-CN"] {
            assert!(asked_for(other).is_none(), "{other}");
        }
    }

    #[test]
    fn every_placeholder_of_the_deletion_page_has_a_value() {
        let page = crate::http::DeletionPage::default();
        for html in [ACCOUNT_DELETION.english, ACCOUNT_DELETION.chinese] {
            let filled = fill(html, &page.values());
            assert!(html.contains("{{app_name}}") && !filled.contains("{{"), "{filled}");
        }
    }
}
