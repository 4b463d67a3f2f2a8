//! Comparison of a password with a stored hash.

use super::*;

async fn is_right(hasher: &Argon2id, password: Password, phc: &str) -> bool {
    matches!(hasher.verify(password, stored(phc)).await.unwrap(), Verdict::Right { .. })
}

#[tokio::test]
async fn only_the_correct_password_verifies() {
    let hasher = one_thread(CHEAP, OsRandom);
    let hash = phc(&hasher).await;
    let right = hasher.verify(password(), stored(&hash)).await.unwrap();
    assert!(matches!(right, Verdict::Right { rehashed: None }), "{right:?}");
    for wrong in ["correct horse batterz", "correct horse batteryy", "Correct horse battery"] {
        assert!(!is_right(&hasher, Password::parse(wrong).unwrap(), &hash).await, "{wrong}");
    }
}

/// The salt that is used without a hash is not secret, so even a password with a matching tag must be wrong.
#[tokio::test]
async fn without_a_hash_every_password_is_wrong() {
    let hasher = one_thread(CHEAP, OsRandom);
    let verdict = hasher.verify(password(), None).await.unwrap();
    assert!(matches!(verdict, Verdict::Wrong), "{verdict:?}");
}

#[tokio::test]
async fn a_correct_password_is_rehashed_if_the_stored_hash_has_other_parameters() {
    let hasher = one_thread(CHEAP, OsRandom);
    for (difference, old) in [
        ("more memory", at_cost(Cost { memory_kib: 1_024, ..CHEAP }, &[1; 16], 32)),
        ("less memory", at_cost(Cost { memory_kib: 32, ..CHEAP }, &[1; 16], 32)),
        ("passes", at_cost(Cost { passes: 2, ..CHEAP }, &[1; 16], 32)),
        ("lanes", at_cost(Cost { lanes: 2, ..CHEAP }, &[1; 16], 32)),
        ("salt", at_cost(CHEAP, &[1; 8], 32)),
        ("tag", at_cost(CHEAP, &[1; 16], 16)),
    ] {
        let wrong = Password::parse("correct horse batterz").unwrap();
        assert!(!is_right(&hasher, wrong, &old).await, "{difference}");
        let verdict = hasher.verify(password(), stored(&old)).await.unwrap();
        let Verdict::Right { rehashed: Some(new) } = verdict else { panic!("{difference}: {verdict:?}") };
        assert!(new.expose().starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{difference}: {}", new.expose());
        let verdict = hasher.verify(password(), Some(new)).await.unwrap();
        assert!(matches!(verdict, Verdict::Right { rehashed: None }), "{difference}: {verdict:?}");
    }
    let same = hasher.verify(password(), stored(&at_cost(CHEAP, &[1; 16], 32))).await.unwrap();
    assert!(matches!(same, Verdict::Right { rehashed: None }), "{same:?}");
}

/// Output of the reference implementation (phc-winner-argon2), called through argon2-cffi 25.1.0:
/// `hash_secret(b"password", b"saltsalt", time_cost=3, memory_cost=256, parallelism=4, hash_len=24, type=Type.ID)`.
const REFERENCE: &str = "$argon2id$v=19$m=256,t=3,p=4$c2FsdHNhbHQ$NWaxf8hZggDrqgttS5fMmhyGDCsC6Cur";

/// The service rejects this password for a new account. An account that has it can still sign in, and its password is
/// rehashed at the current cost.
#[tokio::test]
async fn a_hash_of_the_reference_implementation_verifies_and_is_rehashed() {
    let hasher = one_thread(CHEAP, OsRandom);
    let weak = || Password::parse("password").unwrap();
    let verdict = hasher.verify(weak(), stored(REFERENCE)).await.unwrap();
    let Verdict::Right { rehashed: Some(new) } = verdict else { panic!("{verdict:?}") };
    assert!(is_right(&hasher, weak(), new.expose()).await);
    assert!(!is_right(&hasher, password(), REFERENCE).await);
}

#[tokio::test]
async fn a_damaged_hash_is_an_error_that_quotes_no_part_of_it() {
    let hasher = one_thread(CHEAP, OsRandom);
    let (start, salt_and_tag) = REFERENCE.split_at(REFERENCE.find("$c2Fsd").unwrap());
    let with = |parameters: &str| format!("$argon2id$v=19${parameters}{salt_and_tag}");
    for damaged in [
        String::new(),
        "password".to_owned(),
        start.to_owned(),
        format!("{start}$c2FsdHNhbHQ"),
        format!("{start}$$NWaxf8hZggDrqgttS5fMmhyGDCsC6Cur"),
        format!("{REFERENCE}$"),
        format!("{REFERENCE}="),
        REFERENCE.replace("NWaxf", "NWax!"),
        REFERENCE.replace("c2FsdHNhbHQ", "c2Fsd"),
        REFERENCE.replace("$v=19", ""),
        REFERENCE.replace("v=19", "v=16"),
        REFERENCE.replace("argon2id", "argon2i"),
        REFERENCE.replace("argon2id", "scrypt"),
        with("m=256,t=3"),
        with("m=256,t=3,p=4,data=c2FsdA"),
        with("m=256,t=3,p=0"),
        with("m=256,t=0,p=4"),
        with("m=31,t=3,p=4"),
        with("m=-1,t=3,p=4"),
        // These costs would occupy a thread for minutes, or the whole machine.
        with("m=1048577,t=1,p=1"),
        with("m=4294967295,t=1,p=1"),
        with("m=256,t=33,p=4"),
        with("m=256,t=4294967296,p=4"),
    ] {
        let error = hasher.verify(password(), stored(&damaged)).await.unwrap_err();
        assert!(matches!(error, DependencyError::Broken { dependency: Dependency::PasswordHashing, .. }), "{damaged}");
        let text = format!("{error} {error:?}");
        assert!(["NWax", "c2Fsd", "256"].iter().all(|part| !text.contains(part)), "{damaged}: {text}");
    }
    phc(&hasher).await;
}

/// Texts that are the same password, in the form in which an earlier service may have hashed them, and prepared.
const TYPED: &str = "cafe\u{301} au\u{3000}lait";
const PREPARED: &str = "caf\u{e9} au lait";

/// Hash of the bytes as they are.
fn hash_of(text: &str) -> String {
    let mut tag = [0; 32];
    let params = Params::new(CHEAP.memory_kib, CHEAP.passes, CHEAP.lanes, Some(32)).unwrap();
    let argon2 = argon2::Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    argon2.hash_password_into(text.as_bytes(), &[1; 16], &mut tag).unwrap();
    stored::Stored { params, salt: vec![1; 16], tag: tag.to_vec() }.phc().expose().to_owned()
}

/// The account may come from a service that hashed what was typed. From the next sign-in on, every keyboard can type
/// the password.
#[tokio::test]
async fn a_hash_of_the_typed_form_verifies_and_is_replaced_by_one_of_the_prepared_form() {
    let hasher = one_thread(CHEAP, OsRandom);
    let [typed, prepared] = [TYPED, PREPARED].map(|text| Password::parse(text).unwrap());
    let verdict = hasher.verify(typed.clone(), stored(&hash_of(TYPED))).await.unwrap();
    let Verdict::Right { rehashed: Some(new) } = verdict else { panic!("{verdict:?}") };
    for form in [&typed, &prepared] {
        let verdict = hasher.verify(form.clone(), Some(new.clone())).await.unwrap();
        assert!(matches!(verdict, Verdict::Right { rehashed: None }), "{verdict:?}");
        assert!(is_right(&hasher, form.clone(), &hash_of(PREPARED)).await);
    }
    // Nobody can know the form that was typed then.
    assert!(!is_right(&hasher, prepared, &hash_of(TYPED)).await);
}

/// The number of hashes tells nothing about the account: it depends on the text alone.
#[test]
fn a_wrong_password_costs_the_same_with_and_without_an_account() {
    let hash = stored(&hash_of("another password")).unwrap();
    for (text, hashes) in [(PASSWORD, 1), (PREPARED, 1), (TYPED, 2)] {
        let password = Password::parse(text).unwrap();
        for hash in [Some(&hash), None] {
            let mut worker = worker_after(|_| ());
            assert!(matches!(worker.verify(&password, hash).unwrap(), Verdict::Wrong));
            assert_eq!(worker.hashes, hashes, "{text:?}");
        }
    }
}
