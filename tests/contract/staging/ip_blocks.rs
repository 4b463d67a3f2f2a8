//! Whose messages a flow has had: what a right code gives back, once.

use super::{Harness, MINUTE, ORIGIN, PURPOSE, at_once, check, key, limits, new_flow, no_limits, open, policy, resend};
use doorstep::domain::client_app::ClientId;
use doorstep::domain::ticket::FlowKey;
use doorstep::ports::{Cancel, CodeCheck, NewFlow, Resend, Staging, Verified};

const ELSEWHERE: &str = "2001:db8:1:2::/64";

#[track_caller]
fn verified(checked: CodeCheck) -> Verified {
    match checked {
        CodeCheck::Right(verified) => verified,
        other => panic!("{other:?}"),
    }
}

async fn claim(store: &dyn Staging, key: &FlowKey) -> CodeCheck {
    store.claim_code(key, PURPOSE, true, &policy(), &limits()).await.unwrap()
}

pub async fn a_right_code_returns_the_origin_of_every_message(harness: &impl Harness) {
    let store = harness.store();
    for (n, ip_blocks) in [(1, vec![ORIGIN]), (2, vec![ORIGIN, ELSEWHERE]), (3, vec![ORIGIN, ELSEWHERE, ORIGIN])] {
        let flow = key(n, 1);
        open(&*store, &flow, n, &no_limits()).await;
        store.record_sent(&flow, "first", None).await.unwrap();
        for origin in &ip_blocks[1..] {
            assert!(matches!(resend(&*store, &flow, &no_limits()).await, Resend::Yes(_)));
            store.record_sent(&flow, "second", Some(origin)).await.unwrap();
        }
        let claimed = verified(claim(&*store, &flow).await);
        assert_eq!(claimed.ip_blocks, ip_blocks);
        store.release_code(&flow).await.unwrap();
        assert_eq!(verified(claim(&*store, &flow).await), claimed, "a code that was given back gives the same");
        let right = verified(check(&*store, &flow, true, &limits()).await);
        assert_eq!(right, claimed);
        assert_eq!(right.provider.as_deref(), Some(if n == 1 { "first" } else { "second" }));
    }
}

/// It was reserved, but no message went out.
pub async fn a_further_message_that_was_not_sent_has_no_origin(harness: &impl Harness) {
    let (store, flow) = (harness.store(), key(1, 1));
    open(&*store, &flow, 1, &limits()).await;
    for refund in [true, false] {
        harness.advance(2 * MINUTE);
        assert!(matches!(resend(&*store, &flow, &limits()).await, Resend::Yes(_)));
        store.cancel_send(&flow, Cancel { refund, end: false }).await.unwrap();
    }
    assert_eq!(verified(check(&*store, &flow, true, &limits()).await).ip_blocks, [ORIGIN]);
}

/// However a right code and those who would forget meet, one of them has the origin.
pub async fn an_origin_is_given_to_one(harness: &impl Harness) {
    let store = harness.store();
    for n in 0..20 {
        let flow = key(n, 1);
        open(&*store, &flow, n, &no_limits()).await;
        let answers = at_once(8, |who| {
            let store = store.clone();
            async move {
                match who {
                    0..4 => usize::from(store.clear_ip_blocks(&flow).await.unwrap()),
                    _ => match check(&*store, &flow, true, &no_limits()).await {
                        CodeCheck::Right(verified) => verified.ip_blocks.len(),
                        _ => 0,
                    },
                }
            }
        });
        assert_eq!(answers.await.into_iter().sum::<usize>(), 1);
    }
}

pub async fn what_is_forgotten_is_not_returned(harness: &impl Harness) {
    let (store, flow) = (harness.store(), key(1, 1));
    open(&*store, &flow, 1, &no_limits()).await;
    assert!(store.clear_ip_blocks(&flow).await.unwrap());
    assert!(!store.clear_ip_blocks(&flow).await.unwrap());
    assert!(matches!(resend(&*store, &flow, &no_limits()).await, Resend::Yes(_)));
    store.record_sent(&flow, "second", Some(ELSEWHERE)).await.unwrap();
    assert_eq!(verified(check(&*store, &flow, true, &no_limits()).await).ip_blocks, [ELSEWHERE]);
}

/// Or a key would be made that nothing ends; and a code that has come gives back what it found.
pub async fn nothing_is_noted_at_a_flow_that_does_not_wait(harness: &impl Harness) {
    let (store, flow) = (harness.store(), key(1, 1));
    store.record_sent(&flow, "nobody", Some(ELSEWHERE)).await.unwrap();
    assert!(!store.clear_ip_blocks(&flow).await.unwrap());
    assert!(store.read_flow(&flow, PURPOSE, &policy()).await.unwrap().is_none());
    assert!(!store.end_flow(&flow).await.unwrap(), "no key was made");

    open(&*store, &flow, 1, &limits()).await;
    check(&*store, &flow, true, &limits()).await;
    store.record_sent(&flow, "late", Some(ELSEWHERE)).await.unwrap();
    assert!(!store.clear_ip_blocks(&flow).await.unwrap());
    harness.advance(policy().verified_life);
    store.record_sent(&flow, "later", None).await.unwrap();
    assert!(!store.end_flow(&flow).await.unwrap(), "it has expired and is not made anew");
}

pub async fn of_many_who_end_a_flow_one_is_told(harness: &impl Harness) {
    let (store, flow) = (harness.store(), key(1, 1));
    open(&*store, &flow, 1, &limits()).await;
    let answers = at_once(50, |_| {
        let store = store.clone();
        async move { store.end_flow(&flow).await.unwrap() }
    });
    assert_eq!(answers.await.into_iter().filter(|ended| *ended).count(), 1);
}

/// A further message fills itself in as the first did, whatever the request for it says.
pub async fn the_app_of_a_flow_is_kept(harness: &impl Harness) {
    let (store, app) = (harness.store(), ClientId::parse("shop-ios").unwrap());
    for (number, client) in [(1, Some(app)), (2, None)] {
        let (flow, new) = (key(number, 1), NewFlow { client: client.clone(), ..new_flow(number) });
        store.open_flow(&flow, &new, &policy(), &no_limits()).await.unwrap();
        match resend(&*store, &flow, &no_limits()).await {
            Resend::Yes(reservation) => assert_eq!(reservation.client, client),
            other => panic!("{other:?}"),
        }
    }
}
