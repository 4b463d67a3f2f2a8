//! Sign-in with phone and password.

use super::new_device;
use crate::domain::password::Password;
use crate::domain::phone::Phone;
use crate::domain::session::Device;
use crate::flows::limits::{Answered, PasswordAttempt, redeem_captcha};
use crate::flows::session::{self, SignedIn};
use crate::flows::{Client, Error, NamedDevice, Service};
use crate::ports::{Account, AccountOnDevice, Proof, Verdict};

pub struct LogIn {
    pub phone: Phone,
    pub password: Password,
    pub captcha: Option<Answered>,
    pub device: Device,
    /// Device of the device token, if the client has sent a valid one.
    pub named: Option<NamedDevice>,
    pub client: Client,
}

/// Signs in. An unknown phone and a wrong password get the same error after the same work: two staging round trips at
/// most, one SQL statement, one hash. A right password also costs a transaction and a refund. A device token costs one
/// more SQL statement, and three more staging round trips if the account does not know the device.
pub async fn with_password(service: &Service, request: LogIn) -> Result<SignedIn, Error> {
    if let Some(captcha) = &request.captcha {
        redeem_captcha(service, captcha).await?;
    }
    service.background.run_to_completion(attempt(service.clone(), request)).await
}

/// Counts the attempt on the limits of the device, if the account knows it; else on those of all clients. Either comes
/// before the password is compared.
async fn attempt(service: Service, mut request: LogIn) -> Result<SignedIn, Error> {
    let mut account = None;
    if let Some((attempt, found)) = on_named_device(&service, &request).await? {
        if let Some(known) = found.known {
            request.device.known = Some(known);
            return attempt.record(&service, compare(&service, request, found.account).await).await;
        }
        attempt.move_to_other_limits(&service).await;
        account = Some(found.account);
    }
    if service.policy.new_device_code && request.captcha.is_none() {
        return Err(Error::CaptchaRequired);
    }
    let client = service.ip_block(request.client.address);
    let attempt = PasswordAttempt::for_login(&service, &request.phone, &client, request.captcha.is_some()).await?;
    let compared = match account {
        Some(account) => compare(&service, request, account).await,
        None => read_and_compare(&service, request).await,
    };
    attempt.record(&service, compared).await
}

/// Counts the attempt on the limits of the device that the request names, and reads the account with it.
async fn on_named_device(
    service: &Service,
    request: &LogIn,
) -> Result<Option<(PasswordAttempt, AccountOnDevice)>, Error> {
    let Some(named) = &request.named else { return Ok(None) };
    let Some(attempt) = PasswordAttempt::for_device(service, named).await? else { return Ok(None) };
    match named.account(service, &request.phone).await {
        Ok(found) => Ok(Some((attempt, found))),
        Err(error) => attempt.record(service, Err(error)).await,
    }
}

async fn read_and_compare(service: &Service, request: LogIn) -> Result<SignedIn, Error> {
    let account = service.ports.users.by_phone(&request.phone).await?;
    compare(service, request, account).await
}

/// Compares at most twice. If another sign-in replaces the hash with one of the configured cost at the same time, the
/// second comparison uses the new hash.
async fn compare(service: &Service, request: LogIn, account: Option<Account>) -> Result<SignedIn, Error> {
    if let Some(signed_in) = compare_once(service, &request, account).await? {
        return Ok(signed_in);
    }
    let account = service.ports.users.by_phone(&request.phone).await?;
    compare_once(service, &request, account).await?.ok_or(Error::CredentialsInvalid)
}

/// Returns `None` if the password or its hash was changed since it was read.
async fn compare_once(service: &Service, request: &LogIn, account: Option<Account>) -> Result<Option<SignedIn>, Error> {
    // An account without a password gets the response of an unknown phone, after the same work.
    let hash = account.as_ref().and_then(|account| account.password_hash.clone());
    let verdict = service.ports.hasher.verify(request.password.clone(), hash.clone()).await?;
    let (Verdict::Right { rehashed }, Some(account), Some(hash)) = (verdict, account, hash) else {
        return Err(Error::CredentialsInvalid);
    };
    if service.policy.new_device_code && request.device.known.is_none() {
        let (phone, app) = (request.phone.clone(), request.device.client_id.clone());
        return Err(new_device::send_code(service, &account.user, phone, request.client, app).await);
    }
    let proof = Proof::Password(hash);
    session::sign_in(service, account.user, &proof, rehashed.as_ref(), request.device.clone()).await
}
