// What a technician did, kept on the phone until the server has answered. One database per person and desk.
// The order is the store's counter; the id is made here, and played once. Nothing here draws.
const STORES = { actions: { keyPath: "order", autoIncrement: true }, drafts: { keyPath: "visit" }, about: { keyPath: "name" } };
const MOST_IN_A_BATCH = 20;
const MOST_BYTES = 1_000_000;
const SETTLED = new Set(["accepted", "left out", "refused", "conflict"]);
// What a page that is older than the action shows of it.
const SHOWN = new Set(["result", "step", "expected", "part", "move", "shown"]);
// How long what was sent is remembered: a kept page is older than it until it is loaded anew.
const REMEMBERED = 2 * 86_400_000;

export class NotSent extends Error {
  // `why`: "unreachable", "signed out", "somebody else" or "fault". `isLate`: given up, nothing broke off.
  constructor(why, isLate = false) { super(why); Object.assign(this, { why, isLate }); }
}

const asked = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

// At whatever version: an older page reads what a newer one has made, which adds and takes nothing away.
export async function openQueue(name) {
  let database = await opened(name);
  if (missingIn(database).length) {
    const newer = database.version + 1;
    database.close();
    database = await opened(name, newer);
  }
  return new Queue(database, name);
}

const missingIn = ({ objectStoreNames }) => Object.keys(STORES).filter((store) => !objectStoreNames.contains(store));

function opened(name, version) {
  const request = indexedDB.open(name, version);
  request.onupgradeneeded = () => {
    for (const store of missingIn(request.result)) request.result.createObjectStore(store, STORES[store]);
  };
  return asked(request);
}

export class Queue {
  constructor(database, name) {
    this.name = name;
    this.#hold(database);
    this.running = Promise.resolve();
    this.news = "BroadcastChannel" in globalThis ? new BroadcastChannel(name) : null;
  }

  // Another tab may add to the stores: it must not wait for this one, which then opens them again.
  #hold(database) {
    this.database = database;
    database.onversionchange = database.onclose = () => { database.close(); this.database = null; };
  }

  async #open() {
    if (!this.database) this.#hold(await opened(this.name));
    return this.database;
  }

  async #store(name) {
    return (await this.#open()).transaction(name).objectStore(name);
  }

  // Calls back whenever this or another tab changed the queue.
  changed(listener) {
    this.listener = listener;
    if (this.news) this.news.onmessage = listener;
  }

  // One transaction: `work` gets the stores; what it returns is true once everything is on the disk.
  async #change(work) {
    const transaction = (await this.#open()).transaction(Object.keys(STORES), "readwrite", { durability: "strict" });
    const stores = Object.fromEntries(Object.keys(STORES).map((name) => [name, transaction.objectStore(name)]));
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error ?? new DOMException("Not kept", "AbortError"));
    });
    done.catch(() => {});
    let result;
    try {
      result = await work(stores);
      // A page that goes away takes nothing back.
      try { transaction.commit(); } catch { /* it has ended */ }
    } catch (error) {
      try { transaction.abort(); } catch { /* it has ended */ }
      throw error;
    }
    await done;
    this.listener?.();
    this.news?.postMessage("changed");
    return result;
  }

  // Keeps one action, with its photos, and lets go of the draft that it was typed in. Rejects when the phone is full.
  add({ kind, visit, who = "", says = "", seen = null, typed = [], photos = [], at = new Date() }) {
    return this.#change(async ({ actions, drafts, about }) => {
      let device = (await asked(about.get("device")))?.value;
      if (!device) about.put({ name: "device", value: (device = crypto.randomUUID()) });
      const action = { id: crypto.randomUUID(), device, kind, visit, who, says, seen, typed, photos, device_at: at.toISOString(), state: "waiting" };
      action.order = await asked(actions.add(action));
      if (kind === "finish") drafts.delete(visit);
      return action;
    });
  }

  async all() {
    return asked((await this.#store("actions")).getAll());
  }

  // What the technician decided about a conflict: "agree" does it all the same, "leave" takes it back.
  decide(order, decision) {
    return this.#change(async ({ actions }) => {
      const asking = await asked(actions.get(order));
      if (asking?.state !== "conflict") return;
      const { plan, agreed = [] } = asking;
      if (decision === "leave") {
        actions.put({ ...asking, state: "waiting", left_out: true });
        return;
      }
      actions.put({ ...asking, state: "waiting", seen: plan ?? asking.seen, typed: [...asking.typed, ...agreed], ...(asking.nowWords ? {} : { read_at: plan.as_of }) });
      if (!plan) return;
      // What was done after it at this visit was done in the same belief.
      for (const later of await asked(actions.getAll())) {
        if (later.visit === asking.visit && later.order > order && later.state === "waiting") actions.put({ ...later, seen: plan });
      }
    });
  }

  // The technician has read why it was refused. What was typed goes back into the visit's draft where `again`.
  dismiss(order, { again = false } = {}) {
    return this.#change(async ({ actions, drafts }) => {
      const refused = await asked(actions.get(order));
      if (refused?.state !== "refused") return;
      if (again) drafts.put({ visit: refused.visit, typed: refused.typed, photos: refused.photos });
      actions.delete(order);
    });
  }

  // What the phone's clock lacks to the server's, in milliseconds.
  async offset() {
    return (await asked((await this.#store("about")).get("offset")))?.value ?? 0;
  }

  correct(value) {
    return this.#change(({ about }) => { about.put({ name: "offset", value }); });
  }

  async draft(visit) {
    return asked((await this.#store("drafts")).get(visit));
  }

  keepDraft(visit, { typed, photos }) {
    return this.#change(({ drafts }) => { drafts.put({ visit, typed, photos }); });
  }

  // Sends all that may be sent, in order. `send(actions)` gives {taken_at, answers}, or throws NotSent.
  // Gives the answers by id; throws NotSent with the `answers` so far when it cannot go on.
  flush(send) {
    const run = () => this.#flush(send);
    if (globalThis.navigator?.locks) return navigator.locks.request(`send ${this.name}`, run);
    this.running = this.running.then(run, run);
    return this.running;
  }

  async #flush(send) {
    const answers = new Map();
    const aside = new Set();
    let most = MOST_IN_A_BATCH;
    let fault;
    for (;;) {
      const batch = this.#next(await this.all(), most, aside);
      if (!batch.length) break;
      let told;
      try {
        told = await send(batch);
      } catch (error) {
        // One of them may be what the server stumbles over, or all too much for the signal.
        if (batch.length > 1 && (error.why === "fault" || error.isLate)) { most = 1; continue; }
        // The other visits need not wait for it.
        if (error.why === "fault") { aside.add(batch[0].visit); fault = error; continue; }
        throw Object.assign(error, { answers });
      }
      await this.#settle(batch, told);
      for (const answer of told.answers) answers.set(answer.id, answer);
      // Nothing came of it: the next try would be the same one.
      if (!batch.some(({ id }) => SETTLED.has(answers.get(id)?.outcome))) for (const { visit } of batch) aside.add(visit);
    }
    if (fault) throw Object.assign(fault, { answers });
    return answers;
  }

  // The first of those that wait; not beyond one that asks for a decision at the same visit, nor of a visit set aside.
  #next(all, most, aside) {
    const asking = new Set(aside);
    const batch = [];
    let bytes = 0;
    for (const action of all) {
      if (action.state === "conflict") asking.add(action.visit);
      if (action.state !== "waiting" || asking.has(action.visit)) continue;
      bytes += action.photos.reduce((sum, photo) => sum + photo.size, 0) + JSON.stringify(action.typed).length;
      if (batch.length && (batch.length === most || bytes > MOST_BYTES)) break;
      batch.push(action);
    }
    return batch;
  }

  #settle(batch, { taken_at, answers }) {
    const told = new Map(answers.map((answer) => [answer.id, answer]));
    return this.#change(async ({ actions, drafts, about }) => {
      about.put({ name: "offset", value: Date.parse(taken_at) - Date.now() });
      for (const action of batch) {
        const answer = told.get(action.id);
        const { words, seen: seenWords, now: nowWords, plan, agreed } = answer ?? {};
        if (answer?.outcome === "accepted") actions.put({ ...action, photos: [], typed: action.typed.filter(([name]) => SHOWN.has(name)), state: "sent", taken_at });
        else if (answer?.outcome === "left out") {
          // A step is gone; a report was written, and may be sent anew.
          if (action.kind === "finish") drafts.put({ visit: action.visit, typed: action.typed, photos: action.photos });
          actions.delete(action.order);
        }
        else if (answer?.outcome === "refused") actions.put({ ...action, state: "refused", words });
        else if (answer?.outcome === "conflict") actions.put({ ...action, state: "conflict", words, seenWords, nowWords, plan, agreed });
      }
      const old = Date.parse(taken_at) - REMEMBERED;
      for (const action of await asked(actions.getAll())) {
        if (action.state === "sent" && Date.parse(action.taken_at) < old) actions.delete(action.order);
      }
    });
  }
}
