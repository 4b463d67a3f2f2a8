//! Phone and password become a session.

use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::password::Password;
use crate::domain::phone::Phone;
use crate::domain::session::DeviceName;
use crate::flows::password_attempt::PasswordAttempt;
use crate::flows::session::{self, SignedIn};
use crate::flows::{Error, Service, captcha};
use crate::ports::{Proof, Verdict};
use std::net::IpAddr;
use std::sync::Arc;

pub struct LogIn {
    pub phone: Phone,
    pub password: Password,
    pub captcha: Option<(CaptchaId, CaptchaAnswer)>,
    pub device_name: Option<DeviceName>,
    pub client: IpAddr,
}

/// An unknown phone and a wrong password are one answer after the same work: two staging round trips at most, one SQL
/// statement, one hash. The right password costs one transaction more.
pub async fn with_password(service: &Arc<Service>, request: LogIn) -> Result<SignedIn, Error> {
    if let Some((id, answer)) = &request.captcha {
        captcha::redeem(service, id, answer).await?;
    }
    service.background.run_to_completion(guess(Arc::clone(service), request)).await
}

async fn guess(service: Arc<Service>, request: LogIn) -> Result<SignedIn, Error> {
    let guess = PasswordAttempt::for_login(&service, &request.phone, request.client, request.captcha.is_some()).await?;
    guess.record(&service, check(&service, request).await).await
}

/// Of sign-ins at the same moment the first may bring the hash to another cost, which the others then find changed: they look
/// once more.
async fn check(service: &Service, request: LogIn) -> Result<SignedIn, Error> {
    match look(service, &request).await? {
        Some(signed_in) => Ok(signed_in),
        None => look(service, &request).await?.ok_or(Error::CredentialsInvalid),
    }
}

/// `None` when the password was changed, or hashed anew, since it was read.
async fn look(service: &Service, request: &LogIn) -> Result<Option<SignedIn>, Error> {
    let account = service.ports.users.by_phone(&request.phone).await?;
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let verdict = service.ports.hasher.verify(request.password.clone(), hash).await?;
    let (Verdict::Right { rehashed }, Some(account)) = (verdict, account) else {
        return Err(Error::CredentialsInvalid);
    };
    let proof = Proof::Password(account.password_hash);
    session::sign_in(service, account.user, &proof, rehashed.as_ref(), request.device_name.clone()).await
}
