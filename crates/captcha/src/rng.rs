//! Random generator for looks and sounds.

use rand::rngs::Xoshiro256PlusPlus;

/// Fast random generator, for looks and sounds only. It is not cryptographically secure: the text of a captcha comes
/// from the caller's secure generator.
pub(crate) type FastRng = Xoshiro256PlusPlus;
