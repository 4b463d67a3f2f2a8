//! `doorstep keygen`, and signing keys in rotation.

use crate::client::Client;
use crate::doorstep::{Folder, Var};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

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

#[actix_web::test]
async fn keys_rotate_without_ending_a_session() {
    let folder = Folder::new();
    let (old, new, secret_key) =
        (keygen(&folder, &["keygen"]), keygen(&folder, &["keygen"]), keygen(&folder, &["keygen", "--secret-key"]));
    assert_ne!(old, new);
    let vars = |jwt_keys| -> [Var<'_>; 3] {
        [("SECRET_KEY", &secret_key), ("JWT_KEYS", jwt_keys), ("DATABASE_URL", "sqlite://data/doorstep.sqlite3")]
    };

    let (mut doorstep, client) = folder.serve(&vars(&old)).await;
    assert!(!folder.path("data/secret_key").exists(), "no key is made when keys are given");
    let signed_in = client.sign_up(&folder, "+8613800138000").await;
    let old_token = signed_in.field("access_token");
    assert_eq!(published(&client).await, [key_id(&old_token)]);
    doorstep.stop("TERM");

    // On one line, as environment files have it.
    let both = format!("{new}{old}").replace('\n', "\\n");
    let (mut doorstep, client) = folder.serve(&vars(&both)).await;
    assert_eq!(client.me(&old_token).await.status, 200, "the old key still verifies");
    let new_token = client.sign_up(&folder, "+8613800138001").await.field("access_token");
    assert_ne!(key_id(&new_token), key_id(&old_token), "the first key signs");
    assert_eq!(published(&client).await, [key_id(&new_token), key_id(&old_token)]);
    doorstep.stop("TERM");

    let (_doorstep, client) = folder.serve(&vars(&new)).await;
    assert_eq!(client.me(&old_token).await.body["code"], "token_invalid");
    assert_eq!(client.me(&new_token).await.status, 200);
}
