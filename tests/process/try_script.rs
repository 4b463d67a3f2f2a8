//! `scripts/try`.

use crate::doorstep::{Folder, Var};
use std::net::TcpListener;
use std::process::{Command, Output};

/// Runs the script in this folder against this service.
fn run(folder: &Folder, url: &str, vars: &[Var<'_>]) -> Output {
    let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/try"));
    script.arg(url).envs(vars.iter().copied()).current_dir(folder).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[actix_web::test]
async fn a_running_service_answers_as_expected() {
    let folder = Folder::new();
    let (doorstep, _client) = folder.serve(&[("COOLDOWN_SECONDS", "1")]).await;
    let output = run(&folder, &doorstep.url(), &[]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).ends_with("\n19 requests, 0 differences\n"), "{}", text(&output));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[actix_web::test]
async fn a_difference_is_marked_and_fails() {
    let folder = Folder::new();
    let (doorstep, _client) = folder.serve(&[("COOLDOWN_SECONDS", "1"), ("PASSWORD_MODE", "none")]).await;
    let output = run(&folder, &doorstep.url(), &[]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let marked: Vec<String> =
        text(&output).lines().filter(|line| line.ends_with(" DIFFERS")).map(str::to_owned).collect();
    let step = marked.first().unwrap();
    assert!(step.contains("submit_profile") && step.contains("expected: set_password"), "{marked:#?}");
}

#[test]
fn without_a_service_it_starts_one_that_leaves_nothing_behind() {
    let folder = Folder::new();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let temporary = folder.path("temporary");
    std::fs::create_dir(&temporary).unwrap();
    let vars = [("DOORSTEP", env!("CARGO_BIN_EXE_doorstep")), ("TMPDIR", temporary.to_str().unwrap())];
    let output = run(&folder, &format!("http://{address}"), &vars);
    assert!(output.status.success(), "{}", text(&output));
    assert!(std::fs::read_dir(&temporary).unwrap().next().is_none());
    assert!(TcpListener::bind(address).is_ok(), "the service still runs");
}

#[test]
fn it_starts_no_service_for_another_machine() {
    let output = run(&Folder::new(), "http://doorstep.invalid", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing answers at http://doorstep.invalid"));
}
