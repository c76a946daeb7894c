//! Writes the settings into the env file: for its owner alone, in one step, with everything else in it left as it was.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// What a new file begins with.
const HEAD: &str = "# Written by `orchestrator setup`. Whoever has this token is the bot: never commit or post this file.\n# discord-config.env.example has all settings.\n";

/// Puts settings into a text: a line that sets the same key (also one that is commented out) is replaced, new ones are put at the end.
pub(super) fn with(text: &str, settings: &[(&str, String)]) -> String {
    let mut lines: Vec<String> = if text.is_empty() { HEAD } else { text }.lines().map(str::to_owned).collect();
    for (key, value) in settings {
        let sets = |line: &str, commented: bool| {
            let line = line.trim_start();
            let line = if commented { line.trim_start_matches('#').trim_start() } else { line };
            line.strip_prefix("export ").unwrap_or(line).split_once('=').is_some_and(|(name, _)| name.trim() == *key)
        };
        let place = lines.iter().position(|line| sets(line, false)).or_else(|| lines.iter().position(|line| sets(line, true)));
        let line = format!("{key}={value}");
        match place {
            Some(at) => lines[at] = line,
            None => lines.push(line),
        }
    }
    lines.join("\n") + "\n"
}

/// Writes a file in one step, readable by its owner alone. What was there is kept beside it; the answer says where.
pub(super) fn write(path: &Path, text: &str) -> io::Result<Option<PathBuf>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Made for the owner alone from the first moment on.
    let mut fresh =
        tempfile::Builder::new().prefix(".discord-config").permissions(fs::Permissions::from_mode(0o600)).tempfile_in(folder)?;
    fresh.write_all(text.as_bytes())?;
    fresh.as_file().sync_all()?;
    if !path.exists() {
        // Somebody else may have made it meanwhile: that one is not overwritten.
        fresh.persist_noclobber(path).map_err(|error| error.error)?;
        return Ok(None);
    }
    let kept = PathBuf::from(format!("{}.old", path.display()));
    fs::copy(path, &kept)?;
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o600))?;
    fresh.persist(path).map_err(|error| error.error)?;
    Ok(Some(kept))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn settings_take_the_place_of_their_old_lines_and_the_rest_stays() {
        let text = "# mine\nTIMEOUT=60s\nTASK_QUEUE_CHANNEL=1\n#RESULTS_CHANNEL=\nexport GUILD_ID=3\n";
        let settings = [("TASK_QUEUE_CHANNEL", "10"), ("RESULTS_CHANNEL", "20"), ("GUILD_ID", "30"), ("WORKER_POOL_CHANNEL", "40")]
            .map(|(key, value)| (key, value.to_owned()));

        assert_snapshot!(with(text, &settings), @"
        # mine
        TIMEOUT=60s
        TASK_QUEUE_CHANNEL=10
        RESULTS_CHANNEL=20
        GUILD_ID=30
        WORKER_POOL_CHANNEL=40
        ");
    }

    #[test]
    fn only_the_owner_can_read_the_file_and_the_old_one_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("discord-config.env");

        assert_eq!(write(&path, "A=1\n").unwrap(), None);
        let kept = write(&path, "A=2\n").unwrap().unwrap();

        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), fs::read_to_string(&kept).unwrap().as_str()), ("A=2\n", "A=1\n"));
        for file in [&path, &kept] {
            assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
