//! Takes the model's key out of this process's environment, which every command that it runs could read in `/proc`: the program is started anew
//! in its own place, without the key among its variables, and gets it through its standard input.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    os::unix::process::CommandExt,
    process::Command,
};

use super::super::model::{KEYS, given};

/// Says that the key is on standard input.
pub(super) const HANDED: &str = "LLM_KEY_ON_STDIN";

/// The longest key, in bytes: a pipe holds as much before anybody reads it.
const LONGEST: usize = 4_096;

/// Leaves the key in `variables` alone. Where the program can't be started anew it goes on as it is: the key is still in no command's own
/// environment.
pub(in crate::agents) fn out_of_the_environment(variables: &mut BTreeMap<String, String>) {
    if variables.remove(HANDED).is_some() {
        let mut key = String::new();
        if io::stdin().take(LONGEST as u64).read_to_string(&mut key).is_ok() {
            variables.insert(KEYS[0].to_owned(), key);
        }
        return;
    }
    if let Some(key) = KEYS.iter().find_map(|name| given(variables, name)).filter(|key| key.len() <= LONGEST) {
        // It comes back only if that is refused.
        let _ = start_anew(key, variables);
    }
}

/// The variables that hold a key, whatever their name is.
pub(super) fn telling(variables: &BTreeMap<String, String>) -> Vec<String> {
    let keys: Vec<&str> = KEYS.iter().filter_map(|name| given(variables, name)).collect();
    let telling = variables.iter().filter(|(_, value)| keys.iter().any(|key| value.contains(key))).map(|(name, _)| name.as_str());
    KEYS.into_iter().chain([HANDED]).chain(telling).map(str::to_owned).collect()
}

#[expect(clippy::disallowed_methods, reason = "no process is started: this one becomes another")]
fn start_anew(key: &str, variables: &BTreeMap<String, String>) -> io::Result<()> {
    let (read, mut write) = io::pipe()?;
    write.write_all(key.as_bytes())?;
    drop(write);
    // The same file, also after it was replaced by a newer one.
    let mut same = Command::new("/proc/self/exe");
    for name in telling(variables) {
        same.env_remove(name);
    }
    let mut args = std::env::args_os();
    Err(same.arg0(args.next().unwrap_or_default()).args(args).env(HANDED, "1").stdin(read).exec())
}
