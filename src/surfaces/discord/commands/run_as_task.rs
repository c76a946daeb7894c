//! "Run as task", in the menu of a message: its text and files become a task of whoever chose it.

use orchestrator_core::{domain::id::MessageId, intake::parse::Asked, wording::answers};
use serenity::model::channel::Message;

use super::{
    Context,
    failing::CommandError,
    submitting::{Wanted, attachment, submit},
    visit::Visit,
};

#[poise::command(context_menu_command = "Run as task", interaction_context = "Guild")]
pub(super) async fn run_as_task(ctx: Context<'_>, #[description = "The message"] message: Message) -> Result<(), CommandError> {
    let Some(visit) = Visit::even_repeated(ctx).await? else { return Ok(()) };
    // What is a task already is not run a second time by a slip of the finger: `/retry` is the way.
    let queue = &visit.deps.queue;
    if let Some(task) = queue.task_of_message(MessageId::new(message.id.get())).await? {
        let state = queue.show(task.clone()).await?.map_or("unknown", |view| view.word());
        if !visit.repeated {
            visit.say(answers::known(&task, state)).await;
        }
        return Ok(());
    }
    let attachments = message.attachments.iter().map(attachment).collect();
    submit(&visit, Wanted { began: ctx.interaction.id.get(), text: message.content, asked: Asked::default(), attachments }).await
}
