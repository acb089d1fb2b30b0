// The person's own page after the sign-up: receipt, applications, place in line and why, offers with their countdown.
// The rule: "saved here" and "delivered" never look alike; what is shown as decided came from the channel.

import { useEffect, useState } from "../vendor/hooks.js";
import { render } from "../vendor/preact.js";
import { html } from "./html.js";
import { clock, language, left, list, moment, pay, place, points, t, word } from "./text.js";
import { failed, open } from "./why.js";

const ENDS = new Set(["withdrawn", "rejected", "expired", "fell_through", "no_show", "left_early", "ended_by_employer", "completed"]);

function useNow(every = 1000) {
  const [now, tick] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => tick(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

/** Saved here (dashed, with what happens next) or delivered (solid, with the time). `sending` is {at} while it waits for the next try. */
function Receipt({ delivered, sending, onSend }) {
  const now = useNow();
  if (delivered) {
    return html`<div class="receipt" data-kind="delivered" role="status"><b><span aria-hidden="true">✓ </span>${t("delivered_at", { time: clock(delivered) })}</b></div>`;
  }
  const wait = sending && sending.at ? Math.ceil((sending.at - now) / 1000) : 0;
  return html`<div class="receipt" data-kind="saved">
    <b role="status"><span aria-hidden="true">◌ </span>${t("saved_here")}</b>
    <span class="receipt-next">${wait > 0 ? t("sending_again", { n: wait }) : t("sending_now")}</span>
    <p>${t("saved_here_do")}</p>
    ${wait > 1 && html`<button type="button" onClick=${onSend}>${t("send_now")}</button>`}
  </div>`;
}

function Countdown({ expires, skew }) {
  const now = useNow() + skew;
  return html`<p class="countdown" role="timer" aria-live="off" data-late=${expires - now < 600000}><strong>${expires > now ? t("time_left", { time: left(expires - now) }) : t("time_is_up")}</strong>
    <span>${t("answer_before")}<time datetime=${new Date(expires).toISOString()}>${moment(expires)}</time></span></p>`;
}

function Offer({ offer, answer, skew, onAnswer }) {
  const late = useNow() + skew >= offer.expires;
  if (answer) {
    return html`<div class="offer"><p><b>${t(answer.accept ? "answered_yes" : "answered_no")}</b></p>
      <${Receipt} delivered=${answer.delivered} sending=${answer.sending} onSend=${answer.send} /></div>`;
  }
  return html`<div class="offer" data-offer=${offer.offer}><${Countdown} expires=${offer.expires} skew=${skew} />
    <div class="answers" hidden=${late}><button type="button" class="primary" onClick=${() => onAnswer(offer.offer, true)}>${t("accept")}</button>
      <button type="button" onClick=${() => onAnswer(offer.offer, false)}>${t("decline")}</button></div></div>`;
}

function Why({ application }) {
  const fails = failed(application.filters);
  const due = open(application);
  const terms = (application.explanation || []).filter((one) => one.points !== 0);
  return html`${fails.map((text) => html`<p class="card-fail" key=${text}>${text}</p>`)}
    ${due.length > 0 && !ENDS.has(application.state) && html`<p class="card-due">${t("proofs_due", { list: list(due) })}</p>`}
    ${terms.length > 0 && application.ranked !== false && html`<details class="why"><summary>${t("appeal_sum", { n: points(application.score) })}</summary>
      <table><tbody>${terms.map((one) => html`<tr key=${one.term}><th scope="row">${word("appeal", one.term)}</th><td>${points(one.points)}</td></tr>`)}</tbody></table></details>`}`;
}

function JobLine({ job }) {
  const [where, set] = useState("");
  useEffect(() => { if (job) place(job.region).then(set, () => {}); }, [job && job.region]);
  return job ? html`<p class="job-facts">${[pay(job.pay), where, word("mode", job.mode)].filter(Boolean).join(" · ")}</p>` : null;
}

function Card({ application, job, person, answer, failure, skew, onAnswer }) {
  const offer = person.openOffer(application.id);
  const { state } = application;
  const spot = state === "waitlisted" ? person.placeOf(application.id) : null;
  const last = person.lastOffer(application.id);
  return html`<article class="card" data-state=${state} data-application=${application.id}>
    <header><h3>${job ? job.title : t("step_jobs")}</h3><span class="state-pill" data-state=${state}>${t(`state_${state}`)}${application.provisional && !ENDS.has(state) && state !== "waitlisted" ? `（${t("provisional")}）` : ""}</span></header>
    <${JobLine} job=${job} />
    ${spot && html`<p class="place"><strong>${t("place_in_line", { n: spot })}</strong> <span>${spot === 1 ? t("place_next") : t("place_before", { n: spot - 1 })}</span></p>`}
    <p class="card-detail">${application.reason && ENDS.has(state) ? `${word("reason", application.reason)}${language === "en" ? ". " : "。"}` : ""}${t(`state_${state}_detail`)}</p>
    ${last && last.type === "offer.refused" && html`<p class="card-fail">${t("answer_failed", { why: word("reason", last.reason) })}</p>`}
    ${failure && html`<p class="card-fail" role="alert">${t("answer_failed", { why: failure })}</p>`}
    ${offer && html`<${Offer} offer=${offer} answer=${answer} skew=${skew} onAnswer=${onAnswer} />`}
    <${Why} application=${application} />
  </article>`;
}

/** Draws it into `root`, again at every change. */
export const draw = (root, what) => render(html`<${Live} ...${what} />`, root);

/** Everything under the heading. `me` is the stored session or null, `outbox` the unanswered sign-up or null. */
function Live({ fair, person, me, outbox, sending, answers, failures, skew, loaded, onSend, onAnswer, onMore, onForget }) {
  const [sure, ask] = useState(false);
  const applications = person.list;
  if (!me) return html`<${Receipt} sending=${sending} onSend=${onSend} />`;
  const waiting = me.applications.length ? "waiting_for_news" : "open_to_any_waiting";
  return html`<section class="mine" aria-labelledby="mine-title"><h2 id="mine-title">${t("my_applications")}</h2>
    ${outbox ? html`<${Receipt} sending=${sending} onSend=${onSend} />` : html`<${Receipt} delivered=${me.delivered} />`}
    <div class="cards" aria-live="polite">
      ${loaded && applications.length === 0 && html`<p class="notice">${t(waiting)}</p>`}
      ${applications.map((one) => {
        const offer = person.openOffer(one.id);
        return html`<${Card} key=${one.id} application=${one} job=${fair.jobs.get(one.job)} person=${person} skew=${skew}
          answer=${offer && answers.get(offer.offer)} failure=${offer && failures.get(offer.offer)} onAnswer=${onAnswer} />`;
      })}
    </div>
    <p class="mine-do"><button type="button" onClick=${onMore}>${t("sign_up_more")}</button>
      ${sure
        ? html`<span class="sure" role="alert">${t("forget_sure")} <button type="button" class="danger" onClick=${onForget}>${t("yes")}</button> <button type="button" onClick=${() => ask(false)}>${t("no")}</button></span>`
        : html`<button type="button" class="quiet" onClick=${() => ask(true)}>${t("forget_here")}</button>`}</p>
  </section>`;
}
