//! Message templates that a provider has approved, and their variables.

use super::message::{Content, Topic, Value};
use super::phone::Region;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Template of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub id: String,
    /// Signature that the provider puts in front of the text, if it requires one ("【Acme】").
    pub signature: Option<String>,
    /// Variables in their order. No other variables are sent, because providers reject unknown ones.
    pub parameters: Vec<Parameter>,
}

/// Variable of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Name in the template. Providers with numbered variables ignore it.
    pub name: String,
    pub value: Value,
}

impl Template {
    /// Reads `SMS_123(code,minutes)`: the ID, then the variables. `time=minutes` is a variable with another name in the
    /// template. A template without brackets has all values of the topic, in the order of [`Topic::values`].
    #[must_use]
    pub fn parse(text: &str, topic: Topic, signature: Option<String>) -> Option<Self> {
        let (id, parameters) = match text.split_once('(') {
            None => (text, topic.values().iter().map(|value| Parameter::new(*value)).collect()),
            Some((id, rest)) => {
                let list = rest.strip_suffix(')')?.split(',').map(str::trim).filter(|item| !item.is_empty());
                (id, list.map(|item| Parameter::parse(item, topic)).collect::<Option<_>>()?)
            }
        };
        let id = id.trim();
        let plain = !id.is_empty() && !id.contains(|c: char| c.is_whitespace() || c == ')' || c == ',');
        plain.then(|| Self { id: id.to_owned(), signature, parameters })
    }

    /// Returns the names and values of the variables.
    pub fn fill<'a>(&'a self, content: &'a Content) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
        let parameters = self.parameters.iter();
        parameters.map(|parameter| (&*parameter.name, content.value(parameter.value).unwrap_or_default()))
    }
}

impl Parameter {
    fn new(value: Value) -> Self {
        Self { name: value.name().to_owned(), value }
    }

    fn parse(text: &str, topic: Topic) -> Option<Self> {
        let (name, value) = text.split_once('=').unwrap_or((text, text));
        let (name, value) = (name.trim(), value.trim());
        let value = topic.values().iter().copied().find(|known| known.name() == value)?;
        (!name.is_empty()).then(|| Self { name: name.to_owned(), value })
    }
}

/// Templates of one provider, by topic and region.
#[derive(Debug, Clone, Default)]
pub struct Templates(BTreeMap<(Topic, Option<Region>), Template>);

impl Templates {
    /// Adds a template. A template without a region is for all regions that have none of their own.
    pub fn insert(&mut self, topic: Topic, region: Option<Region>, template: Template) {
        self.0.insert((topic, region), template);
    }

    /// Returns the template for a message of this topic to this region.
    #[must_use]
    pub fn of(&self, topic: Topic, region: Region) -> Option<&Template> {
        self.0.get(&(topic, Some(region))).or_else(|| self.0.get(&(topic, None)))
    }
}

impl FromIterator<(Topic, Template)> for Templates {
    /// Uses the same templates for every region.
    fn from_iter<I: IntoIterator<Item = (Topic, Template)>>(templates: I) -> Self {
        Self(templates.into_iter().map(|(topic, template)| ((topic, None), template)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::flow::Purpose;
    use crate::domain::otp::OneTimeCode;

    fn filled(text: &str) -> Vec<(String, String)> {
        let code = OneTimeCode::parse("042137").unwrap();
        let content = Content::Code { purpose: Purpose::Login, code, minutes: 5 };
        let template = Template::parse(text, Topic::Login, None).unwrap();
        template.fill(&content).map(|(name, value)| (name.to_owned(), value.into_owned())).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_template_is_filled_with_its_variables_in_order() {
        assert_eq!(filled("SMS_1"), pairs(&[("code", "042137"), ("minutes", "5")]));
        assert_eq!(filled("SMS_1(code)"), pairs(&[("code", "042137")]));
        assert_eq!(filled("SMS_1( time = minutes, code )"), pairs(&[("time", "5"), ("code", "042137")]));
        assert_eq!(filled("SMS_1()"), []);
    }

    #[test]
    fn values_of_another_topic_are_rejected() {
        for text in ["", "(code)", "SMS_1(phone)", "SMS_1(code", "SMS_1(=code)", "SMS 1", "SMS_1(code))", "a,b"] {
            assert!(Template::parse(text, Topic::Login, None).is_none(), "{text}");
        }
        assert!(Template::parse("SMS_1(phone)", Topic::PhoneChanged, None).is_some());
        assert!(Template::parse("SMS_1(code)", Topic::PhoneChanged, None).is_none());
    }

    #[test]
    fn a_region_can_have_its_own_template() {
        let template = |id: &str| Template::parse(id, Topic::Login, None).unwrap();
        let mut templates: Templates = [(Topic::Login, template("all"))].into_iter().collect();
        templates.insert(Topic::Login, Some(Region::US), template("us"));
        assert_eq!(templates.of(Topic::Login, Region::US).unwrap().id, "us");
        assert_eq!(templates.of(Topic::Login, Region::DE).unwrap().id, "all");
        assert!(templates.of(Topic::Register, Region::DE).is_none());
    }
}
