//! Answers that are kept.

use super::reply::{broken, done, millis, words};
use super::{RedisStaging, scripts};
use crate::ports::{Answers, Begun, Failure};
use async_trait::async_trait;
use std::time::Duration;

#[async_trait]
impl Answers for RedisStaging {
    async fn begin_answer(&self, name: &str, fingerprint: &str, claim: Duration) -> Result<Begun, Failure> {
        let mut call = scripts::BEGIN_ANSWER.key(answer_key(name));
        let reply = self.call(call.arg(fingerprint).arg(millis(claim))).await?;
        match words(&reply)[..] {
            ["first"] => Ok(Begun::First),
            ["busy"] => Ok(Begun::InProgress),
            ["mismatch"] => Ok(Begun::Mismatch),
            ["answered", answer] => Ok(Begun::Answered(answer.to_owned())),
            _ => Err(broken()),
        }
    }

    async fn keep_answer(&self, name: &str, fingerprint: &str, answer: &str, life: Duration) -> Result<(), Failure> {
        let mut call = scripts::KEEP_ANSWER.key(answer_key(name));
        done(&self.call(call.arg(fingerprint).arg(answer).arg(millis(life))).await?)
    }

    async fn drop_answer(&self, name: &str, fingerprint: &str) -> Result<(), Failure> {
        let mut call = scripts::DROP_ANSWER.key(answer_key(name));
        done(&self.call(call.arg(fingerprint)).await?)
    }
}

fn answer_key(name: &str) -> String {
    format!("answer:{{{name}}}")
}
