//! The apps that codes are made for: `CLIENT_APPS`.

use super::Env;
use crate::domain::client_app::{ClientApps, ClientId};
use crate::domain::message::Autofill;

/// `shop-ios=ios:example.com,shop-android=android:FA+9qCX9VSu`
pub(in crate::config) fn apps(env: &mut Env) -> ClientApps {
    env.read("CLIENT_APPS", ClientApps::default(), |text| {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let apps = items.map(app).collect::<Option<ClientApps>>();
        apps.ok_or_else(|| "expected ids with ios:domain or android:hash, like shop-ios=ios:example.com".to_owned())
    })
}

fn app(text: &str) -> Option<(ClientId, Autofill)> {
    let (id, how) = text.split_once('=')?;
    let (kind, value) = how.split_once(':')?;
    let autofill = match kind.trim() {
        "ios" => Autofill::Domain(value.trim().to_owned()),
        "android" => Autofill::AppHash(value.trim().to_owned()),
        _ => return None,
    };
    Some((ClientId::parse(id.trim()).ok()?, autofill))
}

/// What does not fit into a message is found at the start.
pub(super) fn judge(_env: &mut Env, _brand: &str, _apps: &ClientApps) {}
