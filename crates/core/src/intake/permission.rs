//! What people decide when a running agent asks whether it may do something.

use super::desk::{Desk, DeskError};
use crate::{
    domain::{
        actor::Actor,
        id::TaskId,
        permission::{Answer, Question},
    },
    queue::QueueError,
};

impl Desk {
    /// Answers a question of a task's agent: of several the one with this number, else the oldest that is open. Tells the question; `Err` within: why it
    /// can't be answered so, as a sentence.
    ///
    /// # Errors
    ///
    /// [`DeskError`]: also where somebody asks whose task it is not, and who is no operator.
    pub async fn permit(&self, by: &Actor, id: TaskId, number: Option<u32>, answer: Answer) -> Result<Result<Question, String>, DeskError> {
        self.controlled(by, &id).await?;
        match self.queue.permit(id, number, answer, by.name().to_owned()).await {
            Err(error @ QueueError::NotNow { .. }) => Ok(Err(error.to_string())),
            decided => Ok(Ok(decided?)),
        }
    }
}
