// Words, numbers, dates and places of the pages, in the language of the document.
// The rule: no sentence is written in a script; it has a key in i18n/, or a code in a table.

import { backOff } from "../sdk/http.js";

export const language = document.documentElement.lang === "en" ? "en" : "zh-CN";
const BEIJING = "Asia/Shanghai";
let words = {};

async function json(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: HTTP ${answer.status}`);
  return answer.json();
}

/** Fetches the words once. Nothing below works before it is done. */
export const ready = (async () => {
  for (let n = 0; ; n += 1) {
    try {
      words = Object.assign({}, ...await Promise.all([json(`/static/i18n/${language}.json`), json(`/static/i18n/codes.${language}.json`)]));
      return;
    } catch { await new Promise((resume) => { setTimeout(resume, backOff(n)); }); }
  }
})();

/** The string of a key, its `{name}`s filled in; the key itself where there is none. */
export function t(key, values) {
  const text = words[key];
  if (text === undefined) return key;
  return values ? text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole)) : text;
}

/** The name of a code of a table: word("skill", "infant-care"); the code itself where the table of this page lacks it. */
export function word(kind, code) {
  const text = words[`${kind}_${String(code).replace(/-/g, "_")}`];
  return text === undefined ? String(code) : text;
}

export const list = (parts) => parts.join(t("list_comma"));

const clockFormat = new Intl.DateTimeFormat(language, { timeZone: BEIJING, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const momentFormat = new Intl.DateTimeFormat(language, { timeZone: BEIJING, month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const numberFormat = new Intl.NumberFormat(language);

/** 19:03:07, Beijing time. */
export const clock = (ms) => clockFormat.format(ms);
/** 11月24日 19:03, Beijing time. */
export const moment = (ms) => momentFormat.format(ms);
export const number = (value) => numberFormat.format(value);

/** Basis points as points, exact: 8450 → 84.5. */
export const points = (basis) => numberFormat.format(Math.round(basis) / 100);

/** Basis points as whole points: 8450 → 85. */
export const about = (basis) => numberFormat.format(Math.round(basis / 100));

/** What is left of a time, in its two largest units. */
export function left(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [["days", Math.floor(seconds / 86400)], ["hours", Math.floor(seconds / 3600) % 24], ["minutes", Math.floor(seconds / 60) % 60], ["seconds", seconds % 60]];
  const first = parts.findIndex(([, n]) => n > 0);
  if (first < 0) return t("seconds", { n: 0 });
  return parts.slice(first, first + 2).map(([unit, n]) => t(unit, { n })).join(" ");
}

/** 8,000–10,000 元/月. */
export function pay(band) {
  if (!band) return "";
  const sum = band.min === band.max ? number(band.min) : `${number(band.min)}–${number(band.max)}`;
  return `${sum} ${word("pay_unit", band.unit)}`;
}

/** The line for a state of the SDK's Connection, at `now` (ms). */
export function connectionText(status, now) {
  if (status.state === "waiting") return t("conn_waiting", { n: Math.max(0, Math.ceil((status.at - now) / 1000)) });
  if (status.state === "stopped") return t("conn_stopped", { why: status.reason || status.code });
  return t(`conn_${status.state}`);
}

const provinces = new Map();

/** The counties of a province (two digits): {name, rows: {code: name}}, names in the page's language. */
export function province(digits) {
  if (!provinces.has(digits)) {
    const pick = (both) => both.split("|")[language === "en" ? 1 : 0];
    const coming = json(`/static/regions/${digits}.json`).then((file) => ({
      name: pick(file.name),
      rows: Object.fromEntries(Object.entries(file.rows).map(([code, both]) => [code, pick(both)])),
    }));
    coming.catch(() => provinces.delete(digits)); // so that the next look tries again
    provinces.set(digits, coming);
  }
  return provinces.get(digits);
}

/** A place in full: 北京市朝阳区, or Chaoyang District, Beijing. */
export async function place(code) {
  const { name, rows } = await province(code.slice(0, 2));
  const chain = [name];
  const city = `${code.slice(0, 4)}00`;
  if (rows[city] && city !== code) chain.push(rows[city]);
  if (rows[code]) chain.push(rows[code]);
  return language === "en" ? chain.reverse().join(", ") : chain.join("");
}
