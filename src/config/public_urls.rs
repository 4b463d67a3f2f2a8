//! Reads the URLs by which clients reach the service.

use super::env::Env;
use super::mode::Mode;
use crate::domain::dpop::PublicUrls;

pub(super) fn read(env: &mut Env, mode: Mode) -> PublicUrls {
    let expected = "expected https:// URLs without user, query and fragment, like https://api.example.com/auth";
    env.read("PUBLIC_URLS", PublicUrls::default(), |text| {
        let mut urls = PublicUrls::default();
        for url in text.split(',').map(str::trim).filter(|url| !url.is_empty()) {
            urls.add(url).map_err(|_| expected.to_owned())?;
        }
        // Without TLS everybody on the way reads the tokens.
        if mode == Mode::Production && !urls.are_https() {
            return Err(expected.to_owned());
        }
        Ok(urls)
    })
}
