//! What one thread works with, and what it does.

use super::error::broken;
use super::stored::{SALT_BYTES, Stored, TAG_BYTES};
use crate::domain::password::{Password, PasswordHash};
use crate::domain::phone::Phone;
use crate::ports::{DependencyError, Hashed, Random, Verdict};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::constant_time;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) type Job = Box<dyn FnOnce(&mut Worker) + Send>;

pub(super) struct Worker {
    /// The cost in force.
    params: Params,
    random: Arc<dyn Random>,
    pub(super) memory: Vec<Block>,
    /// How many blocks of it the last computation has left something in.
    used: usize,
}

impl Worker {
    pub(super) fn new(params: Params, random: Arc<dyn Random>) -> Self {
        Self { params, random, memory: Vec::new(), used: 0 }
    }

    /// Works until the hasher is gone.
    pub(super) fn work(&mut self, jobs: &Mutex<Receiver<Job>>) {
        while let Some(job) = self.next(jobs) {
            // A panic drops the job, which its caller learns; the thread lives on for the others.
            let _ = catch_unwind(AssertUnwindSafe(|| job(self)));
        }
    }

    /// The next job, or nothing once the hasher is gone.
    ///
    /// What a hash leaves behind makes its password cheaper to guess. The next hash writes over all of it in its first pass, so
    /// wiping, 6 % of the cost of a hash, is due when no job waits, and where the next one would leave something.
    fn next(&mut self, jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
        let waiting = jobs.try_lock().ok().and_then(|jobs| jobs.try_recv().ok());
        waiting.or_else(|| {
            self.wipe();
            // The lock is held while waiting; the others wait for it instead.
            jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
        })
    }

    pub(super) fn hash(&mut self, password: &Password, owner: &Phone) -> Result<Hashed, DependencyError> {
        if password.is_guessable(owner) {
            return Ok(Hashed::TooWeak);
        }
        self.fresh(password).map(Hashed::Hash)
    }

    pub(super) fn verify(
        &mut self,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict, DependencyError> {
        let Some(hash) = hash else {
            // The same work for a person who does not exist, so that the time does not tell.
            black_box(self.compute(password, &[0; SALT_BYTES], self.params.clone())?);
            return Ok(Verdict::Wrong);
        };
        let stored = Stored::parse(hash)?;
        let tag = self.compute(password, &stored.salt, stored.params.clone())?;
        if constant_time::verify_slices_are_equal(&tag, &stored.tag).is_err() {
            return Ok(Verdict::Wrong);
        }
        let in_force = stored.params == self.params && stored.salt.len() == SALT_BYTES;
        let rehashed = if in_force { None } else { Some(self.fresh(password)?) };
        Ok(Verdict::Right { rehashed })
    }

    /// A hash at the cost in force.
    fn fresh(&mut self, password: &Password) -> Result<PasswordHash, DependencyError> {
        let salt: [u8; SALT_BYTES] = self.random.bytes();
        let tag = self.compute(password, &salt, self.params.clone())?;
        Ok(Stored { params: self.params.clone(), salt: salt.to_vec(), tag }.phc())
    }

    fn compute(&mut self, password: &Password, salt: &[u8], params: Params) -> Result<Vec<u8>, DependencyError> {
        let (mut tag, blocks) = (vec![0; params.output_len().unwrap_or(TAG_BYTES)], params.block_count());
        if self.used > blocks {
            self.wipe();
        }
        self.used = blocks;
        self.memory.resize(blocks.max(self.params.block_count()), Block::new());
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2
            .hash_password_into_with_memory(password.expose(), salt, &mut tag, &mut self.memory)
            .map_err(|error| broken(error.to_string()))?;
        Ok(tag)
    }

    /// Leaves nothing, and gives back the memory of a costlier hash than the one in force.
    fn wipe(&mut self) {
        self.used = 0;
        self.memory.fill(Block::new());
        // So that the compiler does not take the filling for useless.
        black_box(&mut self.memory);
        self.memory.truncate(self.params.block_count());
        self.memory.shrink_to_fit();
    }
}
