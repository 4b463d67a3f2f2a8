//! Optional notices by SMS: `SMS_NOTICES`.

use crate::config::variable::{Variable, WithDefault, items, section};
use crate::domain::message::Topic;

section! {
    pub(super) fn section = "SMS: notices";
    /// Notices to the owner of an account, besides the one about a changed number.
    pub(in crate::config) static SMS_NOTICES: WithDefault<Vec<Topic>> = Variable::new("", |text, about| {
        let find = |item: &str| Topic::OPTIONAL.into_iter().find(|topic| topic.name() == item);
        about.unless_none(if text == "off" { Some(Vec::new()) } else { items(text).map(find).collect() })
    })
    .computed(|| format!("off, or one or more of {}, separated by commas", names(&Topic::OPTIONAL, ", ")))
    .shown_default(|| Topic::OPTIONAL.to_vec(), |topics| names(topics, ","));
}

fn names(topics: &[Topic], separator: &str) -> String {
    topics.iter().map(|topic| topic.name()).collect::<Vec<_>>().join(separator)
}
