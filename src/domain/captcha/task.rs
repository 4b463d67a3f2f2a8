//! Task of the user: what to type, and how an app asks for it.

use super::SPOKEN_DIGITS;
use crate::domain::language::Language;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Type the characters of the picture.
    Characters { count: usize, two_lines: bool },
    /// Type the result of the sum in the picture.
    Sum,
    /// Type the digits of the recording.
    SpokenDigits,
}

/// Keyboard that an answer needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyboard {
    /// Letters and digits.
    Text,
    Digits,
}

impl Keyboard {
    pub const ALL: [Self; 2] = [Self::Text, Self::Digits];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Digits => "digits",
        }
    }
}

impl Task {
    /// Number of characters of the answer; `None` if it varies.
    #[must_use]
    pub const fn length(self) -> Option<usize> {
        match self {
            Self::Characters { count, .. } => Some(count),
            Self::Sum => None,
            Self::SpokenDigits => Some(SPOKEN_DIGITS),
        }
    }

    #[must_use]
    pub const fn keyboard(self) -> Keyboard {
        match self {
            Self::Characters { .. } => Keyboard::Text,
            Self::Sum | Self::SpokenDigits => Keyboard::Digits,
        }
    }

    /// Sentence that asks the user for the answer.
    #[must_use]
    pub fn prompt(self, language: Language) -> String {
        use Language::{Chinese, English};
        match (self, language) {
            (Self::Characters { count, two_lines: true }, English) => {
                format!("Type the {count} characters in the picture, the upper line first.")
            }
            (Self::Characters { count, two_lines: true }, Chinese) => {
                format!("请输入图中的 {count} 个字符，先上行，后下行。")
            }
            (Self::Characters { count, two_lines: false }, English) => {
                format!("Type the {count} characters in the picture from left to right.")
            }
            (Self::Characters { count, two_lines: false }, Chinese) => {
                format!("请从左到右输入图中的 {count} 个字符。")
            }
            (Self::Sum, English) => "Type the result of the sum in the picture.".to_owned(),
            (Self::Sum, Chinese) => "请输入图中算式的结果。".to_owned(),
            (Self::SpokenDigits, English) => format!("Type the {SPOKEN_DIGITS} digits that you hear."),
            (Self::SpokenDigits, Chinese) => format!("请输入您听到的 {SPOKEN_DIGITS} 位数字。"),
        }
    }
}
