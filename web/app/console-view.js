// What the console looks like: header, counters, jobs, feed. Draws a model; changes nothing itself.
// The rule: a row is drawn again only when its event is another one.

import { Component } from "../vendor/preact.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { Badge } from "./connection.js";
import { Insight } from "./console-insight.js";
import { seatsOf } from "./console-model.js";
import { html } from "./html.js";
import { about, clock, number, pay, place, t, word } from "./text.js";
import { why } from "./why.js";

const MOVES = { scheduled: [["live", "go_live"]], live: [["paused", "pause"]], paused: [["live", "go_on"]], closed: [] };
const GOOD = new Set(["matched", "interviewing", "offered", "accepted", "placed", "arrived", "trial", "completed"]);

function StateButtons({ state, busy, onState }) {
  const [sure, ask] = useState(false);
  useEffect(() => ask(false), [state]);
  if (!state || state === "closed") return null;
  if (sure) {
    return html`<div class="buttons" role="group" aria-label=${t("close_fair")}><span class="sure" role="alert">${t("close_sure")}</span>
      <button type="button" class="danger" disabled=${busy} onClick=${() => onState("closed")}>${t("yes")}</button>
      <button type="button" onClick=${() => ask(false)}>${t("no")}</button></div>`;
  }
  return html`<div class="buttons">
    ${MOVES[state].map(([to, key]) => html`<button type="button" key=${to} class=${to === "live" ? "primary" : ""} disabled=${busy} onClick=${() => onState(to)}>${t(key)}</button>`)}
    <button type="button" class="quiet" onClick=${() => ask(true)}>${t("close_fair")}</button></div>`;
}

function Counters({ sums }) {
  const all = [["people", "count_people"], ["applications", "count_applications"], ["matched", "count_matched"], ["waiting", "count_waiting"], ["seatsLeft", "count_seats_left"]];
  return html`<dl class="counters">${all.map(([name, key]) => html`<div key=${name} class=${`counter counter-${name}`}>
    <dt>${t(key)}</dt><dd data-count=${name}>${number(sums[name])}</dd></div>`)}</dl>`;
}

function Place({ code }) {
  const [text, set] = useState("");
  useEffect(() => { place(code).then(set, () => set("")); }, [code]);
  return text;
}

function JobCard({ job, counters, pinned, busy, onPin }) {
  const counts = counters || { seats: seatsOf(job), seats_left: seatsOf(job), applications: 0, matched: 0, waiting: 0 };
  const held = counts.seats ? (counts.seats - counts.seats_left) / counts.seats : 0;
  return html`<li class=${`job-card${pinned ? " is-pinned" : ""}`} data-job=${job.job}>
    <div class="job-head"><h3>${job.title}</h3>${pinned && html`<em class="pinned">${t("pinned")}</em>`}</div>
    <p class="job-facts">${pay(job.pay)} · <${Place} code=${job.region} /> · ${word("mode", job.mode)}</p>
    <div class="job-seats"><strong class=${counts.seats_left ? "" : "full"} data-seats-left>${counts.seats_left ? t("seats_left", { n: counts.seats_left }) : t("job_full")}</strong>
      <span>${t("seats_of", { n: counts.seats })}</span>
      <meter min="0" max="1" value=${held} aria-label=${t("seats_left", { n: counts.seats_left })}></meter></div>
    <p class="job-counts">${t("job_line", { applications: number(counts.applications), matched: number(counts.matched), waiting: number(counts.waiting) })}</p>
    <button type="button" class=${pinned ? "" : "outline"} aria-pressed=${pinned} disabled=${busy} onClick=${() => onPin(pinned ? null : job.job)}>${t(pinned ? "unpin" : "pin")}</button>
  </li>`;
}

class Row extends Component {
  shouldComponentUpdate(next) { return next.row !== this.props.row || next.job !== this.props.job; }

  render({ row, job }) {
    const good = GOOD.has(row.state);
    return html`<li class=${`row state-${row.state}${good ? " is-good" : ""}${row.fresh ? " fresh" : ""}`} data-application=${row.id} data-state=${row.state}>
      <time class="row-time" datetime=${new Date(row.time).toISOString()}>${clock(row.time)}</time>
      <span class="row-name">${row.name || t("masked_person")}</span>
      <span class="row-job">${job ? job.title : row.job}</span>
      <span class="row-state"><span class="state-pill" data-state=${row.state}>${t(`state_${row.state}`)}</span>${row.provisional && good && html` <span class="provisional">${t("provisional")}</span>`}</span>
      <span class="row-score">${row.ranked === false ? "–" : about(row.score)}</span>
      <span class="row-why">${why(row)}</span>
    </li>`;
  }
}

function Feed({ model }) {
  const rows = model.rows;
  const columns = ["time", "name", "job", "state", "score", "why"];
  return html`<section class="feed" aria-labelledby="feed-title">
    <header class="feed-head"><h2 id="feed-title">${t("feed_title")}</h2>
      ${rows.length > 0 && html`<span class="feed-shown">${t("feed_shown", { n: number(rows.length), total: number(model.applications.size) })}</span>`}</header>
    <div class="row row-heads" aria-hidden="true">${columns.map((name) => html`<span key=${name} class=${`row-${name}`}>${t(`col_${name}`)}</span>`)}</div>
    ${rows.length === 0 && html`<p class="empty">${t("feed_empty")}</p>`}
    <ol class="rows" tabindex="0" aria-labelledby="feed-title">${rows.map((row) => html`<${Row} key=${`${row.id}@${row.time}`} row=${row} job=${model.jobs.get(row.job)} />`)}</ol>
  </section>`;
}

/** The whole console. `status` is the connection's; `busy` while a change is on its way; `problem` what went wrong with the last one. */
export function Console({ model, title, status, busy, problem, onState, onPin, onWake, onLogout }) {
  const state = model.fair && model.fair.state;
  const list = model.list;
  return html`<div class="desk">
    <header class="bar">
      <div class="bar-title"><h1>${(model.fair && model.fair.title) || title}</h1>${state && html`<span class="state-pill" data-state=${state} id="fair-state">${t(`fair_state_${state}`)}</span>`}</div>
      <${Badge} status=${status} last=${model.last} onWake=${onWake} />
      <div class="bar-do"><${StateButtons} state=${state} busy=${busy} onState=${onState} /><button type="button" class="quiet" onClick=${onLogout}>${t("logout")}</button></div>
    </header>
    <p class="problem" role="alert">${problem}</p>
    <${Counters} sums=${model.sums} />
    <${Insight} insight=${model.insight} />
    <div class="columns">
      <${Feed} model=${model} />
      <section class="jobs-side" aria-labelledby="jobs-title"><h2 id="jobs-title">${t("jobs_title")}</h2>
        ${list.length === 0 && html`<p class="empty">${t("no_jobs_host")}</p>`}
        <ul class="job-cards">${list.map((job) => html`<${JobCard} key=${job.job} job=${job} counters=${model.counters.get(job.job)} pinned=${job.job === model.pinned} busy=${busy} onPin=${onPin} />`)}</ul>
      </section>
    </div>
  </div>`;
}

/** Asks for the host token. `problem` says why the last one did not do. */
export function Login({ title, busy, problem, onToken }) {
  const submit = (event) => {
    event.preventDefault();
    const field = event.currentTarget.elements.token;
    onToken(field.value.replace(/\s+/g, ""));
  };
  return html`<form class="login" onSubmit=${submit} novalidate>
    <h1>${title}</h1><h2>${t("login_title")}</h2>
    <p id="login-lead">${t("login_lead")}</p>
    <label for="token">${t("login_token")}</label>
    <textarea id="token" name="token" rows="4" required autocomplete="off" spellcheck="false" aria-describedby="login-lead login-problem"></textarea>
    <p class="error" id="login-problem" role="alert">${problem}</p>
    <button type="submit" class="primary wide" disabled=${busy}>${t("login_go")}</button>
  </form>`;
}
