// The host's console: logs in, follows the fair's host channel, pins jobs, changes the fair's state.
// The rule: what is shown comes from the channel alone; a button changes nothing here until the event comes back.

import { render } from "../vendor/preact.js";
import { signal } from "../vendor/signals.js";
import { Connection, Http, follow } from "../sdk/livefair.js";
import { ConsoleModel } from "./console-model.js";
import { Console, Login } from "./console-view.js";
import { html } from "./html.js";
import { language, ready, t } from "./text.js";

const { fair, fairTitle } = document.body.dataset;
const stored = `livefair:host:${fair}`;
const model = new ConsoleModel();
const frame = signal(0); // counts what has to be drawn
const status = signal({ state: "connecting" });
const busy = signal(false);
const problem = signal("");
const entered = signal(false);
let token = null;
let connection = null;
let channel = null;
let due = false;
let rest = 0; // ms before the next drawing

const http = new Http({ token: () => token, language });

// One drawing however many events came, and three times as long for everything else as the last one took: a burst
// makes the picture come less often, never the keys and the mouse.
function changed() {
  if (due) return;
  due = true;
  setTimeout(() => requestAnimationFrame(() => {
    due = false;
    const began = performance.now();
    frame.value += 1;
    setTimeout(() => { rest = Math.min(400, 3 * (performance.now() - began)); }); // with its layout
  }), rest);
}

function leave(why = "") {
  if (channel) channel.close();
  if (connection) connection.close();
  channel = connection = token = null;
  sessionStorage.removeItem(stored);
  model.clear();
  problem.value = why;
  busy.value = entered.value = false;
}

function enter(candidate) {
  token = candidate;
  busy.value = true;
  problem.value = "";
  connection = new Connection({
    url: document.querySelector('meta[name="livefair-ws"]').content,
    token: () => token,
    client: "console/1",
    onState: (now) => { status.value = now; },
  });
  channel = follow(connection, http, `fair:${fair}:host`, {
    reset: (events) => {
      sessionStorage.setItem(stored, token);
      model.reset(events);
      entered.value = true;
      busy.value = false;
      changed();
    },
    event: (event) => { model.apply(event); changed(); },
    refused: (error) => leave([401, 403, 404].includes(error.status) ? t("login_refused") : t("login_failed", { why: error.message })),
  });
}

async function change(body) {
  busy.value = true;
  problem.value = "";
  try {
    await http.patch(`/v1/fairs/${fair}`, body, { tries: 5 });
  } catch (error) {
    problem.value = t("change_failed", { why: error.message });
  }
  busy.value = false;
}

function App() {
  if (!entered.value) {
    if (token && busy.value) return html`<div class="boot"><h1>${fairTitle}</h1><p role="status">${t("console_loading")}</p></div>`;
    return html`<${Login} title=${fairTitle} busy=${busy.value} problem=${problem.value}
      onToken=${(given) => { if (given) enter(given); else problem.value = t("login_empty"); }} />`;
  }
  return html`<${Console} frame=${frame.value} model=${model} title=${fairTitle} status=${status.value} busy=${busy.value} problem=${problem.value}
    onState=${(state) => change({ state })} onPin=${(job) => change({ pinned: job })}
    onWake=${() => connection.wake()} onLogout=${() => leave()} />`;
}

ready.then(() => {
  const root = document.getElementById("app");
  root.replaceChildren();
  root.className = "";
  if (sessionStorage.getItem(stored)) enter(sessionStorage.getItem(stored));
  render(html`<${App} />`, root);
});
