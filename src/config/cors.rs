//! Cross-origin requests of browsers: `CORS_ORIGINS`.

use super::env::Env;
use super::variable::Production::Rule;
use super::variable::{About, Variable, items, section};
use crate::domain::origin::{AllowedOrigins, Origin};

section! {
    pub(super) fn section = "Browsers";
    /// Origins of web pages that may call the API (CORS), separated by commas: scheme, host and port. * allows all
    /// origins. Apps and servers need none of this. There are no cookies, and so no credentials: a page needs the
    /// access token of its user.
    static CORS_ORIGINS: Variable<AllowedOrigins> =
        Variable::new("origins like https://app.example.com, without a path, or * alone", parse)
            .example("https://app.example.com,http://localhost:5173")
            .default_in_words("no CORS: browsers refuse pages of other origins")
            .production(Rule("warns of *"));
}

fn parse(text: &str, about: &About) -> Result<AllowedOrigins, String> {
    if text.trim() == "*" {
        return Ok(AllowedOrigins::Any);
    }
    let origin = |item: &str| Origin::parse(item).map_err(|_| format!("{}, and not \"{item}\"", about.expected()));
    items(text).map(origin).collect::<Result<_, _>>().map(AllowedOrigins::Only)
}

pub(super) fn read(env: &mut Env) -> AllowedOrigins {
    let origins = env.optional(&CORS_ORIGINS).unwrap_or_default();
    if env.is_production() && origins == AllowedOrigins::Any {
        env.warning(CORS_ORIGINS.name, "allows every website to call the API: name the origins of your own pages");
    }
    origins
}
