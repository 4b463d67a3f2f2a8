//! A request that its client has named, so that it may come twice and happen once
//! (draft-ietf-httpapi-idempotency-key-header).

use super::Invalid;
use super::keys::Keys;
use super::user::UserId;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::fmt;
use zeroize::Zeroizing;

/// What the client calls a request: 1 to 255 characters. Never printed: who knows it and the body can have the answer.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// A UUID has 36 and a SHA-256 in hex 64 characters; Stripe takes 255 as well.
    pub const LONGEST: usize = 255;

    /// The value of the header: a Structured Field String (RFC 9651, 3.3.3), as the draft asks for, or the same without
    /// quotes, as most clients send it. A comma without quotes is refused: a proxy may have made one line of two.
    pub fn parse(field: &str) -> Result<Self, Invalid> {
        let key = match field.strip_prefix('"') {
            Some(quoted) => unquoted(quoted).ok_or(Invalid::Format)?,
            None if field.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",".contains(&byte)) => field.to_owned(),
            None => return Err(Invalid::Format),
        };
        if (1..=Self::LONGEST).contains(&key.len()) { Ok(Self(key)) } else { Err(Invalid::Format) }
    }
}

/// What stands before the closing quote, which is the end.
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

/// Among whose requests a key is one of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Anybody,
    User(UserId),
}

/// A request under the name that staging knows it by.
pub struct NamedRequest {
    name: String,
    fingerprint: String,
    /// Seals the answer. Each has a key of its own, so that no two are ever sealed with the same nonce.
    answer_key: Zeroizing<[u8; 32]>,
}

impl NamedRequest {
    /// The same key is another request on another route and of another person. `content` is what a repeated request
    /// must have in common with the first.
    #[must_use]
    pub fn new(keys: &Keys, scope: Scope, route: &str, key: &IdempotencyKey, content: &[&[u8]]) -> Self {
        let user = match scope {
            Scope::Anybody => None,
            Scope::User(id) => Some(id.0.into_bytes()),
        };
        let user = user.as_ref().map_or(&[][..], |id| &id[..]);
        let name = BASE64_URL_SAFE_NO_PAD.encode(mac(&keys.request_name, &[user, route.as_bytes(), key.0.as_bytes()]));
        let fingerprint = BASE64_URL_SAFE_NO_PAD.encode(mac(&keys.request_content, content));
        let mut answer_key = Zeroizing::new([0; 32]);
        answer_key.copy_from_slice(mac(&keys.answer, &[name.as_bytes()]).as_ref());
        Self { name, fingerprint, answer_key }
    }

    /// A keyed hash: staging does not hold what a client wrote.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A keyed hash as well: bodies are short enough to be guessed.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// For staging, which need not be trusted with tickets, tokens and numbers. None: the cipher failed.
    #[must_use]
    pub fn seal(&self, answer: &[u8]) -> Option<String> {
        let mut sealed = answer.to_vec();
        let nonce = self.cipher()?.seal_in_place_append_tag(Aad::from(&self.name), &mut sealed).ok()?;
        Some(BASE64_URL_SAFE_NO_PAD.encode([&nonce.as_ref()[..], &sealed].concat()))
    }

    /// None: nobody who has the key sealed this, or for another request.
    #[must_use]
    pub fn open(&self, sealed: &str) -> Option<Vec<u8>> {
        let mut sealed = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, answer) = sealed.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        Some(self.cipher()?.open_in_place(nonce, Aad::from(&self.name), answer).ok()?.to_vec())
    }

    fn cipher(&self) -> Option<RandomizedNonceKey> {
        RandomizedNonceKey::new(&AES_256_GCM, &*self.answer_key).ok()
    }
}

/// Each part with its length before it, so that nothing can move from one to the next.
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

    fn named(scope: Scope, route: &str, name: &str, content: &[&[u8]]) -> NamedRequest {
        NamedRequest::new(&Keys::derive(&[1; 32]), scope, route, &key(name), content)
    }

    #[test]
    fn with_and_without_quotes_it_is_the_same_key() {
        assert_eq!(key("\"8e03978e-40d5-43dd-bc93-6894a57f9324\""), key("8e03978e-40d5-43dd-bc93-6894a57f9324"));
        assert_eq!(key(r#""a \"b\\ c""#).0, r#"a "b\ c"#);
        assert_eq!(key(&"x".repeat(255)), key(&format!("\"{}\"", "x".repeat(255))));
        assert!(!format!("{:?}", key("hush")).contains("hush"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
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
    fn whatever_tells_requests_apart_gives_another_name() {
        let someone = |id| Scope::User(UserId(Uuid::from_u128(id)));
        let names = [
            named(Scope::Anybody, "/a", "k", &[]),
            named(Scope::Anybody, "/a", "kk", &[]),
            named(Scope::Anybody, "/ak", "k", &[]),
            named(someone(1), "/a", "k", &[]),
            named(someone(2), "/a", "k", &[]),
        ];
        let distinct: std::collections::HashSet<_> = names.iter().map(NamedRequest::name).collect();
        assert_eq!(distinct.len(), names.len());
        let prints = [&[b"ab" as &[u8], b"c"][..], &[b"a", b"bc"], &[b"abc"], &[b"abc", b""]];
        let prints = prints.map(|content| named(Scope::Anybody, "/a", "k", content).fingerprint);
        assert_eq!(prints.iter().collect::<std::collections::HashSet<_>>().len(), prints.len());
        assert_eq!(named(Scope::Anybody, "/a", "k", &[]).name(), names[0].name());
    }

    #[test]
    fn an_answer_opens_for_its_own_request_and_unchanged_only() {
        let (own, other) = (named(Scope::Anybody, "/a", "k", &[b"x"]), named(Scope::Anybody, "/a", "other", &[b"x"]));
        let sealed = own.seal(b"ticket").unwrap();
        assert_eq!(own.open(&sealed).as_deref(), Some(&b"ticket"[..]));
        assert_ne!(own.seal(b"ticket").unwrap(), sealed, "a nonce of its own");
        assert_eq!(other.open(&sealed), None);
        let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert_eq!(own.open(&BASE64_URL_SAFE_NO_PAD.encode(&bytes)), None, "{at}");
            bytes[at] ^= 1;
        }
        for nonsense in ["", "short", "*", &sealed[..20]] {
            assert_eq!(own.open(nonsense), None);
        }
        let stranger = NamedRequest::new(&Keys::derive(&[2; 32]), Scope::Anybody, "/a", &key("k"), &[b"x"]);
        assert_eq!(stranger.open(&sealed), None);
    }
}
