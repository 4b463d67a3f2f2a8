//! Errors of single fields: the table of their codes, with a sentence in each language.

use super::error_guide::{Sentence, show};
use crate::domain::language::Language;

/// Row of the table.
pub struct FieldCode {
    pub name: &'static str,
    pub en: &'static str,
    pub zh: &'static str,
    /// Sentence that an app shows beside the field. `None` if only a defect of the app causes the error.
    pub show: Option<Sentence>,
}

const fn row(name: &'static str, en: &'static str, zh: &'static str) -> FieldCode {
    FieldCode { name, en, zh, show: None }
}

impl FieldCode {
    const fn show(self, en: &'static str, zh: &'static str) -> Self {
        Self { show: show(en, zh), ..self }
    }
}

/// All field codes. The last one is also the sentence of an unknown code.
pub static FIELD_CODES: [FieldCode; 11] = [
    row("required", "This field is required.", "该字段必填。").show("Please fill this in.", "请填写此项。"),
    row("unknown_field", "This field is unknown.", "未知字段。"),
    row("duplicate_field", "This field appears twice.", "字段重复。"),
    row("invalid_type", "The value has the wrong type.", "类型错误。"),
    row("too_short", "The value is too short.", "太短。").show("This is too short.", "内容太短。"),
    row("too_long", "The value is too long.", "太长。").show("This is too long.", "内容太长。"),
    row("invalid_characters", "The value contains characters that are not allowed.", "包含不允许的字符。")
        .show("This contains characters that cannot be used here.", "包含无法使用的字符，请修改。"),
    row("out_of_range", "The value is outside the allowed range.", "超出允许范围。")
        .show("This is not possible. Please check it.", "超出允许的范围，请检查。"),
    row("not_allowed", "This value is not allowed.", "不允许的值。")
        .show("This cannot be used here.", "暂不支持，请更换。"),
    row("mismatch", "The value differs from the field that it must repeat.", "两次输入不一致。")
        .show("The two entries are not the same.", "两次输入不一致，请重新输入。"),
    row("invalid_format", "The format is invalid.", "格式不正确。")
        .show("This does not look right. Please check it.", "格式不正确，请检查。"),
];

/// Error of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Path of the field in the body, such as `proof_of_work.nonce` or `accepted[0]`; empty for the body itself.
    pub field: String,
    pub code: &'static str,
}

impl FieldError {
    /// Path as a JSON Pointer in a URI fragment (RFC 6901, section 6).
    pub(super) fn pointer(&self) -> String {
        let names = self.field.split(['.', '[', ']']).filter(|name| !name.is_empty());
        names.fold("#".to_owned(), |pointer, name| pointer + "/" + name)
    }
}

/// Returns the sentence of a field code.
pub(super) fn detail(code: &str, language: Language) -> &'static str {
    let [.., last] = &FIELD_CODES;
    let row = FIELD_CODES.iter().find(|row| row.name == code).unwrap_or(last);
    match language {
        Language::English => row.en,
        Language::Chinese => row.zh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Invalid;

    #[test]
    fn a_pointer_names_members_and_items() {
        for (field, pointer) in [
            ("", "#"),
            ("nickname", "#/nickname"),
            ("proof_of_work.nonce", "#/proof_of_work/nonce"),
            ("accepted[1]", "#/accepted/1"),
        ] {
            assert_eq!(FieldError { field: field.to_owned(), code: "required" }.pointer(), pointer);
        }
    }

    #[test]
    fn every_invalid_value_has_a_row() {
        for invalid in Invalid::ALL {
            assert!(FIELD_CODES.iter().any(|row| row.name == invalid.code()), "{}", invalid.code());
        }
    }
}
