//! The built-in agent `llm`: the real binary in a working folder, against an endpoint of our own that answers as it is told.

mod commands;
pub(crate) mod endpoint;
mod trouble;
mod turns;
mod wire;

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use self::endpoint::{Endpoint, Reply};

const KEY: &str = "sk-very-secret-key";

/// A working folder with a task, and an endpoint with its answers in order.
struct Bench {
    folder: tempfile::TempDir,
    endpoint: Endpoint,
    settings: Vec<(String, String)>,
}

impl Bench {
    fn answering(replies: Vec<Reply>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        fs::write(folder.path().join("outside.txt"), "outside").unwrap();
        let bench = Self { folder, endpoint: Endpoint::start(replies), settings: Vec::new() };
        fs::write(bench.path("TASK.txt"), "TASK: What is six times seven?").unwrap();
        bench
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("work").join(name)
    }

    fn file(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path(name)).ok()
    }

    fn usage(&self) -> Value {
        self.file("USAGE.json").map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
    }

    #[expect(clippy::disallowed_methods, reason = "the program itself, as an attendant starts it")]
    fn start(&self) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchestrator"));
        command.args(["__agent", "llm"]).current_dir(self.folder.path().join("work")).env_clear();
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LLM_BASE_URL", &self.endpoint.address).env("LLM_API_KEY", KEY);
        command.env("ORCH_MODEL", "openrouter/vendor/model-1").env("LLM_IDLE_SECONDS", "2").env("LLM_RETRIES", "0");
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
    }

    fn run(&self) -> Run {
        Run::of(self.start().wait_with_output().expect("the binary ends"))
    }
}

/// What a run has said.
struct Run {
    code: i32,
    lines: Vec<Value>,
    out: String,
    err: String,
}

impl Run {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        let (out, err) = (text(output.stdout), text(output.stderr));
        let lines = out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"))).collect();
        Self { code: output.status.code().unwrap_or(-1), lines, out, err }
    }

    fn all(&self, kind: &str) -> Vec<&Value> {
        self.lines.iter().filter(|line| line["type"] == kind).collect()
    }

    fn result(&self) -> &Value {
        self.lines.last().unwrap_or(&Value::Null)
    }

    /// Whether each tool has gone well, with its title.
    fn tools(&self) -> Vec<(bool, &str)> {
        self.all("tool_end").iter().map(|line| (line["ok"] == true, line["title"].as_str().unwrap())).collect()
    }
}

/// Waits for a state of the world.
fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !reached() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what} has not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The processes whose command line has a word in it.
fn processes_with(mark: &str) -> Vec<i32> {
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        let line = fs::read(Path::new("/proc").join(pid.to_string()).join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(mark)
    })
    .collect()
}

pub(crate) fn call(id: &str, name: &str, arguments: &Value) -> Value {
    json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments.to_string() } })
}
