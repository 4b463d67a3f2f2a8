//! New migrations only add: the release before works on the schema of this one ("expand, ship, contract").

use std::fs;
use std::path::Path;

/// First words of statements that break no release.
const ADDING: &[&str] = &["CREATE TABLE", "CREATE INDEX", "INSERT INTO", "UPDATE", "COMMENT ON"];

/// Line that allows a migration to contract the schema: it names the release since which nothing uses the old form.
const MARKER: &str = "-- Contracts: unused since ";

/// Migrations from before this rule. Nothing was released with the schema before them.
const BEFORE_THE_RULE: &[&str] = &["2026-11-21-000001_remember_replays"];

/// Returns what each statement of a migration breaks in the release before.
fn breaks(sql: &str) -> Vec<String> {
    if sql.lines().any(names_release) {
        return Vec::new();
    }
    let code: Vec<_> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    let code = code.join(" ").to_ascii_uppercase();
    code.split(';').map(words).filter(|statement| !statement.is_empty()).filter_map(|text| reason(&text)).collect()
}

/// Tells whether a line is the marker with the name of a release, such as `v1.4.0`.
fn names_release(line: &str) -> bool {
    let release = line.strip_prefix(MARKER).and_then(|rest| rest.strip_prefix('v'));
    release.is_some_and(|version| {
        let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let parts: Vec<_> = version.trim_end_matches('.').split('.').collect();
        parts.len() == 3 && parts.into_iter().all(number)
    })
}

fn words(statement: &str) -> String {
    statement.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the reason why a statement breaks the release before, if it does.
fn reason(statement: &str) -> Option<String> {
    let breaks = |why: &str| Some(format!("{why}: {statement}"));
    let Some(change) = statement.strip_prefix("ALTER TABLE ") else {
        let adds = ADDING.iter().any(|beginning| statement.starts_with(&format!("{beginning} ")));
        let known = format!("only {} and ADD COLUMN are known to be safe", ADDING.join(", "));
        return if adds { None } else { breaks(&known) };
    };
    let Some((_, column)) = change.split_once(" ADD COLUMN ") else {
        return breaks("the release before uses the table as it is");
    };
    let has = |word: &str| column.split_whitespace().any(|other| other.trim_matches(['(', ')', ',']) == word);
    if [" DROP ", " RENAME ", " ALTER COLUMN "].iter().any(|word| column.contains(word)) || column.contains(" ADD ") {
        breaks("one change of a table in each statement")
    } else if column.contains("NOT NULL") && !has("DEFAULT") {
        breaks("the release before does not fill this column: it needs a default")
    } else if has("UNIQUE") || has("PRIMARY") || (has("REFERENCES") && has("DEFAULT")) {
        breaks("the release before writes the default into each row: it must not be unique or a reference")
    } else {
        None
    }
}

#[test]
fn migrations_only_expand_the_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut found = Vec::new();
    for engine in ["postgres", "sqlite"] {
        let folders = fs::read_dir(root.join(engine)).unwrap().map(|entry| entry.unwrap().path());
        for folder in folders.filter(|path| path.is_dir()) {
            let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
            if !BEFORE_THE_RULE.contains(&name.as_str()) {
                let sql = fs::read_to_string(folder.join("up.sql")).unwrap();
                found.extend(breaks(&sql).into_iter().map(|reason| format!("migrations/{engine}/{name}: {reason}")));
            }
        }
    }
    super::assert_none(&found);
}

/// Tests the check itself.
#[test]
fn a_migration_that_breaks_the_release_before_is_found() {
    for sql in [
        "ALTER TABLE users DROP COLUMN gender;",
        "ALTER TABLE users RENAME COLUMN gender TO sex;",
        "ALTER TABLE users\n  RENAME TO people;",
        "DROP TABLE consents;",
        "DROP INDEX sessions_user_id_idx;",
        "alter table users alter column gender type integer;",
        "ALTER TABLE users ALTER COLUMN gender SET NOT NULL;",
        "ALTER TABLE users ADD CONSTRAINT users_gender CHECK (gender IN ('a'));",
        "ALTER TABLE users ADD COLUMN a TEXT NOT NULL;",
        "ALTER TABLE users ADD COLUMN a TEXT UNIQUE;",
        "ALTER TABLE users ADD COLUMN a TEXT, DROP COLUMN gender;",
        "ALTER TABLE users ADD COLUMN a TEXT, ADD CONSTRAINT b UNIQUE (phone);",
        "CREATE UNIQUE INDEX a ON users (nickname);",
        "CREATE TABLE a (b TEXT); DROP TABLE users;",
        "DELETE FROM sessions;",
        "-- Contracts: unused since the last release\nDROP TABLE consents;",
        "-- Contracts: unused since v1\nDROP TABLE consents;",
    ] {
        assert_eq!(breaks(sql).len(), 1, "{sql}: {:?}", breaks(sql));
    }
}

#[test]
fn a_migration_that_expands_or_names_a_release_passes() {
    for sql in [
        "-- DROP TABLE users;\nALTER TABLE users ADD COLUMN a TEXT CHECK (length(a) = 43);",
        "ALTER TABLE users ADD COLUMN a TEXT NOT NULL DEFAULT '';",
        "CREATE TABLE a (b TEXT NOT NULL, c TEXT REFERENCES users (id), UNIQUE (b));\nCREATE INDEX d ON a (b);",
        "UPDATE users SET nickname = 'a' WHERE nickname = '';",
        "-- Contracts: unused since v1.4.0\nALTER TABLE users DROP COLUMN gender;",
    ] {
        assert_eq!(breaks(sql), Vec::<String>::new(), "{sql}");
    }
}
