//! How often each endpoint asks Redis and PostgreSQL, as they see it.

use crate::back_ends::{BackEnds, DATABASE, Kind};
use crate::client::Client;
use crate::report::Report;
use crate::sign_up;
use crate::support::redis;
use deadpool_redis::redis::{Connection, cmd, from_redis_value};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection as _, PgConnection, RunQueryDsl};
use std::sync::Arc;

/// Follows one sign-up, after another one has loaded scripts and opened connections.
pub async fn count(back_ends: &Arc<BackEnds>, report: &mut Report) {
    report.heading("Round trips: commands that Redis receives, statements that PostgreSQL receives");
    let mut server = back_ends.serve(Kind::Real);
    server.first_answer("/readyz").await;
    let mut client = Client::connect(server.port).await.unwrap();
    sign_up::sign_up(&mut client, &back_ends.sms).await.unwrap();
    let (mut watch, phone) = (Watch::start(back_ends), sign_up::fresh_phone());

    let captcha = sign_up::captcha(&mut client).await.unwrap();
    watch.judge(report, "captchas", &["EVALSHA", "EVALSHA"], &[]);
    let ticket = sign_up::send_code(&mut client, &phone, &captcha).await.unwrap();
    watch.judge(report, "send-code", &["EVALSHA", "EVALSHA", "EVALSHA"], &["SELECT"]);
    let code = back_ends.sms.code_for(&phone).unwrap();
    for (step, status, body, commands, statements) in [
        ("verify-code", 200, sign_up::verify_body(&ticket, &code), &["EVALSHA"][..], &[][..]),
        ("set-password", 200, sign_up::password_body(&ticket), &["EVALSHA", "EVALSHA"], &[]),
        ("submit-profile", 201, sign_up::profile_body(&ticket), &["EVALSHA", "DEL"], &TRANSACTION),
    ] {
        sign_up::step(&mut client, step, status, &body).await.unwrap();
        watch.judge(report, step, commands, statements);
    }
}

/// In the order of the alphabet, as all statements here.
const TRANSACTION: [&str; 4] = ["BEGIN", "COMMIT", "INSERT", "INSERT"];

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
        watch.commands();
        watch.statements();
        watch
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
