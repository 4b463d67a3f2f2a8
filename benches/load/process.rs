//! What the kernel says of a process.

use std::fs;
use std::time::Duration;

/// Processor time of all its threads so far, in user and kernel mode, to 10 ms (proc(5), `utime` and `stime`).
pub fn cpu(pid: u32) -> Duration {
    // USER_HZ, what the fields count in, is 100 on every architecture that we run on.
    Duration::from_millis(stat(pid, 14).zip(stat(pid, 15)).map_or(0, |(user, system)| (user + system) * 10))
}

/// Time that cores have spent without work since the machine was started, all of them together.
pub fn idle() -> Duration {
    let text = fs::read_to_string("/proc/stat").unwrap();
    let times: Vec<u64> = text.lines().next().unwrap().split_whitespace().skip(1).flat_map(str::parse).collect();
    // After user, nice and system: idle, and waiting for a disk.
    Duration::from_millis((times[3] + times[4]) * 10)
}

/// The processes that this one started.
pub fn children(pid: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|child| parent(*child) == Some(pid)).collect()
}

pub fn parent(pid: u32) -> Option<u32> {
    stat(pid, 4).and_then(|parent| parent.try_into().ok())
}

/// Resident memory in MB (10^6 bytes): `VmRSS` for now, `VmHWM` for the most that it ever was.
pub fn memory(pid: u32, field: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    let kib: f64 = line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1024.0 / 1e6
}

/// A number out of `/proc/PID/stat`, counted as proc(5) does.
fn stat(pid: u32, field: usize) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, the second field, may hold spaces and brackets.
    let (_, rest) = text.rsplit_once(") ")?;
    rest.split(' ').nth(field - 3)?.parse().ok()
}
