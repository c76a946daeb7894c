//! The files of the page that never change: its scripts, its looks, its sign.

const SCRIPT: &str = "text/javascript; charset=utf-8";
const LOOKS: &str = "text/css; charset=utf-8";

/// A file's content type and text.
pub(super) fn find(path: &str) -> Option<(&'static str, &'static str)> {
    FILES.iter().find(|(known, _, _)| *known == path).map(|(_, content_type, text)| (*content_type, *text))
}

macro_rules! files {
    ($($content_type:ident $name:literal),* $(,)?) => {
        &[$((concat!("/page/", $name), $content_type, include_str!($name))),*]
    };
}

const PICTURE: &str = "image/svg+xml";

static FILES: &[(&str, &str, &str)] = files![
    PICTURE "icon.svg",
    LOOKS "style.css",
    LOOKS "text.css",
    LOOKS "layers.css",
    SCRIPT "app.js",
    SCRIPT "acts.js",
    SCRIPT "answers.js",
    SCRIPT "api.js",
    SCRIPT "choices.js",
    SCRIPT "commands.js",
    SCRIPT "complete.js",
    SCRIPT "composer.js",
    SCRIPT "edit.js",
    SCRIPT "emoji.js",
    SCRIPT "fields.js",
    SCRIPT "guide.js",
    SCRIPT "limit.js",
    SCRIPT "list.js",
    SCRIPT "live.js",
    SCRIPT "menus.js",
    SCRIPT "messages.js",
    SCRIPT "modal.js",
    SCRIPT "names.js",
    SCRIPT "option.js",
    SCRIPT "panel.js",
    SCRIPT "popup.js",
    SCRIPT "sidebar.js",
    SCRIPT "slash.js",
    SCRIPT "stops.js",
    SCRIPT "switcher.js",
    SCRIPT "theme.js",
    SCRIPT "times.js",
    SCRIPT "unread.js",
];
