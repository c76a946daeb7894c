// Where the Tab key stops among the messages: once. Arrows go from message to message, Tab goes into the one that has the focus, and then on.

const list = document.getElementById("messages");
const controls = "a[href], button, input, select, textarea, summary";
/** The id of the message that has the focus or holds it. */
let entered = null;

export function start() {
  list.addEventListener("focusin", (event) => enter(event.target));
  list.addEventListener("focusout", (event) => enter(list.contains(event.relatedTarget) ? event.relatedTarget : null));
  arrange();
}

function enter(element) {
  const id = element?.closest(".message")?.id ?? null;
  if (id === entered) return;
  entered = id;
  arrange();
}

/** After every change of the list: Tab comes to the message that has the focus, else to the newest; only its controls follow. */
export function arrange() {
  const all = [...list.querySelectorAll(".message")];
  const stop = all.find((message) => message.id === entered) ?? all.at(-1);
  list.tabIndex = stop ? -1 : 0;
  for (const message of all) {
    message.tabIndex = message === stop ? 0 : -1;
    const wanted = message.id === entered ? 0 : -1;
    for (const control of message.querySelectorAll(controls)) {
      if (control.tabIndex !== wanted) control.tabIndex = wanted;
    }
  }
}
