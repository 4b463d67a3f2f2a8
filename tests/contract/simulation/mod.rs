//! Simulation of refresh tokens: how often honest devices are signed out, and how long a copied token lives. It needs
//! no network and no clock. docs/refresh-tokens.md has the results of the long version:
//! `cargo test --locked --release --test contract -- --ignored --nocapture simulation`

mod honest;
mod rng;
mod rule;
mod store;
mod thief;

use honest::{Fleet, bound_fleet, unbound_fleet};
use rule::Rule;
use thief::{Copy, median_life_hours};

/// Share of late retries that come from another IP block: one in five.
const MOVED: u64 = 5;

#[test]
fn honest_devices_are_not_signed_out() {
    let Fleet { refreshes, late, signed_out, .. } = unbound_fleet(Rule::WithBlocks, 300_000, MOVED);
    assert!(refreshes >= 300_000 && (400..900).contains(&late), "{refreshes} {late}");
    assert!(signed_out <= 3, "{signed_out}");
    let Fleet { refreshes, late, nonces, signed_out } = bound_fleet(100_000, MOVED);
    assert!(refreshes >= 100_000 && late > 100 && nonces > 1_000, "{refreshes} {late} {nonces}");
    assert_eq!(signed_out, 0);
}

#[test]
fn a_copied_token_lives_shorter_than_before() {
    let life = |rule, copy, bound| median_life_hours(rule, copy, bound, 2_000);
    assert!((30.0..50.0).contains(&life(Rule::WithoutBlocks, Copy::LockStep, false)));
    for copy in Copy::ALL {
        assert!(life(Rule::WithBlocks, copy, false) <= life(Rule::WithoutBlocks, copy, false), "{copy:?}");
        assert!(life(Rule::WithBlocks, copy, false) < 30.0 || copy == Copy::LockStepAtHome, "{copy:?}");
        assert!(life(Rule::WithBlocks, copy, true) == 0.0, "{copy:?}");
    }
}

/// Prints the tables of docs/refresh-tokens.md. Takes minutes.
#[test]
#[ignore = "long; it prints figures"]
fn tables() {
    println!("honest devices, sign-outs in 10^6 refreshes");
    for moved in [0, 10, 5, 4, 2, 1] {
        let share = |fleet: &Fleet| fleet.signed_out as f64 * 1e6 / fleet.refreshes as f64;
        let [before, after] =
            [Rule::WithoutBlocks, Rule::WithBlocks].map(|rule| unbound_fleet(rule, 100_000_000, moved));
        println!(
            "moved 1 in {moved}: before {:.3}, after {:.3} ({} of {}; {} late)",
            share(&before),
            share(&after),
            after.signed_out,
            after.refreshes,
            after.late
        );
    }
    println!("median life of a copy, hours");
    for copy in Copy::ALL {
        let life = |rule, bound| median_life_hours(rule, copy, bound, 100_000);
        let (before, after) = (life(Rule::WithoutBlocks, false), life(Rule::WithBlocks, false));
        println!("{copy:?}: before {before:.1}, after {after:.1}, bound {:.1}", life(Rule::WithBlocks, true));
    }
}

/// Prints the figure of bound sessions in docs/refresh-tokens.md.
#[test]
#[ignore = "long; it prints figures"]
fn bound_sessions() {
    let bound = bound_fleet(1_000_000, MOVED);
    println!("bound: {} of {} ({} late, {} nonces)", bound.signed_out, bound.refreshes, bound.late, bound.nonces);
}
