//! Change of the profile: nickname, picture, gender, birthday.

use crate::domain::user::{ProfileChange, User};
use crate::flows::session::Caller;
use crate::flows::{Error, Service};

pub async fn change(service: &Service, caller: Caller, change: &ProfileChange) -> Result<User, Error> {
    if *change == ProfileChange::default() {
        return Ok(caller.user);
    }
    let changed = service.ports.users.change_profile(caller.user.id, change, service.now()).await?;
    // `None`: the account and its sessions were deleted concurrently.
    changed.ok_or(Error::TokenInvalid)
}
