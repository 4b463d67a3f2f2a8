//! `doorstep keygen`, and the rotation of signing keys.

use crate::client::Client;
use crate::doorstep::{Folder, Var};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

fn keygen(folder: &Folder, arguments: &[&str]) -> String {
    let output = folder.run(arguments, &[]);
    assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""));
    output.stdout
}

fn key_id(token: &str) -> String {
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

/// Returns the key ids of the JWKS.
async fn published_key_ids(client: &Client) -> Vec<String> {
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

/// The steps of docs/operations.md: the new key is last, then first, then alone.
#[actix_web::test]
async fn key_rotation_ends_no_session() {
    let folder = Folder::new();
    let (a, b, secret_key) =
        (keygen(&folder, &["keygen"]), keygen(&folder, &["keygen"]), keygen(&folder, &["keygen", "--secret-key"]));
    assert_ne!(a, b);
    // The second value is on one line, as in environment files.
    let (a_first, b_first) = (format!("{a}{b}"), format!("{b}{a}").replace('\n', "\\n"));
    let vars = |jwt_keys| -> [Var<'_>; 3] {
        [("SECRET_KEY", &secret_key), ("JWT_KEYS", jwt_keys), ("DATABASE_URL", "sqlite://data/doorstep.sqlite3")]
    };

    let (mut doorstep, client) = folder.serve(&vars(&a)).await;
    assert!(!folder.path("data/secret_key").exists(), "no key is created if keys are set");
    let signed_in = client.sign_up(&folder, "+8613800138000").await;
    let old = signed_in.field("access_token");
    assert_eq!(published_key_ids(&client).await, [key_id(&old)]);
    doorstep.stop("TERM");

    let (mut doorstep, client) = folder.serve(&vars(&a_first)).await;
    let published = published_key_ids(&client).await;
    assert_eq!((published.len(), &published[0]), (2, &key_id(&old)), "the new key is published before it signs");
    assert_eq!(client.me(&old).await.status, 200);
    let (also_old, refresh_token) = refresh(&client, &signed_in.field("refresh_token")).await;
    assert_eq!(key_id(&also_old), key_id(&old), "the first key signs");
    doorstep.stop("TERM");

    let (mut doorstep, client) = folder.serve(&vars(&b_first)).await;
    assert_eq!(published_key_ids(&client).await, [published[1].as_str(), &published[0]]);
    assert_eq!(client.me(&also_old).await.status, 200, "the old key still verifies");
    let (new, refresh_token) = refresh(&client, &refresh_token).await;
    assert_eq!(key_id(&new), published[1]);
    doorstep.stop("TERM");

    let (_doorstep, client) = folder.serve(&vars(&b)).await;
    assert_eq!(published_key_ids(&client).await, [published[1].as_str()]);
    for token in [&old, &also_old] {
        assert_eq!(client.me(token).await.body["code"], "token_invalid");
    }
    assert_eq!(client.me(&new).await.status, 200);
    // A client with an old access token refreshes it and stays signed in.
    let (renewed, _) = refresh(&client, &refresh_token).await;
    assert_eq!(client.me(&renewed).await.status, 200);
}

fn algorithm(token: &str) -> String {
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["alg"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_key_of_another_algorithm_takes_over_and_ends_no_session() {
    let folder = Folder::new();
    let (ed, secret_key) = (keygen(&folder, &["keygen"]), keygen(&folder, &["keygen", "--secret-key"]));
    let ec = keygen(&folder, &["keygen", "--alg", "ES256"]);
    let vars = |jwt_keys| -> [Var<'_>; 3] {
        [("SECRET_KEY", &secret_key), ("JWT_KEYS", jwt_keys), ("DATABASE_URL", "sqlite://data/doorstep.sqlite3")]
    };
    let (mut doorstep, client) = folder.serve(&vars(&ed)).await;
    let signed_in = client.sign_up(&folder, "+8613800138000").await;
    let old = signed_in.field("access_token");
    assert_eq!(algorithm(&old), "EdDSA");
    doorstep.stop("TERM");

    let both = format!("{ec}{ed}");
    let (_doorstep, client) = folder.serve(&vars(&both)).await;
    let set = client.get("/.well-known/jwks.json").await;
    let field =
        |name: &str| set.body["keys"].as_array().unwrap().iter().map(|key| key[name].clone()).collect::<Vec<_>>();
    assert_eq!((field("kty"), field("alg")), (vec![json!("EC"), json!("OKP")], vec![json!("ES256"), json!("EdDSA")]));
    assert_eq!((field("crv")[0].clone(), field("y")[0].as_str().unwrap().len()), (json!("P-256"), 43));
    assert_eq!(client.me(&old).await.status, 200, "the old key still verifies");
    let (new, _) = refresh(&client, &signed_in.field("refresh_token")).await;
    assert_eq!((algorithm(&new), key_id(&new)), ("ES256".to_owned(), field("kid")[0].as_str().unwrap().to_owned()));
    assert_eq!(client.me(&new).await.status, 200);
}

#[test]
fn keygen_refuses_an_unknown_algorithm() {
    let folder = Folder::new();
    for arguments in [&["keygen", "--alg", "RS256"][..], &["keygen", "--alg", "ES256", "--secret-key"]] {
        let output = folder.run(arguments, &[]);
        assert_eq!((output.status, output.stdout.as_str()), (Some(2), ""), "{arguments:?}");
    }
}
