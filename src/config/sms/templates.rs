//! Templates and signatures of a provider.
//!
//! `…TEMPLATE_{TOPIC}` is the template of one topic. `…TEMPLATE_CODE` is the template of every topic with a code and
//! without its own template, except account deletion: that message must say that the code deletes the account.
//! `…SIGN_NAME` and `…SIGN_NAME_{TOPIC}` work in the same way. Each name can end with `_{REGION}`.

use crate::config::env::Env;
use crate::config::variable::{Declared, Description, Section};
use crate::domain::message::{Topic, Value};
use crate::domain::phone::{Region, region};
use crate::domain::template::{Template, Templates};
use std::collections::BTreeMap;

/// Values by topic and region.
type Scoped = BTreeMap<(Option<Scope>, Option<Region>), String>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    Code,
    Topic(Topic),
}

/// The settings of one provider for its templates and signatures. The name is that of all templates.
pub(super) struct TemplateVariables {
    name: &'static str,
    /// A template for codes.
    example: &'static str,
    has_signatures: bool,
}

pub(super) const fn templates(example: &'static str) -> TemplateVariables {
    TemplateVariables { name: "", example, has_signatures: false }
}

impl TemplateVariables {
    pub(super) const fn with_signatures(self) -> Self {
        Self { has_signatures: true, ..self }
    }

    pub(in crate::config) const fn named(self, name: &'static str, _doc: &'static str) -> Self {
        Self { name, ..self }
    }

    /// The name of all signatures.
    fn sign_name(&self) -> String {
        self.name.replace("_TEMPLATE", "_SIGN_NAME")
    }
}

impl Declared for TemplateVariables {
    fn describe(&self) -> Vec<Description> {
        let template = |topic: &str, example: &str, doc: &str| Description {
            name: format!("{}_{topic}", self.name),
            stem: Some(self.name.to_owned()),
            values: "a template".to_owned(),
            example: example.to_owned(),
            doc: doc.to_owned(),
            ..Description::default()
        };
        let signature = || Description {
            name: self.sign_name(),
            stem: Some(self.sign_name()),
            values: "a signature".to_owned(),
            doc: "Signature of every template without a signature of its own.".to_owned(),
            ..Description::default()
        };
        let templates = [
            template("CODE", self.example, "Template of every code without a template of its own."),
            template("DELETE_ACCOUNT", "", "Template of the code that deletes the account."),
            template("PHONE_CHANGED", "", "Template of the notice to the number that the account had before."),
            template("PHONE_CHANGE_HELD", "", "Template of the notice of a held change, if SMS_NOTICES names it."),
            template("PASSWORD_CHANGED", "", "Template of the notice of a password change, if SMS_NOTICES names it."),
            template("PASSWORD_RESET", "", "Template of the notice of a password reset, if SMS_NOTICES names it."),
        ];
        self.has_signatures.then(signature).into_iter().chain(templates).collect()
    }
}

pub(super) fn section() -> Section {
    let introduction = "A template is an id and its variables: 123(code,minutes), or with names \
                        123(code=code,time=minutes). Without brackets the template gets all values of the topic. The \
                        topics REGISTER, LOGIN, RESET_PASSWORD, CHANGE_PHONE, SET_PASSWORD, CONFIRM_PHONE and \
                        DELETE_ACCOUNT have the values code and minutes. The topics PHONE_CHANGED and \
                        PHONE_CHANGE_HELD have the value phone, the masked new number; PASSWORD_CHANGED and \
                        PASSWORD_RESET have none. PHONE_CHANGED and all topics of SMS_NOTICES need a template. \
                        ..._TEMPLATE_CODE applies to every code without a template of its own, except DELETE_ACCOUNT. \
                        That message must say that the code deletes the account; otherwise an attacker can talk a user \
                        into giving the code away. Each topic can have its template (..._TEMPLATE_LOGIN) and its \
                        signature (..._SIGN_NAME_LOGIN), and each of them another one for a region \
                        (..._TEMPLATE_LOGIN_US, ..._SIGN_NAME_US).";
    Section::new("SMS: templates", introduction, &[])
}

pub(super) fn read(env: &mut Env, variables: &TemplateVariables) -> Templates {
    let ids = scoped(env, variables.name);
    let signatures = if variables.has_signatures { scoped(env, &variables.sign_name()) } else { Scoped::new() };
    let mut regions: Vec<Option<Region>> = ids.keys().chain(signatures.keys()).map(|(_, region)| *region).collect();
    regions.push(None);
    regions.sort_unstable();
    regions.dedup();
    let mut templates = Templates::default();
    for topic in Topic::ALL {
        for region in &regions {
            let Some(text) = find(&ids, topic, *region) else { continue };
            match Template::parse(text, topic, find(&signatures, topic, *region).cloned()) {
                Some(template) => templates.insert(topic, *region, template),
                None => env.problem(
                    &format!("{}_{}", variables.name, topic.name().to_uppercase()),
                    "expected the ID of a template and its variables, like SMS_123(code,minutes)",
                ),
            }
        }
    }
    templates
}

fn scoped(env: &mut Env, name: &str) -> Scoped {
    let mut found = Scoped::new();
    if let Some(text) = env.text(name) {
        found.insert((None, None), text);
    }
    for suffix in env.suffixes(&format!("{name}_")) {
        let full = format!("{name}_{suffix}");
        match (scope(&suffix), env.text(&full)) {
            (Some(scope), Some(text)) => drop(found.insert(scope, text)),
            _ => env.problem(&full, "expected CODE, a topic like LOGIN or a region like US at the end of the name"),
        }
    }
    found
}

/// Reads `LOGIN`, `LOGIN_US`, `CODE`, `US` …
fn scope(suffix: &str) -> Option<(Option<Scope>, Option<Region>)> {
    let topics = Topic::ALL.into_iter().map(|topic| (topic.name().to_uppercase(), Scope::Topic(topic)));
    for (name, scope) in topics.chain([("CODE".to_owned(), Scope::Code)]) {
        match suffix.strip_prefix(&name) {
            Some("") => return Some((Some(scope), None)),
            Some(rest) if rest.starts_with('_') => return Some((Some(scope), Some(region(&rest[1..])?))),
            _ => {}
        }
    }
    Some((None, Some(region(suffix)?)))
}

/// Finds the most specific value. A value for the region comes first, then a value for all regions. Within each, a
/// value for the topic comes first, then one for all codes, then one for everything.
fn find(scoped: &Scoped, topic: Topic, region: Option<Region>) -> Option<&String> {
    let code = topic != Topic::DeleteAccount && topic.values().contains(&Value::Code);
    let scopes = [Some(Scope::Topic(topic)), code.then_some(Scope::Code), None];
    let in_region = |region| scopes.iter().filter_map(move |scope| scoped.get(&(*scope, region))).next();
    region.and_then(|region| in_region(Some(region))).or_else(|| in_region(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates(vars: &[(&str, &str)]) -> (Templates, Vec<String>) {
        let mut env = Env::new(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let templates = read(&mut env, &super::templates("1").with_signatures().named("SMS_X_TEMPLATE", ""));
        (templates, env.into_problems().errors)
    }

    #[test]
    fn the_most_specific_setting_applies() {
        let (templates, problems) = templates(&[
            ("SMS_X_TEMPLATE_CODE", "code"),
            ("SMS_X_TEMPLATE_CODE_US", "us-code"),
            ("SMS_X_TEMPLATE_LOGIN", "login(code)"),
            ("SMS_X_TEMPLATE_DELETE_ACCOUNT_HK", "hk-delete"),
            ("SMS_X_SIGN_NAME", "Acme"),
            ("SMS_X_SIGN_NAME_LOGIN_US", "Acme US"),
        ]);
        assert_eq!(problems, Vec::<String>::new());
        let id = |topic, region| templates.of(topic, region).map(|found| found.id.as_str());
        assert_eq!(id(Topic::Register, Region::CN), Some("code"));
        assert_eq!(id(Topic::Register, Region::US), Some("us-code"));
        assert_eq!(id(Topic::Login, Region::CN), Some("login"));
        assert_eq!(id(Topic::DeleteAccount, Region::HK), Some("hk-delete"));
        assert_eq!(id(Topic::DeleteAccount, Region::CN), None, "a message with a deletion code must say so");
        assert_eq!(id(Topic::PhoneChanged, Region::CN), None);
        let signature = |topic, region| templates.of(topic, region).unwrap().signature.clone().unwrap();
        assert_eq!(signature(Topic::Register, Region::US), "Acme");
        assert_eq!(signature(Topic::Login, Region::US), "Acme US");
    }

    #[test]
    fn unknown_topics_and_regions_are_reported() {
        let (_, problems) = templates(&[
            ("SMS_X_TEMPLATE_LOGON", "1"),
            ("SMS_X_TEMPLATE_LOGIN_XX", "1"),
            ("SMS_X_TEMPLATE_REGISTER", "1(phone)"),
        ]);
        for name in ["SMS_X_TEMPLATE_LOGON: ", "SMS_X_TEMPLATE_LOGIN_XX: ", "SMS_X_TEMPLATE_REGISTER: "] {
            assert!(problems.iter().any(|problem| problem.starts_with(name)), "{name} in {problems:?}");
        }
    }
}
