//! The bytes of attachments, and what they are.

use chrono::{DateTime, Utc};

use super::{World, draft::Upload, message::Attachment, snowflake::Snowflake};

impl World {
    /// Keeps a file's bytes.
    pub(super) fn keep_file(&mut self, now: DateTime<Utc>, file: Upload) -> Attachment {
        let attachment = Attachment {
            id: self.mint.next(now),
            content_type: content_type(&file),
            filename: file.filename,
            description: file.description,
            size: file.bytes.len(),
        };
        self.files.insert(attachment.id, file.bytes.into());
        attachment
    }

    pub(super) fn forget_files(&mut self, ids: &[Snowflake]) {
        for id in ids {
            self.files.remove(id);
        }
    }
}

/// The media type that the client gave, else the one that goes with the name; text that is UTF-8 is called so, or browsers would guess.
pub(super) fn content_type(file: &Upload) -> String {
    let given = file.content_type.as_deref().unwrap_or_else(|| media_type(&file.filename));
    let is_bare_text = given.starts_with("text/") && !given.contains("charset");
    if is_bare_text && std::str::from_utf8(&file.bytes).is_ok() { format!("{given}; charset=utf-8") } else { given.to_owned() }
}

/// The media type that goes with a file name, for those that people exchange here.
fn media_type(filename: &str) -> &'static str {
    let ending = filename.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref().unwrap_or_default() {
        "txt" | "log" | "md" | "rs" | "py" | "sh" | "toml" | "yaml" | "yml" | "diff" | "patch" | "csv" => "text/plain",
        "json" => "application/json",
        "html" | "htm" => "text/html",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}
