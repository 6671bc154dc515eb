//! Running other programs, and talking to the person: one place prints, one place turns a bad exit into an error
//! that says what to do.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a step gives back.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// Why a command could not be carried out, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What went wrong; lower case, no full stop.
    pub(crate) message: String,
    /// What the reader can do.
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// A failure without advice yet.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// A file or folder that could not be read or written.
    pub(crate) fn file(path: &Path, error: &dyn Display) -> Self {
        Self::new(format!("`{}`: {error}", path.display()))
    }

    /// The same failure with advice.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// Prints a line that is itself the product: help, a table, a verdict.
#[expect(clippy::print_stdout, reason = "a command line talks on stdout, and only here")]
pub(crate) fn print(text: &str) {
    println!("{text}");
    // Who reads us through a pipe wants to see progress too; a closed pipe is no reason to stop.
    let _ = std::io::stdout().flush();
}

/// Says what is being done.
pub(crate) fn say(text: impl Display) {
    print(&format!("▸ {text}"));
}

/// Says why the command stopped and what to do.
pub(crate) fn say_error(failure: &Failure) {
    eprintln!("✗ {}", failure.message);
    if let Some(hint) = &failure.hint {
        eprintln!("  {hint}");
    }
}

/// How long something took, for people: `4.2 s`, `3 min 05 s`.
pub(crate) fn duration(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        let whole = elapsed.as_secs();
        format!("{} min {:02} s", whole / 60, whole % 60)
    }
}

/// Runs a program with our terminal as its own; a bad exit is a failure.
pub(crate) fn run(command: &mut Command) -> Outcome<()> {
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { Err(bad_exit(command, &status)) }
}

/// Runs a program with its output in a log file; a bad exit is a failure that shows the log's end.
pub(crate) fn run_logged(command: &mut Command, log: &Path) -> Outcome<()> {
    let open =
        || std::fs::OpenOptions::new().create(true).append(true).open(log).map_err(|error| Failure::file(log, &error));
    let status = command
        .stdin(Stdio::null())
        .stdout(open()?)
        .stderr(open()?)
        .status()
        .map_err(|error| not_started(command, &error))?;
    if status.success() {
        return Ok(());
    }
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(20)..].join("\n  ");
    Err(bad_exit(command, &status).hint(format!("the end of {}:\n  {tail}", log.display())))
}

/// Runs a program with its output in a log file, or with our terminal as its own where there is no log.
pub(crate) fn run_into(command: &mut Command, log: Option<&Path>) -> Outcome<()> {
    match log {
        Some(log) => run_logged(command, log),
        None => run(command),
    }
}

/// Runs a program quietly and gives back what it printed, trimmed; `None` if it is missing or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What a program printed while we also showed it.
pub(crate) struct Told {
    /// Its standard output.
    pub(crate) text: String,
    /// Whether it ended well.
    pub(crate) success: bool,
}

/// Runs a program, showing its standard output as it comes and keeping it, for runners whose counts we add up.
pub(crate) fn run_told(command: &mut Command) -> Outcome<Told> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| not_started(command, &error))?;
    let mut text = String::new();
    let stdout = child.stdout.take().expect("stdout is piped");
    for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        print(&line);
        text.push_str(&line);
        text.push('\n');
    }
    let status = child.wait().map_err(|error| not_started(command, &error))?;
    Ok(Told { text, success: status.success() })
}

/// Runs a program for at most `limit`, quietly; for what may hang without a network. Gives back its error text.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<(), String> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
    let mut stderr = child.stderr.take().expect("stderr is piped");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        // Text that is not UTF-8 is not worth losing the reason for.
        let _ = stderr.read_to_string(&mut text);
        text
    });
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break Some(status);
        }
        if started.elapsed() > limit {
            // It may have ended in this very moment.
            let _ = child.kill();
            let _ = child.wait();
            break None;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    match status {
        Some(status) if status.success() => Ok(()),
        Some(_) => {
            let text = reader.join().unwrap_or_default();
            Err(text.lines().find(|line| line.contains("error")).unwrap_or("it failed").trim().to_owned())
        }
        None => Err(format!("no answer within {}", duration(limit))),
    }
}

/// The first of some programs that is on `PATH`.
pub(crate) fn find_program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file()))
}

/// `PATH` with folders put before it.
pub(crate) fn path_with(first: &[&Path]) -> std::ffi::OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let folders = first.iter().map(|folder| folder.to_path_buf()).chain(std::env::split_paths(&rest));
    std::env::join_paths(folders).unwrap_or(rest)
}

fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    Failure::new(format!("`{}` did not start: {error}", shown(command)))
}

fn bad_exit(command: &Command, status: &std::process::ExitStatus) -> Failure {
    Failure::new(format!("`{}` ended with {status}", shown(command)))
}

/// The command as a person would type it, the program without its folder.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words: Vec<_> = std::iter::once(program).chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_like_a_person_would_say_them() {
        assert_eq!(duration(Duration::from_millis(4_240)), "4.2 s");
        assert_eq!(duration(Duration::from_secs(185)), "3 min 05 s");
    }

    #[test]
    fn a_missing_program_is_named() {
        let failure = run(&mut Command::new("vitrine-no-such-program")).expect_err("it does not exist");
        assert!(failure.message.starts_with("`vitrine-no-such-program` did not start"), "{}", failure.message);
    }
}
