//! `doorstep keygen`, and signing keys in rotation.

use crate::client::Client;
use crate::doorstep::{Folder, Var};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

fn keygen(folder: &Folder, arguments: &[&str]) -> String {
    let said = folder.run(arguments, &[]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    said.out
}

fn key_id(token: &str) -> String {
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

async fn published(client: &Client) -> Vec<String> {
    let set = client.get("/.well-known/jwks.json").await;
    let keys = set.body["keys"].as_array().unwrap();
    assert!(keys.iter().all(|key| key.get("d").is_none()), "a private key is published: {set:?}");
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn refresh(client: &Client, token: &str) -> (String, String) {
    let tokens = client.post("/v1/token/refresh", json!({"refresh_token": token})).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    (tokens.field("access_token"), tokens.field("refresh_token"))
}

/// The walk-through of docs/operations.md: the new key last, then first, then alone.
#[actix_web::test]
async fn keys_rotate_without_ending_a_session() {
    let folder = Folder::new();
    let (a, b, secret_key) =
        (keygen(&folder, &["keygen"]), keygen(&folder, &["keygen"]), keygen(&folder, &["keygen", "--secret-key"]));
    assert_ne!(a, b);
    // The second on one line, as environment files have it.
    let (a_first, b_first) = (format!("{a}{b}"), format!("{b}{a}").replace('\n', "\\n"));
    let vars = |jwt_keys| -> [Var<'_>; 3] {
        [("SECRET_KEY", &secret_key), ("JWT_KEYS", jwt_keys), ("DATABASE_URL", "sqlite://data/doorstep.sqlite3")]
    };

    let (mut doorstep, client) = folder.serve(&vars(&a)).await;
    assert!(!folder.path("data/secret_key").exists(), "no key is made when keys are given");
    let signed_in = client.sign_up(&folder, "+8613800138000").await;
    let old = signed_in.field("access_token");
    assert_eq!(published(&client).await, [key_id(&old)]);
    doorstep.stop("TERM");

    let (mut doorstep, client) = folder.serve(&vars(&a_first)).await;
    let shown = published(&client).await;
    assert_eq!((shown.len(), &shown[0]), (2, &key_id(&old)), "verifiers learn the new key before a token says it");
    assert_eq!(client.me(&old).await.status, 200);
    let (still_old, refresh_token) = refresh(&client, &signed_in.field("refresh_token")).await;
    assert_eq!(key_id(&still_old), key_id(&old), "the first key signs");
    doorstep.stop("TERM");

    let (mut doorstep, client) = folder.serve(&vars(&b_first)).await;
    assert_eq!(published(&client).await, [shown[1].as_str(), &shown[0]]);
    assert_eq!(client.me(&still_old).await.status, 200, "the old key still verifies");
    let (new, refresh_token) = refresh(&client, &refresh_token).await;
    assert_eq!(key_id(&new), shown[1]);
    doorstep.stop("TERM");

    let (_doorstep, client) = folder.serve(&vars(&b)).await;
    assert_eq!(published(&client).await, [shown[1].as_str()]);
    for token in [&old, &still_old] {
        assert_eq!(client.me(token).await.body["code"], "token_invalid");
    }
    assert_eq!(client.me(&new).await.status, 200);
    // Who comes back with an old token renews it, and is still signed in.
    let (renewed, _) = refresh(&client, &refresh_token).await;
    assert_eq!(client.me(&renewed).await.status, 200);
}
