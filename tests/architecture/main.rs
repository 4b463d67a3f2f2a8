//! Architecture rules, checked against the source: allowed imports, no import cycles, one module style, file lengths.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod cycles;
mod migrations;
mod paths;

use std::fs;
use std::path::Path;

/// Imports that one top-level module of `src/` may have.
struct Rule {
    module: &'static str,
    /// Modules of this crate that it may import, besides itself.
    may_import: &'static [&'static str],
    /// Other crates that it must not import; a star matches any beginning or end of the name.
    banned: &'static [&'static str],
}

/// Drivers and frameworks, which flows and ports must not use.
const DRIVERS: &[&str] = &["actix*", "diesel*", "doorstep_captcha", "*redis", "reqwest"];

const RULES: &[Rule] = &[
    Rule {
        module: "domain",
        may_import: &[],
        banned: &["actix*", "diesel*", "doorstep_captcha", "*redis", "reqwest", "serde*", "utoipa*", "tokio"],
    },
    Rule { module: "ports", may_import: &["domain"], banned: DRIVERS },
    Rule { module: "flows", may_import: &["domain", "ports"], banned: DRIVERS },
    Rule { module: "http", may_import: &["domain", "flows"], banned: &["diesel*", "doorstep_captcha", "*redis"] },
    Rule { module: "adapters", may_import: &["config", "domain", "ports"], banned: &[] },
    Rule { module: "config", may_import: &["domain"], banned: &[] },
];

/// Other crates that each crate in `crates/` must not import. It knows nothing of the service, of HTTP, settings and
/// stores, and runs without an asynchronous runtime.
const CRATES: &[(&str, &[&str])] =
    &[("captcha", OF_THE_SERVICE), ("huge-pages", OF_THE_SERVICE), ("libpq", OF_THE_SERVICE)];

const OF_THE_SERVICE: &[&str] =
    &["doorstep", "actix*", "clap", "diesel*", "*redis", "reqwest", "serde*", "tokio*", "tracing*"];

/// Crates that the bodies in `src/http/dto` may import: they have no rules, and tools read them. `zeroize` overwrites
/// passwords, `serde_json` has a type for a value that is JSON already.
const DTO_MAY_IMPORT: &[&str] = &["serde", "serde_json", "utoipa", "zeroize", "std", "super", "self"];

/// Modules that connect all others and may import everything.
const WIRING: [&str; 4] = ["app", "cli", "lib", "main"];

/// Returns every forbidden import of one file, with its line and the rule.
fn violations(file: &str, source: &str) -> Vec<String> {
    if let Some(path) = file.strip_prefix("crates/") {
        return crate_violations(file, path.split('/').next().unwrap_or_default(), source);
    }
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    let module: Vec<&str> = path.split('/').filter(|part| *part != "mod").collect();
    if WIRING.contains(&module[0]) {
        return Vec::new();
    }
    let Some(rule) = RULES.iter().find(|rule| rule.module == module[0]) else {
        return vec![format!("{file}: no rule says what `{}` may import", module[0])];
    };
    let mut found: Vec<_> =
        paths::read(source).iter().filter_map(|path| violation(rule, &module, path, file)).collect();
    // A `use` tree can name a forbidden module several times on one line.
    found.dedup();
    found
}

fn crate_violations(file: &str, name: &str, source: &str) -> Vec<String> {
    let Some((_, banned)) = CRATES.iter().find(|(known, _)| *known == name) else {
        return vec![format!("{file}: no rule says what crate `{name}` may import")];
    };
    let mut found: Vec<_> = paths::read(source)
        .iter()
        .filter_map(|path| {
            let pattern = banned.iter().find(|pattern| matches_name(pattern, &path.segments[0]))?;
            Some(format!("{file}:{}: crate `{name}` must not import {pattern}", path.line))
        })
        .collect();
    found.dedup();
    found
}

fn violation(rule: &Rule, module: &[&str], path: &paths::Path, file: &str) -> Option<String> {
    let supers = path.segments.iter().take_while(|segment| *segment == "super").count();
    // The segment behind `crate`, or behind enough `super`, is a top-level module of this crate.
    let from_root = match path.segments[0].as_str() {
        "crate" => Some(1),
        "super" => (supers == module.len() + path.depth).then_some(supers),
        "self" => None,
        name => {
            let pattern = rule.banned.iter().find(|pattern| matches_name(pattern, name))?;
            return Some(format!("{file}:{}: {} must not import {pattern}", path.line, rule.module));
        }
    };
    let target = path.segments.get(from_root?)?.as_str();
    let allowed = target == rule.module || rule.may_import.contains(&target);
    let Rule { module, may_import, .. } = rule;
    (!allowed).then(|| format!("{file}:{}: {module} may import {may_import:?}, not `{target}`", path.line))
}

/// Tells whether a pattern with a star at one end matches the name of a crate.
fn matches_name(pattern: &str, name: &str) -> bool {
    match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
        (Some(beginning), _) => name.starts_with(beginning),
        (_, Some(end)) => name.ends_with(end),
        _ => name == pattern,
    }
}

/// Returns the Rust files below a folder of the project, as `(src/flows/service.rs, text)`.
fn sources(folder: &str) -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries.map(Result::unwrap) {
        let name = format!("{folder}/{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.extend(sources(&name));
        } else if name.ends_with(".rs") {
            found.push((name, fs::read_to_string(entry.path()).unwrap()));
        }
    }
    found.sort();
    found
}

fn all_sources() -> Vec<(String, String)> {
    ["src", "tests", "benches", "crates"].into_iter().flat_map(sources).collect()
}

/// Returns the files of the crates themselves, `crates/*/src`.
fn crate_sources() -> Vec<(String, String)> {
    sources("crates").into_iter().filter(|(file, _)| file.split('/').nth(2) == Some("src")).collect()
}

fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn bodies_import_only_serde_and_utoipa() {
    let files = sources("src/http/dto");
    assert!(files.len() > 5);
    for (file, source) in files {
        for path in paths::read(&source).iter().filter(|path| path.import.is_some()) {
            let allowed = DTO_MAY_IMPORT.contains(&path.segments[0].as_str()) && path.segments[1] != "super";
            assert!(allowed, "{file}:{}: {}", path.line, path.segments.join("::"));
        }
    }
}

#[test]
fn imports_follow_the_rule() {
    let files = [sources("src"), crate_sources()].concat();
    for known in ["src/domain/phone.rs", "crates/captcha/src/lib.rs"] {
        assert!(files.iter().any(|(file, _)| file == known), "{known} not found");
    }
    let found: Vec<_> = files.iter().flat_map(|(file, source)| violations(file, source)).collect();
    assert_none(&found);
}

#[test]
fn files_do_not_import_each_other_in_a_cycle() {
    assert_none(&cycles::find(&sources("src")));
    for (name, _) in CRATES {
        assert_none(&cycles::find(&sources(&format!("crates/{name}/src"))));
    }
}

#[test]
fn a_module_with_a_folder_is_a_mod_rs() {
    let files = all_sources();
    let has_folder = |file: &str| {
        let folder = file.replace(".rs", "/");
        files.iter().any(|(other, _)| other.starts_with(&folder))
    };
    let found = files.iter().map(|(file, _)| file).filter(|file| has_folder(file));
    let found = found.map(|file| format!("{file}: move it to {}", file.replace(".rs", "/mod.rs")));
    assert_none(&found.collect::<Vec<_>>());
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let lines = |source: &str| source.lines().count();
    let long = all_sources().into_iter().filter(|(_, source)| lines(source) > 400);
    assert_none(&long.map(|(file, source)| format!("{file}: {} lines", lines(&source))).collect::<Vec<_>>());
}

#[test]
fn lints_are_expected_and_never_allowed() {
    let found = all_sources().into_iter().filter_map(|(file, source)| {
        let line = paths::find_allow(&source)?;
        Some(format!("{file}:{line}: write #[expect(…, reason = \"…\")]"))
    });
    assert_none(&found.collect::<Vec<_>>());
}

#[test]
fn both_databases_have_the_same_migrations_with_a_down_script() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    if !root.exists() {
        return;
    }
    let names = |engine: &str| {
        let folders =
            fs::read_dir(root.join(engine)).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir());
        let mut names: Vec<_> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        for name in &names {
            for script in ["up.sql", "down.sql"] {
                let text = fs::read_to_string(root.join(engine).join(name).join(script)).unwrap_or_default();
                assert!(!text.trim().is_empty(), "migrations/{engine}/{name}/{script} is missing or empty");
            }
        }
        names
    };
    assert!(!names("sqlite").is_empty(), "no migrations");
    assert_eq!(names("sqlite"), names("postgres"));
}

/// Tests the check itself: each snippet breaks one rule. The third text is the expected line and reason.
#[test]
fn a_forbidden_import_is_found() {
    for (file, source, found) in [
        ("src/domain/phone.rs", "use crate::ports::Clock;", "src/domain/phone.rs:1: domain may import [], not `ports`"),
        ("src/domain/phone.rs", "\nuse serde::Serialize;", "src/domain/phone.rs:2: domain must not import serde*"),
        ("src/domain/phone.rs", "#[derive(utoipa::ToSchema)]\nstruct A;", ":1: domain must not import utoipa*"),
        ("src/domain/mod.rs", "mod tests { #[tokio::test] async fn a() {} }", ":1: domain must not import tokio"),
        ("src/ports.rs", "fn a(e: diesel::result::Error) {}", ":1: ports must not import diesel*"),
        ("src/ports.rs", "use super::adapters;", ":1: ports may import [\"domain\"], not `adapters`"),
        ("src/flows/limits.rs", "fn a() { crate::adapters::jwt::sign() }", "not `adapters`"),
        ("src/flows/limits.rs", "fn a() {\n  let b = vec![crate::http::B];\n}", ":2: flows may import"),
        ("src/flows/limits.rs", "use crate::{\n  domain::otp,\n  config::{self, Config},\n};", ":3: flows may import"),
        ("src/flows/register/send_code.rs", "use super::super::super::http;", "not `http`"),
        ("src/flows/limits.rs", "mod tests { use super::super::super::http; }", "not `http`"),
        ("src/flows/limits.rs", "use deadpool_redis::Pool;", ":1: flows must not import *redis"),
        ("src/flows/limits.rs", "fn a() -> ::reqwest::Client {}", ":1: flows must not import reqwest"),
        ("src/flows/limits.rs", "use actix_web as web;", ":1: flows must not import actix*"),
        ("src/http/captcha.rs", "use crate::ports::DependencyError;", "not `ports`"),
        ("src/http/captcha.rs", "use crate::adapters as a;", "not `adapters`"),
        ("src/http/captcha.rs", "use diesel_migrations::a;", ":1: http must not import diesel*"),
        ("src/adapters/jwt.rs", "use crate::flows::session;", "not `flows`"),
        ("src/config.rs", "use crate::app::App;", ":1: config may import [\"domain\"], not `app`"),
        ("src/utils.rs", "", "src/utils.rs: no rule says what `utils` may import"),
        ("src/flows/captcha.rs", "use doorstep_captcha::Renderer;", ":1: flows must not import doorstep_captcha"),
        ("src/domain/policy.rs", "fn a(b: doorstep_captcha::Look) {}", ":1: domain must not import doorstep_captcha"),
        ("crates/captcha/src/a.rs", "use tokio_util::a;", ":1: crate `captcha` must not import tokio*"),
        ("crates/captcha/src/a/b.rs", "\nfn a() { doorstep::b() }", ":2: crate `captcha` must not import doorstep"),
        ("crates/other/src/lib.rs", "", "no rule says what crate `other` may import"),
    ] {
        let all = violations(file, source);
        assert!(all.len() == 1 && all[0].contains(found), "{file}: {source}\n{all:?}");
    }
}

#[test]
fn an_allowed_import_passes() {
    for (file, source) in [
        ("src/flows/limits.rs", "use crate::domain::{otp::OneTimeCode as Code, flow::Purpose};\nuse super::otp;"),
        ("src/flows/limits.rs", "// use crate::http;\n/// See crate::adapters.\nconst A: &str = \"crate::http\";"),
        ("src/flows/register/send_code.rs", "use super::super::limits::budget;\nuse crate::flows::otp;"),
        ("src/flows/limits.rs", "mod tests { use super::*; use super::super::otp; }"),
        ("src/flows/limits.rs", "fn a(redis: u8) -> u8 { redis as u8 }\nuse tokio::time;"),
        ("src/adapters/staging/redis.rs", "use deadpool_redis::redis;\nuse crate::ports::Staging;\nuse super::memory;"),
        ("src/http/mod.rs", "use actix_web::web;\nuse crate::flows::captcha;\nuse self::error::A;"),
        ("src/app.rs", "use crate::{adapters, config, flows, http};"),
        ("src/main.rs", "use doorstep::app::App;"),
        ("src/adapters/captcha.rs", "use doorstep_captcha::Renderer;"),
        ("crates/captcha/src/a.rs", "use crate::domain::a;\nuse rand::Rng;\nuse std::io;"),
    ] {
        assert_eq!(violations(file, source), Vec::<String>::new(), "{source}");
    }
}

#[test]
fn an_allow_is_found_in_every_place() {
    for source in [
        "\n#[allow(dead_code)]\nfn a() {}",
        "\n#![cfg_attr(test, allow(dead_code))]",
        "mod a {\n#[allow(b)] mod c {} }",
    ] {
        assert_eq!(paths::find_allow(source), Some(2), "{source}");
    }
    for source in ["// #[allow(a)]", "#[expect(dead_code, reason = \"a\")] fn a() {}", "fn b() { allow(3); c[0] }"] {
        assert_eq!(paths::find_allow(source), None, "{source}");
    }
}
