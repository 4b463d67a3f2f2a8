//! What README.md says to paste, pasted.

use crate::doorstep::Folder;
use serde_json::Value;
use std::process::{Command, Stdio};

const README: &str = include_str!("../../README.md");

/// The shell block that holds these words.
fn block(words: &str) -> &'static str {
    let blocks = README.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.into_iter().find(|block| block.contains(words)).unwrap()
}

/// Pastes a block into a shell in this folder; answers what it printed.
fn paste(folder: &Folder, block: &str, url: &str) -> String {
    let curl = Command::new("curl").arg("--version").stdout(Stdio::null()).status();
    assert!(curl.is_ok_and(|status| status.success()), "curl is missing: run scripts/setup");
    assert!(block.contains("http://127.0.0.1:8080"));
    let script = block.replace("http://127.0.0.1:8080", url);
    let output = Command::new("sh").args(["-c", &script]).current_dir(folder).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{}: {errors}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

#[actix_web::test]
async fn the_walk_through_signs_somebody_up() {
    let folder = Folder::new();
    let (doorstep, _client) = folder.serve(&[]).await;
    let printed = paste(&folder, block("api=http"), &doorstep.url());
    let answers: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let steps: Vec<&str> = answers.iter().filter_map(|answer| answer["step"].as_str()).collect();
    assert_eq!(steps, ["verify_code", "set_password", "submit_profile"], "{printed}");
    let user = answers.last().unwrap();
    assert_eq!((&user["phone_number"], &user["nickname"]), (&"+8613800138000".into(), &"小明".into()), "{printed}");

    let again = paste(&folder, block("api=http"), &doorstep.url());
    assert!(again.contains("phone_already_registered") && !again.contains("\"user\""), "{again}");
    let second = block("api=http").replace("13800138000", "13800138001");
    let printed = paste(&folder, &second, &doorstep.url());
    assert!(printed.trim_end().lines().last().unwrap().contains("+8613800138001"), "{printed}");
}

/// The three blocks, one after the other in one terminal. A second message to a phone has to wait for a second instead of a
/// minute.
#[actix_web::test]
async fn the_walk_through_goes_on_after_the_sign_up() {
    let folder = Folder::new();
    let (doorstep, _client) = folder.serve(&[("COOLDOWN_SECONDS", "1")]).await;
    let whole = [block("api=http"), block("/v1/logout"), block("/v1/password-reset/")].concat();
    assert!(whole.contains("sleep 60"));
    let printed = paste(&folder, &whole.replace("sleep 60", "sleep 1"), &doorstep.url());
    let answers: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [logged_in, tokens, devices, logged_out, sent, verified, reset, back] = &answers[5..] else {
        panic!("{printed}");
    };
    assert!(logged_in["user"].is_object() && tokens["refresh_token"].is_string(), "{printed}");
    assert_ne!(tokens["refresh_token"], logged_in["refresh_token"]);
    let names: Vec<&Value> =
        devices["sessions"].as_array().unwrap().iter().map(|session| &session["device_name"]).collect();
    assert_eq!(names, [&Value::from("iPad"), &Value::Null], "{printed}");
    assert_eq!((logged_out, reset), (&204.into(), &204.into()), "{printed}");
    assert_eq!((&sent["step"], &verified["step"]), (&"verify_code".into(), &"set_password".into()), "{printed}");
    assert_eq!(back["user"]["id"], logged_in["user"]["id"], "{printed}");
}

#[actix_web::test]
async fn the_picture_of_a_captcha_can_be_fetched() {
    let folder = Folder::new();
    let (doorstep, _client) = folder.serve(&[]).await;
    paste(&folder, block("captcha.png"), &doorstep.url());
    assert!(std::fs::read(folder.path("captcha.png")).unwrap().starts_with(b"\x89PNG\r\n\x1a\n"));
}
