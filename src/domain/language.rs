//! Languages of messages and error texts.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// Language tag (RFC 5646).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }
}

/// Returns the tag that the client prefers (RFC 9110, 12.5.4), by its `Accept-Language`. A range matches every tag of
/// the same language: `zh-TW` matches `zh-CN`. Among the tags with the highest quality, one that is equal to its range
/// comes first, then the order of the tags. Apps in Java send the platform's name of the locale, `zh_CN`.
pub fn negotiate<'a>(accepted: &str, tags: impl Iterator<Item = &'a str>) -> Option<usize> {
    let ranges: Vec<(&str, f32)> = accepted.split(',').take(32).map(range).collect();
    let mut best = (None, 0.0, false);
    for (at, tag) in tags.enumerate() {
        for (range, quality) in ranges.iter().filter(|(range, _)| is_same_language(range, tag)) {
            let exact = range.len() == tag.len() && is_same_tag(range, tag);
            if *quality > best.1 || (*quality == best.1 && exact && !best.2 && best.0.is_some()) {
                best = (Some(at), *quality, exact);
            }
        }
    }
    best.0
}

/// Splits a range such as `zh-CN; q=0.9`. A quality that is no number counts as 0.
fn range(text: &str) -> (&str, f32) {
    let Some((tag, weight)) = text.split_once(';') else { return (text.trim(), 1.0) };
    let quality = weight.trim().strip_prefix(['q', 'Q']).and_then(|rest| rest.trim_start().strip_prefix('='));
    (tag.trim(), quality.and_then(|quality| quality.trim().parse().ok()).unwrap_or(0.0))
}

fn is_same_language(range: &str, tag: &str) -> bool {
    let language = |text: &str| text.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    language(range) == language(tag)
}

fn is_same_tag(range: &str, tag: &str) -> bool {
    range.replace('_', "-").eq_ignore_ascii_case(tag)
}
