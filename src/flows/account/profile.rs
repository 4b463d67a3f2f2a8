//! Change of the profile: nickname, picture, gender, birthday.

use crate::domain::user::{ProfileChange, User};
use crate::flows::session::Caller;
use crate::flows::{Error, Service};

pub async fn change(service: &Service, caller: Caller, change: &ProfileChange) -> Result<User, Error> {
    if *change == ProfileChange::default() {
        return Ok(caller.user);
    }
    let changed = service.ports.users.change_profile(&caller.authority(), change, service.now()).await?;
    // `None`: the session has ended, or the credentials were changed, concurrently.
    changed.ok_or(Error::TokenInvalid)
}
