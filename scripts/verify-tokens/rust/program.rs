//! Reads access tokens, one a line, and prints the user of each, or why there is none.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use std::error::Error;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};

// SNIPPET

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let access_tokens = AccessTokens::new()?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match access_tokens.user_of(&line).await {
            Ok(user) => println!("user {user}"),
            Err(error) if error.is::<reqwest::Error>() => println!("unavailable {error:?}"),
            Err(error) => println!("refused {error:?}"),
        }
    }
    Ok(())
}
