//! Runs the program in its own working folder. Its environment contains only the variables that the test sets.

use super::client::Client;
use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest wait for an event. Only a failing test reaches it.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Name and value of a setting.
pub type Var<'a> = (&'a str, &'a str);

/// Working folder of an operator; deleted when it is dropped.
pub struct Folder(TempDir);

/// Exit status and output of a command.
pub struct CommandOutput {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A running server; killed when it is dropped.
pub struct Doorstep {
    child: Child,
    output: Arc<Output>,
}

/// Lines of standard output and standard error, in the order of arrival.
#[derive(Default)]
struct Output {
    state: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Default)]
struct Lines {
    lines: Vec<String>,
    closed: usize,
    /// Nobody reads: the pipe fills.
    stalled: bool,
}

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file that only its owner can read.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
        self.set_mode(name, 0o600);
    }

    pub fn set_mode(&self, name: &str, mode: u32) {
        std::fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn command(&self, arguments: &[&str], vars: &[Var<'_>]) -> Command {
        self.program(env!("CARGO_BIN_EXE_doorstep"), arguments, vars)
    }

    fn program(&self, program: &str, arguments: &[&str], vars: &[Var<'_>]) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(vars.iter().copied()).args(arguments);
        command.current_dir(self.0.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command until it exits.
    pub fn run(&self, arguments: &[&str], vars: &[Var<'_>]) -> CommandOutput {
        let output = self.command(arguments, vars).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        CommandOutput { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Starts a server, on a free port unless the settings name one.
    pub fn start(&self, vars: &[Var<'_>]) -> Doorstep {
        self.start_program(env!("CARGO_BIN_EXE_doorstep"), vars)
    }

    /// Starts the server of another build, as [`Folder::start`] does.
    pub fn start_program(&self, program: &str, vars: &[Var<'_>]) -> Doorstep {
        // Some tests use a fake of a real SMS provider.
        let defaults = [("BIND", "127.0.0.1:0"), ("METRICS_BIND", "off"), ("ALLOW_INSECURE_DEVELOPMENT", "true")];
        let vars = [&defaults, vars].concat();
        Doorstep::spawn(self.program(program, &[], &vars))
    }

    /// Starts a server with outputs of the test, which must have set its address.
    pub fn start_with_outputs(&self, stdout: Stdio, stderr: Stdio, vars: &[Var<'_>]) -> Child {
        self.command(&[], vars).stdout(stdout).stderr(stderr).spawn().unwrap()
    }

    /// New values of `JWT_KEYS` and `SECRET_KEY`.
    pub fn keygen(&self) -> [String; 2] {
        [&["keygen"][..], &["keygen", "--secret-key"]].map(|arguments| self.run(arguments, &[]).stdout)
    }

    /// Starts a server whose soft limit of file descriptors is `descriptors`.
    pub fn start_with_soft_limit(&self, descriptors: usize, vars: &[Var<'_>]) -> Doorstep {
        self.start_after(&format!("ulimit -Sn {descriptors}"), vars)
    }

    /// Starts a server whose files cannot grow beyond this number of blocks of 512 bytes: as on a full disk.
    pub fn start_with_file_limit(&self, blocks: usize, vars: &[Var<'_>]) -> Doorstep {
        self.start_after(&format!("trap '' XFSZ && ulimit -f {blocks}"), vars)
    }

    /// Starts a server after a command of the shell.
    fn start_after(&self, command: &str, vars: &[Var<'_>]) -> Doorstep {
        let vars = [&[("BIND", "127.0.0.1:0"), ("METRICS_BIND", "off")], vars].concat();
        let script = format!("{command} && exec \"$0\"");
        Doorstep::spawn(self.program("/bin/sh", &["-c", &script, env!("CARGO_BIN_EXE_doorstep")], &vars))
    }

    /// Starts a server and waits until it is ready.
    pub async fn serve(&self, vars: &[Var<'_>]) -> (Doorstep, Client) {
        let doorstep = self.start(vars);
        let client = Client::new(&doorstep.url());
        client.wait_for_readiness("ready").await;
        (doorstep, client)
    }
}

impl AsRef<Path> for Folder {
    fn as_ref(&self) -> &Path {
        self.0.path()
    }
}

impl Doorstep {
    fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let output = Arc::new(Output::default());
        output.follow(child.stdout.take().unwrap());
        output.follow(child.stderr.take().unwrap());
        Self { child, output }
    }

    /// Waits for the first line with this text, and returns it.
    #[track_caller]
    pub fn line(&self, text: &str) -> String {
        let found = self.output.wait(|lines| lines.iter().find(|line| line.contains(text)).cloned());
        found.unwrap_or_else(|| panic!("no {text:?} in\n{}", self.output().join("\n")))
    }

    /// Waits for `count` lines with this text: a response can arrive before the line about it. Returns all such lines.
    #[track_caller]
    pub fn lines(&self, text: &str, count: usize) -> Vec<String> {
        let with_text = |lines: &[String]| lines.iter().filter(|line| line.contains(text)).cloned().collect::<Vec<_>>();
        let found = self.output.wait(|lines| Some(with_text(lines)).filter(|found| found.len() >= count));
        found.unwrap_or_else(|| panic!("fewer than {count} lines with {text:?} in\n{}", self.output().join("\n")))
    }

    /// Lines so far.
    pub fn output(&self) -> Vec<String> {
        self.output.state.lock().unwrap().lines.clone()
    }

    /// Stops the server, and returns all its lines.
    #[track_caller]
    pub fn complete_output(mut self) -> Vec<String> {
        self.stop("TERM");
        self.output()
    }

    /// Lines up to the one about a new request. The server writes its lines in order, so no earlier line is missing.
    pub async fn output_until_now(&self) -> Vec<String> {
        let request = Client::new(&self.url()).get("/healthz").await;
        self.line(&request.request_id);
        self.output()
    }

    /// Stops reading the output of the server, or continues.
    pub fn stall_output(&self, stalled: bool) {
        self.output.change(|state| state.stalled = stalled);
    }

    /// URL of the server, from its log.
    #[track_caller]
    pub fn url(&self) -> String {
        let line = self.line("listening on http://");
        let url = line.split_once("listening on ").unwrap().1;
        url.split([' ', '"']).next().unwrap().to_owned()
    }

    /// Address of the server, `127.0.0.1:port`.
    pub fn address(&self) -> String {
        self.url().trim_start_matches("http://").to_owned()
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits until the server exits, which closes both outputs.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let closed = self.output.wait_closed();
        assert!(closed, "the server still runs:\n{}", self.output().join("\n"));
        self.child.wait().unwrap()
    }

    /// Waits for a successful exit, while other tasks of the test run.
    pub async fn wait_for_end(&mut self) {
        let output = Arc::clone(&self.output);
        assert!(tokio::task::spawn_blocking(move || output.wait_closed()).await.unwrap(), "the server still runs");
        assert!(self.child.wait().unwrap().success(), "{}", self.output().join("\n"));
    }

    /// Sends the signal and waits for a successful exit.
    #[track_caller]
    pub fn stop(&mut self, signal: &str) {
        self.signal(signal);
        let status = self.wait();
        assert!(status.success(), "{status}:\n{}", self.output().join("\n"));
    }
}

impl Drop for Doorstep {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Output {
    fn follow(self: &Arc<Self>, stream: impl Read + Send + 'static) {
        let output = Arc::clone(self);
        thread::spawn(move || {
            // Only \n ends a line, so that other control characters from a client stay in the line.
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                output.wait_while_stalled();
                output.change(|state| state.lines.push(String::from_utf8_lossy(&line).into_owned()));
            }
            output.change(|state| state.closed += 1);
        });
    }

    fn change(&self, change: impl FnOnce(&mut Lines)) {
        change(&mut self.state.lock().unwrap());
        self.changed.notify_all();
    }

    fn wait_while_stalled(&self) {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |state| state.stalled).unwrap());
    }

    /// Waits for a result of `find`. Returns `None` if both streams end, or after `DEADLINE`.
    fn wait<T>(&self, find: impl Fn(&[String]) -> Option<T>) -> Option<T> {
        self.wait_while(|state| find(&state.lines).is_none() && state.closed < 2, |state| find(&state.lines))
    }

    fn wait_closed(&self) -> bool {
        self.wait_while(|state| state.closed < 2, |state| state.closed == 2)
    }

    fn wait_while<T>(&self, condition: impl Fn(&Lines) -> bool, then: impl FnOnce(&Lines) -> T) -> T {
        let deadline = Instant::now() + DEADLINE;
        let mut state = self.state.lock().unwrap();
        while condition(&state) && Instant::now() < deadline {
            let remaining = deadline.saturating_duration_since(Instant::now());
            state = self.changed.wait_timeout(state, remaining).unwrap().0;
        }
        then(&state)
    }
}
