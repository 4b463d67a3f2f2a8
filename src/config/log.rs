//! Format and content of the log.

use super::env::Env;
use super::variable::{Variable, WithDefault, items, section};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

#[derive(Debug)]
pub struct LogSettings {
    /// `tracing` directives: `info`, `doorstep=debug,info`.
    pub filter: String,
    pub json: bool,
}

section! {
    pub(super) fn section = "Log";
    // Its default hides the HTTP library's error for each request of a port scanner that is not HTTP.
    /// error, warn, info, debug, or directives for each module: doorstep=debug,info. Below info, doorstep writes only
    /// its own lines, because other libraries quote phone numbers and headers there. actix_http is off, because it logs
    /// every request that is not HTTP as an error: strangers could fill the log.
    static LOG: WithDefault<String> =
        Variable::new("a log level, or a level for each module, like doorstep=debug,info", |text, about| {
            // The library takes any other word for the name of a module, and disables the rest of the log.
            let is_known = |part: &str| part.contains('=') || part.parse::<LevelFilter>().is_ok();
            let is_valid = items(text).all(is_known) && EnvFilter::try_new(text).is_ok();
            about.unless_none(is_valid.then(|| text.to_owned()))
        })
        .default(|| "info,actix_server=warn,actix_http=off".to_owned());
    /// Format of the log lines: text or json.
    static LOG_FORMAT: Variable<bool> = Variable::new("json or text", |text, about| match text {
        "json" => Ok(true),
        "text" => Ok(false),
        _ => Err(about.expected()),
    })
    .example("text")
    .default_in_words("text in development, json in production");
}

pub(super) fn read(env: &mut Env) -> LogSettings {
    let json = env.optional(&LOG_FORMAT).unwrap_or(env.is_production());
    LogSettings { filter: env.get(&LOG), json }
}
