//! Files that an agent has left, attached to its entry in the results as far as Discord takes them; the rest is named with its place.

use super::{figures, fit, harmless::code};
use crate::domain::outbound::{LeftFile, Post, PostFile, ResultFacts};

/// Most files with one message. Source: Discord developer documentation, "Opcodes and Status Codes", JSON error 30015.
pub const MOST: usize = 10;
/// Most bytes of one file: below Discord's 10 MiB. Source: the same, "Uploading Files".
const EACH: u64 = 8 << 20;
/// Most bytes of all files of a message. Source: the same: 25 MiB; the rest is for the request's own parts.
const TOGETHER: u64 = 24 << 20;
/// How many that are too large are named.
const NAMED: usize = 3;
/// The longest name of a file, in characters.
const NAME: usize = 80;

/// Attaches at most so many of the files that the agent has left, those first that lie least deep; names with their place those that are too
/// large. Empty ones are not attached: there is nothing in them.
pub fn attach(post: &mut Post, facts: &ResultFacts, most: usize) {
    let Some(workspace) = facts.workspace.as_deref().filter(|_| most > 0) else { return };
    let Some(agent_id) = &facts.agent_id else { return };
    let mut files: Vec<&(String, u64)> = facts.report.files.iter().filter(|(_, size)| *size > 0).collect();
    files.sort_by_key(|(name, _)| name.matches('/').count());
    let places = most.min(MOST.saturating_sub(post.files.len()));
    let mut room = TOGETHER.saturating_sub(post.files.iter().map(PostFile::size).sum());
    let mut too_large = Vec::new();
    for (path, size) in files {
        if *size > EACH {
            too_large.push(format!("{} ({})", code(&format!("{workspace}/tasks/{}/{path}", facts.task.id), 160), figures::bytes(*size)));
        } else if post.left.len() < places && *size <= room {
            room -= size;
            let name = attached_name(path, &post.left);
            post.left.push(LeftFile {
                name,
                path: path.clone(),
                size: *size,
                agent_id: agent_id.clone(),
                task: facts.task.id.clone(),
                bytes: Vec::new(),
            });
        }
    }
    if !too_large.is_empty() {
        let more = match too_large.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        too_large.truncate(NAMED);
        let note = format!("\n-# Too large to be attached: {}{more}", too_large.join(", "));
        if fit::length(&post.content) + fit::length(&note) <= fit::MESSAGE {
            post.content.push_str(&note);
        }
    }
}

/// A name that is one word for every system, and no other file's in this message.
fn attached_name(path: &str, taken: &[LeftFile]) -> String {
    let plain: String = path.chars().map(|c| if c.is_alphanumeric() || "._-+".contains(c) { c } else { '-' }).collect();
    let ending = plain.char_indices().rev().nth(NAME - 1).map_or(0, |(at, _)| at);
    let name = plain[ending..].trim_start_matches(['.', '-']).to_owned();
    let name = if name.is_empty() { "file".to_owned() } else { name };
    let is_taken = |name: &str| taken.iter().any(|file| file.name == name);
    // One more than there are others is always free.
    let others = (2..taken.len() + 3).map(|n| format!("{n}-{name}"));
    std::iter::once(name.clone()).chain(others).find(|name| !is_taken(name)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::entry::{self, tests::facts};

    fn with(files: &[(&str, u64)], most: usize) -> Post {
        let mut facts = facts();
        facts.report.files = files.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect();
        let mut post = entry::entry(&facts);
        attach(&mut post, &facts, most);
        post
    }

    fn names(post: &Post) -> Vec<&str> {
        post.left.iter().map(|file| file.name.as_str()).collect()
    }

    #[test]
    fn what_lies_least_deep_goes_first_and_no_more_than_is_wanted() {
        let post = with(&[("a/deep.txt", 3), ("b.png", 20), ("c.csv", 7), ("empty", 0)], 2);

        assert_eq!(names(&post), ["b.png", "c.csv"]);
        assert!(with(&[("b.png", 20)], 0).left.is_empty());
    }

    #[test]
    fn a_file_that_is_too_large_is_named_with_its_place_and_so_much_as_fits_goes_along() {
        let post = with(&[("big.bin", 30 << 20), ("one", 8 << 20), ("two", 8 << 20), ("three", 8 << 20), ("four", 1)], 9);

        assert_eq!(names(&post), ["one", "two", "three"], "24 MiB and no more");
        let place = "-# Too large to be attached: `workers/agent-1763700000-k3x9/tasks/1443021398234771496/big.bin` (30 MiB)";
        assert!(post.content.ends_with(place), "{}", post.content);
    }

    #[test]
    fn a_message_has_no_more_files_than_discord_takes_and_no_two_of_a_name() {
        let many: Vec<(String, u64)> = (0..20).map(|n| (format!("{n}.txt"), 1)).collect();
        let mut facts = facts();
        facts.report.files = many;
        let mut post = Post { files: vec![PostFile::of("result.md".into(), "x".into())], ..Post::default() };
        attach(&mut post, &facts, 20);
        assert_eq!(post.files.len() + post.left.len(), MOST);

        assert_eq!(names(&with(&[("a b.txt", 1), ("a-b.txt", 1), ("..", 1), ("x/y`z", 1)], 9)), ["a-b.txt", "2-a-b.txt", "file", "x-y-z"]);
    }
}
