//! The models that tasks may ask for: aliases, full ids, prices.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{money::Price, thinking::Thinking};

/// What is known of models, from `openclaw.json` and the price table of `orchestrator_config.json`.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    models: BTreeMap<ModelId, Known>,
    aliases: BTreeMap<String, ModelId>,
    default: Option<ModelId>,
    /// How hard a model thinks where a task does not say.
    pub thinking: Thinking,
}

#[derive(Clone, Debug, Default)]
struct Known {
    alias: Option<String>,
    price: Option<Price>,
}

/// A model's full id, `provider/model`, as its provider is asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ModelId(pub String);

impl std::fmt::Display for ModelId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A task names a model that nobody knows.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("unknown model `{given}`")]
pub struct UnknownModel {
    /// What was asked for.
    pub given: String,
    /// The aliases that are known, in order.
    pub known: Vec<String>,
}

impl Catalogue {
    /// Adds a model, or its alias or price to what is known of it. Of two models with one alias the first keeps it.
    pub fn add(&mut self, id: &ModelId, alias: Option<String>, price: Option<Price>) {
        let known = self.models.entry(id.clone()).or_default();
        if price.is_some() {
            known.price = price;
        }
        if let Some(alias) = alias {
            let owner = self.aliases.entry(alias.clone()).or_insert_with(|| id.clone());
            if owner == id {
                known.alias = Some(alias);
            }
        }
    }

    /// Names the model of tasks that ask for none: an alias or a full id.
    pub fn set_default(&mut self, named: &str) {
        self.default = self.resolve(named).ok().or_else(|| Some(ModelId(named.to_owned())));
    }

    /// The model of a task that asks for none. `None`: nothing is known, the agent decides.
    pub fn default_model(&self) -> Option<&ModelId> {
        self.default.as_ref().or_else(|| self.aliases.get("primary"))
    }

    /// Finds a model by alias, by full id, or by the short id that only one model has. A full id that is not in the list (two slashes
    /// or a known provider before its slash) passes: a provider has more models than any file names.
    ///
    /// # Errors
    ///
    /// [`UnknownModel`], with the aliases that are known.
    pub fn resolve(&self, given: &str) -> Result<ModelId, UnknownModel> {
        if let Some(id) = self.aliases.get(given) {
            return Ok(id.clone());
        }
        let asked = ModelId(given.to_owned());
        if self.models.contains_key(&asked) {
            return Ok(asked);
        }
        let mut short = self
            .models
            .keys()
            .filter(|id| id.0.split_once('/').is_some_and(|(_, model)| model == given) || id.0.rsplit('/').next() == Some(given));
        if let (Some(only), None) = (short.next(), short.next()) {
            return Ok(only.clone());
        }
        let provider = given.split_once('/').map(|(provider, _)| provider);
        // It becomes an argument and a variable of programs that we don't know: nothing that a path, an option or a shell would read.
        let word = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '@')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || "._:@+~-".contains(c))
        };
        let plain = given.len() <= 200 && given.split('/').all(word);
        let known_provider = provider.is_some_and(|p| self.models.keys().any(|id| id.0.split('/').next() == Some(p)));
        if plain && (given.matches('/').count() >= 2 || known_provider) {
            return Ok(asked);
        }
        Err(UnknownModel { given: given.chars().take(80).collect(), known: self.aliases() })
    }

    /// The aliases, in order.
    pub fn aliases(&self) -> Vec<String> {
        self.aliases.keys().cloned().collect()
    }

    /// Aliases with their full ids, then models that have none: what an autocomplete offers.
    pub fn listing(&self) -> Vec<(Option<String>, ModelId)> {
        let named = self.aliases.iter().map(|(alias, id)| (Some(alias.clone()), id.clone()));
        let bare = self.models.iter().filter(|(_, known)| known.alias.is_none()).map(|(id, _)| (None, id.clone()));
        named.chain(bare).collect()
    }

    /// What a model asks for its tokens; `None` where no file says.
    pub fn price(&self, id: &ModelId) -> Option<Price> {
        self.models.get(id).and_then(|known| known.price)
    }

    /// The models whose price is known, in order.
    pub fn priced(&self) -> impl Iterator<Item = (&ModelId, Price)> {
        self.models.iter().filter_map(|(id, known)| Some((id, known.price?)))
    }

    /// What the model is shown as: its alias, else its full id.
    pub fn shown(&self, id: &ModelId) -> String {
        self.models.get(id).and_then(|known| known.alias.clone()).unwrap_or_else(|| id.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        let mut known = Catalogue::default();
        known.add(&ModelId("openrouter/stepfun/step-3.5-flash:free".into()), Some("cheap".into()), Some(Price::default()));
        known.add(&ModelId("openrouter/moonshotai/kimi-k2.5".into()), Some("primary".into()), None);
        known
    }

    #[test]
    fn an_alias_a_full_id_and_a_short_id_name_the_same_model() {
        let cheap = ModelId("openrouter/stepfun/step-3.5-flash:free".into());

        for given in ["cheap", "openrouter/stepfun/step-3.5-flash:free", "stepfun/step-3.5-flash:free", "step-3.5-flash:free"] {
            assert_eq!(catalogue().resolve(given), Ok(cheap.clone()), "{given}");
        }
    }

    #[test]
    fn a_full_id_that_no_file_names_passes() {
        assert_eq!(catalogue().resolve("openrouter/x/y"), Ok(ModelId("openrouter/x/y".into())));
    }

    #[test]
    fn an_unknown_alias_is_refused_with_the_known_ones() {
        let refused = catalogue().resolve("chaep").unwrap_err();

        assert_eq!(refused.known, ["cheap", "primary"]);
        assert!(catalogue().resolve("").is_err() && catalogue().resolve("a//b").is_err());
    }

    #[test]
    fn the_default_is_primary_unless_named() {
        let mut known = catalogue();
        assert_eq!(known.default_model(), Some(&ModelId("openrouter/moonshotai/kimi-k2.5".into())));

        known.set_default("cheap");

        assert_eq!(known.default_model(), Some(&ModelId("openrouter/stepfun/step-3.5-flash:free".into())));
    }
}
