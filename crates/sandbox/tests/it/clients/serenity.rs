//! A bot on serenity, as its users write it. Serenity takes another address only with its own rate limiter off, so it waits out no 429.

use std::{sync::Arc, time::Duration};

use orchestrator_sandbox::{GatewayTrouble, Sandbox, Snowflake, world::interaction::Answer};
use serde_json::json;
use serenity::{
    all::{
        ActionRowComponent, AutocompleteChoice, ChannelId, CommandDataOptionValue, CommandInteraction, CommandOptionType, CommandType,
        ComponentInteraction, ComponentInteractionDataKind, Context, CreateActionRow, CreateAttachment, CreateAutocompleteResponse,
        CreateButton, CreateCommand, CreateCommandOption, CreateEmbed, CreateInputText, CreateInteractionResponse,
        CreateInteractionResponseFollowup, CreateInteractionResponseMessage, CreateMessage, CreateModal, CreateSelectMenu,
        CreateSelectMenuKind, CreateThread, EditInteractionResponse, EditMessage, EventHandler, FullEvent, GatewayIntents, GetMessages,
        GuildId, HttpBuilder, InputTextStyle, Interaction, Message, ReactionType,
    },
    client::ClientBuilder,
    http::Http,
};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use crate::wire::{discord, token};

/// Serenity waits five seconds between two shards that it starts.
const PATIENCE: Duration = Duration::from_secs(30);

/// Passes on what is heard.
struct Ear(mpsc::UnboundedSender<FullEvent>);

#[serenity::async_trait]
impl EventHandler for Ear {
    async fn ready(&self, ctx: Context, data_about_bot: serenity::all::Ready) {
        let _ = self.0.send(FullEvent::Ready { data_about_bot });
        drop(ctx);
    }

    async fn message(&self, _: Context, new_message: serenity::all::Message) {
        let _ = self.0.send(FullEvent::Message { new_message });
    }

    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        let _ = self.0.send(FullEvent::InteractionCreate { interaction });
    }

    async fn resume(&self, _: Context, event: serenity::all::ResumedEvent) {
        let _ = self.0.send(FullEvent::Resume { event });
    }
}

/// A bot that is online.
struct Bot {
    discord: Sandbox,
    http: Arc<Http>,
    heard: mpsc::UnboundedReceiver<FullEvent>,
    _running: JoinSet<()>,
}

impl Bot {
    async fn online() -> Self {
        let discord = discord().await;
        let http = HttpBuilder::new(token(&discord)).proxy(discord.base_url()).ratelimiter_disabled(true).build();
        let (sender, heard) = mpsc::unbounded_channel();
        let intents = GatewayIntents::non_privileged() | GatewayIntents::MESSAGE_CONTENT;
        let client = ClientBuilder::new_with_http(http, intents).event_handler(Ear(sender));
        let mut client = client.await.expect("a client");
        let http = Arc::clone(&client.http);
        let mut running = JoinSet::new();
        running.spawn(async move { client.start().await.expect("it runs") });
        let mut bot = Self { discord, http, heard, _running: running };
        bot.until(|event| matches!(event, FullEvent::Ready { .. }).then_some(())).await;
        bot
    }

    /// What is found in the next event in which there is something.
    async fn until<T>(&mut self, found: impl Fn(FullEvent) -> Option<T>) -> T {
        let listen = async {
            loop {
                if let Some(found) = found(self.heard.recv().await.expect("it runs")) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, listen).await.expect("it is heard")
    }

    async fn hears(&mut self, text: &str) -> Message {
        self.until(|event| match event {
            FullEvent::Message { new_message } if new_message.content == text => Some(new_message),
            _ => None,
        })
        .await
    }

    async fn interaction(&mut self) -> Interaction {
        self.until(|event| if let FullEvent::InteractionCreate { interaction } = event { Some(interaction) } else { None }).await
    }

    async fn command(&mut self) -> CommandInteraction {
        self.interaction().await.command().expect("a command")
    }

    async fn component(&mut self) -> ComponentInteraction {
        self.interaction().await.message_component().expect("a component")
    }

    fn general(&self) -> ChannelId {
        ChannelId::new(self.discord.channel("general").expect("the channel").get())
    }

    fn guild(&self) -> GuildId {
        GuildId::new(self.discord.look(|world| world.guild().id.get()))
    }
}

/// An id as the local Discord has it.
fn id(id: impl Into<u64>) -> Snowflake {
    id.into().to_string().parse().expect("an id")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_on_serenity_writes_reads_reacts_and_opens_threads() {
    let mut bot = Bot::online().await;
    let (http, general) = (Arc::clone(&bot.http), bot.general());

    bot.discord.person("stranger").say("#general", "hello, bot").unwrap();
    let asked = bot.hears("hello, bot").await;
    let file = CreateAttachment::bytes(b"the bytes".to_vec(), "note.txt");
    let message = CreateMessage::new().content("first").embed(CreateEmbed::new().title("A title").field("one", "1", true)).add_file(file);
    let mut sent = general.send_message(&http, message.reference_message(&asked)).await.unwrap();
    assert_eq!((sent.embeds[0].fields[0].value.as_str(), sent.attachments[0].size), ("1", 9));
    assert_eq!(sent.referenced_message.as_ref().unwrap().content, "hello, bot");
    sent.edit(&http, EditMessage::new().content("second").suppress_embeds(true)).await.unwrap();
    sent.react(&http, ReactionType::Unicode("👍".to_owned())).await.unwrap();
    bot.discord.person("admin").react(id(sent.id), "👍").unwrap();
    assert_eq!(sent.reaction_users(&http, ReactionType::Unicode("👍".to_owned()), None, None).await.unwrap().len(), 2);
    let thread = general.create_thread_from_message(&http, sent.id, CreateThread::new("its detail")).await.unwrap();
    thread.id.say(&http, "inside").await.unwrap();
    assert_eq!(bot.guild().get_active_threads(&http).await.unwrap().threads.len(), 1);
    for number in 0..7 {
        general.say(&http, format!("line {number}")).await.unwrap();
    }
    let newest = general.messages(&http, GetMessages::new().limit(5)).await.unwrap();
    let earlier = general.messages(&http, GetMessages::new().limit(5).before(newest[4].id)).await.unwrap();
    assert_eq!((newest[0].content.as_str(), earlier[0].content.as_str()), ("line 6", "line 1"));
    sent.delete(&http).await.unwrap();
    assert!(general.message(&http, sent.id).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_on_serenity_registers_completes_and_answers_commands() {
    let mut bot = Bot::online().await;
    let http = Arc::clone(&bot.http);
    let text = CreateCommandOption::new(CommandOptionType::String, "text", "What to do").required(true).set_autocomplete(true);
    let user = CreateCommandOption::new(CommandOptionType::User, "user", "Who");
    let commands = vec![
        CreateCommand::new("task").description("Runs a task").add_option(text).add_option(user),
        CreateCommand::new("Run as task").kind(CommandType::Message),
    ];
    assert_eq!(bot.guild().set_commands(&http, commands).await.unwrap().len(), 2);

    let typed =
        bot.discord.person("stranger").complete("#general", "task", &json!([{"type": 3, "name": "text", "value": "a", "focused": true}]));
    let asking = bot.interaction().await.autocomplete().expect("it is typed");
    assert_eq!(asking.data.autocomplete().unwrap().value, "a");
    let choices = CreateAutocompleteResponse::new().set_choices(vec![AutocompleteChoice::new("A poem", "a poem")]);
    asking.create_response(&http, CreateInteractionResponse::Autocomplete(choices)).await.unwrap();
    assert!(bot.discord.look(|world| matches!(world.interaction(typed.unwrap()).unwrap().answer, Some(Answer::Suggestions(_)))));

    let admin = bot.discord.person("admin").id().to_string();
    let options = json!([{"type": 3, "name": "text", "value": "a poem"}, {"type": 6, "name": "user", "value": admin}]);
    bot.discord.person("stranger").command("#general", "task", &options).unwrap();
    let command = bot.command().await;
    assert!(matches!(&command.data.options[0].value, CommandDataOptionValue::String(text) if text == "a poem"));
    assert_eq!(command.data.resolved.users.values().next().unwrap().name, "admin");
    command.defer_ephemeral(&http).await.unwrap();
    let filled = command.edit_response(&http, EditInteractionResponse::new().content("queued")).await.unwrap();
    let more = command.create_followup(&http, CreateInteractionResponseFollowup::new().content("done")).await.unwrap();
    assert_eq!((filled.content.as_str(), more.content.as_str()), ("queued", "done"));
    command.delete_response(&http).await.unwrap();

    let said = bot.discord.person("stranger").say("#general", "a task in a message").unwrap();
    bot.discord.person("stranger").message_command(said, "Run as task").unwrap();
    let on_message = bot.command().await;
    assert_eq!(on_message.data.resolved.messages.values().next().unwrap().content, "a task in a message");
    let answer = CreateInteractionResponseMessage::new().content("running");
    on_message.create_response(&http, CreateInteractionResponse::Message(answer)).await.unwrap();
    assert_eq!(on_message.get_response(&http).await.unwrap().content, "running");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_on_serenity_offers_buttons_selects_and_modals() {
    let mut bot = Bot::online().await;
    let (http, general) = (Arc::clone(&bot.http), bot.general());
    let admin = bot.discord.person("admin").id();
    let row = CreateActionRow::Buttons(vec![
        CreateButton::new("open").label("Open"),
        CreateButton::new_link("https://example.org/").label("Link"),
    ]);
    let select = CreateActionRow::SelectMenu(CreateSelectMenu::new("who", CreateSelectMenuKind::User { default_users: None }));
    let card = general.send_message(&http, CreateMessage::new().content("card").components(vec![row, select])).await.unwrap();

    bot.discord.person("admin").choose(id(card.id), "who", &[&admin.to_string()]).unwrap();
    let chosen = bot.component().await;
    assert!(matches!(&chosen.data.kind, ComponentInteractionDataKind::UserSelect { values } if values[0].get() == admin.get()));
    chosen.create_response(&http, CreateInteractionResponse::Acknowledge).await.unwrap();

    let pressed = bot.discord.person("admin").press(id(card.id), "open").unwrap();
    let open = bot.component().await;
    let input = CreateActionRow::InputText(CreateInputText::new(InputTextStyle::Short, "Why?", "why"));
    open.create_response(&http, CreateInteractionResponse::Modal(CreateModal::new("modal", "A question").components(vec![input])))
        .await
        .unwrap();
    bot.discord.person("admin").submit(pressed, &[("why", "because")]).unwrap();
    let sent = bot.interaction().await.modal_submit().expect("a modal");
    assert!(
        matches!(&sent.data.components[0].components[0], ActionRowComponent::InputText(text) if text.value.as_deref() == Some("because"))
    );
    let update = CreateInteractionResponseMessage::new().content("explained").components(Vec::new());
    sent.create_response(&http, CreateInteractionResponse::UpdateMessage(update)).await.unwrap();

    assert_eq!(general.message(&http, card.id).await.unwrap().content, "explained");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_on_serenity_resumes_after_a_drop() {
    let mut bot = Bot::online().await;

    bot.discord.gateway_trouble(GatewayTrouble::Drop);
    bot.discord.person("stranger").say("#general", "while you were away").unwrap();

    // A bot that is back at once hears the message after its RESUMED.
    let mut awaited = vec!["message", "resume"];
    while !awaited.is_empty() {
        let heard = bot.until(|event| Some(event.snake_case_name())).await;
        awaited.retain(|name| *name != heard);
    }
}
