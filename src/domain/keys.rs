//! Keys for each use, derived from the secrets of the operator.

use super::master_key::{KeyId, MasterKey};
use super::master_keys::MasterKeys;
use super::ring::Ring;
use super::ticket::Ticket;
use aws_lc_rs::hmac;

/// Keys derived from `SECRET_KEY`. A value that is made with the key of one use is invalid for every other use.
///
/// `SECRET_KEY` is a list. While replicas change it one after the other, each accepts the values of the others:
///
/// - What a client presents is made with the first key and checked with all ([`Ring`]).
/// - What belongs to a flow is made with the key that its ticket names ([`Keys::flow`]).
/// - Names in stores are made with the oldest key, wherever it is in the list: all replicas count on the same counters.
/// - A request has a name under each key ([`super::idempotency`]).
pub struct Keys {
    /// Hashes phone numbers for the keys of staging. Of the oldest key.
    pub phone_hash: hmac::Key,
    /// Hashes the IP blocks of clients for the keys of staging. Of the oldest key.
    pub ip_block: hmac::Key,
    /// Hashes the IP block from which a session was refreshed. Of the oldest key.
    pub refresh_block: hmac::Key,
    /// Hashes test numbers for their tickets, by which they are recognized.
    pub test_phone: Ring,
    /// Signs refresh tokens.
    pub refresh: Ring,
    /// Signs device tokens.
    pub device: Ring,
    /// Signs challenges of proof of work.
    pub proof: Ring,
    /// Signs DPoP nonces.
    pub dpop_nonce: Ring,
    first: KeyId,
    /// The oldest first.
    flows: Vec<FlowKeys>,
    /// The oldest first.
    requests: Vec<RequestKeys>,
}

/// Keys of one flow.
pub struct FlowKeys {
    id: KeyId,
    /// Derives one-time codes.
    pub code: hmac::Key,
    /// Creates message IDs for the SMS provider.
    pub message: hmac::Key,
}

/// Keys of the requests with an idempotency key.
pub struct RequestKeys {
    /// Hashes idempotency keys to names of requests in staging.
    pub name: hmac::Key,
    /// Hashes the contents of these requests.
    pub content: hmac::Key,
    /// Derives the keys that encrypt their stored responses.
    pub answer: hmac::Key,
}

impl Keys {
    /// Derives the keys of a list with one entry.
    #[must_use]
    pub fn derive(master: &[u8; 32]) -> Self {
        Self::new(&MasterKeys::new(MasterKey::from(*master), Vec::new()))
    }

    #[must_use]
    pub fn new(masters: &MasterKeys) -> Self {
        let by_age = masters.by_age();
        let (oldest, ring) = (masters.oldest(), |label| Ring::derive(masters, label));
        Self {
            phone_hash: oldest.derive(PHONE_HASH),
            ip_block: oldest.derive("doorstep ip block"),
            refresh_block: oldest.derive("doorstep refresh ip block"),
            test_phone: ring(PHONE_HASH),
            refresh: ring("doorstep refresh token"),
            device: ring("doorstep device token"),
            proof: ring("doorstep proof of work"),
            dpop_nonce: ring("doorstep dpop nonce"),
            first: masters.first().id(),
            flows: by_age.iter().copied().map(FlowKeys::derive).collect(),
            requests: by_age.iter().copied().map(RequestKeys::derive).collect(),
        }
    }

    /// Key that a new ticket names.
    #[must_use]
    pub const fn new_flow(&self) -> KeyId {
        self.first
    }

    /// Keys of the flow of a ticket. A ticket that names no key is from a release that had one key: the oldest.
    #[must_use]
    pub fn flow(&self, ticket: &Ticket) -> &FlowKeys {
        let named = self.flows.iter().find(|keys| keys.id == ticket.key_id());
        named.unwrap_or(&self.flows[0])
    }

    /// Keys of the names of one request, the oldest first.
    #[must_use]
    pub fn requests(&self) -> &[RequestKeys] {
        &self.requests
    }
}

const PHONE_HASH: &str = "doorstep phone subject";

impl FlowKeys {
    fn derive(master: &MasterKey) -> Self {
        let (code, message) = (master.derive("doorstep one-time code"), master.derive("doorstep message id"));
        Self { id: master.id(), code, message }
    }
}

impl RequestKeys {
    fn derive(master: &MasterKey) -> Self {
        Self {
            name: master.derive("doorstep request name"),
            content: master.derive("doorstep request content"),
            answer: master.derive("doorstep kept answer"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::device::{DeviceId, DeviceToken};
    use crate::domain::dpop::DpopNonce;
    use crate::domain::flow::Purpose;
    use crate::domain::idempotency::{IdempotencyKey, NamedRequest, Scope};
    use crate::domain::master_key::tests::created;
    use crate::domain::otp::{OneTimeCode, message_id};
    use crate::domain::phone::Phone;
    use crate::domain::proof::{Challenge, Nonce, Proof};
    use crate::domain::session::{Generation, RefreshToken, SessionId};
    use crate::domain::ticket::PhoneHash;
    use chrono::{DateTime, Utc};
    use uuid::Uuid;

    fn now() -> DateTime<Utc> {
        "2026-11-30T12:00:00Z".parse().unwrap()
    }

    fn phone() -> Phone {
        Phone::from_stored("+8613800138000".to_owned()).unwrap()
    }

    fn keys(list: &[u32]) -> Keys {
        let mut masters = list.iter().map(|n| created(*n));
        Keys::new(&MasterKeys::new(masters.next().unwrap(), masters.collect()))
    }

    /// Keys of a rotation, step by step, and of a second one that begins before the first has ended.
    fn steps() -> Vec<Keys> {
        [&[1][..], &[1, 2], &[2, 1], &[2, 1, 3], &[3, 2, 1], &[3, 2], &[3]].map(keys).into()
    }

    fn refresh_token(keys: &Keys) -> RefreshToken {
        RefreshToken::issue(&keys.refresh, Generation { session: SessionId(Uuid::from_u128(1)), number: 7 })
    }

    fn ticket(keys: &Keys) -> Ticket {
        Ticket::new(PhoneHash::of(&phone(), &keys.phone_hash), keys.new_flow(), [7; 28])
    }

    /// Code and message id of a flow.
    fn message(keys: &Keys, ticket: &Ticket) -> (String, String) {
        let FlowKeys { code, message, .. } = keys.flow(ticket);
        let code = OneTimeCode::derive(code, Purpose::Register, ticket);
        (code.expose().to_owned(), message_id(message, &ticket.flow_key(), 2))
    }

    fn request(keys: &Keys) -> NamedRequest {
        NamedRequest::new(keys, Scope::Anybody, "/a", &IdempotencyKey::parse("k").unwrap(), &[b"x"])
    }

    fn assert_accepts(maker: &Keys, checker: &Keys) {
        assert!(RefreshToken::open(&checker.refresh, refresh_token(maker).expose()).is_ok());
        let device = DeviceToken::issue(&maker.device, DeviceId(Uuid::from_u128(1)));
        assert!(DeviceToken::open(&checker.device, device.expose()).is_ok());
        assert!(DpopNonce::is_valid(DpopNonce::new(&maker.dpop_nonce, now()).as_str(), &checker.dpop_nonce, now()));
        let (challenge, nonce) = (Challenge::new(&maker.proof, 0, now(), [7; 16]), Nonce::parse("1").unwrap());
        assert!(Proof { challenge, nonce }.check(&checker.proof, now()).is_some());
        let ticket = ticket(maker);
        assert_eq!(message(maker, &ticket), message(checker, &ticket));
        let test_phone = PhoneHash::of(&phone(), maker.test_phone.first());
        assert!(checker.test_phone.iter().any(|key| PhoneHash::of(&phone(), key) == test_phone));
        let (made, checked) = (request(maker), request(checker));
        let mut stored = made.names().iter().map(|name| name.seal(b"response").unwrap());
        assert!(stored.any(|response| checked.open(&response).is_some()));
    }

    #[test]
    fn replicas_at_neighbouring_steps_accept_the_values_of_each_other() {
        for pair in steps().windows(2) {
            assert_accepts(&pair[0], &pair[1]);
            assert_accepts(&pair[1], &pair[0]);
        }
    }

    /// One of two replicas finds the claim of the other, because the names in common have the same order at both.
    #[test]
    fn replicas_at_neighbouring_steps_have_names_of_requests_in_common() {
        let names = |keys| request(keys).names().iter().map(|name| name.name().to_owned()).collect::<Vec<_>>();
        for pair in steps().windows(2) {
            let [one, other] = [&pair[0], &pair[1]].map(names);
            let common = |names: &[String], others: &[String]| -> Vec<String> {
                names.iter().filter(|name| others.contains(name)).cloned().collect()
            };
            assert_eq!(common(&one, &other), common(&other, &one));
            assert!(!common(&one, &other).is_empty());
        }
    }

    #[test]
    fn counters_keep_their_names_until_the_oldest_key_leaves_the_list() {
        type Field = fn(&Keys) -> &hmac::Key;
        let fields: [Field; 3] = [|keys| &keys.phone_hash, |keys| &keys.ip_block, |keys| &keys.refresh_block];
        for field in fields {
            let names: Vec<_> = steps().iter().map(|keys| hmac::sign(field(keys), b"x").as_ref().to_vec()).collect();
            assert!(names[..5].iter().all(|name| *name == names[0]));
            assert_eq!(names.iter().collect::<std::collections::HashSet<_>>().len(), 3);
        }
    }

    #[test]
    fn a_removed_key_is_worth_nothing() {
        let (old, new) = (keys(&[1]), keys(&[2]));
        assert!(RefreshToken::open(&new.refresh, refresh_token(&old).expose()).is_err());
        assert_ne!(message(&old, &ticket(&old)), message(&new, &ticket(&old)));
        assert!(request(&new).open(&request(&old).names()[0].seal(b"response").unwrap()).is_none());
    }

    #[test]
    fn a_ticket_of_a_release_with_one_key_belongs_to_the_oldest() {
        let old = Ticket::new(PhoneHash::of(&phone(), &keys(&[1]).phone_hash), KeyId([9; 4]), [7; 28]);
        for list in [&[1][..], &[1, 2], &[2, 1]] {
            assert_eq!(message(&keys(list), &old), message(&keys(&[1]), &old));
        }
    }
}
