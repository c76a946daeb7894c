//! The demonstration agent: works for a few seconds on the task's own text, asks no model, costs nothing, and says so.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
    thread,
    time::Duration,
};

use super::{End, study::Study, workspace};

/// What every result begins with.
const NOTICE: &str = "This is a demonstration: no model was asked. The built-in `demo` agent only looked at the text of the task.";

/// So many times as long takes what is to be thought about hard, so that there is time to look at it and to stop it.
const HARD: f64 = 5.0;

/// How long the work takes in all: `DEMO_SECONDS`, 3 by default, at most an hour; five times that if `ORCH_THINKING` is `high`, as a model takes longer
/// then too.
pub(super) fn pace(variables: &BTreeMap<String, String>) -> Duration {
    let seconds = variables.get("DEMO_SECONDS").and_then(|text| text.trim().parse::<f64>().ok()).filter(|seconds| seconds.is_finite());
    let times = if variables.get("ORCH_THINKING").is_some_and(|level| level == "high") { HARD } else { 1.0 };
    Duration::from_secs_f64((seconds.unwrap_or(3.0) * times).clamp(0.0, 3_600.0))
}

/// Studies the task step by step; RESULT.txt grows with every step, so that whoever stops it has what there was.
pub(super) fn run(folder: &Path, task: &str, pace: Duration, out: &mut dyn Write, err: &mut dyn Write) -> End {
    match work(folder, task, pace, out) {
        Ok(()) => End::Done,
        Err(error) => {
            // Nobody is left to tell if standard error is closed.
            let _ = writeln!(err, "the demonstration could not write its files: {error}");
            End::Failed
        }
    }
}

fn work(folder: &Path, task: &str, pace: Duration, out: &mut dyn Write) -> io::Result<()> {
    let study = Study::of(task);
    let steps = steps(&study);
    let pause = pace / u32::try_from(steps.len() + 1).unwrap_or(1);
    let mut result = format!("{NOTICE}\n");
    say(out, &format!("demo: reading TASK.txt ({} characters)", study.characters))?;
    thread::sleep(pause);
    for (doing, finding) in &steps {
        say(out, &format!("demo: {doing}"))?;
        thread::sleep(pause);
        say(out, &format!("demo:   {}", finding.lines().next().unwrap_or_default()))?;
        result.extend(["\n", finding, "\n"]);
        workspace::write(folder, "RESULT.txt", &result)?;
    }
    workspace::write(folder, "analysis.md", &analysis(task, &study))?;
    say(out, "demo: wrote analysis.md")?;
    result.push_str("\nThe table of all findings is in `analysis.md`. A real agent would now have done what the task says.\n");
    workspace::write(folder, "RESULT.txt", &result)?;
    workspace::write(folder, "SUMMARY.txt", &summary(&study))?;
    let about = study.frequent.first().map_or("", |(word, _)| word);
    let outputs = serde_json::json!({ "report": "analysis.md", "words": study.words.to_string(), "about": about });
    workspace::write(folder, "OUTPUTS.json", &format!("{outputs:#}\n"))?;
    let usage =
        serde_json::json!({ "input": 0, "output": 0, "cache_read": 0, "cache_write": 0, "model": "none (demonstration)", "cost_usd": 0 });
    workspace::write(folder, "USAGE.json", &format!("{usage}\n"))?;
    say(out, "demo: done")
}

/// One line of the log, at once: whoever follows it sees the work go on.
fn say(out: &mut dyn Write, line: &str) -> io::Result<()> {
    writeln!(out, "{line}")?;
    out.flush()
}

/// What is done, and what was found by it.
fn steps(study: &Study) -> Vec<(&'static str, String)> {
    let mut steps = vec![
        (
            "counting words, lines and letters",
            format!(
                "The task has {}, {} and {} ({}).",
                counted(study.words, "word"),
                counted(study.lines, "line"),
                counted(study.characters, "character"),
                counted(study.letters, "letter"),
            ),
        ),
        ("ranking words", frequent(study)),
    ];
    for (doing, what, found) in [
        ("looking for numbers", "Numbers", &study.numbers),
        ("looking for links", "Links", &study.links),
        ("looking for file names", "File names", &study.files),
    ] {
        let finding = if found.is_empty() { format!("{what}: none.") } else { format!("{what}: {}.", found.join(", ")) };
        steps.push((doing, finding));
    }
    if study.questions > 0 {
        steps.push(("looking for questions", format!("It asks {}.", counted(study.questions, "question"))));
    }
    steps
}

fn frequent(study: &Study) -> String {
    if study.frequent.is_empty() {
        return "It has no words to rank.".to_owned();
    }
    let ranked: Vec<String> = study.frequent.iter().map(|(word, count)| format!("{word} ({count})")).collect();
    let longest = study.longest.as_deref().unwrap_or_default();
    format!("Most frequent words: {}. Longest word: {longest}.", ranked.join(", "))
}

fn summary(study: &Study) -> String {
    let about = study.frequent.first().map_or(String::new(), |(word, _)| format!(", mostly about “{word}”"));
    format!(
        "Demonstration, no model was asked: the task has {} in {}{about}.\n",
        counted(study.words, "word"),
        counted(study.lines, "line")
    )
}

fn analysis(task: &str, study: &Study) -> String {
    let mut page = format!("# Analysis of the task\n\n{NOTICE}\n\n| Finding | Value |\n|---|---|\n");
    let rows = [
        ("Lines", study.lines.to_string()),
        ("Words", study.words.to_string()),
        ("Characters", study.characters.to_string()),
        ("Letters", study.letters.to_string()),
        ("Questions", study.questions.to_string()),
        ("Most frequent words", study.frequent.iter().map(|(word, count)| format!("{word} ({count})")).collect::<Vec<_>>().join(", ")),
        ("Numbers", study.numbers.join(", ")),
        ("Links", study.links.join(" ")),
        ("File names", study.files.join(", ")),
    ];
    for (finding, value) in rows {
        // A `|` would end the cell.
        page.extend(["| ", finding, " | ", &value.replace('|', "\\|"), " |\n"]);
    }
    page.push_str("\n## The task as it was read\n\n");
    for line in task.lines() {
        page.extend(["    ", line, "\n"]);
    }
    page
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
