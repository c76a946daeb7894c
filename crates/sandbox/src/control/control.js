// The control page: forms and buttons become requests to the routes under /sandbox/, as a script would make them.

const token = document.body.dataset.token;
const told = document.getElementById("told");
const problem = document.getElementById("problem");

/** Asks; tells what is wrong, and whether all went well. */
async function ask(method, path, body) {
  problem.hidden = true;
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: { authorization: token, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    fail("The local Discord does not answer.");
    return false;
  }
  if (answer.ok) return true;
  const refused = await answer.json().catch(() => ({ message: `It answered ${answer.status}.` }));
  fail([refused.message, ...reasons(refused.errors)].join(" · "));
  return false;
}

function fail(text) {
  problem.textContent = text;
  problem.hidden = false;
  problem.scrollIntoView({ block: "nearest" });
}

/** The sentences in Discord's tree of errors, each with its field. */
function* reasons(tree, path = "") {
  for (const [key, value] of Object.entries(tree ?? {})) {
    if (key === "_errors") for (const error of value) yield `${path || "form"}: ${error.message}`;
    else yield* reasons(value, path ? `${path}.${key}` : key);
  }
}

/** Shows the page as it is now, at the same place, with what was done. */
function again(words) {
  sessionStorage.setItem("told", words);
  location.reload();
}

function read(form) {
  const body = {};
  for (const field of form.querySelectorAll("input[name], select[name]")) {
    body[field.name] = "list" in field.dataset ? field.value.split(",").map((part) => part.trim()).filter(Boolean) : field.value;
  }
  for (const set of form.querySelectorAll("fieldset[data-names]")) {
    body[set.dataset.names] = [...set.querySelectorAll("input:checked")].map((box) => box.value);
  }
  return body;
}

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const body = read(form);
  if ("member" in form.dataset) {
    const method = event.submitter?.value ?? "PUT";
    const path = `/sandbox/guilds/${body.guild}/members/${body.user}`;
    if (await ask(method, path, method === "PUT" ? { standing: body.standing } : undefined)) again(method === "PUT" ? "Taken in." : "Taken out.");
    return;
  }
  if (await ask(form.dataset.method, form.dataset.path, body)) again(`Made ${body.name}.`);
});

document.addEventListener("change", async (event) => {
  const set = event.target.closest("fieldset[data-intents]");
  if (!set) return;
  const names = [...set.querySelectorAll("input:checked")].map((box) => box.value);
  if (await ask("PATCH", `/sandbox/bots/${set.dataset.intents}`, { privileged_intents: names })) {
    told.textContent = "Changed. It counts from the bot’s next connection on.";
  } else {
    event.target.checked = !event.target.checked;
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[type=button]");
  if (!button) return;
  if ("copy" in button.dataset) {
    await navigator.clipboard?.writeText(button.dataset.copy).then(
      () => (told.textContent = "Copied."),
      () => fail("The browser does not let this page copy."),
    );
  } else if ("on" in button.dataset) {
    const on = button.getAttribute("aria-pressed") !== "true";
    if (await ask("POST", "/sandbox/trouble", JSON.parse(on ? button.dataset.on : button.dataset.off))) button.setAttribute("aria-pressed", on);
  } else if ("demand" in button.dataset) {
    const demand = JSON.parse(button.dataset.demand);
    if (!(await ask("POST", "/sandbox/trouble", demand))) return;
    if (demand.clear) again("All trouble has ended.");
    else told.textContent = `${button.textContent}: so be it.`;
  }
});

const words = sessionStorage.getItem("told");
sessionStorage.removeItem("told");
if (words) told.textContent = words;

const [rows, follow] = [document.getElementById("rows"), document.getElementById("follow")];
setInterval(async () => {
  if (!follow.checked || document.hidden) return;
  const answer = await fetch("/control/requests").catch(() => null);
  if (answer?.ok) rows.innerHTML = await answer.text();
}, 2000);
