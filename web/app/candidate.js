// The candidate's page with scripts: the same form sent so that it arrives once, then everything about it live.
// The rule: what was tapped is kept here until the door has answered, under one key, whatever the network does.

import { Connection, Http, backOff, follow, hurry, newKey } from "../sdk/livefair.js";
import { bodyOf, check, fieldOf, mend, regionLists, show } from "./form.js";
import { FairModel, PersonModel } from "./person-model.js";
import { store } from "./store.js";
import { connectionText, language, pay, place, ready, t, word } from "./text.js";

const { fair, session } = document.body.dataset;
const form = document.getElementById("signup");
const kept = store(fair);
const fairModel = new FairModel();
const person = new PersonModel();
const http = new Http({ token: () => (kept.me.get() || {}).token, language });
const answers = new Map(); // offer → {accept, delivered, sending, send}
const failures = new Map(); // offer → why an answer did not go through
let connection = null;
let own = null;
let loaded = false;
let formWanted = location.hash === "#signup"; // a signed-up person applies for more
let sending = null; // {at, stop}: the sign-up that waits for its next try
let due = false;
let view = null; // live.js, which comes while the form is filled in

function changed() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => { due = false; draw(); });
}

function draw() {
  const root = document.getElementById("live");
  if (root.hidden) return;
  if (!view) { // rarely: it was sent before the rest of the page had come
    root.textContent = t(kept.outbox.get() ? "saved_here" : "my_applications");
    return;
  }
  view.draw(root, {
    fair: fairModel, person, answers, failures, sending, loaded, me: kept.me.get(), outbox: kept.outbox.get(),
    skew: connection ? connection.skew : 0, onSend: hurry, onAnswer: answer, onMore: more, onForget: forget,
  });
}

async function fetchView() {
  for (let n = 0; !view; n += 1) {
    try {
      view = await (n ? import(`./live.js?again=${n}`) : import("./live.js")); // a failed import is remembered by its name
      document.getElementById("live").replaceChildren();
      changed();
    } catch { await new Promise((resume) => { setTimeout(resume, backOff(n)); }); }
  }
}

// ---------------------------------------------------------------- the page

function showConnection(status) {
  const badge = document.getElementById("connection");
  badge.hidden = false;
  badge.dataset.state = status.state;
  badge.textContent = status.state === "waiting" ? t("conn_lost") : connectionText(status, Date.now());
}

function connect() {
  if (own) own.close();
  if (connection) connection.close();
  own = null;
  connection = new Connection({
    url: document.querySelector('meta[name="livefair-ws"]').content,
    token: http.token,
    client: "candidate/1",
    onState: (status) => { showConnection(status); changed(); },
  });
  follow(connection, http, `fair:${fair}`, {
    reset: (events) => { fairModel.reset(events); fairChanged(); },
    event: (event) => { fairModel.apply(event); fairChanged(); },
  });
  const me = kept.me.get();
  if (!me) return;
  loaded = false;
  own = follow(connection, http, me.channel, {
    ack: true,
    reset: (events) => { person.reset(events); loaded = true; changed(); },
    event: (event) => { person.apply(event); changed(); },
    refused: (error) => { if ([401, 403, 404].includes(error.status)) lostSession(); },
  });
}

function lostSession() {
  kept.me.clear();
  person.reset([]);
  connect();
  arrange();
  if (form) show(form, {}, t("session_lost"));
}

/** Which of form and live part is there. */
function arrange() {
  const me = kept.me.get();
  const outbox = kept.outbox.get();
  const closed = document.body.dataset.fairState === "closed";
  const live = document.getElementById("live");
  const plain = document.getElementById("plain");
  live.hidden = !me && !outbox;
  if (plain) plain.hidden = Boolean(me);
  if (form) form.hidden = closed || Boolean(outbox) || (Boolean(me) && !formWanted);
  const notice = document.getElementById("closed");
  if (notice) notice.hidden = !closed;
  changed();
}

function fairChanged() {
  const { fair: about, pinned, jobs } = fairModel;
  if (about && about.state !== document.body.dataset.fairState) {
    document.body.dataset.fairState = about.state;
    const pill = document.getElementById("fair-state");
    pill.dataset.state = about.state;
    pill.textContent = t(`fair_state_${about.state}`);
    arrange();
  }
  if (form) {
    for (const job of jobs.values()) if (!job.paused && !form.querySelector(`[data-job="${CSS.escape(job.job)}"]`)) addJob(job);
    for (const label of form.querySelectorAll("[data-job]")) label.querySelector(".pinned").hidden = label.dataset.job !== pinned;
  }
  changed();
}

/** A job that opened while the page was open, as fragments/job.html has it. */
function addJob(job) {
  const label = document.createElement("label");
  label.className = "job";
  label.dataset.job = job.job;
  const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "jobs", value: job.job });
  const text = Object.assign(document.createElement("span"), { className: "job-text" });
  const part = (tag, className, content) => Object.assign(document.createElement(tag), { className, textContent: content });
  const terms = part("span", "job-terms", "");
  const facts = [word("mode", job.mode), job.rest_days && t("job_rest", { n: job.rest_days }), t("job_seats", { n: job.seats ?? 1 }), job.health_certificate && t("job_health")].filter(Boolean);
  terms.textContent = facts.join(" · ");
  place(job.region).then((where) => { terms.textContent = [where, ...facts].join(" · "); }, () => {});
  text.append(part("b", "job-title", job.title), " ", part("em", "pinned", t("pinned_now")), part("span", "job-pay", pay(job.pay)), " ", terms);
  label.append(box, text);
  document.getElementById("jobs").append(label);
}

// ---------------------------------------------------------------- the sign-up

/** Sends what is in the outbox until it is answered. A reload, a second tap or another tab sends the same key. */
async function send() {
  const entry = kept.outbox.get();
  if (!entry || sending) return;
  sending = { at: 0 };
  changed();
  const attempt = () => http.call("POST", `/v1/fairs/${fair}/signups`, {
    body: entry.body,
    key: entry.key,
    onWait: (ms) => { sending = { at: Date.now() + ms }; changed(); },
  });
  try {
    let answer;
    try { answer = await attempt(); } catch (error) {
      if ((error.status !== 401 && error.status !== 403) || !kept.me.get()) throw error;
      kept.me.clear(); // a token of another time: sign up without it
      answer = await attempt();
    }
    sending = null;
    if (!kept.outbox.get() || kept.outbox.get().key !== entry.key) return; // another tab was first
    kept.me.set({ ...answer, delivered: Date.now() });
    kept.outbox.clear();
    formWanted = false;
    connect();
    arrange();
    document.getElementById("main").focus();
    scrollTo(0, 0);
  } catch (error) {
    sending = null;
    kept.outbox.clear();
    arrange();
    refusedBy(error);
  }
}

function refusedBy(error) {
  if (!form) return;
  formWanted = true;
  arrange();
  const wrong = {};
  const rest = [];
  for (const { pointer, detail } of error.errors || []) {
    const field = fieldOf(form, pointer);
    if (field) wrong[field] = detail; else rest.push(detail);
  }
  const whole = rest.length || !Object.keys(wrong).length ? t("error_other", { why: rest.join(" ") || error.message }) : "";
  show(form, wrong, whole);
}

function submit(event) {
  event.preventDefault();
  if (kept.outbox.get()) { send(); return; }
  const wrong = check(form);
  show(form, wrong);
  if (Object.keys(wrong).length) return;
  kept.outbox.set({ key: newKey(), body: bodyOf(form), saved: Date.now() });
  arrange();
  scrollTo(0, 0);
  send();
}

// ---------------------------------------------------------------- answers to offers

function remember() {
  const list = [...answers].filter(([, one]) => !one.delivered).map(([offer, one]) => ({ offer, accept: one.accept, key: one.key }));
  if (list.length) kept.answers.set(list); else kept.answers.clear();
}

async function answer(offer, accept, key = newKey()) {
  if (answers.has(offer)) return;
  const one = { accept, key, delivered: 0, sending: { at: 0 }, send: hurry };
  answers.set(offer, one);
  failures.delete(offer);
  remember();
  changed();
  try {
    await http.post(`/v1/offers/${offer}/answer`, { accept }, { key, onWait: (ms) => { one.sending = { at: Date.now() + ms }; changed(); } });
    one.delivered = Date.now();
  } catch (error) {
    answers.delete(offer);
    failures.set(offer, error.message);
  }
  remember();
  changed();
}

function forget() {
  kept.me.clear();
  kept.answers.clear();
  answers.clear();
  failures.clear();
  person.reset([]);
  formWanted = false;
  if (form) {
    connect();
    arrange();
  } else location.assign(`/fairs/${fair}?lang=${language}`);
}

function more() {
  if (!form) { location.assign(`/fairs/${fair}?lang=${language}#signup`); return; }
  formWanted = true;
  arrange();
  form.scrollIntoView();
  form.elements.name.focus({ preventScroll: true });
}

ready.then(() => {
  if (session && !kept.me.get()) kept.me.set({ ...JSON.parse(session), delivered: Date.now() });
  if (form) {
    form.noValidate = true;
    regionLists(form);
    form.addEventListener("submit", submit);
    form.addEventListener("input", (event) => mend(form, event.target));
  }
  connect();
  arrange();
  setTimeout(fetchView, kept.me.get() || kept.outbox.get() ? 0 : 600);
  send();
  for (const one of kept.answers.get() || []) answer(one.offer, one.accept, one.key);
  addEventListener("storage", () => { arrange(); if (!own && kept.me.get()) connect(); });
});
