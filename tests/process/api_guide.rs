//! Runs every shell block of docs/api.md alone, in each shell.

use crate::doorstep::{Doorstep, Folder, Var};
use crate::shells::{Shell, block, blocks};
use crate::support::storage::qiniu::{self, FakeQiniu};
use crate::support::storage::s3::{self, FakeS3};
use crate::support::storage::{Shelf, picture};
use doorstep::adapters::system::SystemClock;
use doorstep::domain::avatar::AvatarType;
use doorstep::ports::Clock;
use serde_json::{Value, json};

const GUIDE: &str = include_str!("../../docs/api.md");
const README: &str = include_str!("../../README.md");

/// Text of each block, in the order of the page. A test below runs it.
const IDEMPOTENCY: &str = "Idempotency-Key: $key";
const CAPTCHA: &str = "sed 's/base64";
const IMAGE: &str = "/v1/captchas/image";
const ANSWER: &str = "send wrong";
const AUDIO: &str = "/v1/captchas/audio";
const AVATAR_PUT: &str = "-T me.jpg";
const AVATAR_FORM: &str = "-F file=@me.jpg";

#[test]
fn every_block_is_run() {
    let run = [IDEMPOTENCY, CAPTCHA, IMAGE, ANSWER, AUDIO, AVATAR_PUT, AVATAR_FORM];
    let blocks = blocks(GUIDE);
    assert_eq!(blocks.len(), run.len(), "{blocks:#?}");
    for (block, text) in blocks.into_iter().zip(run) {
        assert!(block.contains(text), "{text} is not in\n{block}");
    }
}

#[actix_web::test]
async fn a_repeated_send_code_has_the_same_ticket() {
    for shell in Shell::ALL {
        let folder = Folder::new();
        let (doorstep, _client) = folder.serve(&[]).await;
        let output = shell.run(&folder, &[block(GUIDE, IDEMPOTENCY)], &doorstep.url());
        let tickets: Vec<Value> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let [first, second] = &tickets[..] else { panic!("{shell:?}: {output}") };
        assert!(first["ticket"].is_string() && first["ticket"] == second["ticket"], "{shell:?}: {output}");
        assert_eq!(output.to_lowercase().matches("idempotency-replayed: true").count(), 1, "{shell:?}: {output}");
        assert_eq!(folder.read("data/outbox.log").lines().count(), 1, "{shell:?}");
    }
}

#[actix_web::test]
async fn the_captcha_examples_show_a_captcha_and_its_answer() {
    for shell in Shell::ALL {
        let folder = Folder::new();
        let (doorstep, _client) = folder.serve(&[]).await;
        let captcha: Value =
            serde_json::from_str(&shell.run(&folder, &[block(GUIDE, CAPTCHA)], &doorstep.url())).unwrap();
        let documented = GUIDE.split("```json\n").find(|part| part.contains("\"prompt\"")).unwrap();
        let documented: Value = serde_json::from_str(documented.split("```").next().unwrap()).unwrap();
        for (member, value) in documented.as_object().unwrap().iter().filter(|(name, _)| *name != "captcha_id") {
            assert_eq!(&captcha[member], value, "{shell:?}");
        }
        let answers = shell.run(&folder, &[block(GUIDE, ANSWER)], &doorstep.url());
        let answers: Vec<Value> = answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [wrong, used, right] = &answers[..] else { panic!("{shell:?}: {answers:?}") };
        assert_eq!((&wrong["code"], &used["code"]), (&"captcha_wrong".into(), &"captcha_expired".into()), "{shell:?}");
        assert!(right["ticket"].is_string(), "{shell:?}: {right}");
    }
}

#[actix_web::test]
async fn the_captcha_examples_download_a_picture_and_a_recording() {
    for shell in Shell::ALL {
        let folder = Folder::new();
        let (doorstep, _client) = folder.serve(&[("PROOF_OF_WORK_BITS", "8")]).await;
        for (text, file, media_type) in [(IMAGE, "captcha.png", "image/png"), (AUDIO, "captcha.wav", "audio/wav")] {
            let headers = shell.run(&folder, &[block(GUIDE, text)], &doorstep.url()).to_lowercase();
            assert!(headers.contains("captcha-id: ") && headers.contains(media_type), "{shell:?}: {headers}");
            let bytes = std::fs::read(folder.path(file)).unwrap();
            assert!(bytes.starts_with(b"\x89PNG") || bytes.starts_with(b"RIFF"), "{shell:?}: {file}");
        }
    }
}

#[actix_web::test]
async fn the_solver_in_python_finds_a_proof_that_the_service_accepts() {
    let folder = Folder::new();
    let (_doorstep, client) = folder.serve(&[("PROOF_OF_WORK", "always"), ("PROOF_OF_WORK_BITS", "8")]).await;
    let work = client.post("/v1/captchas", json!({})).await.body["proof_of_work"].clone();
    let challenge = work["challenge"].as_str().unwrap();
    let solver = GUIDE.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let program = format!("{solver}\nprint(solve('{challenge}', {}), end='')", work["bits"]);
    let nonce = Shell::Dash.run(&folder, &[&format!("python3 -c \"{}\"", program.replace('"', "\\\""))], "");
    let solved = client.post("/v1/captchas", json!({"proof_of_work": {"challenge": challenge, "nonce": nonce}})).await;
    assert_eq!(solved.status, 201, "{:?}", solved.body);
}

/// Signs up with the walk-through, runs the block of the guide, and checks the image in the storage and the account.
fn upload(shell: Shell, folder: &Folder, doorstep: &Doorstep, text: &str, shelf: &Shelf) {
    let jpeg = picture(AvatarType::Jpeg, 3_000);
    std::fs::write(folder.path("me.jpg"), &jpeg).unwrap();
    Shell::Dash.run(folder, &[block(README, "api=http")], &doorstep.url());
    let output = shell.run(folder, &[block(GUIDE, text)], &doorstep.url());
    let lines: Vec<Value> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let [permit, account] = &lines[..] else { panic!("{shell:?}: {output}") };
    assert_eq!(account["avatar_url"], permit["public_url"], "{shell:?}: {output}");
    let key = permit["public_url"].as_str().unwrap().strip_prefix(BASE).unwrap();
    let stored = shelf.object(key).unwrap_or_else(|| panic!("{shell:?}: {key} is not stored: {output}"));
    assert_eq!(stored.body, jpeg);
}

const BASE: &str = "https://cdn.example.com/";

#[actix_web::test]
async fn the_avatar_examples_upload_an_image() {
    let (s3, qiniu) = (FakeS3::start(SystemClock.now()), FakeQiniu::start(SystemClock.now()));
    let s3_settings: [Var<'_>; 8] = [
        ("AVATAR_STORAGE", "s3"),
        ("AVATAR_BASE_URL", BASE),
        ("AVATAR_S3_ENDPOINT", s3.endpoint.as_str()),
        ("AVATAR_S3_REGION", s3::REGION),
        ("AVATAR_S3_BUCKET", s3::BUCKET),
        ("AVATAR_S3_PATH_STYLE", "true"),
        ("AVATAR_S3_ACCESS_KEY_ID", s3::ACCESS_KEY_ID),
        ("AVATAR_S3_SECRET_ACCESS_KEY", s3::SECRET_ACCESS_KEY),
    ];
    let qiniu_settings: [Var<'_>; 6] = [
        ("AVATAR_STORAGE", "qiniu"),
        ("AVATAR_BASE_URL", BASE),
        ("AVATAR_QINIU_UPLOAD_URL", qiniu.upload_url.as_str()),
        ("AVATAR_QINIU_BUCKET", qiniu::BUCKET),
        ("AVATAR_QINIU_ACCESS_KEY", qiniu::ACCESS_KEY),
        ("AVATAR_QINIU_SECRET_KEY", qiniu::SECRET_KEY),
    ];
    for shell in Shell::ALL {
        for (settings, text, shelf) in
            [(&s3_settings[..], AVATAR_PUT, &s3.shelf), (&qiniu_settings[..], AVATAR_FORM, &qiniu.shelf)]
        {
            let folder = Folder::new();
            let (doorstep, _client) = folder.serve(settings).await;
            upload(shell, &folder, &doorstep, text, shelf);
        }
    }
}
