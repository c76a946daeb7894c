//! A running agent asks whether it may do something: how that is put to people, and what they can answer.

use chrono::{DateTime, Utc};

use super::{
    fit,
    harmless::{code, in_fence, one_line, plain},
};
use crate::domain::{
    component::{Button, Press, Row, Style, Verb},
    id::TaskId,
    outbound::Post,
    permission::{Answer, Asked, Question},
};

/// How much of a question's words a card shows.
const SHORT: usize = 160;
/// How much a message of its own shows.
const LONG: usize = 1_200;
/// How much is shown of what an agent calls an answer.
const NAME: usize = 120;

/// What can be pressed for an answer, and the word on it.
fn press(answer: Answer) -> (Verb, &'static str, Style) {
    match answer {
        Answer::AllowOnce => (Verb::Permit, "Allow once", Style::Success),
        Answer::AllowAlways => (Verb::PermitAlways, "Always allow", Style::Secondary),
        Answer::RejectOnce | Answer::RejectAlways => (Verb::Deny, "Deny", Style::Danger),
    }
}

/// The answer that a press is, if it is one.
pub fn answer(verb: Verb) -> Option<Answer> {
    match verb {
        Verb::Permit => Some(Answer::AllowOnce),
        Verb::PermitAlways => Some(Answer::AllowAlways),
        Verb::Deny => Some(Answer::RejectOnce),
        _ => None,
    }
}

/// The buttons below a question: what its agent offers, and a no in any case. They carry the question's number, so that a later one is not answered by them.
pub fn buttons(task: &TaskId, question: &Question) -> Vec<Button> {
    let yes = question.answers().filter(|answer| answer.allows());
    yes.chain([Answer::RejectOnce])
        .map(|answer| {
            let (verb, label, style) = press(answer);
            Button::press(label, style, Press::task(verb, question.number, task))
        })
        .collect()
}

/// A question as a message of its own.
pub fn question(task: &TaskId, question: &Question) -> Post {
    let words = [Some(question.title.as_str()), question.detail.as_deref()];
    let words: Vec<&str> = words.into_iter().flatten().filter(|words| !words.trim().is_empty()).collect();
    let inside = in_fence(&words.join("\n"));
    let kind = if question.kind.is_empty() { String::new() } else { format!(" ({})", plain(&question.kind, 40)) };
    let mut lines = vec![format!("🔐 **The agent of {} asks for permission**{kind}:", code(task.as_str(), 64))];
    lines.push(format!("```\n{}\n```", fit::cut(&inside, LONG)));
    lines.extend(always(question));
    lines.push(format!("-# Denied by itself {}. Its requester and operators can answer.", ago(question.until)));
    Post { content: lines.join("\n"), rows: vec![Row::Buttons { buttons: buttons(task, question) }], ..Post::default() }
}

/// What "always" means to the agent, in its own words.
fn always(question: &Question) -> Option<String> {
    let offer = question.offer(Answer::AllowAlways).filter(|offer| !offer.name.trim().is_empty())?;
    Some(format!("-# **Always allow** is, in its words: {}", plain(&offer.name, NAME)))
}

/// What a card says of its agent's questions: of what is open the oldest, of what was decided the latest.
pub fn on_card(asked: &[Asked]) -> Vec<String> {
    let open: Vec<&Question> = asked.iter().filter(|asked| asked.decision.is_none()).map(|asked| &asked.question).collect();
    let Some(first) = open.first() else {
        let decided = asked.iter().rev().find_map(|asked| Some((&asked.question, asked.decision.as_ref()?)));
        let told = decided.map(|(question, decision)| {
            format!("🔐 {} {}: {}", plain(&decision.by, 64), decision.answer.told(), code(&question.title, SHORT))
        });
        return told.into_iter().collect();
    };
    let mut lines = vec![format!("🔐 **Asks for permission:** {}", code(&first.title, SHORT))];
    lines.extend(first.detail.as_deref().map(|detail| format!("> {}", code(detail, SHORT))));
    lines.extend(always(first));
    let more = if open.len() > 1 { format!(" {} more wait behind it.", open.len() - 1) } else { String::new() };
    lines.push(format!("-# Denied by itself {}.{more}", ago(first.until)));
    lines
}

/// Why a task does not move: it waits for somebody's permission. For Discord.
pub fn waits(question: &Question) -> String {
    format!("It waits for your permission: {}. It is denied by itself {}.", code(&question.title, SHORT), ago(question.until))
}

/// The same at a terminal, with the way to answer.
pub fn waits_plainly(task: &TaskId, question: &Question) -> String {
    let title = fit::cut(&one_line(&question.title), SHORT).into_owned();
    let detail = question.detail.as_deref().map_or_else(String::new, |detail| format!(" [{}]", fit::cut(&one_line(detail), SHORT)));
    let until = question.until.format("%Y-%m-%d %H:%M:%S UTC");
    format!(
        "It waits for your permission: {title}{detail}. `orchestrator permit {task}` (or --always, --deny) answers; it is denied by itself at {until}."
    )
}

/// What whoever has answered is told.
pub fn answered(task: &TaskId, question: &Question, answer: Answer) -> String {
    let (sign, words) = if answer.allows() { ("✅", "may go on") } else { ("🚫", "may not") };
    format!("{sign} The agent of {} {words}: {} ({answer}).", code(task.as_str(), 64), code(&question.title, SHORT))
}

/// As each reader's own clock shows it.
fn ago(at: DateTime<Utc>) -> String {
    format!("<t:{}:R>", at.timestamp())
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::domain::permission::{Decision, Offer};

    fn question() -> Question {
        let offer = |id: &str, answer, name: &str| Offer { id: id.into(), answer, name: name.into() };
        Question {
            number: 1_001,
            title: "rm -rf ``` @everyone".into(),
            kind: "execute".into(),
            detail: Some("rm -rf /srv\n``` **bold**".into()),
            offers: vec![
                offer("a", Answer::AllowOnce, "Yes"),
                offer("b", Answer::AllowAlways, "Yes, and <@1> always"),
                offer("c", Answer::RejectOnce, "No"),
            ],
            until: DateTime::from_timestamp(1_763_700_000, 0).unwrap(),
        }
    }

    fn shown(text: &str) -> String {
        text.replace('\u{200b}', "¦")
    }

    #[test]
    fn a_question_says_what_is_asked_and_nothing_in_it_breaks_out_of_its_place() {
        let post = super::question(&"77".parse().unwrap(), &question());

        assert_snapshot!(shown(&post.content), @r"
        🔐 **The agent of `77` asks for permission** (execute):
        ```
        rm -rf ``¦` @everyone
        rm -rf /srv
        ``¦` **bold**
        ```
        -# **Always allow** is, in its words: Yes, and \<@¦1> always
        -# Denied by itself <t:1763700000:R>. Its requester and operators can answer.
        ");
        let Row::Buttons { buttons } = &post.rows[0] else { panic!("buttons") };
        let labels: Vec<&str> = buttons.iter().map(|button| button.label.as_str()).collect();
        assert_eq!(labels, ["Allow once", "Always allow", "Deny"]);
    }

    #[test]
    fn a_card_tells_what_is_open_and_then_what_was_decided() {
        let mut asked = vec![Asked { question: question(), decision: None }];
        assert_snapshot!(shown(&on_card(&asked).join("\n")), @r"
        🔐 **Asks for permission:** `rm -rf ˋˋˋ @everyone`
        > `rm -rf /srv ˋˋˋ **bold**`
        -# **Always allow** is, in its words: Yes, and \<@¦1> always
        -# Denied by itself <t:1763700000:R>.
        ");

        let at = question().until;
        asked[0].decision = Some(Decision { answer: Answer::RejectOnce, by: "ann".into(), at });
        assert_eq!(shown(&on_card(&asked).join("\n")), "🔐 ann denied it: `rm -rf ˋˋˋ @everyone`");
        assert!(on_card(&[]).is_empty());
    }

    #[test]
    fn a_no_can_always_be_pressed_and_a_yes_only_where_it_is_offered() {
        let only_always = Question { offers: question().offers.split_off(1), ..question() };
        let labels =
            |question: &Question| buttons(&"7".parse().unwrap(), question).into_iter().map(|button| button.label).collect::<Vec<_>>();

        assert_eq!(labels(&only_always), ["Always allow", "Deny"]);
        assert_eq!(labels(&Question { offers: Vec::new(), ..question() }), ["Deny"]);
    }
}
