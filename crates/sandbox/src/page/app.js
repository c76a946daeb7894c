// Joins the parts of the page.

import * as acts from "./acts.js";
import { me } from "./api.js";
import * as choices from "./choices.js";
import * as composer from "./composer.js";
import * as guide from "./guide.js";
import * as live from "./live.js";
import * as menus from "./menus.js";
import * as messages from "./messages.js";
import * as panel from "./panel.js";
import * as popup from "./popup.js";
import * as sidebar from "./sidebar.js";
import * as slash from "./slash.js";
import * as stops from "./stops.js";
import * as switcher from "./switcher.js";
import * as theme from "./theme.js";
import { keepMoving } from "./times.js";
import * as unread from "./unread.js";

theme.remember("as", me.user);
theme.start();
messages.start();
stops.start();
popup.start();
panel.start();
sidebar.start();
switcher.start();
acts.start({ replyTo: composer.replyTo, toBox: composer.focus });
menus.start({ replyTo: composer.replyTo, mention: composer.mention, commandsFor: slash.ofKind });
composer.start({ slash });
slash.start({ done: () => (composer.clear(), composer.focus()) });
guide.start({ propose: composer.propose });
document.addEventListener("visibilitychange", unread.mark);
unread.mark();
keepMoving();
choices.load();
live.start();
