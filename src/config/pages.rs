//! Pages: `ACCOUNT_DELETION_PAGE`, and the values in it.

use super::env::Env;
use super::urls::BaseUrl;
use super::variable::{Variable, WithDefault, flag, section};
use url::Url;

/// Values in the page for account deletion.
#[derive(Debug)]
pub struct DeletionPageSettings {
    pub app_name: String,
    pub privacy_policy: Option<BaseUrl>,
}

section! {
    pub(super) fn section = "Pages";
    /// Page at /account-deletion, on which users delete their account without the app, with their number and a code.
    /// Google Play asks for the link to such a page.
    static ACCOUNT_DELETION_PAGE: WithDefault<bool> = flag().default(|| false);
    /// Name of the app in the page, as the store shows it: 1 to 50 characters.
    static APP_NAME: Variable<String> = Variable::new("1 to 50 characters, without line breaks", |text, about| {
        let allowed = text.chars().count() <= 50 && !text.chars().any(char::is_control);
        about.unless_none(allowed.then(|| text.to_owned()))
    })
    .example("Example App")
    .default_in_words("none; required with ACCOUNT_DELETION_PAGE");
    /// URL of your privacy policy, for a link in the page.
    static PRIVACY_POLICY_URL: Variable<Url> = super::urls::base_url().example("https://example.com/privacy");
}

/// Returns the settings of the page; `None` if the service has no such page.
pub(super) fn read(env: &mut Env) -> Option<DeletionPageSettings> {
    let (is_on, name) = (env.get(&ACCOUNT_DELETION_PAGE), env.optional(&APP_NAME));
    let privacy_policy = env.optional_url(&PRIVACY_POLICY_URL);
    if is_on && name.is_none() && !env.has_problem(APP_NAME.name) {
        env.problem(APP_NAME.name, "must be set with ACCOUNT_DELETION_PAGE=true: the page names the app");
    }
    is_on.then(|| DeletionPageSettings { app_name: name.unwrap_or_default(), privacy_policy })
}
