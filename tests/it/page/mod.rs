//! The chat page as a person uses it: in a browser, with the real bot in the room.

mod accessibility;
mod asking;
mod browser;
mod components;
mod demonstration;
mod keyboard;
mod looking;
mod particulars;
mod refused;
mod scripted;
mod steering;
mod talking;

use orchestrator_sandbox::{Limits, Options, Sandbox};

use self::browser::Browser;
use crate::world::{Founding, World};

/// The box that messages are written in.
const BOX: &str = "//textarea[@id='write']";

/// A world and a browser in it, at a desk, as the stranger.
async fn at_a_desk() -> Option<(World, Browser)> {
    let browser = Browser::start(1440, 900).await?;
    let world = Founding::new().start().await;
    browser.open(&format!("{}/?as=stranger", world.sandbox.base_url())).await;
    Some((world, browser))
}

/// A local Discord with its people and a bot that no program plays, and a browser in it as the stranger.
async fn with_people(width: u32, height: u32) -> Option<(Sandbox, Browser)> {
    let browser = Browser::start(width, height).await?;
    let discord = Sandbox::start(without_limits()).await.expect("a local Discord");
    browser.open(&format!("{}/?as=stranger", discord.base_url())).await;
    Some((discord, browser))
}

fn without_limits() -> Options {
    Options { limits: Limits::Off, ..Options::default() }
}

/// Goes to a channel by its name in the list.
async fn go_to(browser: &Browser, channel: &str) {
    browser.click(&format!("//ul[@id='channels']//a[span[.='{channel}']]")).await;
    browser.see(&format!("//h1[@id='channel-title'][contains(., '{channel}')]")).await;
}

/// The message that holds this text. Only its own text counts, not what it answers.
fn message(text: &str) -> String {
    assert!(!text.contains('"'), "XPath has no way to write a quotation mark in a text");
    format!("//li[contains(@class, 'message')][div[@class='body']//*[contains(., \"{text}\")]]")
}

/// A reaction on the message that holds this text.
fn mark(text: &str, emoji: &str) -> String {
    format!("{}//ul[@class='reactions']//button[@data-emoji='{emoji}']", message(text))
}

/// A button of the menu that a message shows under the mouse.
fn tool(text: &str, label: &str) -> String {
    format!("{}//div[@class='tools']/button[@aria-label='{label}']", message(text))
}

/// A line of the menu that is open.
fn item(label: &str) -> String {
    format!("//div[@id='popup']//button[starts-with(., '{label}')]")
}
