// What the host sees of the fair as a whole: sign-ups by the minute, and how far those of each source have come.
// The rule: it draws `fair.insight` as it is told, and is not there until it is; one line, the rest for who asks.

import { html } from "./html.js";
import { clock, number, t, word } from "./text.js";

const MINUTE = 60_000;
const SHOWN = 30; // minutes
const HEIGHT = 36;
const STEPS = [["signed_up", "insight_signed_up"], ["applied", "insight_applied"], ["matched", "insight_matched"], ["offered", "insight_offered"], ["accepted", "insight_accepted"]];

/** The last minutes up to the newest, the empty ones put in: [[start, sign-ups], …]. */
export function lastMinutes(minutes) {
  if (!minutes.length) return [];
  const told = new Map(minutes);
  const newest = Math.max(...told.keys());
  return Array.from({ length: SHOWN }, (_, n) => newest - (SHOWN - 1 - n) * MINUTE).map((at) => [at, told.get(at) || 0]);
}

function Minutes({ minutes }) {
  const bars = lastMinutes(minutes);
  const most = Math.max(1, ...bars.map(([, n]) => n));
  const now = bars.length ? bars[bars.length - 1][1] : 0;
  return html`<span>${t("insight_minutes", { n: number(now), most: number(most) })}</span>
    <svg class="minutes" viewBox=${`0 0 ${SHOWN * 8} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      ${bars.map(([at, n], nth) => html`<rect key=${at} x=${nth * 8} width="6" y=${HEIGHT - (n / most) * HEIGHT} height=${(n / most) * HEIGHT}><title>${clock(at).slice(0, 5)} ${number(n)}</title></rect>`)}
    </svg>`;
}

function Funnel({ funnel }) {
  const rows = [...funnel].sort((a, b) => (b.reached.signed_up || 0) - (a.reached.signed_up || 0));
  return html`<table class="funnel"><thead><tr><th scope="col">${t("insight_source")}</th>${STEPS.map(([step, key]) => html`<th scope="col" key=${step}>${t(key)}</th>`)}</tr></thead>
    <tbody>${rows.map(({ source, reached }) => html`<tr key=${source} data-source=${source}><th scope="row">${word("channel", source)}</th>
      ${STEPS.map(([step]) => html`<td key=${step} data-step=${step}>${number(reached[step] || 0)}</td>`)}</tr>`)}</tbody></table>`;
}

/** `insight` is the data of `fair.insight`, null before the first. */
export function Insight({ insight }) {
  if (!insight || !insight.funnel.length) return null;
  return html`<details class="insight"><summary><h2>${t("insight_title")}</h2><${Minutes} minutes=${insight.minutes} /></summary>
    <div class="funnel-frame" tabindex="0" role="region" aria-label=${t("insight_title")}><${Funnel} funnel=${insight.funnel} /></div></details>`;
}
