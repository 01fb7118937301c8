//! A room of its own for a command: namespaces for users, mounts, processes, the network and the host's name, made by util-linux's
//! `unshare(1)`, so that no privilege is needed and none is given. Only Linux has it.
//!
//! The command is root in its room and nobody outside of it; there is no network but the loopback device, which is down.

use slim::launch::Launch;
use slim::trace::{Use, missed};
use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Most bytes of output that are compared.
const OUTPUT: usize = 1 << 20;

/// Most bytes of a trace that are read.
const TRACE: u64 = 256 << 20;

/// What `chroot` and the room need: `$1` is the root, `$2` the working directory, `$3` and `$4` this machine's unshare and strace (or
/// nothing), `$5` the trace; the command follows.
const SCRIPT: &str = r#"
root=$1 directory=$2 unshare=$3 strace=$4 trace=$5
shift 5
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
mkdir -p "$root/proc" "$root/dev" "$root/tmp"
mount -t proc proc "$root/proc" 2>/dev/null
for device in null zero full random urandom; do
  [ -e "$root/dev/$device" ] || : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device" 2>/dev/null
done
if [ -n "$strace" ]; then
  exec "$strace" -f -qq -e trace=%file -e signal=none -o "$trace" "$unshare" --root="$root" --wd="$directory" -- "$@"
fi
exec "$unshare" --root="$root" --wd="$directory" -- "$@"
"#;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, with this code.
    Code(i32),
    /// It did not, and was ended.
    TimedOut,
    /// By a signal.
    Signal,
}

impl End {
    /// Whether it did what it was asked to.
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::TimedOut => f.write_str("no end in time"),
            Self::Signal => f.write_str("ended by a signal"),
        }
    }
}

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// How it ended.
    pub end: End,
    /// What it printed, to standard output and error; the beginning, when it is much.
    pub output: Vec<u8>,
    /// Files that it looked for in vain, where `strace` could tell.
    pub missing: Vec<Use>,
}

/// A room could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RoomError {
    /// The folder for the image's files.
    #[error("the folder of a trial cannot be written: {0}")]
    Folder(io::Error),
    /// A program of this machine is missing.
    #[error("--test needs {0}, which is not on this machine")]
    NoProgram(&'static str),
    /// The kernel refuses, or the program could not be started.
    #[error("no room of its own can be made for a command (unshare, of util-linux): {0}")]
    Refused(String),
}

/// Runs a command, word by word, in a root folder. `scratch` takes the trace.
///
/// # Errors
/// When the room cannot be made. A command that fails has run.
pub(super) fn run(root: &Path, scratch: &Path, argv: &[String], launch: &Launch) -> Result<Ran, RoomError> {
    let unshare = program("unshare").ok_or(RoomError::NoProgram("unshare"))?;
    let shell = program("sh").ok_or(RoomError::NoProgram("sh"))?;
    let strace = program("strace");
    probe(&unshare)?;
    let trace = scratch.join("trace");
    let directory = launch.workdir.as_deref().filter(|name| name.starts_with('/')).unwrap_or("/");
    let (mut reader, writer) = io::pipe().map_err(RoomError::Folder)?;
    let mut command = Command::new(&unshare);
    command.args([
        "--user",
        "--map-root-user",
        "--mount",
        "--pid",
        "--net",
        "--ipc",
        "--uts",
        "--fork",
        "--kill-child",
    ]);
    command.arg("--").arg(shell).args(["-c", SCRIPT, "slim-trial"]);
    command.arg(root).arg(directory).arg(&unshare).arg(strace.unwrap_or_default()).arg(&trace).args(argv);
    command.env_clear().envs(launch.env.iter().map(|(name, value)| (name, value)));
    if launch.variable("PATH").is_none() {
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    }
    let error = writer.try_clone().map_err(RoomError::Folder)?;
    command.stdin(Stdio::null()).stdout(writer).stderr(error);
    let mut child = command.spawn().map_err(|error| RoomError::Refused(error.to_string()))?;
    // The command holds the other ends of the pipe: without them, it ends with the child.
    drop(command);
    let printed = std::thread::spawn(move || {
        let mut kept = Vec::new();
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            let room = OUTPUT.saturating_sub(kept.len()).min(count);
            kept.extend_from_slice(&buffer[..room]);
        }
        kept
    });
    let start = Instant::now();
    let end = loop {
        match child.try_wait().map_err(|error| RoomError::Refused(error.to_string()))? {
            Some(status) => break status.code().map_or(End::Signal, End::Code),
            None if start.elapsed() > PATIENCE => {
                // The room goes with its first process.
                let _ = child.kill();
                let _ = child.wait();
                break End::TimedOut;
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let output = printed.join().unwrap_or_default();
    let mut text = Vec::new();
    if let Ok(file) = std::fs::File::open(&trace) {
        file.take(TRACE).read_to_end(&mut text).map_err(RoomError::Folder)?;
    }
    Ok(Ran { end, output, missing: missed(&text) })
}

/// Whether the kernel lets this user make a room.
fn probe(unshare: &Path) -> Result<(), RoomError> {
    let tried = Command::new(unshare)
        .args(["--user", "--map-root-user", "--mount", "--pid", "--net", "--fork", "--", "/bin/sh", "-c", ":"])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| RoomError::Refused(error.to_string()))?;
    let told = || String::from_utf8_lossy(&tried.stderr).trim().to_owned();
    if tried.status.success() { Ok(()) } else { Err(RoomError::Refused(told())) }
}

/// A program of this machine, along its own `PATH`.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
