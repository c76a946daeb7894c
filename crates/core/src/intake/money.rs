//! What people decide about a task's money (it may cost more, or what there is will do) and about quotas.

use super::desk::{Desk, DeskError};
use crate::{
    domain::{
        actor::{Actor, Right},
        id::TaskId,
        money::Usd,
        quota::Credential,
    },
    queue::QueueError,
    wording::refusals::Refusal,
};

impl Desk {
    /// Lets a task cost so much more; tells the new budget.
    ///
    /// # Errors
    ///
    /// [`DeskError`]: also where that would be more than its requester may ask for, and an operator does not.
    pub async fn raise(&self, by: &Actor, id: TaskId, more: Usd) -> Result<Usd, DeskError> {
        let view = self.controlled(by, &id).await?;
        let given = view.row.task.wishes.budget.unwrap_or(Usd::ZERO).saturating_add(more);
        if let Some(most) = self.rules.max_budget.filter(|most| given > *most)
            && self.may(by, Right::Operate, false).is_err()
        {
            return Err(Refusal::BudgetTooHigh { given, most }.into());
        }
        Ok(self.queue.raise(id, by.name().to_owned(), more).await?)
    }

    /// Takes what a task has left that was stopped at its ceiling; tells whether there was anything to take.
    ///
    /// # Errors
    ///
    /// [`DeskError`].
    pub async fn accept(&self, by: &Actor, id: TaskId) -> Result<bool, DeskError> {
        self.controlled(by, &id).await?;
        match self.queue.accept(id, by.name().to_owned()).await {
            Err(QueueError::NotNow { .. }) => Ok(false),
            done => Ok(done.map(|()| true)?),
        }
    }

    /// Says that the quota of a credential is there again, whatever was told; tells whether it was used up.
    ///
    /// # Errors
    ///
    /// [`DeskError`].
    pub async fn quota_is_back(&self, by: &Actor, credential: Credential) -> Result<bool, DeskError> {
        self.may(by, Right::Operate, false)?;
        Ok(self.queue.quota_is_back(credential, by.name().to_owned()).await?)
    }
}
