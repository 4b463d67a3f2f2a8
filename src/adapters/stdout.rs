//! Standard output, written by a thread of its own: a reader that stops to read stops nothing else.
//!
//! Lines wait in memory while the reader is slow. Beyond the capacity they are lost and counted.

use prometheus_client::metrics::counter::Counter;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::mem;
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes of waiting lines: about 16,000 lines. The thread writes one batch while the next one fills, so the memory in
/// use is at most twice as large.
const CAPACITY: usize = 4 * 1_024 * 1_024;
/// Memory that an empty batch keeps.
const KEPT_CAPACITY: usize = 64 * 1_024;
/// Time in which an idle thread collects further lines after the first one, so that a busy service wakes it once for
/// many lines. With a line every 20 µs on a busy machine, a line costs its request 1 µs; a write to a pipe costs 15 µs.
/// With a line every 2 ms, each wake-up takes the core from a password hash: 1 ms collected too few lines, and cost a
/// sign-up 0.17 ms.
const COLLECT_TIME: Duration = Duration::from_millis(10);
/// Time between two attempts, if another program has made the terminal non-blocking.
const RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// Lines of this process on standard output.
pub static STDOUT: LazyLock<Lines> = LazyLock::new(|| {
    // Its own handle: the one of the standard library has a lock, which its holder keeps while it is blocked.
    match io::stdout().as_fd().try_clone_to_owned() {
        Ok(handle) => Lines::start(File::from(handle), CAPACITY),
        Err(_) => Lines::start(io::stdout(), CAPACITY),
    }
});

/// Lines on their way to an output.
pub struct Lines {
    shared: Arc<Shared>,
}

struct Shared {
    capacity: usize,
    queue: Mutex<Queue>,
    /// A line waits.
    arrived: Condvar,
    /// No line waits, and the thread has written all others.
    finished: Condvar,
    lost: Counter,
}

struct Queue {
    lines: Vec<u8>,
    /// Set while the thread waits for lines, and nobody has woken it.
    idle: bool,
    /// Lost lines that no line of the log reports.
    unreported: u64,
}

/// Output with the rest of a line that it has accepted in part.
struct Output<W> {
    inner: W,
    rest: Vec<u8>,
}

impl Lines {
    /// Starts the thread. It is detached: it may be blocked when the process ends.
    fn start(output: impl Write + Send + 'static, capacity: usize) -> Self {
        let shared = Arc::new(Shared {
            capacity,
            queue: Mutex::new(Queue { lines: buffer(), idle: false, unreported: 0 }),
            arrived: Condvar::new(),
            finished: Condvar::new(),
            lost: Counter::default(),
        });
        let own = Arc::clone(&shared);
        // Without a thread all lines are lost, and the service works.
        drop(thread::Builder::new().name("stdout".to_owned()).spawn(move || own.run(output)));
        Self { shared }
    }

    /// Adds complete lines. Never blocks.
    pub fn push(&self, lines: &[u8]) {
        let mut queue = self.shared.lock();
        if queue.lines.len() + lines.len() > self.shared.capacity {
            return self.shared.lose(&mut queue, count(lines));
        }
        queue.lines.extend_from_slice(lines);
        // The thread looks again before it waits: only the first line wakes it.
        if mem::take(&mut queue.idle) {
            drop(queue);
            self.shared.arrived.notify_one();
        }
    }

    /// Waits until all lines are written, at most for this time. Returns whether they are.
    pub fn finish(&self, limit: Duration) -> bool {
        let queue = self.shared.lock();
        let waits = |queue: &mut Queue| !queue.idle || !queue.lines.is_empty();
        let finished = self.shared.finished.wait_timeout_while(queue, limit, waits);
        finished.is_ok_and(|(_, timeout)| !timeout.timed_out())
    }

    /// Counter of the lost lines.
    #[must_use]
    pub fn lost(&self) -> Counter {
        self.shared.lost.clone()
    }
}

impl Write for &Lines {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.push(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lose(&self, queue: &mut Queue, lines: u64) {
        self.lost.inc_by(lines);
        queue.unreported += lines;
    }

    fn run(&self, output: impl Write) {
        let (mut output, mut batch, mut healthy) = (Output { inner: output, rest: Vec::new() }, buffer(), true);
        loop {
            self.take(&mut batch, healthy);
            let lost = output.write_lines(&batch);
            batch.clear();
            batch.shrink_to(KEPT_CAPACITY);
            healthy = lost == 0;
            if !healthy {
                self.lose(&mut self.lock(), lost);
            }
        }
    }

    /// Takes the waiting lines, or waits for some. If the output accepts lines, reports those that were lost before.
    fn take(&self, batch: &mut Vec<u8>, healthy: bool) {
        let mut queue = self.lock();
        mem::swap(&mut queue.lines, batch);
        let lost = if healthy { mem::take(&mut queue.unreported) } else { 0 };
        if lost > 0 {
            drop(queue);
            // The queue is empty, so that this line has room.
            tracing::warn!(lines = lost, "log lines lost");
            queue = self.lock();
        }
        if !batch.is_empty() {
            return;
        }
        while queue.lines.is_empty() {
            queue.idle = true;
            self.finished.notify_all();
            queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        drop(queue);
        thread::sleep(COLLECT_TIME);
        mem::swap(&mut self.lock().lines, batch);
    }
}

/// Returns a buffer whose doubling ends at the capacity of a queue.
fn buffer() -> Vec<u8> {
    Vec::with_capacity(KEPT_CAPACITY)
}

impl<W: Write> Output<W> {
    /// Writes the lines. Returns the number of those that the output refused. A line that it has accepted in part is
    /// completed before the next one.
    fn write_lines(&mut self, lines: &[u8]) -> u64 {
        let rest = mem::take(&mut self.rest);
        let written = self.write(&rest);
        if written < rest.len() {
            self.rest = rest[written..].to_vec();
            return count(lines);
        }
        let written = self.write(lines);
        let mut left = &lines[written..];
        if written > 0 && lines[written - 1] != b'\n' {
            let end = left.iter().position(|byte| *byte == b'\n').map_or(left.len(), |end| end + 1);
            self.rest = left[..end].to_vec();
            left = &left[end..];
        }
        count(left)
    }

    /// Returns the number of bytes that were written before an error.
    fn write(&mut self, bytes: &[u8]) -> usize {
        let mut written = 0;
        while written < bytes.len() {
            match self.inner.write(&bytes[written..]) {
                Ok(0) => break,
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(RETRY_INTERVAL),
                // The reader has gone, or the disk is full.
                Err(_) => break,
            }
        }
        written
    }
}

fn count(lines: &[u8]) -> u64 {
    lines.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    const LIMIT: Duration = Duration::from_secs(30);

    /// Output that waits for permission to write, and accepts at most this many bytes at once; 0 is an error.
    struct Slow {
        permitted: Receiver<usize>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = self.permitted.recv().map_or(bytes.len(), |most| most.min(bytes.len()));
            self.written.lock().unwrap().extend_from_slice(&bytes[..count]);
            if count == 0 { Err(io::Error::from(ErrorKind::StorageFull)) } else { Ok(count) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Lines with room for 20 bytes beside the batch in progress. Each permission waits until the thread takes it.
    fn lines() -> (Lines, SyncSender<usize>, Arc<Mutex<Vec<u8>>>) {
        let ((permit, permitted), written) = (sync_channel(0), Arc::default());
        let output = Slow { permitted, written: Arc::clone(&written) };
        (Lines::start(output, 20), permit, written)
    }

    fn text(written: &Mutex<Vec<u8>>) -> String {
        String::from_utf8(written.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn lines_beyond_the_capacity_are_counted_and_the_others_are_whole() {
        let (lines, permit, written) = lines();
        lines.push(b"first line\n");
        permit.send(4).unwrap();
        // The thread holds the first line.
        lines.push(b"second line\n");
        lines.push(b"third line\n");
        lines.push(b"4th\n");
        assert_eq!(lines.lost().get(), 1);
        assert!(!lines.finish(Duration::ZERO));
        drop(permit);
        assert!(lines.finish(LIMIT));
        assert_eq!(text(&written), "first line\nsecond line\n4th\n");
    }

    #[test]
    fn a_line_that_was_accepted_in_part_is_completed_before_the_next() {
        let (lines, permit, written) = lines();
        lines.push(b"1st\nsecond\n3rd\n");
        permit.send(7).unwrap();
        // A full disk.
        permit.send(0).unwrap();
        lines.push(b"4th\n");
        permit.send(0).unwrap();
        lines.push(b"5th\n");
        drop(permit);
        assert!(lines.finish(LIMIT));
        assert_eq!(text(&written), "1st\nsecond\n5th\n");
        assert_eq!(lines.lost().get(), 2);
    }
}
