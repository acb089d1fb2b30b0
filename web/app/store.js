// What this phone keeps between visits: an unanswered sign-up, answers to offers, and the token of who signed up.
// The rule: personal data stays only until the door has answered; the token stays until somebody says "not me".

const kept = new Map(); // where a browser refuses storage, at least this page remembers

function read(name) {
  try {
    const text = localStorage.getItem(name);
    return text === null ? (kept.get(name) ?? null) : JSON.parse(text);
  } catch { return kept.get(name) ?? null; }
}

function write(name, value) {
  if (value === null) kept.delete(name); else kept.set(name, value);
  try {
    if (value === null) localStorage.removeItem(name); else localStorage.setItem(name, JSON.stringify(value));
  } catch { /* full or forbidden: the copy in memory has to do */ }
}

/** One named value for one fair: get(), set(value), clear(). */
const slot = (what, fair) => ({
  get: () => read(`livefair:${what}:${fair}`),
  set: (value) => write(`livefair:${what}:${fair}`, value),
  clear: () => write(`livefair:${what}:${fair}`, null),
});

/** `outbox` {key, body, saved} · `answers` [{offer, accept, key, saved, delivered}] · `me` {candidate, token, channel, applications, delivered}. */
export const store = (fair) => ({ outbox: slot("outbox", fair), answers: slot("answers", fair), me: slot("me", fair) });
