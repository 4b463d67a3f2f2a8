//! Processor time, memory and children of a process, from `/proc`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Processor time of all its threads so far, in user and kernel mode, to 10 ms (proc(5), `utime` and `stime`).
pub fn cpu(pid: u32) -> Duration {
    sum(&stat_file(pid), 14, 15)
}

/// Processor time of the child processes that have ended, in user and kernel mode (`cutime` and `cstime`).
pub fn cpu_of_ended_children(pid: u32) -> Duration {
    sum(&stat_file(pid), 16, 17)
}

fn sum(file: &Path, user: usize, system: usize) -> Duration {
    // The fields count in units of 1/USER_HZ, which is 1/100 s on every supported architecture.
    Duration::from_millis(stat(file, user).zip(stat(file, system)).map_or(0, |(user, system)| (user + system) * 10))
}

fn stat_file(pid: u32) -> PathBuf {
    format!("/proc/{pid}/stat").into()
}

/// Processor time of its threads with this name so far.
pub fn cpu_of_threads(pid: u32, name: &str) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let named = threads
        .filter(|thread| fs::read_to_string(thread.path().join("comm")).is_ok_and(|comm| comm.trim_end() == name));
    named.map(|thread| sum(&thread.path().join("stat"), 14, 15)).sum()
}

/// Time without work since the start of the machine, summed over all cores.
pub fn idle() -> Duration {
    let text = fs::read_to_string("/proc/stat").unwrap();
    let times: Vec<u64> = text.lines().next().unwrap().split_whitespace().skip(1).flat_map(str::parse).collect();
    // The fields are user, nice, system, idle, iowait: the last two are time without work.
    Duration::from_millis((times[3] + times[4]) * 10)
}

/// Number of times that its threads have waited for something so far (proc(5), `voluntary_ctxt_switches`).
pub fn waits(pid: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let waits = threads.filter_map(|thread| {
        let status = fs::read_to_string(thread.path().join("status")).ok()?;
        status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?.trim().parse::<u64>().ok()
    });
    waits.sum()
}

/// Child processes of a process.
pub fn children(pid: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|child| parent(*child) == Some(pid)).collect()
}

pub fn parent(pid: u32) -> Option<u32> {
    stat(&stat_file(pid), 4).and_then(|parent| parent.try_into().ok())
}

/// Resident memory in MB (10^6 bytes): `VmRSS` is the current value, `VmHWM` the peak.
pub fn memory(pid: u32, field: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    let kib: f64 = line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1024.0 / 1e6
}

/// A number from a file such as `/proc/PID/stat`, by the field number of proc(5).
fn stat(file: &Path, field: usize) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    // The second field, the name, can contain spaces and brackets.
    let (_, rest) = text.rsplit_once(") ")?;
    rest.split(' ').nth(field - 3)?.parse().ok()
}
