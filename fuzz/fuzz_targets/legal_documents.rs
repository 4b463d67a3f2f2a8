#![no_main]

#[path = "../../tests/fuzz/targets.rs"]
#[expect(dead_code, reason = "the other programs use the rest")]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::legal_documents(data));
