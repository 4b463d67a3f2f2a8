//! State and jobs of one hashing thread.

use super::error::broken;
use super::jobs::Jobs;
use super::stored::{SALT_BYTES, Stored, TAG_BYTES};
use crate::domain::password::{NewPassword, Password, PasswordHash};
use crate::domain::phone::Phone;
use crate::ports::{DependencyError, Hashed, Random, Verdict};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::constant_time;
use doorstep_huge_pages::HugeSlice;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Computation on a thread. It gets `None` when the full queue refuses it.
pub(super) type Job = Box<dyn FnOnce(Option<&mut Worker>) + Send>;

pub(super) struct Worker {
    /// Current cost: the one that the settings give.
    params: Params,
    random: Arc<dyn Random>,
    /// Memory of the hashes, which argon2id reads in random order.
    pub(super) memory: HugeSlice<Block>,
    /// Number of blocks at the start of `memory` that contain data of the last hash.
    used: usize,
    #[cfg(test)]
    pub(super) hashes: usize,
}

impl Worker {
    pub(super) fn new(params: Params, random: Arc<dyn Random>) -> Self {
        Self {
            params,
            random,
            memory: HugeSlice::EMPTY,
            used: 0,
            #[cfg(test)]
            hashes: 0,
        }
    }

    /// Runs jobs until the hasher is dropped.
    pub(super) fn run(&mut self, jobs: &Jobs<Job>) {
        while let Some(job) = self.next_job(jobs) {
            // A panic drops the job, and its caller gets an error. The thread continues with the next job.
            let _ = catch_unwind(AssertUnwindSafe(|| job(Some(self))));
        }
    }

    /// Returns the next job, or `None` after the hasher is dropped.
    ///
    /// Data that a hash leaves in memory makes its password cheaper to find. The next hash overwrites all of it in its
    /// first pass. A wipe costs 6 % of a hash, so the memory is wiped only when no job waits, and when the next hash
    /// needs less memory than the last one.
    fn next_job(&mut self, jobs: &Jobs<Job>) -> Option<Job> {
        jobs.try_next().or_else(|| {
            self.wipe();
            jobs.next()
        })
    }

    pub(super) fn hash(&mut self, password: &NewPassword, owner: Option<&Phone>) -> Result<Hashed, DependencyError> {
        if password.is_guessable(owner) {
            return Ok(Hashed::TooWeak);
        }
        self.hash_at_current_cost(password.as_password()).map(Hashed::Hash)
    }

    pub(super) fn verify(
        &mut self,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict, DependencyError> {
        let Some(hash) = hash else {
            // The same work for an account that does not exist, so that the response time does not reveal it.
            for form in password.forms() {
                black_box(self.compute(form, &[0; SALT_BYTES], self.params.clone())?);
            }
            return Ok(Verdict::Wrong);
        };
        let stored = Stored::parse(hash)?;
        for (form, is_prepared) in password.forms().zip([true, false]) {
            let tag = self.compute(form, &stored.salt, stored.params.clone())?;
            if constant_time::verify_slices_are_equal(&tag, &stored.tag).is_err() {
                continue;
            }
            let is_current = is_prepared && stored.params == self.params && stored.salt.len() == SALT_BYTES;
            let rehashed = if is_current { None } else { Some(self.hash_at_current_cost(password)?) };
            return Ok(Verdict::Right { rehashed });
        }
        Ok(Verdict::Wrong)
    }

    /// Hashes the password at the current cost, with a new salt.
    fn hash_at_current_cost(&mut self, password: &Password) -> Result<PasswordHash, DependencyError> {
        let salt: [u8; SALT_BYTES] = self.random.bytes();
        let tag = self.compute(password.expose(), &salt, self.params.clone())?;
        Ok(Stored { params: self.params.clone(), salt: salt.to_vec(), tag }.phc())
    }

    fn compute(&mut self, password: &[u8], salt: &[u8], params: Params) -> Result<Vec<u8>, DependencyError> {
        let (mut tag, blocks) = (vec![0; params.output_len().unwrap_or(TAG_BYTES)], params.block_count());
        #[cfg(test)]
        {
            self.hashes += 1;
        }
        if self.used > blocks {
            self.wipe();
        }
        self.reserve(blocks.max(self.params.block_count()))?;
        self.used = blocks;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2
            .hash_password_into_with_memory(password, salt, &mut tag, &mut *self.memory)
            .map_err(|error| broken(error.to_string()))?;
        Ok(tag)
    }

    /// Allocates memory, unless there is enough. Memory that is freed returns to the kernel, which overwrites it.
    fn reserve(&mut self, blocks: usize) -> Result<(), DependencyError> {
        if self.memory.len() < blocks {
            self.memory = HugeSlice::EMPTY;
            let failed = |error| broken(format!("no memory for a hash: {error}"));
            self.memory = HugeSlice::filled(Block::new(), blocks).map_err(failed)?;
        }
        Ok(())
    }

    /// Overwrites the memory, or frees it if a hash at a higher cost than the current one needed it.
    fn wipe(&mut self) {
        self.used = 0;
        if self.memory.len() > self.params.block_count() {
            self.memory = HugeSlice::EMPTY;
        }
        self.memory.fill(Block::new());
        // Keeps the compiler from removing the overwrite.
        black_box(&mut *self.memory);
    }
}
