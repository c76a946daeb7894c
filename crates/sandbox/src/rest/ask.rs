//! A request, on its way through the interface.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::address::Params;
use crate::{
    form::{self, Errors, Form},
    hub::Hub,
    refusal::Refusal,
    wire::message::Viewer,
    world::{World, draft::Upload, snowflake::Snowflake},
};

/// A request as it came.
#[derive(Debug, Default)]
pub(crate) struct Ask {
    pub(crate) method: String,
    /// The path without `/api/v10`.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    /// Whether it comes from a program of this machine, not from a web page.
    pub(crate) trusted: bool,
    pub(crate) body: Body,
}

/// The body of a request.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) json: Value,
    pub(crate) files: Vec<(u64, Upload)>,
    /// Why it could not be read; told once it is known who asks.
    pub(crate) problem: Option<Refusal>,
}

/// A request whose route and sender are known, with the world before it.
pub(crate) struct Call<'a> {
    pub(crate) hub: &'a Hub,
    pub(crate) world: &'a mut World,
    pub(crate) now: DateTime<Utc>,
    pub(crate) user: Option<Snowflake>,
    pub(crate) params: Params,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) body: Value,
    pub(crate) files: Vec<(u64, Upload)>,
}

impl Call<'_> {
    /// Who asks.
    pub(crate) fn user(&self) -> Result<Snowflake, Refusal> {
        self.user.ok_or_else(Refusal::unauthorized)
    }

    /// An id in the path.
    pub(crate) fn id(&self, name: &str) -> Result<Snowflake, Refusal> {
        let given = self.text(name);
        given
            .parse()
            .map_err(|_| form::invalid(&format!("{name}_id"), "NUMBER_TYPE_COERCE", format!("Value \"{given}\" is not snowflake.")))
    }

    /// A word in the path, decoded.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.params.get(name).unwrap_or_default()
    }

    /// A user's id in the path, where `@me` is who asks.
    pub(crate) fn user_or_me(&self, name: &str) -> Result<Snowflake, Refusal> {
        if self.text(name) == "@me" { self.user() } else { self.id(name) }
    }

    /// A number in the query between two bounds.
    pub(crate) fn number(&self, name: &str, otherwise: usize, least: i64, most: i64) -> Result<usize, Refusal> {
        let Some(given) = self.query.get(name) else { return Ok(otherwise) };
        let body = serde_json::json!({ name: given });
        let mut errors = Errors::default();
        let number = Form::body(&body)?.integer(name, least, most, &mut errors);
        errors.verdict()?;
        Ok(number.and_then(|number| usize::try_from(number).ok()).unwrap_or(otherwise))
    }

    /// An id in the query.
    pub(crate) fn id_in_query(&self, name: &str) -> Result<Option<Snowflake>, Refusal> {
        let Some(given) = self.query.get(name) else { return Ok(None) };
        given.parse().map(Some).map_err(|_| form::invalid(name, "NUMBER_TYPE_COERCE", format!("Value \"{given}\" is not snowflake.")))
    }

    /// Writes messages for `user`.
    pub(crate) fn viewer(&self, user: Snowflake) -> Viewer<'_> {
        Viewer { world: self.world, user, base_url: &self.hub.base_url, reads_content: true }
    }
}
