//! A bot's first answer to an interaction.

use serde_json::Value;

use super::{answer::Reply, ask::Call};
use crate::{
    form::{self, Errors, Form, command, component, message},
    refusal::Refusal,
    wire::interaction,
    world::{
        FirstAnswer,
        draft::Upload,
        message::{EPHEMERAL, Message},
    },
};

/// Most suggestions in one answer. Source: Discord developer documentation, "Receiving and Responding".
const MAX_SUGGESTIONS: usize = 25;

/// `POST /interactions/{interaction}/{token}/callback`
pub(super) fn answer(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (id, token) = (call.id("interaction")?, call.text("token").to_owned());
    // An unknown token is told before a wrong form.
    let started = call.world.interaction(id).filter(|started| started.token == token).ok_or_else(Refusal::unknown_interaction)?;
    let option_type = focused_type(&started.data["options"], call.world.commands(), &started.data);
    let answer_type = call.body["type"].as_u64().unwrap_or(0);
    let body = std::mem::take(&mut call.body);
    let on = started.message.and_then(|message| call.world.message(started.channel, message));
    let layout = on.is_some_and(Message::is_layout);
    let answer = read(answer_type, &body, std::mem::take(&mut call.files), option_type, layout)?;
    call.world.answer_interaction(call.now, id, &token, answer)?;
    let wants_body = call.query.get("with_response").is_some_and(|asked| asked == "true" || asked == "1");
    let shown = call
        .world
        .interaction(id)
        .filter(|_| wants_body)
        .map(|started| interaction::callback(call.world, started, answer_type, &call.hub.base_url));
    Ok(shown.map_or_else(Reply::nothing, Reply::json))
}

fn read(answer_type: u64, body: &Value, files: Vec<(u64, Upload)>, option_type: i64, layout: bool) -> Result<FirstAnswer, Refusal> {
    let mut errors = Errors::default();
    let form = Form::body(body)?;
    let empty = serde_json::json!({});
    let data = form.raw("data").unwrap_or(&empty);
    let nested = Form::nested(data, "data", &mut errors);
    let answer = match (answer_type, nested) {
        (4, Some(form)) => FirstAnswer::Message(message::read_into(&form, files, false, &mut errors)?),
        (5, Some(form)) => {
            let flags = form.integer("flags", 0, i64::MAX, &mut errors).unwrap_or(0);
            let ephemeral = u64::try_from(flags).is_ok_and(|flags| flags & EPHEMERAL != 0);
            FirstAnswer::Deferred { ephemeral }
        }
        (7, Some(form)) => FirstAnswer::Update(message::read_into(&form, files, layout, &mut errors)?),
        (8, Some(form)) => {
            if form.raw("choices").is_none() {
                errors.required(&form.at("choices"));
            }
            let list = form.list("choices", 0, MAX_SUGGESTIONS, &mut errors).unwrap_or_default();
            let path = form.at("choices");
            let mut total = 0;
            FirstAnswer::Suggestions(
                list.iter()
                    .enumerate()
                    .filter_map(|(index, value)| command::choice(value, option_type, &format!("{path}.{index}"), &mut total, &mut errors))
                    .collect(),
            )
        }
        (9, Some(_)) => FirstAnswer::Modal(component::modal(data, &mut errors).unwrap_or_default()),
        // A `data` that is no object has been noted as an error already.
        (6, _) | (4..=9, None) => FirstAnswer::DeferredUpdate,
        _ => return Err(form::invalid("type", "BASE_TYPE_CHOICES", "Value must be one of {4, 5, 6, 7, 8, 9}.")),
    };
    errors.verdict()?;
    Ok(answer)
}

/// The registered type of the option that is being typed.
fn focused_type<'a>(options: &Value, mut commands: impl Iterator<Item = &'a Value>, data: &Value) -> i64 {
    fn focused(options: &Value) -> Option<&Value> {
        options.as_array()?.iter().find_map(|option| if option["focused"] == true { Some(option) } else { focused(&option["options"]) })
    }
    fn registered<'a>(options: &'a Value, name: &Value) -> Option<&'a Value> {
        options.as_array()?.iter().find_map(|option| {
            if option["name"] == *name && option["type"].as_i64().is_some_and(|kind| kind > 2) {
                Some(option)
            } else {
                registered(&option["options"], name)
            }
        })
    }
    let command = commands.find(|command| command["id"] == data["id"]);
    focused(options)
        .and_then(|option| registered(&command?["options"], &option["name"]))
        .and_then(|option| option["type"].as_i64())
        .unwrap_or(3)
}
