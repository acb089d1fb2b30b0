// What the candidate's page knows: the fair's public channel and the person's own one, folded.
// The rule: an event replaces its row; an offer is open only while nothing has closed it.

export class FairModel {
  constructor() { this.reset([]); }

  reset(events) {
    this.fair = null;
    this.pinned = null;
    this.jobs = new Map();
    for (const event of events) this.apply(event);
  }

  apply({ type, data }) {
    if (type === "fair.changed") {
      this.fair = data;
      this.pinned = data.pinned || null;
    } else if (type === "job.pinned") this.pinned = data.job || null;
    else if (type === "job.opened" || type === "job.changed") this.jobs.set(data.job, data);
  }
}

export class PersonModel {
  constructor() { this.reset([]); }

  reset(events) {
    this.applications = new Map();
    this.offers = new Map();
    this.places = new Map(); // application → {place, time}
    for (const event of events) this.apply(event);
  }

  apply({ type, data, time }) {
    if (type.startsWith("application.")) {
      this.applications.set(data.application, { ...data, id: data.application, time });
      if (data.place) this.#place(data.application, data.place, time);
    } else if (type === "line.moved") this.#place(data.application, data.place, time);
    else if (type.startsWith("offer.")) {
      const was = this.offers.get(data.offer) || {};
      this.offers.set(data.offer, { ...was, ...data, expires: data.expires || was.expires, type, time });
    }
  }

  #place(application, place, time) {
    const was = this.places.get(application);
    if (!was || time >= was.time) this.places.set(application, { place, time });
  }

  /** Applications, those that ask something of the person first, then the newest. */
  get list() {
    const urgent = (one) => (this.openOffer(one.id) ? 2 : 0) + (one.state === "matched" ? 1 : 0);
    return [...this.applications.values()].sort((a, b) => urgent(b) - urgent(a) || b.time - a.time);
  }

  placeOf(application) {
    const found = this.places.get(application);
    return found ? found.place : null;
  }

  /** The offer on this application that still waits for an answer, or null. */
  openOffer(application) {
    for (const offer of this.offers.values()) if (offer.application === application && offer.type === "offer.made") return offer;
    return null;
  }

  /** The last that became of an offer on this application, or null. */
  lastOffer(application) {
    let last = null;
    for (const offer of this.offers.values()) if (offer.application === application && (!last || offer.time >= last.time)) last = offer;
    return last;
  }
}
