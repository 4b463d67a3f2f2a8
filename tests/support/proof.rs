//! Reference solver of the proof of work. docs/api.md describes it for other languages.

use aws_lc_rs::digest::{Context, SHA256};

/// Returns the first nonce for which the hash of challenge and nonce begins with this number of zero bits.
pub fn solve(challenge: &str, bits: u64) -> String {
    let mut prefix = Context::new(&SHA256);
    prefix.update(challenge.as_bytes());
    prefix.update(b":");
    let zeros = |nonce: &String| {
        let mut hash = prefix.clone();
        hash.update(nonce.as_bytes());
        let hash = hash.finish();
        let first = hash.as_ref()[..8].iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        u64::from(first.leading_zeros())
    };
    (0_u64..).map(|nonce| nonce.to_string()).find(|nonce| zeros(nonce) >= bits).unwrap()
}
