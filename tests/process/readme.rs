//! Runs the shell examples of README.md.

use crate::doorstep::Folder;
use serde_json::Value;
use std::process::{Command, Stdio};

const README: &str = include_str!("../../README.md");

/// Returns the shell block that contains this text.
fn block(text: &str) -> &'static str {
    let blocks = README.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.into_iter().find(|block| block.contains(text)).unwrap()
}

/// Runs a block in a shell in this folder. Returns its output.
fn run(folder: &Folder, block: &str, url: &str) -> String {
    let curl = Command::new("curl").arg("--version").stdout(Stdio::null()).status();
    assert!(curl.is_ok_and(|status| status.success()), "curl is missing: run scripts/setup");
    assert!(block.contains("http://127.0.0.1:8080"));
    let script = block.replace("http://127.0.0.1:8080", url);
    let result = Command::new("sh").args(["-c", &script]).current_dir(folder).output().unwrap();
    let errors = String::from_utf8_lossy(&result.stderr);
    assert!(result.status.success() && errors.is_empty(), "{}: {errors}", result.status);
    String::from_utf8(result.stdout).unwrap()
}

#[actix_web::test]
async fn the_sign_up_example_creates_a_user() {
    let folder = Folder::new();
    let (doorstep, _client) = folder.serve(&[]).await;
    let output = run(&folder, block("api=http"), &doorstep.url());
    let responses: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let steps: Vec<&str> = responses.iter().filter_map(|response| response["step"].as_str()).collect();
    assert_eq!(steps, ["verify_code", "set_password", "submit_profile"], "{output}");
    let user = responses.last().unwrap();
    assert_eq!((&user["phone_number"], &user["nickname"]), (&"+8613800138000".into(), &"小明".into()), "{output}");

    let again = run(&folder, block("api=http"), &doorstep.url());
    assert!(again.contains("phone_already_registered") && !again.contains("\"user\""), "{again}");
    let second = block("api=http").replace("13800138000", "13800138001");
    let output = run(&folder, &second, &doorstep.url());
    assert!(output.trim_end().lines().last().unwrap().contains("+8613800138001"), "{output}");
}

/// Runs the three blocks in one shell, one after the other. The wait before a second message to a phone is one second
/// instead of one minute.
#[actix_web::test]
async fn the_examples_after_the_sign_up_succeed() {
    let folder = Folder::new();
    let (doorstep, _client) = folder.serve(&[("COOLDOWN_SECONDS", "1")]).await;
    let blocks = [block("api=http"), block("/v1/logout"), block("/v1/password-reset/")].concat();
    assert!(blocks.contains("sleep 60"));
    let output = run(&folder, &blocks.replace("sleep 60", "sleep 1"), &doorstep.url());
    let responses: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [logged_in, tokens, devices, logged_out, sent, verified, reset, logged_in_again] = &responses[5..] else {
        panic!("{output}");
    };
    assert!(logged_in["user"].is_object() && tokens["refresh_token"].is_string(), "{output}");
    assert_ne!(tokens["refresh_token"], logged_in["refresh_token"]);
    let names: Vec<&Value> =
        devices["sessions"].as_array().unwrap().iter().map(|session| &session["device_name"]).collect();
    assert_eq!(names, [&Value::from("iPad"), &Value::Null], "{output}");
    assert_eq!((logged_out, reset), (&204.into(), &204.into()), "{output}");
    assert_eq!((&sent["step"], &verified["step"]), (&"verify_code".into(), &"set_password".into()), "{output}");
    assert_eq!(logged_in_again["user"]["id"], logged_in["user"]["id"], "{output}");
}

#[actix_web::test]
async fn the_captcha_example_downloads_a_png() {
    let folder = Folder::new();
    let (doorstep, _client) = folder.serve(&[]).await;
    run(&folder, block("captcha.png"), &doorstep.url());
    assert!(std::fs::read(folder.path("captcha.png")).unwrap().starts_with(b"\x89PNG\r\n\x1a\n"));
}
