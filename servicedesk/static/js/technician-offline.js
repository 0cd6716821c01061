// Every step goes into the phone's own queue first, then to the server. Without a script, or where the
// browser keeps nothing, the forms are sent as they are.
import { say, setOffset, steps, clock, trueTime, wall, warn } from "./technician-bar.js";
import { missingForNoAccess, showDay, showVisit } from "./technician-progress.js";
import { NotSent, openQueue } from "./technician-queue.js";
import { sender, token } from "./technician-sending.js";

const STEP = /\/today\/(?:([0-9a-f-]{36})\/)?(call|read|set-out|arrival|arrive|skip|undo|no-access|take|put-back|accept|finish|finish\/add)\/$/;
const KEEP_AGAIN = 600_000;
const STANDS_STILL = 3_000;
const PATIENCE = 20_000;
const FULL = "This phone’s storage is full, and this was not saved. Free some space and tap again, or ring the office.";

const phone = JSON.parse(document.body.dataset.phone);
const queue = await openQueue(`technician ${phone.desk} ${phone.person}`);
const send = sender(phone);
// The page of a report brings its own ways (technician-finish.js): what is typed there is more than fields.
const report = {};
const typedOn = (form, button) => ({ typed: [...new FormData(form, button)].filter(([name]) => name !== "csrfmiddlewaretoken"), photos: [] });
let lost = null;
let sentAt = null;
let sending = false;
let taking = 0;
let isLeaving = false;
// Until when the page stands still: a step that is sent at once is followed by the server's own page.
let still = 0;

async function paint() {
  const all = await queue.all();
  setOffset(await queue.offset());
  for (const time of document.querySelectorAll("[data-phone-clock]")) time.textContent = wall(trueTime(Date.now()));
  const waiting = all.filter((action) => action.state !== "sent");
  const asking = waiting.filter((action) => action.state !== "waiting").length;
  const see = { href: phone.waiting, link: "See" };
  if (asking) say("waiting", `${steps(asking)} ${asking === 1 ? "needs" : "need"} your answer.`, see);
  else if (sending) say("sending", "Sending…");
  else if (lost === "signed out") say("waiting", waiting.length ? `Signed out. ${steps(waiting.length)} kept on this phone.` : "Signed out.", { href: `${phone.sign_in}?next=${encodeURIComponent(location.pathname)}`, link: "Sign in" });
  else if (!navigator.onLine || lost === "unreachable") say("offline", "No signal. All saved on this phone.", waiting.length ? see : {});
  else if (waiting.length) say("waiting", `${steps(waiting.length)} waiting to send.`, see);
  else if (sentAt) say("sent", `Sent ${clock(sentAt)}`);
  if (performance.now() >= still) {
    showDay(all, phone);
    showVisit(all);
  }
  document.dispatchEvent(new Event("queue-painted"));
}

// Sends what waits; gives the answers by id, also those that came before the connection was lost.
async function flush() {
  const waits = (await queue.all()).some((action) => action.state === "waiting");
  if (!waits) return new Map();
  sending = true;
  await paint();
  try {
    const answers = await queue.flush(send);
    lost = null;
    if (answers.size) sentAt = Date.now();
    return answers;
  } catch (error) {
    if (!(error instanceof NotSent)) throw error;
    lost = error.why;
    return error.answers;
  } finally {
    sending = false;
    await paint();
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = event.submitter;
  const address = new URL(button?.getAttribute("formaction") ?? form.getAttribute("action") ?? "", location);
  const found = STEP.exec(address.pathname);
  if (event.defaultPrevented) return;
  if (!found) {
    // The browser would leave the page for its own that says nothing.
    if (form.method === "post" && (!navigator.onLine || lost === "unreachable")) {
      event.preventDefault();
      warn("This needs a signal. Nothing was changed.");
    }
    return;
  }
  const isPart = button?.name === "add" && button.value === "part";
  if (isPart && navigator.onLine) return;
  event.preventDefault();
  // Its number is looked up when the report is sent.
  if (isPart) { button.textContent = "Goes with the report"; return; }
  if (form.dataset.busy) return;
  form.dataset.busy = "1";
  taking += 1;
  still = performance.now() + STANDS_STILL;
  setTimeout(paint, STANDS_STILL + 50);
  try {
    await take(form, button, found[1] ?? "", found[2].split("/").pop());
  } finally {
    taking -= 1;
    if (still !== Infinity) delete form.dataset.busy;
  }
});
document.addEventListener("click", (event) => { isLeaving ||= !!event.target.closest?.("a[href^='/']"); });

async function take(form, button, visit, kind) {
  if (report.mend && form.id === "finish" && !report.mend(form, kind)) return;
  if (kind === "no-access" && !(await mayStayOut(form))) return;
  const about = document.querySelector(`[data-visit="${visit}"]`)?.dataset ?? {};
  const { typed, photos } = await (report.typedOn ?? typedOn)(form, button, kind);
  let action;
  try {
    action = await queue.add({ kind, visit, who: about.who, says: form.dataset.says ?? button?.textContent.trim(), seen: about.seen ? JSON.parse(about.seen) : null, typed, photos });
  } catch {
    return warn(FULL);
  }
  navigator.storage?.persist?.();
  // Photos may take minutes at a poor signal: the day goes on meanwhile.
  const answer = (await Promise.race([flush(), new Promise((go) => { setTimeout(go, PATIENCE, new Map()); })])).get(action.id);
  if (answer?.outcome === "accepted") return goOn(visit, kind);
  if (answer?.outcome === "conflict") return location.assign(phone.waiting);
  if (answer?.outcome === "refused") {
    // The page says what is wrong as it says it without a script.
    await queue.dismiss(action.order, { again: kind === "finish" });
    for (const [name, value] of [[button?.name, button?.value], ["csrfmiddlewaretoken", token()]]) {
      if (name) form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
    form.action = button?.getAttribute("formaction") ?? form.action;
    return HTMLFormElement.prototype.submit.call(form);
  }
  // Kept, and not sent yet: the day goes on from what the phone knows.
  if (kind === "finish" || !location.pathname.includes(visit)) return goOn(visit, kind);
  if (kind === "add") report.finished(form);
  still = 0;
  await paint();
  document.getElementById("next")?.focus();
}

// Somebody at a locked door hears at once what is missing; the server judges it again.
async function mayStayOut(form) {
  const words = missingForNoAccess(await queue.all());
  form.querySelector("[data-missing]")?.remove();
  if (!words) return true;
  const beside = Object.assign(document.createElement("p"), { className: "error", textContent: words });
  beside.dataset.missing = "";
  beside.setAttribute("role", "alert");
  form.querySelector(".field").append(beside);
  return false;
}

async function goOn(visit, kind) {
  const path = kind === "finish" || !visit ? phone.today : kind === "add" ? location.pathname : `${phone.today}${visit}/`;
  if (kind === "add") await report.finished(document.getElementById("finish"));
  // Whoever tapped on meanwhile is not taken back: the page has moved on by itself.
  if (path === location.pathname && (taking > 1 || isLeaving)) {
    still = 0;
    return paint();
  }
  still = Infinity;
  if (path === location.pathname) location.reload();
  else location.assign(path);
}

// Today's page knows what the phone needs for two days. It is fetched at most every ten minutes.
async function keepPages() {
  const list = document.querySelector("[data-keep]")?.dataset.keep;
  const worker = await navigator.serviceWorker.ready;
  if (!list || !navigator.onLine) return;
  const known = localStorage.getItem(`kept ${queue.name}`)?.split("\n") ?? [];
  if (known[0] === list && Date.now() - Number(known[1]) < KEEP_AGAIN) return;
  // A browser looks for a newer worker when it likes.
  worker.update().catch(() => {});
  worker.active.postMessage({ keep: JSON.parse(list) });
}
navigator.serviceWorker?.register(phone.worker, { scope: phone.today, updateViaCache: "none" }).then(keepPages, () => {});
navigator.serviceWorker?.addEventListener("message", async ({ data }) => {
  if (!data.kept) return;
  localStorage.setItem(`kept ${queue.name}`, `${JSON.stringify(data.kept)}\n${Date.now()}`);
  document.documentElement.dataset.kept = data.kept.length;
  // When the server answered the last of them, by its own clock.
  if (data.at && !(await queue.all()).some((action) => action.state === "waiting")) await queue.correct(data.at - Date.now());
  if (data.full) warn(`This phone’s storage is full: not every ${data.full === "photos" ? "photo" : "page"} of today and tomorrow is kept.`);
});

if (new URLSearchParams(location.search).has("not-kept")) warn("No signal, and that page is not kept on this phone.");
queue.changed(paint);
addEventListener("online", () => { lost = null; flush(); });
addEventListener("offline", paint);
addEventListener("pageshow", (event) => { if (event.persisted) flush(); });
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") flush(); });
// While the page stands open with something to send, a signal may come back unannounced.
setInterval(() => { if (document.visibilityState === "visible") flush().then(paint); }, 30_000);
document.documentElement.dataset.queue = "ready";
document.dispatchEvent(new CustomEvent("queue-ready", { detail: { queue, flush, phone, warn, report } }));
await paint();
await flush();
