// What the console knows: the host channel's events folded into a fair, its jobs, their counters and the applications.
// The rule: an event replaces its row, so that the same events in the same order give the same console, from a snapshot or live.

export const ROWS = 200; // applications shown at once; all are kept

/** Seats of a job as its event has it: 1 is what is left out. */
export const seatsOf = (job) => job.seats ?? 1;

const OUTCOMES = { "offer.expired": "expired", "offer.refused": "refused" };

export class ConsoleModel {
  constructor() { this.clear(); }

  clear() {
    this.fair = null;
    this.pinned = null;
    this.jobs = new Map();
    this.counters = new Map();
    this.applications = new Map();
    this.people = new Set();
    this.recent = []; // ids, the newest first, at most ROWS
    this.totals = null; // what the fair says of itself, where it does
    this.insight = null; // sign-ups by source and minute, where the fair says so
    this.last = null; // time of the newest event
  }

  /** Starts again from the events of a snapshot, in order of time. */
  reset(events) {
    this.clear();
    // A job's counters and its offers may be older than the row they belong to: rows first.
    const rank = (event) => (event.type.startsWith("application.") ? 0 : 1);
    for (const event of [...events].sort((a, b) => rank(a) - rank(b) || a.time - b.time)) this.apply(event, false);
    this.recent = [...this.applications.values()].sort((a, b) => b.time - a.time).slice(0, ROWS).map((row) => row.id);
  }

  /** Takes one event. */
  apply(event, live = true) {
    const { type, data, time } = event;
    if (this.last === null || time > this.last) this.last = time;
    if (type === "fair.changed") {
      this.fair = data;
      this.pinned = data.pinned || null;
    } else if (type === "job.pinned") this.pinned = data.job || null;
    else if (type === "job.opened" || type === "job.changed") this.jobs.set(data.job, data);
    else if (type === "job.counters") this.counters.set(data.job, data);
    else if (type === "fair.counters") this.totals = data;
    else if (type === "fair.insight") this.insight = data;
    else if (type.startsWith("application.")) this.#application(event, live);
    else if (type.startsWith("offer.")) this.#offer(event, live);
  }

  #application({ data, time }, live) {
    const was = this.applications.get(data.application);
    const offer = was && (was.revision || 1) === (data.revision || 1) ? was.offer : undefined;
    this.applications.set(data.application, { ...data, id: data.application, offer, time, first: was ? was.first : time, fresh: live });
    this.people.add(data.candidate);
    if (live) this.#show(data.application);
  }

  #offer({ type, data, time }, live) {
    const row = this.applications.get(data.application);
    if (!row) return; // an offer to somebody the host may not see
    let outcome = OUTCOMES[type];
    if (type === "offer.answered") outcome = data.accept ? "accepted" : "declined";
    const offer = { id: data.offer, expires: data.expires || (row.offer && row.offer.expires), outcome, reason: data.reason };
    this.applications.set(row.id, { ...row, offer, time: Math.max(time, row.time), fresh: live });
    if (live) this.#show(row.id);
  }

  #show(id) {
    const at = this.recent.indexOf(id);
    if (at >= 0) this.recent.splice(at, 1);
    this.recent.unshift(id);
    if (this.recent.length > ROWS) this.recent.length = ROWS;
  }

  get rows() { return this.recent.map((id) => this.applications.get(id)); }

  /** The sums over the jobs: people, applications, matched, waiting, seatsLeft. */
  get sums() {
    const sums = { people: this.people.size, applications: 0, matched: 0, waiting: 0, seatsLeft: 0 };
    for (const one of this.counters.values()) {
      sums.applications += one.applications;
      sums.matched += one.matched;
      sums.waiting += one.waiting;
      sums.seatsLeft += one.seats_left;
    }
    for (const [id, job] of this.jobs) if (!this.counters.has(id)) sums.seatsLeft += seatsOf(job);
    if (this.totals) sums.people = this.totals.signups;
    return sums;
  }

  /** Jobs in the order in which they opened, the pinned one first. */
  get list() {
    return [...this.jobs.values()].sort((a, b) => (b.job === this.pinned) - (a.job === this.pinned));
  }
}
