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

#[cfg(test)]
mod tests {
    use crate::config::{Config, DeletionPageSettings, Problems};

    fn read(vars: &[(&str, &str)]) -> Result<Option<DeletionPageSettings>, Problems> {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::from_vars(vars).map(|config| config.deletion_page)
    }

    const PAGE: (&str, &str) = ("ACCOUNT_DELETION_PAGE", "true");
    const NAME: (&str, &str) = ("APP_NAME", "Example App");

    #[test]
    fn the_page_exists_only_if_it_is_set_and_names_the_app() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&[NAME]).unwrap().is_none());
        assert_eq!(read(&[PAGE, NAME]).unwrap().unwrap().app_name, "Example App");
        let errors = read(&[PAGE]).unwrap_err().errors;
        assert!(matches!(&errors[..], [line] if line.starts_with("APP_NAME: must be set")), "{errors:?}");
        for invalid in [("APP_NAME", "two\nlines"), ("APP_NAME", &*"x".repeat(51))] {
            let errors = read(&[PAGE, invalid]).unwrap_err().errors;
            assert!(matches!(&errors[..], [line] if line.starts_with("APP_NAME: expected")), "{errors:?}");
        }
        assert!(read(&[PAGE, NAME, ("PRIVACY_POLICY_URL", "javascript:alert(1)")]).is_err());
    }
}
