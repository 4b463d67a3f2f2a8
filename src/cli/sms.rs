//! `doorstep sms`: blocks of regions and use of the SMS budgets, in the Redis that all processes share.

use super::output::{Outcome, print};
use crate::adapters::staging::redis::RedisStaging;
use crate::adapters::system::SystemClock;
use crate::app::start_log;
use crate::config::{Config, StagingSettings};
use crate::domain::phone::{self, Region};
use crate::flows::sms_regions::{self, ALL, RegionStatus, Spent, Status};
use crate::ports::Clock;
use actix_web::rt::System;
use clap::Subcommand;
use secrecy::ExposeSecret;
use std::time::Duration;

#[derive(Subcommand)]
pub(super) enum SmsCommand {
    /// Block codes to a region, or to all regions, from the next request on.
    Block {
        /// ISO 3166 code, like CN, or all.
        #[arg(value_parser = target)]
        region: Target,
        /// Duration of the block in minutes, hours or days, at most 366 days.
        #[arg(long = "for", value_name = "TIME", value_parser = duration, default_value = "30d")]
        duration: Duration,
    },
    /// Allow codes again.
    Allow {
        /// ISO 3166 code, like CN, or all. The blocks are separate: all does not remove the block of one region.
        #[arg(value_parser = target)]
        region: Target,
    },
    /// Print the blocks, and how much of each budget is used.
    Status,
}

/// Region, or all regions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target(Option<Region>);

fn target(text: &str) -> Result<Target, String> {
    let code = text.to_ascii_uppercase();
    if code == ALL.to_ascii_uppercase() {
        return Ok(Target(None));
    }
    let region = phone::region(&code).map(|region| Target(Some(region)));
    region.ok_or_else(|| format!("expected an ISO 3166 country code, like CN, or {ALL}"))
}

/// Longest duration of a block. Everything in Redis expires, and an operator must notice a forgotten block one day.
const MAX_DURATION: Duration = Duration::from_secs(366 * 86_400);

fn duration(text: &str) -> Result<Duration, String> {
    let units = [('m', 60), ('h', 3_600), ('d', 86_400)];
    let unit = units.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, seconds)));
    let seconds = unit.and_then(|(number, seconds)| number.parse::<u32>().ok().map(|count| u64::from(count) * seconds));
    let duration = seconds.map(Duration::from_secs).filter(|time| !time.is_zero() && *time <= MAX_DURATION);
    duration.ok_or_else(|| "expected minutes, hours or days, like 30m, 2h or 7d, and at most 366d".to_owned())
}

pub(super) fn run(config: &Config, command: SmsCommand) -> Outcome {
    System::new().block_on(run_async(config, command))
}

async fn run_async(config: &Config, command: SmsCommand) -> Outcome {
    let StagingSettings::Redis { url } = &config.staging else {
        return Err("this command needs REDIS_URL: without it each process has its own staging in memory".into());
    };
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let staging = RedisStaging::connect(url.expose_secret(), 1)?;
    match command {
        SmsCommand::Block { region: Target(region), duration } => {
            let _log = start_log(&config.log);
            sms_regions::block(&staging, region, duration).await?;
            let until = (SystemClock.now() + duration).format("%Y-%m-%d %H:%M UTC");
            print(&format!("No codes are sent to {} until {until}.", name(region)))
        }
        SmsCommand::Allow { region: Target(region) } => {
            let _log = start_log(&config.log);
            let before = if sms_regions::allow(&staging, region).await? { "were" } else { "were not" };
            print(&format!("Codes are sent to {} within the budgets. They {before} blocked.", name(region)))
        }
        SmsCommand::Status => print(&table(&sms_regions::status(&staging, &config.policy).await?)),
    }
}

fn name(region: Option<Region>) -> String {
    region.map_or_else(|| "any region".to_owned(), |region| region.to_string())
}

/// Formats one line for the service, and one for each region.
fn table(status: &Status) -> String {
    let row = |cells: [&str; 5]| {
        let [name, hour, second, third, block] = cells;
        format!("{name:<8}  {hour:<20}  {second:<20}  {third:<20}  {block}").trim_end().to_owned()
    };
    let mut rows = Vec::new();
    if let Some(left) = status.all_blocked {
        rows.extend([format!("ALL REGIONS ARE BLOCKED for {}", rounded(left)), String::new()]);
    }
    rows.push(row(["", "this hour", "today", "", ""]));
    rows.push(row(["service", &spent(&status.hour), &spent(&status.day), "", ""]));
    rows.push(row(["", "this hour", "unverified: new", "unverified: accounts", ""]));
    for RegionStatus { region, hour, new_numbers, accounts, blocked } in &status.regions {
        let block = blocked.map(|left| format!("BLOCKED for {}", rounded(left))).unwrap_or_default();
        rows.push(row([&region.to_string(), &spent(hour), &spent(new_numbers), &spent(accounts), &block]));
    }
    rows.join("\n")
}

/// Formats `250/300, 12m left`.
fn spent(spent: &Spent) -> String {
    let left = if spent.expires_in.is_zero() { String::new() } else { format!(", {} left", rounded(spent.expires_in)) };
    format!("{}/{}{left}", spent.count, spent.max)
}

/// Rounds up, in the largest unit that is precise enough.
fn rounded(left: Duration) -> String {
    match left.as_secs() {
        seconds @ 0..7_200 => format!("{}m", seconds.div_ceil(60)),
        seconds @ 7_200..172_800 => format!("{}h", seconds.div_ceil(3_600)),
        seconds => format!("{}d", seconds.div_ceil(86_400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_minutes_hours_or_days() {
        for (text, seconds) in [("1m", 60), ("90m", 5_400), ("2h", 7_200), ("30d", 2_592_000), ("366d", 31_622_400)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "2", "h", "0h", "367d", "-1h", "1.5h", "2 h", "2H", "4294967296m", "１h", "1w", "1hh"] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_target_is_a_region_or_all() {
        assert_eq!(target("cn"), Ok(Target(Some(Region::CN))));
        assert_eq!((target("all"), target("ALL")), (Ok(Target(None)), Ok(Target(None))));
        for text in ["", "C", "CHN", "ZZ", "001", "+86", "CN,SG"] {
            assert!(target(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_time_is_rounded_upwards() {
        let text = |seconds| rounded(Duration::from_secs(seconds));
        assert_eq!([text(1), text(3_600), text(7_199), text(7_201)], ["1m", "60m", "120m", "3h"]);
        assert_eq!([text(172_799), text(172_801)], ["48h", "3d"]);
    }
}
