//! What Discord offers while a person types an option: one line each, 25 at most.

use super::sign;
use crate::{
    domain::model::ModelId,
    wording::{fit, harmless::one_line},
};

/// Most characters of a choice. Source: Discord developer documentation, "Application Commands", choice `name`.
pub const CHOICE: usize = 100;
/// Most choices. Source: the same.
pub const CHOICES: usize = 25;

/// A model: its alias, if it has one, and its full id.
pub fn model(alias: Option<&str>, id: &ModelId) -> String {
    let line = alias.map_or_else(|| id.to_string(), |alias| format!("{alias} · {id}"));
    fit::cut(&one_line(&line), CHOICE).into_owned()
}

/// A task: what it is doing, what it says, whose it is unless it is one's own, and its id.
pub fn task(id: &str, state: &str, text: &str, requester: Option<&str>) -> String {
    let whose = requester.map_or_else(String::new, |name| format!(" · {}", fit::cut(&one_line(name), 20)));
    let tail = format!("{whose} · {}", fit::cut(id, 32));
    let head = format!("{} {}", sign(state), one_line(fit::head(text, 400)));
    format!("{}{tail}", fit::cut(&head, CHOICE.saturating_sub(fit::length(&tail))))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_choice_is_told_apart_by_its_text_and_id() {
        assert_snapshot!(task("1443021398234771496", "running", "Count\nthe lines", None), @"▶️ Count the lines · 1443021398234771496");
        assert_snapshot!(task("1443021398234771496", "waiting", &"Count the lines ".repeat(20), Some("ann")), @"⏳ Count the lines Count the lines Count the lines Count the lines Count… · ann · 1443021398234771496");
        assert_snapshot!(model(Some("cheap"), &ModelId("openrouter/stepfun/step-3.5-flash:free".into())), @"cheap · openrouter/stepfun/step-3.5-flash:free");
        assert_snapshot!(model(None, &ModelId("openrouter/x/y".into())), @"openrouter/x/y");
    }

    proptest! {
        #[test]
        fn a_choice_fits(id in "[a-z0-9.:-]{1,64}", text in ".{0,300}", name in ".{0,60}") {
            prop_assert!(fit::length(&task(&id, "running", &text, Some(&name))) <= CHOICE);
            prop_assert!(fit::length(&model(Some(&text), &ModelId(name))) <= CHOICE);
        }
    }
}
