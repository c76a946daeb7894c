//! `/cost`: what was spent, by whatever is asked, with a chart. Everybody may see his own; who operates sees everybody's.

use orchestrator_core::{
    domain::{
        actor::Right,
        period::{Dimension, Period},
    },
    queue::board::spending::Asked,
    wording::{costs as words, fit},
};

use super::{
    super::chart,
    Context,
    failing::CommandError,
    reply::{Picture, said},
    visit::Visit,
};
use crate::surfaces::costs;

/// Parts of an answer. Of days as many as there are: the chart puts them together.
const PARTS: usize = 20;
/// Most characters of a picture's description. Source: Discord developer documentation, "Attachment Object".
const TELLS: usize = 1_024;

/// By what, as Discord offers it.
#[derive(Clone, Copy, Debug, Default, poise::ChoiceParameter)]
enum By {
    #[default]
    #[name = "day"]
    Day,
    #[name = "user"]
    User,
    #[name = "agent"]
    Agent,
    #[name = "model"]
    Model,
    #[name = "channel"]
    Channel,
    #[name = "task"]
    Task,
}

impl From<By> for Dimension {
    fn from(by: By) -> Self {
        match by {
            By::Day => Self::Day,
            By::User => Self::User,
            By::Agent => Self::Agent,
            By::Model => Self::Model,
            By::Channel => Self::Channel,
            By::Task => Self::Task,
        }
    }
}

/// Of which days, as Discord offers it.
#[derive(Clone, Copy, Debug, Default, poise::ChoiceParameter)]
enum When {
    #[name = "today"]
    Today,
    #[name = "yesterday"]
    Yesterday,
    #[name = "this week"]
    Week,
    #[name = "this month"]
    Month,
    #[default]
    #[name = "the last 30 days"]
    Days,
    #[name = "all"]
    All,
}

impl When {
    /// The word by which a period is named.
    fn word(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Yesterday => "yesterday",
            Self::Week => "week",
            Self::Month => "month",
            Self::Days => "30",
            Self::All => "all",
        }
    }
}

/// Show what was spent, with a chart: your own tasks, or everybody's if you operate.
#[poise::command(slash_command, interaction_context = "Guild")]
pub(super) async fn cost(
    ctx: Context<'_>,
    #[description = "By what it is parted; by day if left out"] by: Option<By>,
    #[description = "Of which days (UTC); the last 30 if left out"] period: Option<When>,
) -> Result<(), CommandError> {
    let Some(visit) = Visit::of(ctx).await? else { return Ok(()) };
    let deps = visit.deps;
    deps.desk.may(&visit.actor, Right::Submit, true)?;
    let own = deps.desk.may(&visit.actor, Right::ControlOwn, false).is_err();
    let by = Dimension::from(by.unwrap_or_default());
    let period = match Period::named(period.unwrap_or_default().word(), deps.queue.today()) {
        Ok(period) => period,
        Err(error) => {
            visit.reply.say(&said(error.to_string())).await;
            return Ok(());
        }
    };
    let most = if by == Dimension::Day { usize::MAX } else { PARTS };
    let spent = deps.queue.spent(Asked { period, by, lane: own.then(|| visit.actor.lane()), most }).await?;
    let view = costs::view(&spent);
    let post = words::post(&view, own);
    // Some thousand letters and a packed file: nothing for a thread that others wait for.
    let tells = fit::cut(&format!("{}: {}", view.title(), view.sum()), TELLS).into_owned();
    let drawn = tokio::task::spawn_blocking(move || chart::draw(&view)).await.ok().flatten();
    match drawn {
        Some(bytes) => visit.reply.show(&post, &Picture { name: "costs.png", tells, bytes }).await,
        None => visit.reply.say(&post).await,
    }
    Ok(())
}
