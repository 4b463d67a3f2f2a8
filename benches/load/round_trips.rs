//! How often each endpoint asks Redis and PostgreSQL, as they see it.

use crate::accounts::{self, PASSWORD};
use crate::back_ends::{BackEnds, DATABASE, Kind};
use crate::client::Client;
use crate::report::Report;
use crate::sign_up::{self, expect, field};
use crate::signed_in;
use crate::support::redis;
use deadpool_redis::redis::{Connection, cmd, from_redis_value};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection as _, PgConnection, RunQueryDsl};
use std::sync::Arc;

/// Follows one sign-up and one account, after others have loaded scripts and opened connections.
pub async fn count(back_ends: &Arc<BackEnds>, report: &mut Report) {
    report.heading("Round trips: commands that Redis receives, statements that PostgreSQL receives");
    let mut server = back_ends.serve(Kind::Real);
    server.first_answer("/readyz").await;
    let mut client = Client::connect(server.port).await.unwrap();
    sign_up::sign_up(&mut client, &back_ends.sms).await.unwrap();
    let mut watch = Watch::start(back_ends);
    follow_sign_up(&mut client, back_ends, &mut watch, report).await;
    let number = accounts::numbers(1);
    accounts::insert(back_ends, Kind::Real, number.clone(), 1).await;
    signed_in::log_in(&mut client, number.start).await.unwrap();
    follow_account(&mut client, back_ends, number.start, report).await;
}

async fn follow_sign_up(client: &mut Client, back_ends: &BackEnds, watch: &mut Watch, report: &mut Report) {
    let phone = sign_up::fresh_phone();
    let captcha = sign_up::captcha(client).await.unwrap();
    watch.judge(report, "captchas", &["EVALSHA", "EVALSHA"], &[]);
    let ticket = sign_up::send_code(client, &phone, &captcha).await.unwrap();
    // One more, behind the message, notes who carried it.
    watch.judge(report, "send-code", &["EVALSHA", "EVALSHA", "EVALSHA"], &["SELECT"]);
    let code = back_ends.sms.code_for(&phone).unwrap();
    for (step, status, body, commands, statements) in [
        // One more gives the unverified budgets their message back.
        ("verify-code", 200, sign_up::verify_body(&ticket, &code), &["EVALSHA"][..], &[][..]),
        ("set-password", 200, sign_up::password_body(&ticket), &["EVALSHA", "EVALSHA"], &[]),
        ("submit-profile", 201, sign_up::profile_body(&ticket), &["EVALSHA", "DEL"], &SIGN_UP),
    ] {
        sign_up::step(client, step, status, &body).await.unwrap();
        watch.judge(report, step, commands, statements);
    }
}

async fn follow_account(client: &mut Client, back_ends: &BackEnds, number: u32, report: &mut Report) {
    let (mut watch, phone) = (Watch::start(back_ends), accounts::phone(number));
    let device = signed_in::log_in(client, number).await.unwrap();
    watch.judge(report, "login", &["EVALSHA", "EVALSHA"], &SIGN_IN);
    let device = signed_in::refresh(client, &device.refresh).await.unwrap();
    watch.judge(report, "token/refresh", &[], &["UPDATE"]);
    signed_in::me(client, &device.access).await.unwrap();
    watch.judge(report, "GET me", &[], &["SELECT"]);
    let change = client.send_as(&device.access, "PATCH", "/v1/me", r#"{"nickname":"小红"}"#).await;
    expect("PATCH me", 200, change).unwrap();
    watch.judge(report, "PATCH me", &[], &["SELECT", "UPDATE"]);
    expect("sessions", 200, client.get_as(&device.access, "/v1/sessions").await).unwrap();
    watch.judge(report, "GET sessions", &[], &["SELECT", "SELECT"]);

    let captcha = sign_up::captcha(client).await.unwrap();
    watch.skip();
    let sent = client.post("/v1/login/send-code", &sign_up::send_body(&phone, &captcha)).await;
    let ticket = field("login/send-code", 200, sent, "ticket").unwrap();
    watch.judge(report, "login/send-code", &["EVALSHA", "EVALSHA", "EVALSHA"], &["SELECT"]);
    // Nobody waits for this message.
    let code = back_ends.code_for(&phone).await;
    watch.wait_for_a_command();
    let device =
        signed_in::tokens(client, "/v1/login/verify-code", &sign_up::verify_body(&ticket, &code)).await.unwrap();
    watch.judge(report, "login/verify-code", &["EVALSHA", "DEL"], &SIGN_IN);

    let change = format!(r#"{{"current_password":"{PASSWORD}","new_password":"{PASSWORD} too"}}"#);
    let change = client.send_as(&device.access, "PUT", "/v1/me/password", &change).await;
    expect("PUT me/password", 204, change).unwrap();
    watch.judge(
        report,
        "PUT me/password",
        &["EVALSHA", "EVALSHA"],
        &["BEGIN", "COMMIT", "SELECT", "SELECT", "UPDATE", "UPDATE"],
    );
    expect("logout", 204, client.send_as(&device.access, "POST", "/v1/logout", "{}").await).unwrap();
    watch.judge(report, "logout", &[], &["SELECT", "UPDATE"]);
}

/// One transaction. In the order of the alphabet, as all statements here.
const SIGN_UP: [&str; 4] = ["BEGIN", "COMMIT", "INSERT", "INSERT"];
/// A look at the account and one transaction.
const SIGN_IN: [&str; 6] = ["BEGIN", "COMMIT", "DELETE", "INSERT", "SELECT", "UPDATE"];

struct Watch {
    /// Receives every command that any client sends.
    monitor: Connection,
    redis: Connection,
    postgres: PgConnection,
}

impl Watch {
    fn start(back_ends: &BackEnds) -> Self {
        let mut monitor = redis::connection(&back_ends.redis.url());
        cmd("MONITOR").query::<()>(&mut monitor).unwrap();
        let postgres = PgConnection::establish(&back_ends.postgres.url("postgres")).unwrap();
        let mut watch = Self { monitor, redis: redis::connection(&back_ends.redis.url()), postgres };
        watch.skip();
        watch
    }

    /// What came so far is not looked at.
    fn skip(&mut self) {
        self.commands();
        self.statements();
    }

    /// What comes next, whenever it comes, is not looked at.
    fn wait_for_a_command(&mut self) {
        while self.commands().is_empty() {}
    }

    fn judge(&mut self, report: &mut Report, endpoint: &str, commands: &[&str], statements: &[&str]) {
        let (asked, executed) = (self.commands(), self.statements());
        let figure = |commands: &[String]| if commands.is_empty() { "-".to_owned() } else { commands.join(" ") };
        let counted = |n: usize| if n == 0 { "none".to_owned() } else { format!("{n}") };
        report.judge(&format!("{endpoint}, Redis"), &figure(&asked), &counted(commands.len()), asked == commands);
        report.judge(
            &format!("{endpoint}, PostgreSQL"),
            &figure(&executed),
            &counted(statements.len()),
            executed == statements,
        );
    }

    /// The commands since the last call, without those that scripts send.
    fn commands(&mut self) -> Vec<String> {
        const MARK: &str = "the end of what is looked at";
        cmd("ECHO").arg(MARK).query::<String>(&mut self.redis).unwrap();
        let mut commands = Vec::new();
        loop {
            let line: String = from_redis_value(self.monitor.recv_response().unwrap()).unwrap();
            if line.contains(MARK) {
                return commands;
            }
            // 1339518083.107412 [0 127.0.0.1:60866] "EVALSHA" "…"
            let (client, words) = line.split_once("] \"").unwrap();
            let own = words.starts_with("CLIENT") || client.ends_with("lua");
            commands.extend(words.split('"').next().filter(|_| !own).map(str::to_uppercase));
        }
    }

    /// The first words of the statements since the last call, each as often as it was executed, sorted.
    fn statements(&mut self) -> Vec<String> {
        let query = format!(
            "SELECT query, calls FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid
             WHERE datname = '{DATABASE}'"
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
