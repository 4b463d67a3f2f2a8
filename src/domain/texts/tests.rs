use super::*;
use crate::domain::flow::Purpose;
use crate::domain::otp::OneTimeCode;
use crate::domain::segment::Segments;

fn code(purpose: Purpose) -> Content {
    Content::Code { purpose, code: OneTimeCode::parse("042137").unwrap(), minutes: 5 }
}

#[test]
fn every_topic_has_a_text_in_each_built_in_language() {
    for (_, tag, texts) in Texts::built_in("Acme").languages() {
        assert!(Topic::ALL.iter().all(|topic| texts.contains_key(topic)), "{tag}");
    }
}

#[test]
fn each_purpose_has_its_own_text_in_both_languages() {
    let user = crate::domain::user::UserId(uuid::Uuid::nil());
    let purposes = [
        Purpose::Register,
        Purpose::Login,
        Purpose::ResetPassword,
        Purpose::ChangePhone(user),
        Purpose::DeleteAccount,
        Purpose::SetPassword(user),
        Purpose::ConfirmPhone(user),
    ];
    let texts = Texts::built_in("Acme");
    for (language, _, _) in texts.languages() {
        let mut texts: Vec<_> = purposes.iter().map(|purpose| texts.render(language, &code(*purpose), None)).collect();
        assert!(texts.iter().all(|text| text.contains("Acme") && text.contains("042137")), "{texts:?}");
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), purposes.len());
    }
}

#[test]
fn the_autofill_line_is_the_last_line() {
    let ios = Autofill::Domain("example.com".to_owned());
    let android = Autofill::AppHash("FA+9qCX9VSu".to_owned());
    let texts = Texts::built_in("Acme");
    let last = |autofill| {
        let text = texts.render(TextLanguage::default(), &code(Purpose::Login), Some(autofill));
        text.lines().last().unwrap().to_owned()
    };
    assert_eq!(last(&ios), "@example.com #042137");
    assert_eq!(last(&android), "FA+9qCX9VSu");
    let notice = Content::PhoneChanged { to: String::new() };
    let text = texts.render(TextLanguage::default(), &notice, Some(&ios));
    assert!(!text.contains('@'), "a notice contains no code");
}

#[test]
fn notices_fit_into_one_sms() {
    let to = "+86139****9001".to_owned();
    let texts = Texts::built_in("Acme");
    for notice in [Content::PhoneChanged { to }, Content::PasswordChanged, Content::PasswordReset] {
        for (language, _, _) in texts.languages() {
            let text = texts.render(language, &notice, None);
            assert_eq!(Segments::of(&text).count(), 1, "{text}");
        }
    }
}

#[test]
fn a_text_with_a_mistake_is_rejected_with_the_reason() {
    let reason = |topic, text: &str| Text::parse(topic, text).unwrap_err();
    assert_eq!(reason(Topic::Login, "{brand} {minutes}"), "contains no {code}");
    assert_eq!(reason(Topic::Login, "{code}"), "contains no {brand}");
    assert_eq!(reason(Topic::PhoneChanged, "{brand}"), "contains no {phone}");
    assert_eq!(
        reason(Topic::Login, "{brand} {code} {phone}"),
        "contains {phone}, which messages of this topic do not have"
    );
    assert_eq!(reason(Topic::Login, "{brand} {code"), "contains a { without }");
    assert_eq!(reason(Topic::Login, "{brand}\n{code}"), "contains a line break or another control character");
    assert_eq!(reason(Topic::Login, "{brand}\u{2028}{code}"), "contains a line break or another control character");
    for link in ["https://example.com", "WWW.example", "example.com/x"] {
        assert_eq!(reason(Topic::PasswordReset, &format!("{{brand}} {link}")), "contains a link");
    }
    assert!(Text::parse(Topic::Login, "{brand} {code}").is_ok(), "the minutes are optional");
}

#[test]
fn a_language_is_added_and_can_be_the_default() {
    let mut texts = Texts::built_in("ร้าน");
    let login = Text::parse(Topic::Login, "{brand}: รหัสเข้าสู่ระบบ {code}").unwrap();
    texts.extend("th", [(Topic::Login, login)].into());
    let thai = texts.negotiate("th-TH,en;q=0.5");
    assert_eq!((texts.tag(thai), texts.tag(texts.negotiate("fr"))), ("th", "en"));
    assert_eq!(texts.render(thai, &code(Purpose::Login), None), "ร้าน: รหัสเข้าสู่ระบบ 042137");
    assert!(texts.set_default("TH") && !texts.set_default("fr"));
    assert_eq!(texts.tag(texts.negotiate("fr")), "th");
    assert_eq!((texts.tag(texts.negotiate("zh_CN")), texts.tag(texts.negotiate("en-GB"))), ("zh-CN", "en"));
}
