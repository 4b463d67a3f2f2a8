//! Log lines about test numbers: each use is logged, and the codes are not.

use crate::doorstep::Folder;
use serde_json::{Value, json};

#[actix_web::test]
async fn each_use_of_a_test_number_is_logged_without_its_code() {
    let folder = Folder::new();
    let list = "+15550100001=918273, +8613800138000=817263@2001-01-01";
    let (doorstep, client) = folder.serve(&[("TEST_PHONES", list), ("LOG_FORMAT", "json"), ("LOG", "trace")]).await;
    let expired: Value = serde_json::from_str(&doorstep.line("test number expired")).unwrap();
    assert_eq!((&expired["level"], &expired["phone"]), (&json!("WARN"), &json!("+86138****8000")));

    let ticket = client.send_code("+15550100001").await.field("ticket");
    let resent = client.post("/v1/register/resend-code", json!({"ticket": ticket})).await;
    assert_eq!(resent.status, 200, "{resent:?}");
    let wrong = client.post("/v1/register/verify-code", json!({"ticket": ticket, "code": "000000"})).await;
    assert_eq!(wrong.status, 422, "{wrong:?}");
    client.finish_sign_up(&ticket, "918273").await;

    let uses = doorstep.lines("test number used", 4);
    let uses: Vec<Value> = uses.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let acts: Vec<&str> = uses.iter().map(|line| line["act"].as_str().unwrap()).collect();
    assert_eq!(acts, ["send", "send", "wrong code", "right code"]);
    for line in uses {
        assert_eq!((&line["level"], &line["phone"]), (&json!("INFO"), &json!("+155****0001")));
        assert!(line["span"]["id"].is_string(), "{line}");
    }
    let all = doorstep.complete_output().join("\n");
    assert!(!all.contains("918273") && !all.contains("817263") && !all.contains("15550100001"), "{all}");
    assert_eq!(folder.read("data/outbox.log"), "", "no message is sent");
}
