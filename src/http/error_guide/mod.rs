//! Guide to the error codes: when the service returns each one, the sentence that an app shows, and what it does next.
//! `doorstep error-codes` prints it as openapi/error-codes.json and docs/errors.md.

mod conflicts;
mod document;
mod guide;
mod input;
mod limits;
mod next;
mod requests;
mod sentence;

use super::error::Code;

pub use document::{Document, Entry, Fallback, Field, document, json};
pub use guide::Guide;
pub use next::Next;
pub use sentence::Sentence;
pub(super) use sentence::show;

const COUNT: usize = Code::DependencyUnavailable as usize + 1;

/// Parts of the guide: together in the order of [`Code`].
const PARTS: [&[Guide]; 4] = [requests::GUIDES, conflicts::GUIDES, input::GUIDES, limits::GUIDES];

static GUIDES: [Guide; COUNT] = join();

/// Joins the parts. A code without a guide, or at another place than in the enum, does not compile.
const fn join() -> [Guide; COUNT] {
    let mut joined = [PARTS[0][0]; COUNT];
    let (mut part, mut at) = (0, 0);
    while part < PARTS.len() {
        let mut of_part = 0;
        while of_part < PARTS[part].len() {
            joined[at] = PARTS[part][of_part];
            assert!(joined[at].code as usize == at, "the guide has another order than the enum of codes");
            of_part += 1;
            at += 1;
        }
        part += 1;
    }
    assert!(at == COUNT, "a code has no guide");
    joined
}

impl Code {
    #[must_use]
    pub const fn guide(self) -> &'static Guide {
        &GUIDES[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::field_codes::FIELD_CODES;

    fn sentences() -> Vec<(&'static str, Sentence)> {
        let of_codes = Code::all().filter_map(|code| Some((code.row().name, code.guide().show?)));
        of_codes.chain(FIELD_CODES.iter().filter_map(|row| Some((row.name, row.show?)))).collect()
    }

    /// The tables end with the last code by name: a variant behind it would have no row and no guide.
    #[test]
    fn the_tables_have_as_many_rows_as_the_enum_has_variants() {
        let variants =
            include_str!("../error.rs").split("pub enum Code {\n").nth(1).unwrap().split('}').next().unwrap();
        assert_eq!(variants.lines().filter(|line| line.ends_with(',')).count(), COUNT);
    }

    #[test]
    fn sentences_for_users_are_plain_and_complete() {
        let names: Vec<&str> = Code::all().map(|code| code.row().name).collect();
        for (code, Sentence { en, zh }) in sentences() {
            assert!(en.is_ascii() && en.ends_with(['.', '?']) && en.len() < 130, "{code}: {en}");
            assert!(zh.ends_with(['。', '？']) && !zh.bytes().any(|byte| byte.is_ascii_alphanumeric()), "{code}: {zh}");
            // A name of a field or of a code has an underscore; markup has a backtick.
            assert!(!en.contains(['_', '`', '{', ';']) && !names.iter().any(|name| en.contains(name)), "{code}: {en}");
            for word in ["captcha", "token", "ticket", "server", "request id", "HTTP", "client", "session"] {
                assert!(!en.to_lowercase().contains(word), "{code}: {en}");
            }
        }
    }

    #[test]
    fn texts_for_developers_are_sentences() {
        for guide in Code::all().map(Code::guide) {
            for text in [guide.when, guide.next_detail] {
                assert!(text.ends_with('.') && text.starts_with(|c: char| c.is_uppercase() || c == '`'), "{text}");
            }
        }
    }

    #[test]
    fn only_errors_that_the_app_repairs_have_no_sentence() {
        let silent: Vec<&str> =
            Code::all().filter(|code| code.guide().show.is_none()).map(|code| code.row().name).collect();
        let expected = [
            "use_dpop_nonce",
            "token_invalid",
            "token_expired",
            "wrong_step",
            "request_in_progress",
            "proof_of_work_required",
            "proof_of_work_invalid",
        ];
        assert_eq!(silent, expected);
    }
}
