//! Invariants that hold after every fault.

use crate::probe::Spent;
use crate::setup::{Replica, SENDS, Setup};
use crate::support::redis::without_expiry;
use crate::tally::Tally;
use crate::users::{Account, Place, Uncertain, User};
use diesel::dsl::sql;
use diesel::sql_types::{Nullable, Text};
use diesel::{Connection, PgConnection, RunQueryDsl};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Accounts that are checked at the same time.
const CHECKERS: usize = 8;

/// Adds every broken promise to the tally of the place. `spent` is `None` if Redis may have lost counters.
pub fn check(setup: &Setup, place: &Place, accounts: &[Account], spent: Option<Spent>) {
    let tally = &place.tally;
    check_rows(&setup.database, accounts, tally);
    check_sign_ins(setup, place, accounts);
    check_messages(place);
    check_logs(setup, tally);
    for server in setup.redis.primaries() {
        let keys = without_expiry(&server);
        if let Some(key) = keys.first() {
            let kind = key.split(':').next().unwrap_or_default();
            tally.violation(format!("{} Redis keys without expiry, like {kind}", keys.len()));
        }
    }
    match spent {
        Some(Spent { twice: 1.., .. }) => tally.violation("a captcha was accepted twice"),
        Some(Spent { sent, .. }) if sent > SENDS => {
            tally.violation(format!("{sent} messages beyond a limit of {SENDS}"));
        }
        _ => {}
    }
}

/// Every account whose sign-up was confirmed exists once, with the confirmed number, and deleted accounts are gone.
fn check_rows(database: &str, accounts: &[Account], tally: &Tally) {
    let mut database = PgConnection::establish(database).unwrap();
    let rows = sql::<(Text, Nullable<Text>)>("SELECT id, phone FROM users");
    let rows: HashMap<String, Option<String>> =
        rows.load::<(String, Option<String>)>(&mut database).unwrap().into_iter().collect();
    for account in accounts {
        let phone = rows.get(&account.id).map(|phone| phone.as_deref().unwrap_or_default());
        let is_right = match (&account.uncertain, account.is_deleted) {
            (_, true) => phone.is_none(),
            (Some(Uncertain::Deletion), _) => true,
            (Some(Uncertain::Phone(new)), _) => phone == Some(new) || phone == Some(&account.phone),
            _ => phone == Some(&account.phone),
        };
        if !is_right {
            tally.violation(format!("an account has the number {phone:?} in the database: {account:?}"));
        }
    }
}

/// Everybody signs in with the password that was confirmed last.
fn check_sign_ins(setup: &Setup, place: &Place, accounts: &[Account]) {
    let alive: Vec<_> =
        accounts.iter().filter(|account| !account.is_deleted && account.uncertain.is_none()).cloned().collect();
    // Another tally: its users may fail and repeat, and they end when all accounts are checked.
    let checked = Arc::new(Tally::new(CHECKERS));
    checked.lock().begin_fault();
    let tally = Arc::clone(&place.tally);
    let place = Place { tally: Arc::clone(&checked), ..place.clone() };
    setup.runtime.block_on(async {
        let share = alive.len().div_ceil(CHECKERS).max(1);
        let checkers: Vec<_> = alive
            .chunks(share)
            .enumerate()
            .map(|(number, accounts)| {
                let user = User::new(10_000 + number, place.clone());
                tokio::spawn(sign_in_all(user, accounts.to_vec(), Arc::clone(&tally)))
            })
            .collect();
        let ended = Arc::clone(&checked);
        let deadline = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            ended.end();
        });
        for checker in checkers {
            checker.await.unwrap();
        }
        deadline.abort();
    });
    checked.lock().violations.iter().for_each(|text| tally.violation(text.clone()));
}

async fn sign_in_all(mut user: User, accounts: Vec<Account>, tally: Arc<Tally>) {
    for account in accounts {
        match user.log_in(&account.phone, &account.password).await {
            Ok(reply) if reply.status == 200 && reply.body["user"]["id"] == account.id.as_str() => {}
            Ok(reply) => tally.violation(format!("cannot sign in: {} {}", reply.status, reply.code)),
            Err(_) => return tally.violation("the sign-ins of all accounts take too long"),
        }
    }
}

/// A message has the code of its flow, and users request each flow once: no message arrives twice.
fn check_messages(place: &Place) {
    let mut messages: HashMap<(String, String), usize> = HashMap::new();
    for taken in place.sms.taken() {
        if let Some((_, code)) = taken.values.into_iter().find(|(name, _)| name == "code") {
            *messages.entry((taken.to, code)).or_default() += 1;
        }
    }
    let twice = messages.values().filter(|count| **count > 1).count();
    if twice > 0 {
        place.tally.violation(format!("{twice} messages were sent more than once"));
    }
}

/// The cause of each 500, and panics.
fn check_logs(setup: &Setup, tally: &Tally) {
    for line in setup.replicas.iter().flat_map(Replica::output) {
        if line.contains("panicked") {
            tally.violation(format!("panic: {line}"));
        } else if let (true, Some((_, cause))) = (line.contains("status=500"), line.split_once("cause=")) {
            tally.violation(format!("500 because of {cause}"));
        }
    }
}
