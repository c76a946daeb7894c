// Times as the reader's own clock and language have them; those that tell a distance move by themselves.

/** Writes the times below an element. */
export function localise(root, which = "[data-style]") {
  for (const element of root.querySelectorAll(`time${which}`)) {
    const at = new Date(element.dateTime);
    const text = written(at, element.dataset.style);
    if (element.textContent !== text) element.textContent = text;
    element.title = at.toLocaleString(undefined, { dateStyle: "full", timeStyle: "medium" });
  }
}

/** Keeps the distances right: every second for what is near. */
export function keepMoving() {
  setInterval(() => localise(document, '[data-style="R"]'), 1_000);
}

function written(at, style) {
  const [date, time] = [(dateStyle) => at.toLocaleDateString(undefined, { dateStyle }), (timeStyle) => at.toLocaleTimeString(undefined, { timeStyle })];
  switch (style) {
    case "t": return time("short");
    case "T": return time("medium");
    case "d": return date("short");
    case "D": return date("long");
    case "F": return `${date("full")} ${time("short")}`;
    case "R": return relative(at);
    case "M": return at.toDateString() === new Date().toDateString() ? time("short") : `${date("short")} ${time("short")}`;
    default: return `${date("long")} ${time("short")}`;
  }
}

function relative(at) {
  const seconds = Math.round((at - Date.now()) / 1000);
  const units = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
}

/** The day of a time, in words. */
export const day = (at) => at.toLocaleDateString(undefined, { dateStyle: "long" });
