//! Files that come with a slash command: each stands for the option that names its number.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{World, draft::Upload, message::Attachment};
use crate::{
    form::{
        invalid,
        message::{MAX_FILE_BYTES, safe_name},
    },
    refusal::Refusal,
};

/// The type of an option that is a file. Source: Discord developer documentation, "Application Command Option Type".
const ATTACHMENT: i64 = 11;

impl World {
    /// Keeps the files that the options name, and puts their ids in the place of their numbers.
    pub(super) fn take_files(
        &mut self,
        now: DateTime<Utc>,
        options: &mut Value,
        files: &mut Vec<(u64, Upload)>,
    ) -> Result<Vec<Attachment>, Refusal> {
        let mut taken = Vec::new();
        for option in options.as_array_mut().into_iter().flatten() {
            if let Some(inner) = option.get_mut("options") {
                taken.extend(self.take_files(now, inner, files)?);
            }
            if option["type"].as_i64() != Some(ATTACHMENT) {
                continue;
            }
            let number = option["value"].as_str().and_then(|value| value.parse::<u64>().ok());
            let index = files.iter().position(|(known, _)| Some(*known) == number);
            let Some(index) = index else {
                return Err(invalid(
                    "data.options",
                    "INTERACTION_APPLICATION_COMMAND_OPTION_ATTACHMENT",
                    "The option names no file of the request",
                ));
            };
            let (_, mut file) = files.swap_remove(index);
            if file.bytes.len() > MAX_FILE_BYTES {
                return Err(Refusal::request_too_large());
            }
            file.filename = safe_name(&file.filename);
            let attachment = self.keep_file(now, file);
            option["value"] = attachment.id.to_string().into();
            taken.push(attachment);
        }
        Ok(taken)
    }
}
