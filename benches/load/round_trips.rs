//! Number of round trips of each endpoint to Redis and PostgreSQL, as both receive them.

use crate::accounts::{self, PASSWORD};
use crate::back_ends::{BackEnds, DATABASE, Kind};
use crate::client::Client;
use crate::report::Report;
use crate::session_requests;
use crate::sign_up_requests::{self, expect, field};
use crate::support::redis;
use deadpool_redis::redis::{Connection, cmd, from_redis_value};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection as _, PgConnection, RunQueryDsl};
use std::sync::Arc;

/// Counts for one sign-up and one account, after a first sign-up has loaded the scripts and opened the connections.
pub async fn count(back_ends: &Arc<BackEnds>, report: &mut Report) {
    report.heading("Round trips: commands that Redis receives, statements that PostgreSQL receives");
    let mut server = back_ends.serve(Kind::Real);
    server.first_response("/readyz").await;
    let mut client = Client::connect(server.port).await.unwrap();
    sign_up_requests::sign_up(&mut client, &back_ends.sms).await.unwrap();
    let mut counter = Counter::start(back_ends);
    count_sign_up(&mut client, back_ends, &mut counter, report).await;
    let number = accounts::numbers(1);
    accounts::insert(back_ends, Kind::Real, number.clone(), 1).await;
    session_requests::log_in(&mut client, number.start).await.unwrap();
    count_account(&mut client, back_ends, number.start, report).await;
}

async fn count_sign_up(client: &mut Client, back_ends: &BackEnds, counter: &mut Counter, report: &mut Report) {
    let phone = sign_up_requests::fresh_phone();
    let captcha = sign_up_requests::captcha(client).await.unwrap();
    counter.check(report, "captchas", &["EVALSHA"], &[]);
    let ticket = sign_up_requests::send_code(client, &phone, &captcha).await.unwrap();
    counter.check(report, "send-code", &["EVALSHA", "EVALSHA"], &["SELECT"]);
    let code = back_ends.sms.code_for(&phone).unwrap();
    for (step, status, body, commands, statements) in [
        ("verify-code", 200, sign_up_requests::verify_body(&ticket, &code), &["EVALSHA"][..], &[][..]),
        ("set-password", 200, sign_up_requests::password_body(&ticket), &["EVALSHA", "EVALSHA"], &[]),
        ("submit-profile", 201, sign_up_requests::profile_body(&ticket), &["EVALSHA", "DEL"], &SIGN_UP),
    ] {
        sign_up_requests::step(client, step, status, &body).await.unwrap();
        counter.check(report, step, commands, statements);
        if step == "verify-code" {
            // The deferred refund of the unverified code.
            counter.skip_next_commands();
        }
    }
}

async fn count_account(client: &mut Client, back_ends: &BackEnds, number: u32, report: &mut Report) {
    let (mut counter, phone) = (Counter::start(back_ends), accounts::phone(number));
    let device = session_requests::log_in(client, number).await.unwrap();
    counter.check(report, "login", &["EVALSHA", "EVALSHA"], &SIGN_IN);
    let device = session_requests::refresh(client, &device.refresh).await.unwrap();
    counter.check(report, "token/refresh", &[], &["UPDATE"]);
    session_requests::me(client, &device.access).await.unwrap();
    counter.check(report, "GET me", &[], &["SELECT"]);
    let change = client.send_as(&device.access, "PATCH", "/v1/me", r#"{"nickname":"小红"}"#).await;
    expect("PATCH me", 200, change).unwrap();
    counter.check(report, "PATCH me", &[], &["SELECT", "UPDATE"]);
    expect("sessions", 200, client.get_as(&device.access, "/v1/sessions").await).unwrap();
    counter.check(report, "GET sessions", &[], &["SELECT", "SELECT"]);

    let captcha = sign_up_requests::captcha(client).await.unwrap();
    counter.skip();
    let sent = client.post("/v1/login/send-code", &sign_up_requests::send_body(&phone, &captcha)).await;
    let ticket = field("login/send-code", 200, sent, "ticket").unwrap();
    counter.check(report, "login/send-code", &["EVALSHA", "EVALSHA"], &["SELECT"]);
    // The response does not wait for this message.
    let code = back_ends.code_for(&phone).await;
    counter.skip();
    let device =
        session_requests::tokens(client, "/v1/login/verify-code", &sign_up_requests::verify_body(&ticket, &code))
            .await
            .unwrap();
    counter.check(report, "login/verify-code", &["EVALSHA", "DEL"], &SIGN_IN);
    counter.skip_next_commands();

    let change = format!(r#"{{"current_password":"{PASSWORD}","new_password":"{PASSWORD} too"}}"#);
    let change = client.send_as(&device.access, "PUT", "/v1/me/password", &change).await;
    expect("PUT me/password", 200, change).unwrap();
    counter.check(
        report,
        "PUT me/password",
        &["EVALSHA", "DEL"],
        &["BEGIN", "COMMIT", "SELECT", "SELECT", "UPDATE", "UPDATE", "UPDATE"],
    );
    expect("logout", 204, client.send_as(&device.access, "POST", "/v1/logout", "{}").await).unwrap();
    counter.check(report, "logout", &[], &["SELECT", "UPDATE"]);
}

/// One transaction. All statements here are in alphabetical order.
const SIGN_UP: [&str; 4] = ["BEGIN", "COMMIT", "INSERT", "INSERT"];
/// One read of the account and one transaction.
const SIGN_IN: [&str; 6] = ["BEGIN", "COMMIT", "DELETE", "INSERT", "SELECT", "UPDATE"];

struct Counter {
    /// Connection that receives every command of every client.
    monitor: Connection,
    redis: Connection,
    postgres: PgConnection,
}

impl Counter {
    fn start(back_ends: &BackEnds) -> Self {
        let mut monitor = redis::connection(&back_ends.redis.url());
        cmd("MONITOR").query::<()>(&mut monitor).unwrap();
        let postgres = PgConnection::establish(&back_ends.postgres.url("postgres")).unwrap();
        let mut counter = Self { monitor, redis: redis::connection(&back_ends.redis.url()), postgres };
        counter.skip();
        counter
    }

    /// Ignores all commands and statements so far.
    fn skip(&mut self) {
        self.commands();
        self.statements();
    }

    /// Waits for the next commands and ignores them.
    fn skip_next_commands(&mut self) {
        while self.commands().is_empty() {}
    }

    /// Compares the commands and statements since the last call with the expected ones.
    fn check(&mut self, report: &mut Report, endpoint: &str, commands: &[&str], statements: &[&str]) {
        let (sent, executed) = (self.commands(), self.statements());
        let figure = |commands: &[String]| if commands.is_empty() { "-".to_owned() } else { commands.join(" ") };
        let target = |n: usize| if n == 0 { "none".to_owned() } else { format!("{n}") };
        report.check(&format!("{endpoint}, Redis"), &figure(&sent), &target(commands.len()), sent == commands);
        report.check(
            &format!("{endpoint}, PostgreSQL"),
            &figure(&executed),
            &target(statements.len()),
            executed == statements,
        );
    }

    /// Returns the commands since the last call, without those that scripts and probes send.
    fn commands(&mut self) -> Vec<String> {
        const MARK: &str = "end of the counted commands";
        cmd("ECHO").arg(MARK).query::<String>(&mut self.redis).unwrap();
        let mut commands = Vec::new();
        loop {
            let line: String = from_redis_value(self.monitor.recv_response().unwrap()).unwrap();
            if line.contains(MARK) {
                return commands;
            }
            // 1339518083.107412 [0 127.0.0.1:60866] "EVALSHA" "…"
            let (client, command) = line.split_once("] \"").unwrap();
            let ignored = command.starts_with("CLIENT") || command.contains("probe:") || client.ends_with("lua");
            commands.extend(command.split('"').next().filter(|_| !ignored).map(str::to_uppercase));
        }
    }

    /// Returns the first word of each statement executed since the last call, sorted.
    fn statements(&mut self) -> Vec<String> {
        let query = format!(
            "SELECT query, calls FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid
             WHERE datname = '{DATABASE}' AND query NOT LIKE '%current_setting%'"
        );
        let rows: Vec<(String, i64)> = sql::<(Text, BigInt)>(&query).load(&mut self.postgres).unwrap();
        self.postgres.batch_execute("SELECT pg_stat_statements_reset()").unwrap();
        let word = |query: String| query.split(' ').next().unwrap_or_default().to_owned();
        let mut statements: Vec<String> =
            rows.into_iter().flat_map(|(query, calls)| (0..calls).map(move |_| word(query.clone()))).collect();
        statements.sort();
        statements
    }
}
