//! `assigned-tasks.txt`: the ids of claimed tasks, one a line, for people and scripts. The store is the truth; nothing is read from it.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Write as _},
    path::Path,
};

use super::plain_file;
use crate::domain::{id::TaskId, lease::Fence};

/// Adds a task whose claim is visible, once. Only a task that was claimed before is looked for: the file may be long.
///
/// # Errors
///
/// The system's.
pub(super) fn add(path: &Path, task: &TaskId, fence: Fence) -> io::Result<()> {
    if fence > Fence(1) && holds(path, task)? {
        return Ok(());
    }
    let mut file = match plain_file::append(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            plain_file::append(path)?
        }
        opened => opened?,
    };
    // In one piece: several attempts are started at the same time.
    // Not waited for until it is on the disk: an agent would start later for a list that nothing is read from.
    file.write_all(format!("{task}\n").as_bytes())
}

fn holds(path: &Path, task: &TaskId) -> io::Result<bool> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    for line in BufReader::new(file).lines() {
        if line?.trim() == task.as_str() {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::{super::workspace::tests::Folder, *};

    #[test]
    fn a_task_is_added_once_however_often_it_is_claimed() {
        let home = Folder::new();
        let path = home.path().join("runtime/assigned-tasks.txt");
        let (one, two): (TaskId, TaskId) = ("1".parse().expect("an id"), "2".parse().expect("an id"));

        for (task, fence) in [(&one, 1), (&two, 2), (&one, 2), (&two, 3)] {
            add(&path, task, Fence(fence)).expect("it is written");
        }

        assert_eq!(fs::read_to_string(path).expect("it is there"), "1\n2\n");
    }
}
