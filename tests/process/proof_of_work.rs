//! The log line that tells the operator about proof of work.

use crate::client::BYPASS;
use crate::doorstep::Folder;
use serde_json::json;

#[actix_web::test]
async fn an_abuse_signal_is_logged_once() {
    let folder = Folder::new();
    let (doorstep, client) =
        folder.serve(&[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "5"), ("PROOF_OF_WORK_BITS", "1")]).await;
    let captchas = [client.captcha().await, client.captcha().await, client.captcha().await, client.captcha().await];
    for (captcha, phone) in captchas.iter().zip(13_800_138_000_u64..) {
        let body = json!({"phone_number": phone.to_string(), "captcha_id": captcha, "captcha_answer": BYPASS});
        assert_eq!(client.post("/v1/register/send-code", body).await.status, 200);
    }
    let rejected = client.post("/v1/captchas", json!({})).await;
    assert_eq!(rejected.body["code"], "proof_of_work_required");
    let lines = doorstep.complete_output();
    assert_eq!(lines.iter().filter(|line| line.contains("proof of work enabled")).count(), 1);
}
