//! Code for a new device: with `NEW_DEVICE_CODE`, a right password alone is not enough on a device that the account
//! does not know.

use crate::domain::client_id::ClientId;
use crate::domain::flow::Purpose;
use crate::domain::phone::Phone;
use crate::domain::ticket::PhoneHash;
use crate::domain::user::{AccountVersion, User};
use crate::flows::limits::SendReservation;
use crate::flows::otp::{self, CodeSent, Recipient};
use crate::flows::{Client, Error, Service};

/// Sends a code to the phone of the account. Returns the error that contains its ticket, or the reason why no code was
/// sent. The messages count on limits of their own: strangers who use up those of the phone keep nobody out.
pub(super) async fn send_code(
    service: &Service,
    user: &User,
    phone: Phone,
    client: Client,
    app: Option<ClientId>,
) -> Error {
    let sent = send(service, user, phone, client, app).await;
    sent.map_or_else(|error| error, |sent| Error::NewDevice(Box::new(sent)))
}

async fn send(
    service: &Service,
    user: &User,
    phone: Phone,
    client: Client,
    app: Option<ClientId>,
) -> Result<CodeSent, Error> {
    let purpose = Purpose::Login;
    let flow = PhoneHash::of_new_device(&phone, &service.keys.phone_hash);
    let reservation = SendReservation::reserve_for(service, purpose, client, &phone, flow, None).await?;
    let account = Some(AccountVersion::of(user));
    let to = Recipient { account, password_proven: true, ..Recipient::new(purpose, phone, client, app) };
    otp::send(service, to, reservation).await
}
