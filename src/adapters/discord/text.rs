//! What Discord takes in one message, as constants with their sources, and the last guard before a post is sent.
//!
//! Discord counts characters as Unicode code points: "Our API uses Python 3, so the API calculates length based on the number of codepoints
//! in the string" (a member of Discord's staff in discord/discord-api-docs#1315). Splitting and wording live in the core.

use orchestrator_core::domain::{
    component::{Does, MAX_BUTTONS, MAX_CHOICE, MAX_CHOICES, MAX_CUSTOM_ID, MAX_LABEL, MAX_PLACEHOLDER, MAX_ROWS, Row},
    id::ParcelId,
    outbound::{Embed, Post},
};
use thiserror::Error;

/// Most characters of a message's text. Source: Discord developer documentation, "Create Message", field `content`.
pub const MAX_CONTENT_CHARS: usize = 2_000;
/// Most embeds in one message. Source: same page, field `embeds`.
pub const MAX_EMBEDS: usize = 10;
/// Most characters of an embed's description. Source: same documentation, "Embed Limits".
pub const MAX_DESCRIPTION_CHARS: usize = 4_096;
/// Most characters of all embeds of a message together. Source: "Embed Limits".
pub const MAX_EMBED_CHARS: usize = 6_000;
/// Most characters of a nonce. Source: "Create Message", field `nonce`.
pub const MAX_NONCE_CHARS: usize = 25;
/// Most files with one message. Source: "Opcodes and Status Codes", JSON error 30015.
pub const MAX_FILES: usize = 10;
/// Most bytes of one file where neither a boost nor Nitro raises it. Source: "Reference", "Uploading Files".
pub const MAX_FILE_BYTES: usize = 10 * 1024 * 1024;
/// Most bytes of one request with its files. Source: "Create Message".
pub const MAX_REQUEST_BYTES: usize = 25 * 1024 * 1024;

/// How many characters Discord counts.
pub fn chars(text: &str) -> usize {
    text.chars().count()
}

/// Discord would not take this post.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TooMuch {
    /// Nothing that could be seen.
    #[error("there is nothing in it to be seen")]
    Nothing,
    /// A count or length above its limit.
    #[error("{what} has {got} {unit}, {most} are allowed")]
    Over {
        /// Of what.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many may be.
        most: usize,
        /// Of which kind.
        unit: &'static str,
    },
    /// A file without a name of its own.
    #[error("a file has no name")]
    NamelessFile,
}

/// Looks whether Discord would take a post under a parcel's name.
///
/// # Errors
///
/// [`TooMuch`], naming the first limit that is broken.
pub fn check(parcel: &ParcelId, post: &Post) -> Result<(), TooMuch> {
    at_most("the nonce", chars(&parcel.0), MAX_NONCE_CHARS, "characters")?;
    check_content(post)
}

/// Looks whether Discord would take a post as the new content of a message.
///
/// # Errors
///
/// [`TooMuch`], naming the first limit that is broken.
pub fn check_content(post: &Post) -> Result<(), TooMuch> {
    let Post { content, embeds, files, left, rows, reply_to: _, silent: _ } = post;
    let seen = |text: &str| !text.trim().is_empty();
    if !seen(content) && files.is_empty() && !embeds.iter().any(|embed| seen(&embed.description)) {
        return Err(TooMuch::Nothing);
    }
    at_most("the text", chars(content), MAX_CONTENT_CHARS, "characters")?;
    at_most("the message", embeds.len(), MAX_EMBEDS, "embeds")?;
    for Embed { description, colour: _ } in embeds {
        at_most("an embed", chars(description), MAX_DESCRIPTION_CHARS, "characters")?;
    }
    at_most("the embeds together", embeds.iter().map(|embed| chars(&embed.description)).sum(), MAX_EMBED_CHARS, "characters")?;
    let texts = files.iter().map(|file| (&file.name, file.text.len()));
    let sizes: Vec<_> = texts.chain(left.iter().map(|file| (&file.name, file.bytes.len()))).collect();
    at_most("the message", sizes.len(), MAX_FILES, "files")?;
    for (name, bytes) in &sizes {
        if !seen(name) {
            return Err(TooMuch::NamelessFile);
        }
        at_most("a file", *bytes, MAX_FILE_BYTES, "bytes")?;
    }
    at_most("the message", sizes.iter().map(|(_, bytes)| bytes).sum(), MAX_REQUEST_BYTES, "bytes of files")?;
    at_most("the message", rows.len(), MAX_ROWS, "rows")?;
    rows.iter().try_for_each(check_row)
}

fn check_row(row: &Row) -> Result<(), TooMuch> {
    match row {
        Row::Buttons { buttons } => {
            at_most("a row", buttons.len(), MAX_BUTTONS, "buttons")?;
            buttons.iter().try_for_each(|button| {
                if let Does::Press(press) = &button.does {
                    at_most("a button's id", chars(&press.to_string()), MAX_CUSTOM_ID, "characters")?;
                }
                at_most("a button's label", chars(&button.label), MAX_LABEL, "characters")
            })
        }
        Row::Select { press, placeholder, choices } => {
            at_most("a select's id", chars(&press.to_string()), MAX_CUSTOM_ID, "characters")?;
            at_most("a select's placeholder", chars(placeholder), MAX_PLACEHOLDER, "characters")?;
            at_most("a select", choices.len(), MAX_CHOICES, "choices")?;
            let texts = choices.iter().flat_map(|one| [&one.value, &one.label, &one.description]);
            texts.into_iter().try_for_each(|text| at_most("a choice", chars(text), MAX_CHOICE, "characters"))
        }
    }
}

fn at_most(what: &'static str, got: usize, most: usize, unit: &'static str) -> Result<(), TooMuch> {
    if got <= most { Ok(()) } else { Err(TooMuch::Over { what, got, most, unit }) }
}

#[cfg(test)]
mod tests {
    use orchestrator_core::domain::outbound::PostFile;

    use super::*;

    fn checked(post: &Post) -> Result<(), TooMuch> {
        check(&ParcelId("0123456789abcdefghjkmnpq".to_owned()), post)
    }

    fn embed(length: usize) -> Embed {
        Embed { description: "e".repeat(length), colour: 0 }
    }

    #[test]
    fn characters_are_code_points_and_not_bytes() {
        assert_eq!(checked(&Post { content: "🦀".repeat(2_000), ..Post::default() }), Ok(()));
        assert!(checked(&Post { content: "a".repeat(2_001), ..Post::default() }).is_err());
    }

    #[test]
    fn a_post_of_blanks_is_nothing() {
        assert_eq!(checked(&Post { content: " \n\t".to_owned(), ..Post::default() }), Err(TooMuch::Nothing));
    }

    #[test]
    fn embeds_are_limited_each_in_number_and_together() {
        for (embeds, fits) in [
            (vec![embed(600); 10], true),
            (vec![embed(600); 11], false),
            (vec![embed(4_096)], true),
            (vec![embed(4_097)], false),
            (vec![embed(3_000), embed(3_001)], false),
        ] {
            assert_eq!(checked(&Post { embeds, ..Post::default() }).is_ok(), fits);
        }
    }

    #[test]
    fn files_are_limited_in_size_and_number() {
        let file = |length: usize| PostFile::of("result.md".to_owned(), "x".repeat(length));
        for (files, fits) in [
            (vec![file(MAX_FILE_BYTES)], true),
            (vec![file(MAX_FILE_BYTES + 1)], false),
            (vec![file(1); 11], false),
            (vec![file(9 * 1024 * 1024); 3], false),
        ] {
            assert_eq!(checked(&Post { files, ..Post::default() }).is_ok(), fits);
        }
    }
}
