//! Optional notices by SMS: `SMS_NOTICES`.

use crate::config::env::Env;
use crate::domain::message::Topic;

/// Reads a list of topics, or `off`.
pub(in crate::config) fn read(env: &mut Env) -> Vec<Topic> {
    env.read("SMS_NOTICES", Topic::OPTIONAL.to_vec(), |text| {
        let find = |item: &str| Topic::OPTIONAL.into_iter().find(|topic| topic.name() == item.trim());
        let topics = if text == "off" { Some(Vec::new()) } else { text.split(',').map(find).collect() };
        topics.ok_or_else(|| format!("expected off, or one or more of {}", Topic::OPTIONAL.map(Topic::name).join(", ")))
    })
}
