//! How a session is set before its first turn: the model, how hard it thinks, the mode. Agents offer these in two ways, by name.

use orchestrator_core::domain::acp::Orders;
use serde_json::{Value, json};

use super::message::Refusal;

/// Most names that are told of what is offered instead.
const NAMED: usize = 20;

/// A request that sets something.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setting {
    pub(super) method: &'static str,
    pub(super) params: Value,
}

/// The requests that set a new session as it is wanted.
///
/// # Errors
///
/// Something is wanted that the agent does not offer.
pub(super) fn settings(orders: &Orders, session: &str, offered: &Value) -> Result<Vec<Setting>, Refusal> {
    let mut settings = Vec::new();
    if let Some(mode) = &orders.mode {
        let by_name = ("session/set_mode", "modeId", names(&offered["modes"]["availableModes"], "id"));
        settings.push(setting(session, offered, "mode", mode, by_name)?);
    }
    if let Some(model) = &orders.model {
        let by_name = ("session/set_model", "modelId", names(&offered["models"]["availableModels"], "modelId"));
        settings.push(setting(session, offered, "model", model, by_name)?);
    }
    if let Some(thinking) = &orders.thinking {
        settings.extend(setting(session, offered, "thought_level", thinking, ("", "", Vec::new())));
    }
    Ok(settings)
}

/// The model that a new session has by itself, where it says so by a model's name.
pub(super) fn model(offered: &Value) -> Option<String> {
    let current = offered["models"]["currentModelId"].as_str().or_else(|| option(offered, "model")?["currentValue"].as_str());
    current.filter(|name| !matches!(*name, "default" | "auto")).map(str::to_owned)
}

fn setting(
    session: &str,
    offered: &Value,
    category: &str,
    wanted: &str,
    (method, key, names): (&'static str, &str, Vec<String>),
) -> Result<Setting, Refusal> {
    let option = option(offered, category);
    let mut values = Vec::new();
    if let Some(option) = option {
        values_of(&option["options"], &mut values);
        if let (Some(id), true) = (option["id"].as_str(), values.iter().any(|value| value == wanted)) {
            return Ok(Setting {
                method: "session/set_config_option",
                params: json!({ "sessionId": session, "configId": id, "value": wanted }),
            });
        }
    }
    if names.iter().any(|name| name == wanted) {
        let mut params = json!({ "sessionId": session });
        params[key] = wanted.into();
        return Ok(Setting { method, params });
    }
    values.extend(names);
    values.dedup();
    let (number, known) = (values.len(), values.into_iter().take(NAMED).collect::<Vec<_>>().join(", "));
    let offers = match number {
        0 => format!("it offers no choice of a {category}"),
        number if number > NAMED => format!("it offers {known} and {} more", number - NAMED),
        _ => format!("it offers {known}"),
    };
    Err(Refusal { why: format!("the agent does not offer the {category} `{wanted}` over the protocol; {offers}"), ..Refusal::default() })
}

fn option<'v>(offered: &'v Value, category: &str) -> Option<&'v Value> {
    let options = offered["configOptions"].as_array()?;
    options.iter().find(|option| option["category"] == category).or_else(|| options.iter().find(|option| option["id"] == category))
}

/// The values of an option; some agents put them into groups.
fn values_of(options: &Value, values: &mut Vec<String>) {
    for option in options.as_array().into_iter().flatten() {
        values.extend(option["value"].as_str().map(str::to_owned));
        values_of(&option["options"], values);
    }
}

fn names(list: &Value, key: &str) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|one| one[key].as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use orchestrator_core::domain::permission::Policy;

    use super::*;

    fn orders(model: Option<&str>, mode: Option<&str>, thinking: Option<&str>) -> Orders {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Orders {
            program: "/a".into(),
            args: Vec::new(),
            cwd: "/".into(),
            prompt: "/p".into(),
            model: own(model),
            thinking: own(thinking),
            mode: own(mode),
            login: None,
            permissions: Policy::Deny,
            answers: "/answers".into(),
            first_question: 1,
            answer_within_ms: 1,
            start_within_ms: 1,
            grace_ms: 1,
            beat_ms: 1,
        }
    }

    fn offered() -> Value {
        json!({
            "configOptions": [
                {"id": "m", "category": "model", "currentValue": "default", "options": [{"group": "x", "options": [{"value": "opus"}, {"value": "haiku"}]}]},
                {"id": "effort", "category": "thought_level", "options": [{"value": "low"}]},
            ],
            "modes": {"currentModeId": "default", "availableModes": [{"id": "default"}, {"id": "yolo"}]},
        })
    }

    #[test]
    fn what_is_wanted_is_set_in_the_way_in_which_it_is_offered() {
        let set = settings(&orders(Some("opus"), Some("yolo"), Some("low")), "s", &offered()).unwrap();

        assert_eq!(
            set,
            [
                Setting { method: "session/set_mode", params: json!({"sessionId": "s", "modeId": "yolo"}) },
                Setting { method: "session/set_config_option", params: json!({"sessionId": "s", "configId": "m", "value": "opus"}) },
                Setting { method: "session/set_config_option", params: json!({"sessionId": "s", "configId": "effort", "value": "low"}) },
            ]
        );
        assert_eq!(model(&offered()), None);
        assert_eq!(model(&json!({"models": {"currentModelId": "gemini-2.5-flash"}})), Some("gemini-2.5-flash".to_owned()));
    }

    #[test]
    fn a_model_that_is_not_offered_is_refused_with_those_that_are_and_a_level_of_thinking_is_not() {
        let refused = settings(&orders(Some("gpt"), None, None), "s", &offered()).unwrap_err();

        assert_eq!(refused.why, "the agent does not offer the model `gpt` over the protocol; it offers opus, haiku");
        assert_eq!(settings(&orders(None, None, Some("high")), "s", &offered()), Ok(Vec::new()));
        assert!(settings(&orders(Some("x"), None, None), "s", &json!({})).unwrap_err().why.ends_with("it offers no choice of a model"));
    }
}
