//! IP blocks of the clients that requested the messages of a flow: exactly one caller gets them.

use super::{
    Harness, IP_BLOCK, MINUTE, OWNER, PURPOSE, at_once, cancel_resend, claim, key, limits, new_flow, open, policy,
    refundable, resend, unlimited, verify,
};
use doorstep::domain::client_id::ClientId;
use doorstep::domain::limits::Refund;
use doorstep::ports::{CodeCheck, NewFlow, Resend, Verified};

const OTHER_IP_BLOCK: &str = "2001:db8:1:2::/64";

#[track_caller]
fn verified(check: CodeCheck) -> Verified {
    match check {
        CodeCheck::Right(verified) => verified,
        other => panic!("{other:?}"),
    }
}

pub async fn a_right_code_returns_the_ip_block_of_every_message(harness: &impl Harness) {
    let store = harness.store();
    let cases =
        [(1, vec![IP_BLOCK]), (2, vec![IP_BLOCK, OTHER_IP_BLOCK]), (3, vec![IP_BLOCK, OTHER_IP_BLOCK, IP_BLOCK])];
    for (number, ip_blocks) in cases {
        let flow = key(number, 1);
        open(&*store, &flow, number, &unlimited()).await;
        store.record_sent(&flow, "first", None).await.unwrap();
        for ip_block in &ip_blocks[1..] {
            assert!(matches!(resend(&*store, &flow, &unlimited()).await, Resend::Reserved(_)));
            store.record_sent(&flow, "second", Some(ip_block)).await.unwrap();
        }
        let claimed = verified(claim(&*store, &flow, true, &limits()).await);
        assert_eq!(claimed.ip_blocks, ip_blocks);
        store.release_code(&flow, OWNER).await.unwrap();
        let again = verified(claim(&*store, &flow, true, &limits()).await);
        assert_eq!(again, claimed, "a released code returns the same");
        let right = verified(verify(&*store, &flow, true, &limits()).await);
        assert_eq!(right, claimed);
        assert_eq!(right.provider.as_deref(), Some(if number == 1 { "first" } else { "second" }));
    }
}

pub async fn a_flow_has_the_provider_of_its_first_message_from_the_beginning(harness: &impl Harness) {
    let store = harness.store();
    for (number, failover) in [(1, None), (2, Some("second"))] {
        let (flow, new) = (key(number, 1), NewFlow { provider: Some("first"), ..new_flow(number) });
        store.open_flow(&flow, &new, &[]).await.unwrap();
        if let Some(provider) = failover {
            store.record_sent(&flow, provider, None).await.unwrap();
        }
        let right = verified(verify(&*store, &flow, true, &limits()).await);
        assert_eq!((right.provider.as_deref(), right.ip_blocks.len()), (failover.or(Some("first")), 1));
    }
}

/// The resend was reserved, but no message was sent.
pub async fn a_cancelled_resend_stores_no_ip_block(harness: &impl Harness) {
    let (store, flow) = (harness.store(), key(1, 1));
    open(&*store, &flow, 1, &limits()).await;
    for outcome in [Refund::NothingDone, Refund::UnknownOutcome] {
        harness.advance(2 * MINUTE);
        assert!(matches!(resend(&*store, &flow, &limits()).await, Resend::Reserved(_)));
        cancel_resend(&*store, &flow, &refundable(&flow, outcome)).await;
    }
    assert_eq!(verified(verify(&*store, &flow, true, &limits()).await).ip_blocks, [IP_BLOCK]);
}

pub async fn one_of_many_concurrent_right_codes_gets_the_ip_blocks(harness: &impl Harness) {
    let store = harness.store();
    for number in 0..20 {
        let flow = key(number, 1);
        open(&*store, &flow, number, &unlimited()).await;
        let received = at_once(8, |_| {
            let store = store.clone();
            async move {
                match verify(&*store, &flow, true, &unlimited()).await {
                    CodeCheck::Right(verified) => verified.ip_blocks.len(),
                    _ => 0,
                }
            }
        });
        assert_eq!(received.await.into_iter().sum::<usize>(), 1);
    }
}

/// Otherwise a key without expiry would be created, or an IP block would be stored after the right code returned them.
pub async fn nothing_is_recorded_unless_a_code_can_be_entered(harness: &impl Harness) {
    let (store, flow) = (harness.store(), key(1, 1));
    store.record_sent(&flow, "unknown", Some(OTHER_IP_BLOCK)).await.unwrap();
    assert!(store.read_flow(&flow, PURPOSE).await.unwrap().is_none());
    assert!(!store.delete_flow(&flow).await.unwrap(), "no key was created");

    open(&*store, &flow, 1, &limits()).await;
    verify(&*store, &flow, true, &limits()).await;
    store.record_sent(&flow, "late", Some(OTHER_IP_BLOCK)).await.unwrap();
    harness.advance(policy().verified_ttl);
    store.record_sent(&flow, "later", None).await.unwrap();
    assert!(!store.delete_flow(&flow).await.unwrap(), "an expired flow is not created again");
}

pub async fn one_of_many_concurrent_deletions_returns_true(harness: &impl Harness) {
    let (store, flow) = (harness.store(), key(1, 1));
    open(&*store, &flow, 1, &limits()).await;
    let deletions = at_once(50, |_| {
        let store = store.clone();
        async move { store.delete_flow(&flow).await.unwrap() }
    });
    assert_eq!(deletions.await.into_iter().filter(|deleted| *deleted).count(), 1);
}

/// SMS autofill works for a resend as for the first message, whatever the request for the resend says.
pub async fn the_client_app_of_a_flow_is_kept(harness: &impl Harness) {
    let (store, app) = (harness.store(), ClientId::parse("shop-ios").unwrap());
    for (number, client) in [(1, Some(app)), (2, None)] {
        let (flow, new) = (key(number, 1), NewFlow { client: client.clone(), ..new_flow(number) });
        store.open_flow(&flow, &new, &unlimited().phone(flow.phone_hash)).await.unwrap();
        match resend(&*store, &flow, &unlimited()).await {
            Resend::Reserved(reserved) => assert_eq!(reserved.client, client),
            other => panic!("{other:?}"),
        }
    }
}
