//! Requests with an `Idempotency-Key`: a client can retry them, and they take effect once
//! (draft-ietf-httpapi-idempotency-key-header).

use super::Invalid;
use super::keys::{Keys, RequestKeys};
use super::user::UserId;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::fmt;
use zeroize::Zeroizing;

/// Key that a client gives to a request: 1 to 255 characters. Never printed, because a client that knows the key and
/// the body can get the stored response.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Maximum length. A UUID has 36 characters, a SHA-256 in hex has 64. Stripe also accepts 255.
    pub const LONGEST: usize = 255;

    /// Regular expression of the values that [`IdempotencyKey::parse`] accepts.
    pub const PATTERN: &str = r#"^(?:[!#-+\x2d-~]{1,255}|"(?:[ !#-\[\]-~]|\\["\\]){1,255}")$"#;

    /// Reads the value of the header: a Structured Field String (RFC 9651, 3.3.3), as the draft requires, or the same
    /// without quotes, as most clients send it. A comma without quotes is rejected, because a proxy may have joined two
    /// headers into one line.
    pub fn parse(field: &str) -> Result<Self, Invalid> {
        let key = match field.strip_prefix('"') {
            Some(quoted) => unquoted(quoted).ok_or(Invalid::Format)?,
            None if field.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",".contains(&byte)) => field.to_owned(),
            None => return Err(Invalid::Format),
        };
        if (1..=Self::LONGEST).contains(&key.len()) { Ok(Self(key)) } else { Err(Invalid::Format) }
    }
}

/// Returns the text before the closing quote, which must be the last character.
fn unquoted(quoted: &str) -> Option<String> {
    let (mut key, mut rest) = (String::new(), quoted.chars());
    loop {
        match rest.next()? {
            '"' => return rest.next().is_none().then_some(key),
            '\\' => key.push(rest.next().filter(|escaped| "\"\\".contains(*escaped))?),
            plain @ ' '..='~' => key.push(plain),
            _ => return None,
        }
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(..)")
    }
}

/// Requests among which a key is unique: all requests without a user, or all requests of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Anybody,
    User(UserId),
}

/// Request with its names in staging, one for each key of the service, the oldest key first. A replica claims a request
/// under all its names, in this order. Two replicas whose lists of keys have one key in common therefore handle it
/// once, and find each other's response.
pub struct NamedRequest(Vec<RequestName>);

/// Name of a request under one key of the service.
pub struct RequestName {
    name: String,
    fingerprint: String,
    /// Encrypts the response. Each request has its own key, so that no two responses have the same key and nonce.
    response_key: Zeroizing<[u8; 32]>,
}

impl NamedRequest {
    /// Computes the names from scope, route and key: the same key on another route or of another user is another
    /// request. `content` is the part that a retry must have in common with the first request.
    #[must_use]
    pub fn new(keys: &Keys, scope: Scope, route: &str, key: &IdempotencyKey, content: &[&[u8]]) -> Self {
        let user = match scope {
            Scope::Anybody => None,
            Scope::User(id) => Some(id.0.into_bytes()),
        };
        let user = user.as_ref().map_or(&[][..], |id| &id[..]);
        let named = [user, route.as_bytes(), key.0.as_bytes()];
        Self(keys.requests().iter().map(|keys| RequestName::new(keys, &named, content)).collect())
    }

    /// Names, the one of the oldest key first.
    #[must_use]
    pub fn names(&self) -> &[RequestName] {
        &self.0
    }

    /// Decrypts the response that is stored under one of the names. Returns `None` if it was not encrypted for any.
    #[must_use]
    pub fn open(&self, encrypted: &str) -> Option<Vec<u8>> {
        self.0.iter().find_map(|name| name.open(encrypted))
    }
}

impl RequestName {
    fn new(keys: &RequestKeys, named: &[&[u8]], content: &[&[u8]]) -> Self {
        let name = BASE64_URL_SAFE_NO_PAD.encode(mac(&keys.name, named));
        let fingerprint = BASE64_URL_SAFE_NO_PAD.encode(mac(&keys.content, content));
        let mut response_key = Zeroizing::new([0; 32]);
        response_key.copy_from_slice(mac(&keys.answer, &[name.as_bytes()]).as_ref());
        Self { name, fingerprint, response_key }
    }

    /// Keyed hash, so that staging does not contain the key of the client.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Keyed hash of the content. A plain hash would not hide bodies, because they are short enough to guess.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Encrypts a response (AES-256-GCM), so that staging contains no readable ticket, token or phone number. Returns
    /// `None` if the cipher fails.
    #[must_use]
    pub fn seal(&self, response: &[u8]) -> Option<String> {
        let mut encrypted = response.to_vec();
        let nonce = self.cipher()?.seal_in_place_append_tag(Aad::from(&self.name), &mut encrypted).ok()?;
        Some(BASE64_URL_SAFE_NO_PAD.encode([&nonce.as_ref()[..], &encrypted].concat()))
    }

    /// Decrypts a response. Returns `None` if it was not encrypted with this key and for this request.
    fn open(&self, encrypted: &str) -> Option<Vec<u8>> {
        let mut encrypted = BASE64_URL_SAFE_NO_PAD.decode(encrypted).ok()?;
        let (nonce, response) = encrypted.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        Some(self.cipher()?.open_in_place(nonce, Aad::from(&self.name), response).ok()?.to_vec())
    }

    fn cipher(&self) -> Option<RandomizedNonceKey> {
        RandomizedNonceKey::new(&AES_256_GCM, &*self.response_key).ok()
    }
}

/// Computes the MAC over the parts, each after its length, so that no byte can move from one part to the next.
fn mac(key: &hmac::Key, parts: &[&[u8]]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&part.len().to_be_bytes());
        context.update(part);
    }
    context.sign()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn key(text: &str) -> IdempotencyKey {
        IdempotencyKey::parse(text).unwrap()
    }

    /// Name of a request at a service with one key.
    fn named_by(master: u8, scope: Scope, route: &str, name: &str, content: &[&[u8]]) -> RequestName {
        let NamedRequest(mut names) =
            NamedRequest::new(&Keys::derive(&[master; 32]), scope, route, &key(name), content);
        assert_eq!(names.len(), 1);
        names.remove(0)
    }

    fn named(scope: Scope, route: &str, name: &str, content: &[&[u8]]) -> RequestName {
        named_by(1, scope, route, name, content)
    }

    #[test]
    fn a_key_is_the_same_with_and_without_quotes() {
        assert_eq!(key("\"8e03978e-40d5-43dd-bc93-6894a57f9324\""), key("8e03978e-40d5-43dd-bc93-6894a57f9324"));
        assert_eq!(key(r#""a \"b\\ c""#).0, r#"a "b\ c"#);
        assert_eq!(key(&"x".repeat(255)), key(&format!("\"{}\"", "x".repeat(255))));
        assert!(!format!("{:?}", key("hush")).contains("hush"));
    }

    #[test]
    fn malformed_keys_are_rejected() {
        let (long, long_quoted) = ("x".repeat(256), format!("\"{}\"", "x".repeat(256)));
        for field in [
            "",
            "\"\"",
            "\"",
            "\"a",
            "a\"",
            "\"a\"b",
            "\"a\";b=1",
            "\"a\", \"b\"",
            "a,b",
            "a b",
            "\"\\a\"",
            "\"a\\",
            "é",
            "\"é\"",
            "\"\t\"",
            "a\u{7f}",
            &long,
            &long_quoted,
        ] {
            assert_eq!(IdempotencyKey::parse(field), Err(Invalid::Format), "{field:?}");
        }
    }

    #[test]
    fn scope_route_and_key_determine_the_name() {
        let user = |id| Scope::User(UserId(Uuid::from_u128(id)));
        let names = [
            named(Scope::Anybody, "/a", "k", &[]),
            named(Scope::Anybody, "/a", "kk", &[]),
            named(Scope::Anybody, "/ak", "k", &[]),
            named(user(1), "/a", "k", &[]),
            named(user(2), "/a", "k", &[]),
        ];
        let distinct: std::collections::HashSet<_> = names.iter().map(RequestName::name).collect();
        assert_eq!(distinct.len(), names.len());
        let contents = [&[b"ab" as &[u8], b"c"][..], &[b"a", b"bc"], &[b"abc"], &[b"abc", b""]];
        let fingerprints = contents.map(|content| named(Scope::Anybody, "/a", "k", content).fingerprint);
        assert_eq!(fingerprints.iter().collect::<std::collections::HashSet<_>>().len(), fingerprints.len());
        assert_eq!(named(Scope::Anybody, "/a", "k", &[]).name(), names[0].name());
    }

    #[test]
    fn only_an_unchanged_response_of_the_same_request_is_decrypted() {
        let (own, other) = (named(Scope::Anybody, "/a", "k", &[b"x"]), named(Scope::Anybody, "/a", "other", &[b"x"]));
        let encrypted = own.seal(b"ticket").unwrap();
        assert_eq!(own.open(&encrypted).as_deref(), Some(&b"ticket"[..]));
        assert_ne!(own.seal(b"ticket").unwrap(), encrypted, "each encryption has its own nonce");
        assert_eq!(other.open(&encrypted), None);
        let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(&encrypted).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert_eq!(own.open(&BASE64_URL_SAFE_NO_PAD.encode(&bytes)), None, "{at}");
            bytes[at] ^= 1;
        }
        for malformed in ["", "short", "*", &encrypted[..20]] {
            assert_eq!(own.open(malformed), None);
        }
        assert_eq!(named_by(2, Scope::Anybody, "/a", "k", &[b"x"]).open(&encrypted), None);
    }
}
