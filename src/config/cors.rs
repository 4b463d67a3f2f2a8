//! Cross-origin requests of browsers: `CORS_ORIGINS`.

use super::env::Env;
use super::variable::Production::Rule;
use super::variable::{About, Variable, items, section};
use crate::domain::cors::{AllowedOrigins, Origin};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::problems::Problems;

    fn read_with(mode: &str, value: &str) -> (AllowedOrigins, Problems) {
        let vars = [("APP_ENV", mode), ("CORS_ORIGINS", value)];
        let mut env = Env::new(vars.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let origins = read(&mut env);
        (origins, env.into_problems())
    }

    #[test]
    fn origins_are_none_some_or_all() {
        let some = ["https://app.example.com", "http://localhost:5173"].map(|text| Origin::parse(text).unwrap());
        for (value, expected) in [
            ("", AllowedOrigins::None),
            ("*", AllowedOrigins::Any),
            ("https://app.example.com/, http://localhost:5173,", AllowedOrigins::Only(some.to_vec())),
        ] {
            for mode in ["development", "production"] {
                let (origins, problems) = read_with(mode, value);
                assert_eq!((origins, problems.errors), (expected.clone(), Vec::new()), "{mode} {value}");
                let is_warned = mode == "production" && value == "*";
                assert_eq!(problems.warnings.len(), usize::from(is_warned), "{mode} {value}: {:?}", problems.warnings);
            }
        }
    }

    #[test]
    fn anything_else_is_reported_with_the_wrong_item() {
        for (value, item) in [
            ("https://app.example.com,*", "*"),
            ("https://app.example.com,app.example.com", "app.example.com"),
            ("https://*.example.com", "https://*.example.com"),
            ("https://app.example.com/app", "https://app.example.com/app"),
            ("null", "null"),
        ] {
            let (_, problems) = read_with("development", value);
            let expected = format!("and not \"{item}\"");
            assert!(problems.errors.len() == 1 && problems.errors[0].contains(&expected), "{value}: {problems:?}");
        }
    }
}
