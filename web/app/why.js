// Why an application stands where it does, in one line of plain words.
// The rule: only what the event itself carries is said: its filters, its terms, its reason.

import { about, list, moment, t, word } from "./text.js";

const MOST = 2; // open questions named; the rest is counted
const BEST = 2; // terms named; the rest is in the arithmetic

const named = (filters, verdict) => (filters || []).filter((one) => one.verdict === verdict).map((one) => one.filter);

/** The strongest terms with their points: 技能符合 28、同类经验 20. `score` is fit or appeal. */
export function best(explanation, score) {
  const terms = (explanation || []).filter((one) => one.points > 0).sort((a, b) => b.points - a.points).slice(0, BEST);
  return terms.map((one) => t("why_term", { term: word(score, one.term), n: about(one.points) }));
}

/** Sentences of the filters that fail, in the words of the table: they speak to the person. */
export const failed = (filters) => named(filters, "fail").map((code) => word("filter", `${code}-fail`));

/** Names of what is still to be shown or asked. */
export const open = (row) => {
  const codes = row.proofs && row.proofs.length ? row.proofs : named(row.filters, "unknown");
  return codes.map((code) => word("filter", code));
};

/** One line for host and employer. `row` is an application as its last event says, with `offer` where one was made. */
export function why(row) {
  const said = [];
  const fails = named(row.filters, "fail");
  const outcome = row.offer && row.offer.outcome;
  if (outcome === "refused") said.push(t("why_offer_refused", { why: word("reason", row.offer.reason) }));
  else if (outcome === "declined") said.push(t("why_declined"));
  else if (outcome === "expired") said.push(t("why_offer_expired"));
  else if (row.state === "accepted") said.push(t("why_accepted"));
  else if (row.state === "offered" && row.offer && row.offer.expires) said.push(t("why_offer_until", { time: moment(row.offer.expires) }));
  if (row.reason && !outcome) said.push(word("reason", row.reason));
  if (fails.length) said.push(t("why_fail", { list: list(fails.map((code) => word("filter", code))) }));
  else {
    const strong = best(row.explanation, "fit");
    if (row.ranked === false) said.push(t("why_unranked"));
    else if (strong.length) said.push(t("why_best", { list: list(strong) }));
    const unknown = open(row);
    if (unknown.length > MOST) said.push(t("why_unknown_more", { list: list(unknown.slice(0, MOST)), n: unknown.length }));
    else if (unknown.length) said.push(t("why_unknown", { list: list(unknown) }));
    else if (!said.length) said.push(t("why_all_pass"));
  }
  return said.join(t("sentence_join"));
}
