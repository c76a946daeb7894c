//! Files that come with a slash command or a modal: each stands for the option, or the input, that names its number.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{World, draft::Upload, message::Attachment};
use crate::{
    form::{file_name::safe_name, invalid, message::MAX_FILE_BYTES},
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
            let attachment = self.take(now, files.swap_remove(index).1)?;
            option["value"] = attachment.id.to_string().into();
            taken.push(attachment);
        }
        Ok(taken)
    }

    /// Keeps the files with these numbers, as an upload in a modal names them.
    pub(super) fn take_numbered(
        &mut self,
        now: DateTime<Utc>,
        numbers: &Value,
        files: &mut Vec<(u64, Upload)>,
    ) -> Result<Vec<Attachment>, Refusal> {
        let mut taken = Vec::new();
        for (index, number) in numbers.as_array().into_iter().flatten().enumerate() {
            let number = number.as_str().and_then(|number| number.parse::<u64>().ok());
            let Some(found) = files.iter().position(|(known, _)| Some(*known) == number) else {
                return Err(invalid(
                    &format!("data.components.{index}.values"),
                    "MODAL_UPLOAD_UNKNOWN",
                    "The upload names no file of the request",
                ));
            };
            let file = files.swap_remove(found).1;
            taken.push(self.take(now, file)?);
        }
        Ok(taken)
    }

    fn take(&mut self, now: DateTime<Utc>, mut file: Upload) -> Result<Attachment, Refusal> {
        if file.bytes.len() > MAX_FILE_BYTES {
            return Err(Refusal::request_too_large());
        }
        file.filename = safe_name(&file.filename);
        Ok(self.keep_file(now, file))
    }
}
