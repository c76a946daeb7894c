//! Questions of running agents: noted once, answered once, and gone with their run.

use std::time::Duration;

use chrono::TimeDelta;
use orchestrator_core::{
    domain::{
        attempt::Outcome,
        outbound::Letter,
        permission::{Answer, Ending, Offer, Question},
    },
    queue::QueueError,
};

use crate::{
    steps::of,
    support::{Ask, World, ask, report, rules},
};

const BY: &str = "ann";

fn question(world: &World, number: u32) -> Question {
    let offer = |id: &str, answer| Offer { id: id.to_owned(), answer, name: String::new() };
    Question {
        number,
        title: format!("touch {number}"),
        kind: String::new(),
        detail: None,
        offers: vec![offer("yes", Answer::AllowOnce), offer("no", Answer::RejectOnce)],
        until: world.clock_now() + TimeDelta::seconds(60),
    }
}

impl World {
    async fn asks(&self, numbers: &[u32], ended: &[(u32, Ending)]) -> Vec<Option<Answer>> {
        let attempt = self.live(1).await;
        let open = numbers.iter().map(|number| question(self, *number)).collect();
        let asked = self.queue.note_questions(attempt.id, attempt.fence, open, ended.to_vec()).await.expect("noted");
        asked.into_iter().map(|asked| asked.decision.map(|decision| decision.answer)).collect()
    }

    async fn permits(&self, number: Option<u32>, answer: Answer) -> Result<u32, String> {
        match self.queue.permit(of(1), number, answer, BY.to_owned()).await {
            Ok(question) => Ok(question.number),
            Err(QueueError::NotNow { because, .. }) => Err(because),
            Err(error) => panic!("{error}"),
        }
    }

    async fn story(&self) -> String {
        format!("{:?}", self.queue.events(of(1)).await.expect("the store answers"))
    }
}

#[tokio::test]
async fn a_question_is_noted_once_and_keeps_its_answer_whoever_reads_it_again() {
    let mut world = World::by(rules());
    world.enqueue(&Ask { from_message: true, ..ask(1) }).await;

    assert_eq!(world.asks(&[1, 2], &[]).await, [None, None]);
    assert_eq!(world.asks(&[1, 2], &[]).await, [None, None]);
    assert_eq!(world.story().await.matches("AskedPermission").count(), 2);
    let letters = world.whole(1).await.letters;
    assert_eq!(letters.iter().filter(|row| matches!(row.letter, Letter::Question { to: Some(_), .. })).count(), 2);

    assert_eq!(world.permits(None, Answer::AllowOnce).await, Ok(1), "the oldest");
    assert_eq!(world.permits(Some(1), Answer::AllowOnce).await, Ok(1), "the same once more changes nothing");
    assert_eq!(world.permits(Some(1), Answer::RejectOnce).await, Err("was answered by ann already".to_owned()));
    world.restart(rules());
    assert_eq!(world.asks(&[1, 2], &[]).await, [Some(Answer::AllowOnce), None]);
    assert_eq!(world.asks(&[2], &[(1, Ending::Answered)]).await, [None]);
    assert_eq!(world.permits(None, Answer::RejectOnce).await, Ok(2));
    assert_eq!(world.story().await.matches("Permitted").count(), 2);
    world.holds().await;
}

#[tokio::test]
async fn what_can_t_be_answered_is_explained() {
    let world = World::by(rules());
    world.enqueue(&ask(1)).await;
    assert_eq!(world.permits(None, Answer::AllowOnce).await, Err("asks for no permission".to_owned()));
    world.asks(&[1], &[]).await;

    assert_eq!(
        world.permits(None, Answer::AllowAlways).await,
        Err("can't be answered with \"always allow\"; its agent offers \"allow once\", \"deny\"".to_owned())
    );
    assert_eq!(world.permits(Some(7), Answer::AllowOnce).await, Err("asks that no more".to_owned()));
    world.clock.advance(Duration::from_secs(61));
    assert_eq!(world.permits(None, Answer::AllowOnce).await, Err("waited for an answer for as long as it may, and was denied".to_owned()));
    world.asks(&[], &[(1, Ending::Expired)]).await;
    assert!(world.story().await.contains("PermissionExpired"));
    world.holds().await;
}

#[tokio::test]
async fn questions_go_with_their_run() {
    let world = World::by(rules());
    world.enqueue(&ask(1)).await;
    world.asks(&[1], &[]).await;
    let attempt = world.live(1).await;

    world.queue.settle(attempt.id, attempt.fence, report(Outcome::Succeeded, None)).await.expect("settled");

    assert!(world.queue.asked(attempt.id).await.expect("the store answers").is_empty());
    assert_eq!(world.permits(None, Answer::AllowOnce).await, Err("does not run, and so asks for nothing".to_owned()));
    let late = world.queue.note_questions(attempt.id, attempt.fence, vec![question(&world, 2)], Vec::new()).await;
    assert!(matches!(late, Err(QueueError::Late)), "{late:?}");
    world.holds().await;
}
