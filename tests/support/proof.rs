//! The reference solver of proof of work, as docs/api.md has it for other languages.

use aws_lc_rs::digest::{Context, SHA256};

/// The first number whose hash behind the challenge begins with so many zero bits.
pub fn solve(challenge: &str, bits: u64) -> String {
    let mut beginning = Context::new(&SHA256);
    beginning.update(challenge.as_bytes());
    beginning.update(b":");
    let zeros = |nonce: &String| {
        let mut hash = beginning.clone();
        hash.update(nonce.as_bytes());
        let hash = hash.finish();
        let first = hash.as_ref()[..8].iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        u64::from(first.leading_zeros())
    };
    (0_u64..).map(|nonce| nonce.to_string()).find(|nonce| zeros(nonce) >= bits).unwrap()
}
