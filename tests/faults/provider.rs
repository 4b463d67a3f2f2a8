//! Faults of the SMS provider.

use crate::proxy::Mode;
use crate::scenario::Scenario;
use crate::setup::Setup;
use crate::support::provider::Behaviour;
use std::thread::sleep;
use std::time::Duration;

pub const SCENARIOS: &[Scenario] = &[
    Scenario::new("sms provider resets connections", 15, |setup, time| behaving(setup, time, Behaviour::Drop)),
    Scenario::new("sms provider sends garbage", 15, |setup, time| behaving(setup, time, Behaviour::Garbage)),
    Scenario::new("sms provider answers 500", 15, |setup, time| behaving(setup, time, Behaviour::ServerError)),
    Scenario::new("sms provider does not answer", 15, |setup, time| behaving(setup, time, Behaviour::Hang)),
    Scenario::new("sms provider unreachable", 15, |setup, time| network(setup, time, Mode::Refuse)).in_dose(3),
    Scenario::new("sms provider slow by 0.7 s", 15, |setup, time| {
        network(setup, time, Mode::Delay(Duration::from_millis(700)));
    }),
    Scenario::new("sms provider answers too late", 15, |setup, time| {
        network(setup, time, Mode::Delay(Duration::from_secs(3)));
    }),
];

fn behaving(setup: &mut Setup, time: Duration, behaviour: Behaviour) {
    setup.sms.stage.behave(behaviour);
    sleep(time);
    setup.sms.stage.behave(Behaviour::Accept);
}

fn network(setup: &mut Setup, time: Duration, mode: Mode) {
    setup.sms_proxy.set(mode);
    sleep(time);
    setup.sms_proxy.set(Mode::Pass);
}
