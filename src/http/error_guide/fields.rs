//! Guide to the codes of invalid fields (`errors` of a problem).

use super::guide::{Sentence, show};
use crate::domain::language::Language;
use serde::Serialize;

/// Guide to the code of an invalid field.
#[derive(Serialize)]
pub struct FieldGuide {
    pub code: &'static str,
    /// The text `detail` of the service, for developers.
    pub detail: Sentence,
    /// Sentence that an app shows beside the field. `None` if only a defect of the app causes the error.
    pub show: Option<Sentence>,
}

const fn guide(code: &'static str, en: &'static str, zh: &'static str, show: Option<Sentence>) -> FieldGuide {
    FieldGuide { code, detail: Sentence { en, zh }, show }
}

const INVALID_FORMAT: FieldGuide = guide(
    "invalid_format",
    "The format is invalid.",
    "格式不正确。",
    show("This does not look right. Please check it.", "格式不正确，请检查。"),
);

/// All field codes.
pub static FIELDS: [FieldGuide; 11] = [
    guide("required", "This field is required.", "该字段必填。", show("Please fill this in.", "请填写此项。")),
    guide("unknown_field", "This field is unknown.", "未知字段。", None),
    guide("duplicate_field", "This field appears twice.", "字段重复。", None),
    guide("invalid_type", "The value has the wrong type.", "类型错误。", None),
    INVALID_FORMAT,
    guide("too_short", "The value is too short.", "太短。", show("This is too short.", "内容太短。")),
    guide("too_long", "The value is too long.", "太长。", show("This is too long.", "内容太长。")),
    guide(
        "invalid_characters",
        "The value contains characters that are not allowed.",
        "包含不允许的字符。",
        show("This contains characters that cannot be used here.", "包含无法使用的字符，请修改。"),
    ),
    guide(
        "out_of_range",
        "The value is outside the allowed range.",
        "超出允许范围。",
        show("This is not possible. Please check it.", "超出允许的范围，请检查。"),
    ),
    guide(
        "not_allowed",
        "This value is not allowed.",
        "不允许的值。",
        show("This cannot be used here.", "暂不支持，请更换。"),
    ),
    guide(
        "mismatch",
        "The value differs from the field that it must repeat.",
        "两次输入不一致。",
        show("The two entries are not the same.", "两次输入不一致，请重新输入。"),
    ),
];

/// Returns the sentence of a field code for developers.
#[must_use]
pub fn field_detail(code: &str, language: Language) -> &'static str {
    let Sentence { en, zh } = FIELDS.iter().find(|field| field.code == code).unwrap_or(&INVALID_FORMAT).detail;
    match language {
        Language::English => en,
        Language::Chinese => zh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Invalid;
    use std::collections::BTreeSet;

    #[test]
    fn the_guide_has_the_codes_of_invalid_values_and_of_wrong_structures() {
        let of_structures = ["required", "unknown_field", "duplicate_field", "invalid_type"];
        let expected: BTreeSet<&str> = Invalid::ALL.iter().map(|invalid| invalid.code()).chain(of_structures).collect();
        assert_eq!(FIELDS.iter().map(|field| field.code).collect::<BTreeSet<_>>(), expected);
        assert_eq!(FIELDS.len(), expected.len());
    }
}
