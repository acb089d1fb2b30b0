// HTTP calls of the API: problems as errors, Idempotency-Key, retries that cannot do a thing twice.
// The rule: only what may be repeated is repeated: a GET, a PATCH (it says what shall be), or a call that carries a key.

/** What the API refused (RFC 9457). `errors` are `{pointer, detail}`; `retry` says whether the same call may be made again. */
export class Problem extends Error {
  constructor(status, body, wait) {
    super(body.detail || body.title || `HTTP ${status}`);
    this.name = "Problem";
    this.status = status;
    this.type = body.type || "";
    this.errors = body.errors || [];
    this.wait = wait;
    this.inFlight = status === 409 && (wait !== null || /in-flight/.test(this.type));
    this.retry = this.inFlight || status === 425 || status === 429 || status >= 500;
  }
}

/** No answer came: whether it was done is unknown. */
export class Unanswered extends Error {
  constructor(cause) {
    super(cause && cause.message ? cause.message : "no answer");
    this.name = "Unanswered";
    this.retry = true;
    this.wait = null;
  }
}

/** Milliseconds to wait before try `n` (from 0): somewhere below a bound that doubles, so that a thousand phones do not come at once. */
export function backOff(n, { first = 400, most = 20000, random = Math.random } = {}) {
  const bound = Math.min(most, first * 2 ** n);
  return Math.round(bound / 4 + random() * bound * 0.75);
}

/** A key that nobody else has made; also where a page is not in a secure context. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const waiting = new Set(); // what ends each pause early

/** Every call that waits for its next try makes it now: the network is back, or somebody asks for it. */
export function hurry() {
  for (const wake of [...waiting]) wake();
}
addEventListener("online", hurry);

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const end = (settle, what) => {
      clearTimeout(timer);
      waiting.delete(wake);
      if (signal) signal.removeEventListener("abort", stop);
      settle(what);
    };
    const wake = () => end(resolve);
    const stop = () => end(reject, signal.reason || new DOMException("aborted", "AbortError"));
    const timer = setTimeout(wake, ms);
    waiting.add(wake);
    if (signal) signal.addEventListener("abort", stop);
  });
}

/** The API on one origin. `token` is a function, so that a token that comes later is used. */
export class Http {
  constructor({ base = "", token = () => null, language = "zh-CN", timeout = 15000 } = {}) {
    Object.assign(this, { base, token, language, timeout });
  }

  /** One try. Resolves to the body (`null` where there is none); raises Problem or Unanswered. */
  async once(method, path, { body, key, signal } = {}) {
    const headers = { Accept: "application/json", "Accept-Language": this.language };
    const token = this.token();
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = `"${key}"`;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), this.timeout);
    const stop = () => abort.abort();
    if (signal) signal.addEventListener("abort", stop, { once: true });
    try {
      const answer = await fetch(this.base + path, {
        method, headers, body: body === undefined ? undefined : JSON.stringify(body),
        signal: abort.signal, credentials: "same-origin", cache: "no-store",
      });
      const text = await answer.text();
      let said = null;
      try { said = text ? JSON.parse(text) : null; } catch { said = { title: `HTTP ${answer.status}` }; }
      if (answer.ok) return said;
      const after = Number(answer.headers.get("Retry-After"));
      throw new Problem(answer.status, said || {}, answer.headers.has("Retry-After") && after >= 0 ? after * 1000 : null);
    } catch (error) {
      if (error instanceof Problem || (signal && signal.aborted)) throw error;
      throw new Unanswered(error);
    } finally {
      clearTimeout(timer);
      if (signal) signal.removeEventListener("abort", stop);
    }
  }

  /** Tries until it is answered where it may be repeated, else once. `onWait(ms, error)` hears of every wait, `tries` bounds them. */
  async call(method, path, { body, key, signal, onWait = () => {}, tries = Infinity } = {}) {
    const repeatable = method === "GET" || method === "PATCH" || Boolean(key);
    for (let n = 0; ; n += 1) {
      try {
        return await this.once(method, path, { body, key, signal });
      } catch (error) {
        if (!error.retry || !repeatable || n + 1 >= tries) throw error;
        const wait = Math.max(error.wait || 0, backOff(n));
        onWait(wait, error);
        await pause(wait, signal);
      }
    }
  }

  get(path, options) { return this.call("GET", path, options); }
  post(path, body, options) { return this.call("POST", path, { ...options, body }); }
  patch(path, body, options) { return this.call("PATCH", path, { ...options, body }); }
}
