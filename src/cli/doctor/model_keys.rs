//! The models: keys that providers accept, and prices that can be true.

use orchestrator_core::{
    domain::agent::{AgentDefinition, Secret},
    wording::figures,
};
use reqwest::StatusCode;

use super::{Finding, PATIENCE};
use crate::config::{Complaint, Config};

const OPENROUTER_KEY: &str = "OPENROUTER_API_KEY";
/// Source: the provider's documentation, "API Reference".
const OPENROUTER_URL: &str = "https://openrouter.ai/api/v1";

/// Whether a warning of the configuration is told by a check of this file.
pub(super) fn is_about_prices(warning: &Complaint) -> bool {
    warning.key == "models.providers" || warning.key.contains(".cost") || warning.key.starts_with("prices.")
}

/// The prices: there, and plausible.
pub(super) fn prices(config: &Config) -> Vec<Finding> {
    let check = "prices";
    let priced = config.openclaw.catalogue.priced().count();
    let doubts = || config.warnings.iter().filter(|warning| is_about_prices(warning));
    let mut findings: Vec<Finding> = doubts().map(|warning| Finding::broken(check, warning.to_string())).collect();
    let Some(path) = &config.openclaw.path else {
        if priced > 0 {
            let says =
                format!("{} have a price, from {}", figures::counted(priced as u64, "model", "models"), config.config_file.display());
            findings.push(Finding::well(check, says));
            return findings;
        }
        let says = "there is no openclaw.json: models have no aliases, and costs are N/A";
        let way_out = "`cp openclaw-example.json openclaw.json` and fill it in, or name one with --openclaw-config.";
        let finding = if spends(config) { Finding::broken(check, says) } else { Finding::odd(check, says) };
        return vec![finding.way_out(way_out)];
    };
    let models = config.openclaw.catalogue.listing();
    if models.is_empty() {
        findings.push(
            Finding::broken(check, format!("{} names no models, so costs are N/A", path.display()))
                .way_out("`models.providers` holds them; openclaw-example.json shows how."),
        );
    } else if findings.is_empty() {
        findings.push(Finding::well(check, format!("{priced} of {} models have a price, from {}", models.len(), path.display())));
    }
    findings
}

/// Whether the default agent asks a model that costs.
fn spends(config: &Config) -> bool {
    config.agents.default.as_str() != "demo"
}

/// Every key that an agent may be given, tried at its provider with a request that costs nothing.
pub(super) async fn keys(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let named = |definition: &AgentDefinition, name: &str| definition.secrets.get(name).cloned();
    let openrouter = config
        .openclaw
        .env
        .get(OPENROUTER_KEY)
        .cloned()
        .or_else(|| config.agents.definitions.values().find_map(|definition| named(definition, OPENROUTER_KEY)));
    match openrouter {
        Some(key) => {
            findings.push(tried(OPENROUTER_KEY, config.openclaw.openrouter_url.as_deref().unwrap_or(OPENROUTER_URL), Some(&key)).await);
        }
        None if needs_openrouter(config) => findings.push(
            Finding::broken("model key", format!("`{OPENROUTER_KEY}` is not set, and the default model is asked at OpenRouter"))
                .way_out("Put it into openclaw.json under `env`, or into the environment; https://openrouter.ai/keys has it."),
        ),
        None => {}
    }
    for definition in config.agents.definitions.values() {
        if let Some(base) = definition.env.get("LLM_BASE_URL").filter(|base| config.openclaw.openrouter_url.as_ref() != Some(*base)) {
            findings.push(tried("LLM_API_KEY", base, named(definition, "LLM_API_KEY").as_ref()).await);
        }
    }
    findings
}

/// Whether tasks that name no agent and no model need that provider.
fn needs_openrouter(config: &Config) -> bool {
    let built_in = matches!(config.agents.default.as_str(), "openclaw" | "openclaw-exec" | "chat");
    let theirs = config.openclaw.catalogue.default_model().is_none_or(|model| model.0.starts_with("openrouter/"));
    let own_endpoint = config.agents.get(&config.agents.default).is_some_and(|default| default.env.contains_key("LLM_BASE_URL"));
    built_in && theirs && !(own_endpoint && config.agents.default.as_str() == "chat" && config.openclaw.openrouter_url.is_none())
}

/// Asks a provider about a key: `key` tells of it at openrouter.ai, `models` needs one elsewhere.
async fn tried(setting: &str, base: &str, key: Option<&Secret>) -> Finding {
    let check = format!("model key {setting}");
    let base = base.trim_end_matches('/');
    let asked = async {
        let client = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build()?;
        let ask = |path: &str| {
            let request = client.get(format!("{base}/{path}"));
            match key {
                Some(key) => request.bearer_auth(key.expose()),
                None => request,
            }
        };
        let first = ask("key").send().await?;
        if matches!(first.status(), StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
            ask("models").send().await
        } else {
            Ok(first)
        }
    };
    let way_out = format!("Get a valid key from the provider and set `{setting}`.");
    match asked.await {
        Ok(response) if response.status().is_success() => Finding::well(check, format!("accepted by {base}")),
        Ok(response) if matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            Finding::broken(check, format!("{base} refuses it (HTTP {})", response.status().as_u16())).way_out(way_out)
        }
        Ok(response) if response.status() == StatusCode::PAYMENT_REQUIRED => {
            Finding::broken(check, format!("{base} has no credit for it (HTTP 402)"))
                .way_out("Buy credit at the provider, or use a free model.")
        }
        Ok(response) => Finding::odd(check, format!("{base} answers with HTTP {}: it could not be tried", response.status().as_u16())),
        // The error's own words may hold the address, never the key: that goes in a header.
        Err(error) => Finding::odd(check, format!("{base} can't be reached: {}", reason(&error)))
            .way_out("Check the network and the provider's base URL."),
    }
}

/// The innermost cause: "connection refused" says more than "error sending request".
fn reason(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
