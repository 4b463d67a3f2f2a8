//! Storage of avatars.

use crate::domain::avatar::{Permit, Upload};
use chrono::{DateTime, Utc};

/// Lets clients upload avatars to a storage of the operator.
pub trait AvatarStorage: Send + Sync {
    /// Returns a permit for exactly this upload, valid from `now` for its lifetime. The storage MUST refuse another
    /// name, size or type, and every later upload. MUST NOT make a request: a permit is a signature.
    fn permit(&self, upload: &Upload, now: DateTime<Utc>) -> Permit;
}
