// The websocket side of livefair for a browser: one connection, channels that resume, nothing lost and nothing twice.
// The rule: a channel's offset moves only along its own chain of `prev`; where a link is missing, it is asked for again.
//
//   const http = new Http({token: () => token});
//   const connection = new Connection({url, token: () => token, onState: show});
//   const channel = follow(connection, http, "fair:f1:host", {reset: (events) => …, event: (event) => …});
//
// Speaks the subprotocol livefair.v1.json; needs nothing else than http.js beside it.

import { Problem, backOff } from "./http.js";

export { Http, Problem, Unanswered, backOff, hurry, newKey } from "./http.js";

export const SUBPROTOCOL = "livefair.v1.json";
const REMEMBERED = 4096; // event ids kept per channel, to drop one that comes again under another offset
const ANSWER_MS = 10000; // a request unanswered for so long means that nobody is there

/** One websocket that comes back by itself. `onState` gets {state, at, code, reason, last}; state is one of
 *  connecting, connected, waiting (until `at`, ms since 1970), offline, stopped (it will not come back). */
export class Connection {
  constructor({ url, token = () => null, client = "web/1", onState = () => {}, socket = (u, p) => new WebSocket(u, p) }) {
    Object.assign(this, { url, token, client, onState, make: socket });
    this.channels = new Map();
    this.pending = new Map();
    this.seen = new Map(); // channel → highest offset to acknowledge
    this.tries = 0;
    this.number = 0;
    this.last = null; // when the last message came
    this.ws = null;
    this.ready = false;
    this.ended = false;
    this.ping = 25;
    this.skew = 0; // ms that the server's clock is ahead of this one's
    this.listeners = [["online", () => this.wake()], ["offline", () => this.#offline()], ["pageshow", () => this.#look()]];
    for (const [name, heard] of this.listeners) addEventListener(name, heard);
    this.visible = () => { if (!document.hidden) this.#look(); };
    document.addEventListener("visibilitychange", this.visible);
    this.watch = setInterval(() => this.#look(), 5000);
    queueMicrotask(() => this.#open());
  }

  /** Starts a channel: `handler` has since(), subscribed(reply), push(publication), skipped(what), refused(error). */
  subscribe(name, handler) {
    this.channels.set(name, handler);
    if (this.ready) this.#ask(name);
  }

  /** Leaves a channel and asks for it again, with what it missed. */
  async again(name) {
    if (!this.ready || !this.channels.has(name)) return; // the next connect asks anyway
    try { await this.#request({ unsubscribe: { channel: name } }); } catch (error) { if (error.lost) return; }
    if (this.ready && this.channels.has(name)) this.#ask(name);
  }

  /** Leaves a channel for good. */
  leave(name) {
    this.channels.delete(name);
    this.seen.delete(name);
    if (this.ready) this.#request({ unsubscribe: { channel: name } }).catch(() => {});
  }

  /** Everything of `channel` up to `offset` has been seen. Cumulative, so it is enough to send the last one. */
  ack(channel, offset) {
    if (offset <= (this.seen.get(channel) ?? -1)) return;
    this.seen.set(channel, offset);
    if (!this.acking) {
      this.acking = setTimeout(() => { this.acking = null; this.#sendAcks(); }, 150);
    }
  }

  /** Connects at once instead of waiting. */
  wake() {
    if (this.ended || this.ws) return;
    clearTimeout(this.timer);
    this.#open();
  }

  close() {
    this.ended = true;
    clearTimeout(this.timer);
    clearTimeout(this.acking);
    clearInterval(this.watch);
    for (const [name, heard] of this.listeners) removeEventListener(name, heard);
    document.removeEventListener("visibilitychange", this.visible);
    if (this.ws) this.ws.close(1000);
  }

  #say(state, more = {}) { this.onState({ state, last: this.last, ...more }); }

  #open() {
    if (this.ended || this.ws) return;
    if (navigator.onLine === false) { this.#offline(); return; }
    this.#say("connecting");
    let ws;
    try { ws = this.make(this.url, [SUBPROTOCOL]); } catch (error) { this.#lost(ws, 1006, error.message); return; }
    this.ws = ws;
    this.opened = Date.now();
    ws.onopen = () => this.#request({ connect: { token: this.token() || undefined, client: this.client } }).then(
      (answer) => {
        if (ws !== this.ws) return;
        this.ready = true;
        this.ping = answer.connected.ping || this.ping;
        this.skew = answer.connected.server_time - Date.now();
        this.tries = 0;
        this.#say("connected");
        for (const name of this.channels.keys()) this.#ask(name);
        this.#sendAcks();
      },
      (error) => { if (ws === this.ws) this.#lost(ws, error.retry === false ? 4500 : 4000, error.message); },
    );
    ws.onmessage = (message) => { if (ws === this.ws) this.#heard(message.data); };
    ws.onclose = (event) => this.#lost(ws, event.code, event.reason);
  }

  #send(message) {
    if (this.ws && this.ws.readyState === 1) this.ws.send(JSON.stringify(message));
  }

  #request(message) {
    const id = ++this.number;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject, at: Date.now() });
      this.#send({ id, ...message });
    });
  }

  #sendAcks() {
    if (!this.ready) return; // they go out after the next connect: the map keeps them
    for (const [channel, offset] of this.seen) {
      const handler = this.channels.get(channel);
      if (handler && handler.acked !== offset) {
        this.#send({ ack: { channel, offset } });
        handler.acked = offset;
      }
    }
  }

  #ask(name) {
    const handler = this.channels.get(name);
    const since = handler.since();
    if (since === undefined) return; // it has no snapshot yet, and comes back when it has
    handler.acked = undefined; // a fresh subscription: say again what has been seen
    this.#request({ subscribe: since ? { channel: name, since } : { channel: name } }).then(
      (answer) => { handler.subscribed(answer.subscribed); this.#sendAcks(); },
      (error) => {
        if (error.lost) return;
        if (error.retry) setTimeout(() => { if (this.ready && this.channels.get(name) === handler) this.#ask(name); }, backOff(1));
        else handler.refused(error);
      },
    );
  }

  #heard(text) {
    this.last = Date.now();
    let message;
    try { message = JSON.parse(text); } catch { return; }
    if (message.push) {
      const handler = this.channels.get(message.push.channel);
      if (handler) handler.push(message.push);
    } else if (message.skipped) {
      const handler = this.channels.get(message.skipped.channel);
      if (handler) handler.skipped(message.skipped);
    } else if (this.pending.has(message.id)) {
      const { resolve, reject } = this.pending.get(message.id);
      this.pending.delete(message.id);
      if (message.error) reject(Object.assign(new Error(message.error.title), message.error));
      else resolve(message);
    }
  }

  // A browser hides the websocket's pings from us; so after a silence something small is asked, and no answer means gone.
  #look() {
    if (!this.ws) return;
    const now = Date.now();
    const oldest = Math.min(...Array.from(this.pending.values(), (one) => one.at), Infinity);
    if (now - oldest > ANSWER_MS || (!this.ready && now - this.opened > 2 * ANSWER_MS)) {
      this.#lost(this.ws, 4000, "");
      return;
    }
    const [name] = this.channels.keys();
    if (this.ready && name && now - this.last > this.ping * 1000 && !this.pending.size) {
      this.#request({ presence: { channel: name } }).catch(() => {}); // also a refusal is an answer
    }
  }

  #offline() {
    if (this.ended) return;
    clearTimeout(this.timer);
    if (this.ws) this.#drop(this.ws);
    this.#say("offline");
    this.timer = setTimeout(() => this.#open(), 15000); // some phones never say that they are back
  }

  #drop(ws) {
    this.ws = null;
    this.ready = false;
    ws.onopen = ws.onmessage = ws.onclose = null;
    try { ws.close(); } catch { /* it was never open */ }
    const waiting = [...this.pending.values()];
    this.pending.clear();
    for (const one of waiting) one.reject(Object.assign(new Error("connection lost"), { lost: true }));
  }

  #lost(ws, code, reason) {
    if (this.ended || ws !== (this.ws ?? undefined)) return;
    if (ws) this.#drop(ws);
    if ((code >= 4500 && code < 5000) || code === 1008 || code === 1009) {
      this.ended = true;
      clearInterval(this.watch);
      this.#say("stopped", { code, reason });
      return;
    }
    const asked = code >= 4000 && code < 4500 ? waitIn(reason) : 0;
    const wait = Math.max(asked, backOff(this.tries, { first: 600, most: 15000 }));
    this.tries += 1;
    this.#say("waiting", { at: Date.now() + wait, code, reason });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#open(), wait);
  }
}

/** The wait (ms) that the reason of a resumable close names, `{"name":…,"wait":seconds}`; 0 where it names none. */
export function waitIn(reason) {
  try {
    const { wait } = JSON.parse(reason);
    return wait > 0 ? Math.min(wait, 600) * 1000 : 0;
  } catch { return 0; }
}

/** Snapshot first, then every event after it, once and in order. `reset(events)` gets the events of a fresh view (also later, where
 *  the gap is too wide to be filled), `event(event, publication)` each one after; `refused(error)` ends it. */
export function follow(connection, http, name, { reset, event, refused = () => {}, ack = false }) {
  const channel = new Channel(connection, http, name, { reset, event, refused, ack });
  channel.load();
  return channel;
}

class Channel {
  constructor(connection, http, name, handlers) {
    Object.assign(this, { connection, http, name, handlers });
    this.position = undefined; // {epoch, offset} of what has been shown
    this.chained = false; // pushes count only between a `subscribed` and the next gap
    this.ids = new Set();
    this.stop = new AbortController();
  }

  since() { return this.position; }

  async load() {
    this.chained = false;
    let view;
    try {
      view = await this.http.get(`/v1/channels/${this.name}/snapshot`, { signal: this.stop.signal });
    } catch (error) {
      if (!this.stop.signal.aborted) this.handlers.refused(error);
      return;
    }
    if (this.stop.signal.aborted) return;
    this.position = { epoch: view.epoch, offset: view.offset };
    this.ids.clear();
    const events = Object.values(view.entities).sort((a, b) => a.time - b.time);
    for (const one of events) this.#remember(one.id);
    this.handlers.reset(events, view);
    this.#acknowledge();
    if (this.connection.channels.has(this.name)) this.connection.again(this.name);
    else this.connection.subscribe(this.name, this);
  }

  subscribed(reply) {
    if (this.stop.signal.aborted) return;
    if (reply.recovered === false || reply.epoch !== this.position.epoch) { // too long ago, or another feed: start from a fresh snapshot
      this.chained = false;
      setTimeout(() => { if (!this.stop.signal.aborted) this.load(); }, backOff(0));
      return;
    }
    this.chained = true;
    for (const publication of reply.publications || []) this.push(publication);
  }

  push(publication) {
    if (!this.chained || publication.offset <= this.position.offset) return; // before the answer to a subscribe, or a repeat
    if (!this.#follows(publication)) return;
    if (this.#remember(publication.event.id)) this.handlers.event(publication.event, publication);
    this.#acknowledge();
  }

  skipped(what) {
    if (this.chained && what.offset > this.position.offset) this.#follows(what);
  }

  refused(error) { this.handlers.refused(error instanceof Error ? error : new Problem(403, error, null)); }

  close() {
    this.stop.abort();
    this.connection.leave(this.name);
  }

  #follows(link) {
    if (link.prev > this.position.offset) { // something between was not heard
      this.chained = false;
      this.connection.again(this.name);
      return false;
    }
    this.position = { epoch: this.position.epoch, offset: link.offset };
    return true;
  }

  #acknowledge() {
    if (this.handlers.ack && this.position.offset >= 0) this.connection.ack(this.name, this.position.offset);
  }

  #remember(id) {
    if (!id) return true;
    if (this.ids.has(id)) return false;
    this.ids.add(id);
    if (this.ids.size > REMEMBERED) this.ids.delete(this.ids.values().next().value);
    return true;
  }
}
