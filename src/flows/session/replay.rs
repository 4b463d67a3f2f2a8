//! Stored responses that contain tokens.

use crate::domain::session::Generation;
use crate::flows::{Error, Service};

/// Allows the replay of a response with the tokens of this generation: only while the session lives, and only until the
/// refresh token is used. Later the client has the tokens, and the request can only come from somebody else.
pub async fn must_be_unused(service: &Service, generation: Generation) -> Result<(), Error> {
    let is_unused = service.ports.users.is_unused(generation, service.now()).await?;
    if is_unused { Ok(()) } else { Err(Error::ResponseGone) }
}
