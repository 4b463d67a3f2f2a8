//! Sign-in with phone and password.

use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::password::Password;
use crate::domain::phone::Phone;
use crate::domain::session::Device;
use crate::flows::limits::PasswordAttempt;
use crate::flows::session::{self, SignedIn};
use crate::flows::{Error, Service, captcha};
use crate::ports::{Proof, Verdict};
use std::net::IpAddr;

pub struct LogIn {
    pub phone: Phone,
    pub password: Password,
    pub captcha: Option<(CaptchaId, CaptchaAnswer)>,
    pub device: Device,
    pub client: IpAddr,
}

/// Signs in. An unknown phone and a wrong password get the same error after the same work: two staging round trips at
/// most, one SQL statement, one hash. A right password also costs a transaction and a refund.
pub async fn with_password(service: &Service, request: LogIn) -> Result<SignedIn, Error> {
    if let Some((id, answer)) = &request.captcha {
        captcha::redeem(service, id, answer).await?;
    }
    service.background.run_to_completion(attempt(service.clone(), request)).await
}

async fn attempt(service: Service, request: LogIn) -> Result<SignedIn, Error> {
    let client = service.ip_block(request.client);
    let attempt = PasswordAttempt::for_login(&service, &request.phone, &client, request.captcha.is_some()).await?;
    attempt.record(&service, compare(&service, request).await).await
}

/// Compares at most twice. If another sign-in replaces the hash with one of the configured cost at the same time, the
/// second comparison uses the new hash.
async fn compare(service: &Service, request: LogIn) -> Result<SignedIn, Error> {
    match compare_once(service, &request).await? {
        Some(signed_in) => Ok(signed_in),
        None => compare_once(service, &request).await?.ok_or(Error::CredentialsInvalid),
    }
}

/// Returns `None` if the password or its hash was changed since it was read.
async fn compare_once(service: &Service, request: &LogIn) -> Result<Option<SignedIn>, Error> {
    let account = service.ports.users.by_phone(&request.phone).await?;
    // An account without a password gets the response of an unknown phone, after the same work.
    let hash = account.as_ref().and_then(|account| account.password_hash.clone());
    let verdict = service.ports.hasher.verify(request.password.clone(), hash.clone()).await?;
    let (Verdict::Right { rehashed }, Some(account), Some(hash)) = (verdict, account, hash) else {
        return Err(Error::CredentialsInvalid);
    };
    let proof = Proof::Password(hash);
    session::sign_in(service, account.user, &proof, rehashed.as_ref(), request.device.clone()).await
}
