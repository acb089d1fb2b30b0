// The state of the connection, always visible: one line, and when it comes back.
// The rule: a change is said aloud once; the seconds of a countdown are not.
import { useEffect, useState } from "../vendor/hooks.js";
import { html } from "./html.js";
import { clock, connectionText, t } from "./text.js";

/** A badge with the state, the last event and a way to hurry. `last` is the time of the last event shown (ms) or null. */
export function Badge({ status, last, onWake }) {
  const [now, tick] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => tick(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return html`<div class="connection" data-state=${status.state}>
    <span class="dot" aria-hidden="true"></span>
    <span role="status" class="visually-hidden">${t(status.state === "waiting" ? "conn_lost" : `conn_${status.state}`, { why: status.reason })}</span>
    <span class="connection-text" aria-hidden="true">${connectionText(status, now)}</span>
    <span class="connection-last">${last ? t("conn_last", { time: clock(last) }) : t("conn_none")}</span>
    ${status.state === "waiting" && html`<button type="button" class="small" onClick=${onWake}>${t("reconnect_now")}</button>`}
  </div>`;
}
