//! The one door: which messages are tasks, which edits and deletions count, whose reactions are instructions.

use std::time::Duration;

use orchestrator_core::{
    domain::{
        attempt::Outcome,
        id::UserId,
        journal::What,
        outbound::MarkState,
        step::{Blocked, StepState},
        task::{Attachment, Origin},
    },
    intake::{
        admit::{Policy, WhoMay},
        desk::{DeskError, Request},
        hear::{Heed, Instruction},
        parse::Asked,
    },
    ports::chat::Heard,
    queue::{
        Rules,
        marks::{CLAIMED, REFUSED},
    },
};

use crate::{
    room::{bot, person},
    steps::of,
    support::{EDITED, World, id, message, recount, rules},
};

/// What becomes of a message, by what it is.
#[tokio::test]
async fn a_message_is_a_task_a_refusal_or_nothing() {
    let listed = Policy {
        submit: WhoMay { users: [UserId::new(1)].into(), bots: [UserId::new(7)].into(), ..WhoMay::default() },
        ..Policy::default()
    };
    let said = |change: fn(&mut Heard)| change;
    let task = Heed::Task(id(5));
    for (what, change, expected) in [
        ("a listed person's", said(|_| {}), &task),
        ("another person's", said(|heard| heard.author = person(2)), &Heed::Refused),
        ("a listed bot's", said(|heard| heard.author = bot(7)), &task),
        ("another bot's, which is not answered", said(|heard| heard.author = bot(8)), &Heed::Ignored),
        ("one with tags", said(|heard| heard.content = "hello [model:cheap] [agent:y]".into()), &task),
        ("one for an unknown model", said(|heard| heard.content = "hello [model:chaep]".into()), &Heed::Refused),
        ("one for an unknown agent", said(|heard| heard.content = "hello [agent:z]".into()), &Heed::Refused),
        ("an empty one", said(|heard| heard.content = " \u{200b}".into()), &Heed::Refused),
        ("one that carries ✅ of ours", said(|heard| heard.our_reactions = vec![CLAIMED.into()]), &Heed::Ignored),
        ("one that carries ❌ of ours", said(|heard| heard.our_reactions = vec![REFUSED.into()]), &Heed::Ignored),
        ("one that carries another sign", said(|heard| heard.our_reactions = vec!["🎉".into()]), &task),
        ("a line of Discord's own", said(|heard| heard.is_speech = false), &Heed::Ignored),
        ("one in another channel", said(|heard| heard.at.channel = orchestrator_core::domain::id::ChannelId::new(999)), &Heed::Ignored),
        ("our own notice", said(|heard| (heard.ours, heard.author) = (true, bot(3))), &Heed::Ignored),
        (
            "our own submission before its header stands",
            said(|heard| (heard.ours, heard.content) = (true, "hello [model:cheap]".into())),
            &Heed::Ignored,
        ),
        ("our own submission", said(|heard| (heard.ours, heard.content) = (true, "**[Task: 5]** hello [model:cheap]".into())), &task),
        (
            "a post of ours that names another task",
            said(|heard| (heard.ours, heard.content) = (true, "**[Task: 6]** hello".into())),
            &Heed::Ignored,
        ),
        ("a person's with a header of his own", said(|heard| heard.content = "**[Task: 6]** hello".into()), &task),
    ] {
        let world = World::new();
        let mut heard = world.heard(5, "hello");
        change(&mut heard);

        let became = world.desk_by(listed.clone()).hear(&heard).await.expect("the store answers");

        assert_eq!(&became, expected, "{what}");
        let tasks = recount::everything(&world.store).await;
        assert_eq!(tasks.len(), usize::from(*expected == task), "{what}");
        for task in tasks {
            assert_eq!(task.row.task.prompt, "hello", "{what}");
            assert_eq!(task.row.task.origin, Origin::Message(message(5)), "{what}");
        }
    }
}

#[tokio::test]
async fn a_message_is_taken_once_however_often_it_is_heard() {
    let world = World::new();
    let desk = world.desk();
    let mut heard = world.heard(5, "hello");

    assert_eq!(desk.hear(&heard).await.expect("the store answers"), Heed::Task(id(5)));
    assert_eq!(desk.hear(&heard).await.expect("the store answers"), Heed::Known(id(5)));
    heard.our_reactions = vec![CLAIMED.into()];
    assert_eq!(desk.hear(&heard).await.expect("the store answers"), Heed::Known(id(5)));
    assert_eq!(desk.reclaim(&heard).await.expect("the store answers"), Heed::Known(id(5)));
    assert_eq!(recount::everything(&world.store).await.len(), 1);
}

#[tokio::test]
async fn a_refusal_is_said_once_however_often_its_message_is_heard_or_reported_as_edited() {
    let world = World::new();
    let desk = world.desk();
    let heard = world.heard(5, "look at https://example.org [model:chaep]");

    for _ in 0..2 {
        assert_eq!(desk.hear(&heard).await.expect("the store answers"), Heed::Refused);
        // Discord has loaded the link's preview.
        assert_eq!(desk.edited(&heard).await.expect("the store answers"), Heed::Refused);
    }

    assert_eq!(world.replies(101).await.len(), 1);
}

#[tokio::test]
async fn a_refused_message_that_is_edited_is_taken_and_loses_its_cross() {
    let world = World::new();
    let desk = world.desk();
    desk.hear(&world.heard(5, "hello [model:chaep]")).await.expect("the store answers");
    let cross = world.mark(5, REFUSED).await.expect("it was refused");
    world.queue.mark_put(cross.id).await.expect("recorded");
    let mut edited = world.heard(5, "hello [model:cheap]");
    edited.our_reactions = vec![REFUSED.into()];

    assert_eq!(desk.edited(&edited).await.expect("the store answers"), Heed::Task(id(5)));

    assert_eq!(world.sign(5, REFUSED).await, Some(MarkState::Lifting));
    assert_eq!(world.sign(5, CLAIMED).await, Some(MarkState::Wanted));
}

#[tokio::test]
async fn an_edit_of_a_message_that_another_program_has_dealt_with_is_nothing() {
    let world = World::new();
    for sign in [CLAIMED, REFUSED] {
        let mut heard = world.heard(5, "hello");
        heard.our_reactions = vec![sign.into()];

        assert_eq!(world.desk().edited(&heard).await.expect("the store answers"), Heed::Ignored, "{sign}");
    }
}

#[tokio::test]
async fn our_own_submission_is_taken_when_its_header_is_edited_in() {
    let world = World::new();
    let desk = world.desk();
    let mut heard = world.heard(5, "hello");
    (heard.ours, heard.author) = (true, bot(3));
    assert_eq!(desk.hear(&heard).await.expect("the store answers"), Heed::Ignored);
    heard.content = "**[Task: 5]** hello".into();

    assert_eq!(desk.edited(&heard).await.expect("the store answers"), Heed::Task(id(5)));

    assert_eq!(world.whole(5).await.row.task.requester.lane(), "operator");
}

/// A world in which message 5 waits for its first claim.
async fn with_one_waiting() -> World {
    let world = World::by(Rules { slots: 1, ..rules() });
    world.queue.pause("the test".into(), false).await.expect("paused");
    world.desk().hear(&world.heard(5, "hello")).await.expect("the store answers");
    assert!(matches!(world.state(5).await, StepState::Ready { .. }));
    world
}

/// The same, claimed and given back: its message carries ✅, or is about to.
async fn with_one_that_was_claimed() -> World {
    let world = with_one_waiting().await;
    world.queue.resume("the test".into()).await.expect("resumed");
    let attempt = world.claim().await.expect("it waits");
    world.queue.launch_failed(attempt.id, attempt.fence, "cut off".into(), true).await.expect("recorded");
    world
}

async fn journaled(world: &World, what: &What) -> usize {
    world.queue.events(of(5)).await.expect("the store answers").iter().filter(|event| event.what == *what).count()
}

#[tokio::test]
async fn an_edit_before_the_claim_counts() {
    let world = with_one_waiting().await;

    world.desk().edited(&world.heard(5, "goodbye [agent:y] [priority:high]")).await.expect("the store answers");

    let whole = world.whole(5).await;
    assert_eq!(whole.row.task.prompt, "goodbye");
    assert_eq!((whole.step.gates, whole.step.priority.get()), (vec!["agent:y".to_owned()], 500));
    assert_eq!(journaled(&world, &What::Edited).await, 1);
    world.holds().await;
}

#[tokio::test]
async fn an_edit_that_changes_nothing_is_none() {
    let world = with_one_waiting().await;
    let mut heard = world.heard(5, "hello");
    heard.embeds = vec!["a preview".into()];

    world.desk().edited(&heard).await.expect("the store answers");

    assert_eq!(journaled(&world, &What::Edited).await, 0);
}

#[tokio::test]
async fn a_file_that_is_edited_away_is_gone_from_the_task() {
    let world = World::by(Rules { slots: 1, ..rules() });
    world.queue.pause("the test".into(), false).await.expect("paused");
    let file = |url: &str| Attachment { name: "notes.txt".into(), url: url.into(), size: 12 };
    let mut heard = world.heard(5, "hello");
    heard.attachments = vec![file("https://cdn/1?signed=a")];
    world.desk().hear(&heard).await.expect("the store answers");
    heard.attachments = vec![file("https://cdn/1?signed=b")];
    world.desk().edited(&heard).await.expect("the store answers");
    assert_eq!(journaled(&world, &What::Edited).await, 0, "only its address was signed anew");

    heard.attachments.clear();
    world.desk().edited(&heard).await.expect("the store answers");

    assert_eq!(world.whole(5).await.row.task.attachments, []);
}

#[tokio::test]
async fn an_edit_after_the_claim_is_ignored_and_noted_whatever_it_says() {
    for text in ["goodbye", "goodbye [model:chaep]", ""] {
        let world = with_one_that_was_claimed().await;

        world.desk().edited(&world.heard(5, text)).await.expect("the store answers");

        assert_eq!(world.whole(5).await.row.task.prompt, "hello", "{text:?}");
        assert!(matches!(world.state(5).await, StepState::Ready { .. }), "{text:?}");
        assert_eq!(journaled(&world, &What::EditIgnored).await, 1, "{text:?}");
        world.holds().await;
    }
}

#[tokio::test]
async fn a_waiting_message_that_is_edited_into_nonsense_is_not_run_and_says_why() {
    let world = with_one_waiting().await;

    world.desk().edited(&world.heard(5, "hello [model:chaep]")).await.expect("the store answers");

    assert_eq!(recount::outcome(&world.whole(5).await), Some(Outcome::Cancelled));
    let why = world.deliver_result(900).await.report.reason.unwrap_or_default();
    assert!(why.contains("chaep"), "{why}");
    world.holds().await;
}

#[tokio::test]
async fn a_message_that_is_deleted_before_the_claim_is_not_run() {
    let world = with_one_waiting().await;

    for _ in 0..2 {
        world.desk().deleted(message(5)).await.expect("the store answers");
    }

    assert_eq!(recount::outcome(&world.whole(5).await), Some(Outcome::Cancelled));
    assert_eq!(world.whole(5).await.results().count(), 1);
    world.holds().await;
}

#[tokio::test]
async fn a_message_that_is_deleted_after_the_claim_stops_nothing() {
    let waiting = with_one_that_was_claimed().await;
    waiting.desk().deleted(message(5)).await.expect("the store answers");
    assert!(matches!(waiting.state(5).await, StepState::Ready { .. }));

    let running = with_one_that_was_claimed().await;
    let attempt = running.claim().await.expect("it waits");
    running.desk().deleted(message(5)).await.expect("the store answers");
    assert_eq!(running.live(5).await.stop, None);
    running.ends(&attempt, Outcome::Failed).await;

    running.queue.retry(of(5), "somebody".into(), EDITED.into()).await.expect("retried");
    running.desk().deleted(message(5)).await.expect("the store answers");
    assert!(matches!(running.state(5).await, StepState::Ready { .. }), "who wants it run again needs no message");
}

#[tokio::test]
async fn an_old_message_is_asked_about_once_and_runs_when_its_requester_says_so() {
    let world = World::new();
    let mut heard = world.heard(5, "hello");
    heard.written_at -= chrono::Duration::hours(25);

    assert_eq!(world.desk().hear(&heard).await.expect("the store answers"), Heed::Asked(id(5)));
    assert_eq!(world.desk().hear(&heard).await.expect("the store answers"), Heed::Known(id(5)));

    assert_eq!(world.state(5).await, StepState::Blocked { reason: Blocked::Approval });
    assert_eq!(world.replies(101).await.len(), 1);
    world.desk().reaction(&person(1), message(5), Instruction::RunAgain).await.expect("the store answers");
    assert!(matches!(world.state(5).await, StepState::Ready { .. }));
    world.holds().await;
}

#[tokio::test]
async fn what_an_operator_reclaims_is_run_whatever_its_age_and_signs() {
    let world = World::new();
    let mut heard = world.heard(5, "hello");
    heard.written_at -= chrono::Duration::days(30);
    heard.our_reactions = vec![CLAIMED.into()];

    assert_eq!(world.desk().reclaim(&heard).await.expect("the store answers"), Heed::Task(id(5)));

    assert!(world.whole(5).await.live().is_some());
}

#[tokio::test]
async fn a_reaction_is_an_instruction_of_the_task_s_own_requester_and_of_operators() {
    let operator = Policy { operate: WhoMay { users: [UserId::new(9)].into(), ..WhoMay::default() }, ..Policy::default() };
    for (by, has_effect) in [(person(1), true), (person(2), false), (person(9), true), (bot(9), false)] {
        let world = with_one_waiting().await;
        let desk = world.desk_by(operator.clone());

        desk.reaction(&by, message(5), Instruction::Hold).await.expect("the store answers");
        let held = world.state(5).await == StepState::Blocked { reason: Blocked::Paused };
        assert_eq!(held, has_effect, "{by:?} ⏸");

        desk.reaction(&by, message(5), Instruction::Release).await.expect("the store answers");
        assert!(matches!(world.state(5).await, StepState::Ready { .. }), "{by:?} takes ⏸ away");

        desk.reaction(&by, message(5), Instruction::Cancel).await.expect("the store answers");
        assert_eq!(world.whole(5).await.row.ended.is_some(), has_effect, "{by:?} 🛑");

        desk.reaction(&by, message(5), Instruction::RunAgain).await.expect("the store answers");
        assert!(matches!(world.state(5).await, StepState::Ready { .. }), "{by:?} 🔁");
        world.holds().await;
    }
}

#[tokio::test]
async fn a_reaction_on_a_message_that_is_no_task_is_nothing() {
    let world = with_one_waiting().await;

    for instruction in [Instruction::Cancel, Instruction::RunAgain, Instruction::Hold, Instruction::Release] {
        world.desk().reaction(&person(1), message(6), instruction).await.expect("the store answers");
    }

    assert!(matches!(world.state(5).await, StepState::Ready { .. }));
}

#[test]
fn emoji_are_instructions_with_and_without_their_variation_selector() {
    for (emoji, put, expected) in [
        ("🛑", true, Some(Instruction::Cancel)),
        ("🛑", false, None),
        ("🔁", true, Some(Instruction::RunAgain)),
        ("⏸", true, Some(Instruction::Hold)),
        ("⏸\u{fe0f}", true, Some(Instruction::Hold)),
        ("⏸\u{fe0f}", false, Some(Instruction::Release)),
        ("✅", true, None),
    ] {
        assert_eq!(Instruction::of(emoji, put), expected, "{emoji} {put}");
    }
}

#[tokio::test]
async fn who_has_too_many_open_tasks_is_refused_and_others_are_not() {
    let world = World::by(Rules { open_tasks_per_lane: 2, slots: 1, ..rules() });
    let desk = world.desk();
    for task in [5, 6] {
        assert_eq!(desk.hear(&world.heard(task, "hello")).await.expect("the store answers"), Heed::Task(id(task)));
    }

    assert_eq!(desk.hear(&world.heard(7, "hello")).await.expect("the store answers"), Heed::Refused);
    let mut other = world.heard(8, "hello");
    other.author = person(2);
    assert_eq!(desk.hear(&other).await.expect("the store answers"), Heed::Task(id(8)));

    assert_eq!(world.sign(7, REFUSED).await, Some(MarkState::Wanted));
}

fn request(key: &str, text: &str) -> Request {
    Request {
        source: "cli",
        key: key.to_owned(),
        id: key.parse().expect("a valid id"),
        by: person(1),
        text: text.to_owned(),
        asked: Asked::default(),
        attachments: vec![],
        announce: true,
    }
}

#[tokio::test]
async fn a_request_is_taken_once_and_its_id_belongs_to_what_it_asked() {
    let world = World::new();
    let desk = world.desk();

    let first = desk.submit(request("t-1", "hello")).await.expect("taken");
    let again = desk.submit(request("t-1", "hello")).await.expect("taken before");
    let other = desk.submit(request("t-1", "goodbye")).await;

    assert!(first.new && first.claimed.is_some());
    assert!(!again.new && again.claimed.is_none());
    assert!(matches!(other, Err(DeskError::Refused(_))));
}

#[tokio::test]
async fn who_cancels_a_task_between_two_attempts_is_not_said_to_have_cancelled_it_before_it_was_started() {
    let world = World::new();
    world.enqueue(&crate::support::Ask { attempts: 2, ..crate::support::ask(5) }).await;
    let first = world.live(5).await;
    world.ends(&first, Outcome::Failed).await;

    world.desk().cancel(&person(1), of(5)).await.expect("cancelled");

    let facts = world.deliver_result(900).await;
    assert_eq!(facts.report.reason.as_deref(), Some("cancelled by user 1 before it was tried again"));
}

#[tokio::test]
async fn time_alone_does_not_age_a_task_that_was_taken() {
    let world = with_one_waiting().await;
    world.clock.advance(Duration::from_secs(48 * 3_600));

    world.queue.resume("the test".into()).await.expect("resumed");

    assert_eq!(world.claims().await, 5);
}
