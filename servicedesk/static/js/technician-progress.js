// How far a visit has come, with what the phone knows beyond the page: the server's own rule of the next
// step (visits/progress.py), over the steps that the page does not show yet.
import { clock, icon } from "./technician-bar.js";

const UNDO = 60_000;
const WORDS = { call: "Called ahead", skip: "Skipped", "set-out": "On the way", arrive: "Arrived" };

// What a page of that age does not know.
const unknown = (actions, asOf) => actions.filter((action) => action.state === "waiting" || action.state === "conflict" || (action.state === "sent" && action.taken_at > asOf));

export function progress(start, actions) {
  const done = [];
  const state = { ...start };
  const play = (into, action) => {
    const typed = Object.fromEntries(action.typed);
    if (action.kind === "call" && typed.result === "no answer") into.noAnswer = action;
    else if (action.kind === "call") into.called = true;
    else if (action.kind === "skip" && typed.step === "call ahead") into.callSkipped = true;
    else if (action.kind === "skip") into.waySkipped = true;
    else if (action.kind === "read") into.unread = 0;
    else if (action.kind === "set-out") into.onTheWay = true;
    else if (action.kind === "arrive") { into.arrived = true; into.arrivedAt = action.device_at; }
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

function next(state) {
  if (state.over) return "";
  if (state.arrived) return "finish";
  if (state.onTheWay || state.waySkipped) return "arrive";
  if (!state.called && !state.callSkipped) return "call";
  return state.unread ? "read" : "set out";
}

// The day's list: what is done there and not sent.
export function showDay(all, phone) {
  for (const stop of document.querySelectorAll("li.stop[data-visit]")) {
    const mine = unknown(all.filter((action) => action.visit === stop.dataset.visit), JSON.parse(stop.dataset.seen).as_of);
    if (!mine.length) continue;
    const isOver = mine.some((action) => action.kind === "finish");
    if (isOver) stop.dataset.state = "done";
    const box = stop.querySelector(".stop__do");
    if (box) {
      const link = Object.assign(document.createElement("a"), { className: "btn primary", href: `${phone.today}${stop.dataset.visit}/`, textContent: "Go on" });
      if (isOver) box.remove();
      else box.replaceChildren(link);
    }
    const waiting = mine.filter((action) => action.state !== "sent").length;
    stop.querySelector("[data-waiting]")?.remove();
    if (!waiting) continue;
    const pill = Object.assign(document.createElement("span"), { className: "pill", textContent: isOver ? "Finished, waiting to send" : `${waiting} waiting to send` });
    pill.dataset.waiting = "";
    (stop.querySelector(".stop__pills") ?? stop).append(pill);
  }
}

// The brief's steps and dock, moved on to where the phone is.
export function showVisit(all) {
  const brief = document.querySelector("[data-progress]");
  if (!brief) return;
  const { visit, seen } = brief.dataset;
  const start = JSON.parse(brief.dataset.progress);
  const actions = unknown(all.filter((action) => action.visit === visit), JSON.parse(seen).as_of);
  if (!actions.length && !brief.dataset.moved) return;
  brief.dataset.moved = "1";
  const state = progress(start, actions);
  drawSteps(state);
  for (const part of document.querySelectorAll("[data-at-step]")) part.hidden = part.dataset.atStep !== state.next;
  drawDock(state);
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
  const dock = document.querySelector(".dock[data-dock-step]");
  if (!dock || dock.dataset.dockStep === state.next && (dock.dataset.last ?? "") === (state.last?.id ?? "")) return;
  const wanted = state.next || "over";
  const template = document.querySelector(`template[data-dock="${wanted}"]`);
  if (!template) return;
  const fresh = template.content.firstElementChild.cloneNode(true);
  fresh.dataset.last = state.last?.id ?? "";
  const undo = fresh.querySelector(".dock__undo");
  if (undo) {
    const left = state.last && state.next ? UNDO - (Date.now() - Date.parse(state.last.device_at)) : 0;
    if (left <= 0) undo.remove();
    else {
      const result = Object.fromEntries(state.last.typed).result;
      undo.querySelector("span").textContent = `${WORDS[state.last.kind]} at ${clock(state.last.device_at)}${result ? `: ${result}` : ""}`;
      setTimeout(() => undo.remove(), left);
    }
  }
  const said = fresh.querySelector("[data-on-site]");
  if (said && state.arrivedAt) said.textContent = `On site since ${clock(state.arrivedAt)}`;
  // The server may not know yet that somebody arrived.
  if (wanted === "finish") for (const link of fresh.querySelectorAll("a.primary")) link.search = "?kept";
  if (state.noAnswer && wanted === "call") {
    fresh.querySelector("p > span:last-child").textContent = `No answer at ${clock(state.noAnswer.device_at)}. Call again.`;
  }
  dock.replaceWith(fresh);
}
