//! Test numbers: every use is logged, because the code of a test number opens its account.

use crate::domain::test_phone::TestPhone;

pub(super) fn log_use(test: &TestPhone, act: &str) {
    tracing::info!(phone = test.phone.masked(), act, "test number used");
}
