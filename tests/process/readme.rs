//! Runs the shell examples of README.md, in each shell that it names.

use crate::doorstep::Folder;
use crate::shells::{Shell, block};
use serde_json::Value;

const README: &str = include_str!("../../README.md");
const SIGN_UP: &str = "api=http";

fn json_lines(output: &str) -> Vec<Value> {
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {output}"));
    output.lines().filter(|line| !line.is_empty()).map(parse).collect()
}

#[actix_web::test]
async fn the_sign_up_example_creates_a_user() {
    for shell in Shell::ALL {
        let folder = Folder::new();
        let (doorstep, _client) = folder.serve(&[]).await;
        let output = shell.run(&folder, &[block(README, SIGN_UP)], &doorstep.url());
        let responses = json_lines(&output);
        let steps: Vec<&str> = responses.iter().filter_map(|response| response["step"].as_str()).collect();
        assert_eq!(steps, ["verify_code", "set_password", "submit_profile"], "{shell:?}: {output}");
        let user = responses.last().unwrap();
        assert_eq!((&user["phone_number"], &user["nickname"]), (&"+8613800138000".into(), &"小明".into()), "{output}");

        let again = shell.run(&folder, &[block(README, SIGN_UP)], &doorstep.url());
        assert!(again.contains("phone_already_registered") && !again.contains("\"user\""), "{shell:?}: {again}");
        let second = block(README, SIGN_UP).replace("13800138000", "13800138001");
        let output = shell.run(&folder, &[&second], &doorstep.url());
        assert_eq!(json_lines(&output).last().unwrap()["phone_number"], "+8613800138001", "{shell:?}");
    }
}

/// Runs the three blocks in one shell, one after the other. The wait before a second message to a phone is one second
/// instead of one minute.
#[actix_web::test]
async fn the_examples_after_the_sign_up_succeed() {
    let reset = block(README, "/v1/password-reset/").replace("sleep 60", "sleep 1");
    assert_ne!(reset, block(README, "/v1/password-reset/"));
    for shell in Shell::ALL {
        let folder = Folder::new();
        let (doorstep, _client) = folder.serve(&[("COOLDOWN_SECONDS", "1")]).await;
        let blocks = [block(README, SIGN_UP), block(README, "/v1/logout"), &reset];
        let output = shell.run(&folder, &blocks, &doorstep.url());
        let responses = json_lines(&output);
        let [logged_in, tokens, devices, logged_out, sent, verified, reset, logged_in_again] = &responses[5..] else {
            panic!("{shell:?}: {output}");
        };
        assert!(logged_in["user"].is_object() && tokens["refresh_token"].is_string(), "{output}");
        assert_ne!(tokens["refresh_token"], logged_in["refresh_token"]);
        let devices = devices["sessions"].as_array().unwrap();
        let names: Vec<&Value> = devices.iter().map(|session| &session["device_name"]).collect();
        assert_eq!(names, [&Value::from("iPad"), &Value::Null], "{output}");
        assert_eq!((logged_out, reset), (&204.into(), &204.into()), "{output}");
        assert_eq!((&sent["step"], &verified["step"]), (&"verify_code".into(), &"set_password".into()), "{output}");
        assert_eq!(logged_in_again["user"]["id"], logged_in["user"]["id"], "{output}");
    }
}

#[actix_web::test]
async fn the_captcha_example_downloads_a_png() {
    for shell in Shell::ALL {
        let folder = Folder::new();
        let (doorstep, _client) = folder.serve(&[]).await;
        shell.run(&folder, &[block(README, "captcha.png")], &doorstep.url());
        let png = std::fs::read(folder.path("captcha.png")).unwrap();
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "{shell:?}");
    }
}
