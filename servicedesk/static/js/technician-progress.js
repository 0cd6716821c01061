// How far a visit has come, with what the phone knows beyond the page: the server's own rule of the next
// step (visits/progress.py), over the steps that the page does not show yet.
import { clock, icon, trueTime, wall } from "./technician-bar.js";
import { isPart, showBring } from "./technician-bringing.js";

const UNDO = 60_000;
const WAIT = 600_000;
const WORDS = { call: "Called ahead", skip: "Skipped", "set-out": "On the way", arrive: "Arrived" };

let timer = 0;

// What a page of that age does not know.
const unknown = (actions, asOf) => actions.filter((action) => action.state === "waiting" || action.state === "conflict" || (action.state === "sent" && action.taken_at > asOf));

// The step as the server names it.
const stepOf = (action) => ({ call: "call ahead", skip: typedOf(action).step, "set-out": "on the way", arrive: "arrived" })[action.kind];
const typedOf = (action) => Object.fromEntries(action.typed);

export function progress(start, actions) {
  const done = [];
  const state = { ...start, cameAt: start.cameAt ? Date.parse(start.cameAt) : 0 };
  const play = (into, action) => {
    const typed = typedOf(action);
    if (action.kind === "call") {
      if (into.arrived) into.doorCalls += 1;
      if (typed.result === "no answer") into.noAnswer = action;
      else into.called = true;
    } else if (action.kind === "skip" && typed.step === "call ahead") into.callSkipped = true;
    else if (action.kind === "skip") into.waySkipped = true;
    else if (action.kind === "read") into.unread = 0;
    else if (action.kind === "set-out") { into.onTheWay = true; into.expected = typed.expected || usualArrival(start, trueTime(action.device_at)); }
    else if (action.kind === "arrival") into.expected = typed.expected;
    else if (action.kind === "arrive") { into.arrived = true; into.cameAt = trueTime(action.device_at); into.doorCalls = 0; }
    else if (action.kind === "finish" || action.kind === "no-access") into.over = true;
  };
  const taken = [];
  for (const action of actions) {
    if (action.kind !== "undo") taken.push(action);
    else {
      const last = taken.findLastIndex((one) => one.kind in WORDS);
      if (last >= 0) taken.splice(last, 1);
      else if (start.undoable) state[start.undoable] = false;
    }
  }
  for (const action of taken) {
    play(state, action);
    if (action.kind in WORDS) done.push(action);
  }
  state.last = done.at(-1);
  state.next = next(state);
  return state;
}

// As the server reckons it (visits/fieldwork.py): after the way, on the next five minutes, not before the window.
function usualArrival({ travel, windowStart }, now) {
  const there = Math.ceil((now + travel * 60_000) / 300_000) * 300_000;
  return wall(Math.max(there, Date.parse(windowStart)));
}

// What stands between somebody at a locked door and "no access" (visits/access.py), in the server's words.
export function missingForNoAccess(all) {
  const { start, actions } = known(all);
  const state = progress(start, actions);
  if (!state.arrived) return "Tap Arrived first: no access needs the time at which you came.";
  const from = state.cameAt + WAIT;
  if (trueTime(Date.now()) < from) return `Wait ten minutes for somebody to open: until ${wall(from)}.`;
  return state.doorCalls ? "" : "Ring the customer and log the call first.";
}

function known(all) {
  const { visit, seen, progress: told } = document.querySelector("[data-progress]").dataset;
  return { start: JSON.parse(told), actions: unknown(all.filter((action) => action.visit === visit), JSON.parse(seen).as_of) };
}

function next(state) {
  if (state.over) return "";
  if (state.arrived) return "finish";
  if (state.onTheWay || state.waySkipped) return "arrive";
  if (!state.called && !state.callSkipped) return "call";
  return state.unread ? "read" : "set out";
}

// The day's list: what is done there and not sent.
export function showDay(all, phone) {
  const changed = document.querySelector("form[action$='/accept/']");
  if (changed) changed.closest("section").hidden = all.some(({ kind, state, typed }) => kind === "accept" && state !== "refused" && typed.some(([, words]) => words === changed.elements.shown.value));
  for (const stop of document.querySelectorAll("li.stop[data-visit]")) {
    const mine = unknown(all.filter((action) => action.visit === stop.dataset.visit), JSON.parse(stop.dataset.seen).as_of);
    if (!mine.length) continue;
    const isOver = mine.some((action) => action.kind === "finish" || action.kind === "no-access");
    const ended = mine.some((action) => action.kind === "finish") ? "Finished" : "No access";
    if (isOver) stop.dataset.state = "done";
    const box = stop.querySelector(".stop__do");
    if (box && !mine.every(isPart)) {
      const link = Object.assign(document.createElement("a"), { className: "btn primary", href: `${phone.today}${stop.dataset.visit}/`, textContent: "Go on" });
      if (isOver) box.remove();
      else box.replaceChildren(link);
    }
    const waiting = mine.filter((action) => action.state !== "sent").length;
    stop.querySelector("[data-waiting]")?.remove();
    if (!waiting) continue;
    const pill = Object.assign(document.createElement("span"), { className: "pill", textContent: isOver ? `${ended}, waiting to send` : `${waiting} waiting to send` });
    pill.dataset.waiting = "";
    (stop.querySelector(".stop__pills") ?? stop).append(pill);
  }
}

// The brief's steps and dock, moved on to where the phone is.
export function showVisit(all) {
  const brief = document.querySelector("[data-progress]");
  if (!brief) return;
  const { start, actions } = known(all);
  showBring(actions);
  if (actions.length || brief.dataset.moved) {
    brief.dataset.moved = "1";
    const state = progress(start, actions);
    drawSteps(state);
    for (const part of document.querySelectorAll("[data-at-step]")) {
      const { atStep, needs } = part.dataset;
      part.hidden = atStep !== state.next || (!!needs && !state[needs]);
    }
    drawDock(state);
    drawUndo(state);
    drawDoor(state);
  }
  keepTimes(start);
}

function drawSteps(state) {
  const marks = [state.called, state.onTheWay, state.arrived, state.over];
  const skipped = [state.callSkipped, state.waySkipped];
  const now = { call: 0, read: 1, "set out": 1, arrive: 2, finish: 3 }[state.next];
  document.querySelectorAll("ol.steps > li").forEach((mark, place) => {
    mark.removeAttribute("aria-current");
    delete mark.dataset.state;
    const box = mark.querySelector("i");
    if (marks[place]) { mark.dataset.state = "done"; box.replaceChildren(icon("check")); }
    else if (skipped[place]) { mark.dataset.state = "skipped"; box.textContent = place + 1; }
    else {
      box.textContent = place + 1;
      if (place === now) mark.setAttribute("aria-current", "step");
    }
  });
}

function drawDock(state) {
  const part = document.querySelector(".dock__step");
  if (!part) return;
  const wanted = state.next || "over";
  const template = document.querySelector(`template[data-dock="${wanted}"]`);
  let shown = part;
  if (part.dataset.dockStep !== state.next && template) {
    shown = template.content.firstElementChild.cloneNode(true);
    part.before(shown);
    // It may be wanted again: an undo leads back.
    if (!document.querySelector(`template[data-dock="${part.dataset.dockStep}"]`) && part.dataset.dockStep) {
      const kept = document.createElement("template");
      kept.dataset.dock = part.dataset.dockStep;
      kept.content.append(part);
      document.querySelector(".dock").after(kept);
    } else part.remove();
  }
  const fill = (selector, words) => { const spot = shown.querySelector(selector); if (spot && words) spot.textContent = words; };
  fill("[data-on-site]", state.cameAt && `On site since ${wall(state.cameAt)}`);
  fill("[data-expects]", state.expected && `${shown.querySelector("[data-expects]")?.dataset.expects} expects you at ${state.expected}`);
  // The server may not know yet that somebody arrived.
  if (wanted === "finish") for (const link of shown.querySelectorAll("a.primary")) link.search = "?kept";
  if (!state.noAnswer || wanted !== "call") return;
  fill("[data-call-says]", `No answer at ${clock(state.noAnswer.device_at)}. Call again.`);
  shown.querySelector("[data-call-says]")?.removeAttribute("data-call-by");
  fill("[data-call-verb]", "I tried again");
  shown.querySelector("details")?.removeAttribute("open");
  const text = shown.querySelector("[data-no-answer]");
  if (text) text.hidden = false;
}

function drawUndo({ last, next: coming }) {
  const form = document.querySelector(".dock__undo");
  if (!form) return;
  form.hidden = !last || !coming;
  if (form.hidden) return;
  const { result } = typedOf(last);
  form.dataset.until = new Date(trueTime(last.device_at) + UNDO).toISOString();
  form.elements.of.value = stepOf(last);
  form.querySelector("span").textContent = `${WORDS[last.kind]} at ${clock(last.device_at)}${result ? `: ${result}` : ""}`;
}

function drawDoor({ cameAt, doorCalls }) {
  const from = document.querySelector("[data-access-from]");
  if (from && cameAt) from.textContent = wall(cameAt + WAIT);
  const calls = document.querySelector("[data-door-calls]");
  if (calls && doorCalls) calls.textContent = `Rung from the door: ${doorCalls === 1 ? "once" : `${doorCalls} times`}`;
}

// What a page that was kept says of the time: as it is now.
function keepTimes(start) {
  const now = trueTime(Date.now());
  const form = document.querySelector(".dock__undo:not([hidden])");
  if (form) {
    const left = Date.parse(form.dataset.until) - now;
    form.hidden = left <= 0;
    clearTimeout(timer);
    if (left > 0) timer = setTimeout(() => keepTimes(start), left);
  }
  for (const input of document.querySelectorAll("#expected-go")) {
    if (input.value === (input.dataset.proposed ?? input.defaultValue) && !input.matches("[aria-invalid]")) input.value = input.dataset.proposed = usualArrival(start, now);
  }
  const call = document.querySelector(".dock [data-call-by]");
  if (call) {
    const minutes = Math.floor((Date.parse(call.dataset.callBy) - now) / 60_000);
    const by = call.querySelector("b");
    const words = minutes > 0 ? (minutes < 120 ? `, ${minutes} minute${minutes === 1 ? "" : "s"} left` : "") : `: that was ${-minutes} minute${minutes === -1 ? "" : "s"} ago`;
    if (by?.nextSibling) by.nextSibling.textContent = words;
    else by?.after(words);
  }
}
