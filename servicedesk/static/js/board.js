// The board: drag with a 15-minute snap, arrow keys among visits, and news every 15 seconds.
// Everything here goes through the same addresses as the move dialog, which works without it.
const board = document.querySelector("[data-board]");
const SNAP = 0.25;
const say = document.getElementById("toasts");
const clockText = (hours) => {
  const minutes = Math.round(hours * 60);
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
};
const hoursOf = (el, name) => parseFloat(el.style.getPropertyValue(name));
const visits = (lane) => [...lane.querySelectorAll("a.visit")];
const lanes = () => [...board.querySelectorAll(".lane[data-technician]")];
let drag = null;
// A dialog is on its way: a quick hand's Enter is meant for it, not for the visit below.
let opening = false;

// --- Dragging -------------------------------------------------------------------------------
function press(event) {
  const source = event.target.closest(".visit[data-version], .todo[data-drag]");
  if (!source || event.button || event.target.closest("button, form") || matchMedia("(width < 64rem)").matches) return;
  const box = source.getBoundingClientRect();
  const length = source.matches(".visit") ? hoursOf(source, "--b") - hoursOf(source, "--a") : Number(source.dataset.minutes) / 60;
  drag = { source, length, x: event.clientX, y: event.clientY, grip: source.matches(".visit") ? event.clientX - box.left : 0, pointer: event.pointerId };
}
function lift() {
  const { source } = drag;
  const ghost = document.createElement("span");
  ghost.className = "visit";
  ghost.dataset.state = "drop";
  const time = document.createElement("span");
  time.className = "visit__time";
  const name = document.createElement("b");
  name.textContent = source.querySelector("b, .todo__top a")?.textContent ?? "";
  ghost.append(time, name);
  Object.assign(drag, { ghost, time, lifted: true });
  source.dataset.lifted = "";
}
function move(event) {
  if (!drag || drag.sent || event.pointerId !== drag.pointer) return;
  if (!drag.lifted) {
    if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < 6) return;
    lift();
  }
  event.preventDefault();
  const lane = document.elementFromPoint(event.clientX, event.clientY)?.closest(".lane[data-technician]");
  if (!lane) return place(null);
  const track = lane.querySelector(".lane__time");
  const box = track.getBoundingClientRect();
  const style = getComputedStyle(track);
  const [h0, hours] = [Number(style.getPropertyValue("--h0")), Number(style.getPropertyValue("--hours"))];
  const raw = h0 + ((event.clientX - drag.grip - box.left) / box.width) * hours;
  const start = Math.min(h0 + hours - drag.length, Math.max(h0, Math.round(raw / SNAP) * SNAP));
  place(lane, start);
}
function place(lane, start) {
  if (drag.lane === lane && drag.start === start) return;
  Object.assign(drag, { lane, start });
  if (!lane) return drag.ghost.remove();
  drag.ghost.style.setProperty("--a", start);
  drag.ghost.style.setProperty("--b", start + drag.length);
  drag.time.textContent = `${clockText(start)}–${clockText(start + drag.length)}`;
  lane.querySelector(".lane__time").append(drag.ghost);
  clearTimeout(drag.asking);
  drag.asking = setTimeout(ask, Math.max(0, 200 - (Date.now() - (drag.asked ?? 0))));
}
async function ask() {
  const { lane, start, source, length } = drag;
  if (!lane) return;
  drag.asked = Date.now();
  drag.abort?.abort();
  drag.abort = new AbortController();
  const who = lane.dataset.name ?? "";
  const place = `${who}, ${clockText(start)} to ${clockText(start + length)}.`;
  const query = new URLSearchParams({ technician: lane.dataset.technician, tech: lane.dataset.technician, day: board.dataset.day ?? "", start: clockText(start) });
  if (!source.dataset.fitUrl) return tell(place, "");
  try {
    const answer = await fetch(`${source.dataset.fitUrl}?${query}`, { signal: drag.abort.signal, headers: { Accept: "application/json" } });
    const { says, fits } = await answer.json();
    if (!drag || drag.start !== start || drag.lane !== lane) return;
    drag.ghost.dataset.fits = fits ? "yes" : "no";
    tell(place, says);
  } catch (error) {
    if (error.name !== "AbortError" && drag) tell(place, "No answer from the server yet.");
  }
}
function tell(what, verdict) {
  const toast = document.createElement("div");
  toast.className = "toast";
  const strong = document.createElement("b");
  strong.textContent = verdict;
  toast.append(`${what} `, strong);
  if (drag) toast.append(" Let go to place, Esc to cancel");
  else toast.dataset.toast = "5";
  say.replaceChildren(toast);
}
function drop(event) {
  if (!drag || event.pointerId !== drag.pointer) return;
  const done = drag;
  if (!done.lifted) { drag = null; return; }
  addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => removeEventListener("click", swallow, { capture: true }), 50);
  const from = done.source.closest(".lane");
  const same = done.source.matches(".visit") && from === done.lane && hoursOf(done.source, "--a") === done.start;
  if (!done.lane || same) return putBack();
  if ("stale" in board.dataset) { putBack(); return tell("Not moved.", "The board is reconnecting, so it may be out of date."); }
  send(done.source, { technician: done.lane.dataset.technician, start: clockText(done.start) });
}
const swallow = (event) => { event.preventDefault(); event.stopPropagation(); };
function putBack() {
  if (!drag) return;
  clearTimeout(drag.asking);
  drag.abort?.abort();
  drag.ghost?.remove();
  delete drag.source.dataset.lifted;
  say.querySelectorAll(".toast:not([data-toast])").forEach((toast) => toast.remove());
  drag = null;
}
// Posts the form that data-move-form names; the answer brings the lanes out of band.
function send(source, values) {
  const form = document.getElementById(source.dataset.moveForm);
  const fields = { day: board.dataset.day ?? "", minutes: "", version: source.dataset.version ?? "", ...values };
  for (const [name, value] of Object.entries(fields)) if (form.elements[name]) form.elements[name].value = value;
  const address = source.dataset.moveUrl ?? form.action;
  if (!window.htmx) { form.action = address; return form.submit(); }
  form.addEventListener("htmx:afterRequest", (event) => {
    const known = event.detail.successful || [409, 422].includes(event.detail.xhr?.status);
    putBack();
    if (!known) tell("Not moved.", "The connection dropped. Try again.");
  }, { once: true });
  if (drag) drag.sent = true;
  source.blur();
  window.htmx.ajax("POST", address, { source: form, swap: "none", values: Object.fromEntries(new FormData(form)) });
}

// --- Keys -----------------------------------------------------------------------------------
function keys(event) {
  if (event.key === "Escape" && drag?.lifted) { event.preventDefault(); event.stopPropagation(); return putBack(); }
  if (opening && event.key === "Enter") { event.preventDefault(); return; }
  const chosen = document.activeElement?.closest?.("a.visit");
  const free = document.activeElement === document.body || document.activeElement === board.querySelector("[data-grid]");
  if (event.ctrlKey || event.metaKey || event.altKey || (!chosen && !free) || document.querySelector("dialog:modal")) return;
  const meant = chosen ?? board.querySelector("a.visit[aria-current]");
  const url = meant?.getAttribute(`data-key-${event.key.toLowerCase()}`);
  if (url && /^[a-z]$/i.test(event.key) && document.documentElement.dataset.shortcuts !== "off") {
    event.preventDefault(); event.stopPropagation();
    if (window.htmx && document.getElementById("dialogs")) {
      opening = true;
      window.htmx.ajax("GET", url, { target: "#dialogs", swap: "innerHTML" }).finally(() => { opening = false; });
    } else location.assign(url);
    return;
  }
  if (!/^Arrow/.test(event.key)) return;
  event.preventDefault();
  if (!chosen) return (board.querySelector("a.visit[aria-current]") ?? board.querySelector("a.visit"))?.focus();
  const lane = chosen.closest(".lane");
  const side = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
  if (side && event.shiftKey) {
    if (!chosen.dataset.version) return;
    const length = Math.max(SNAP, hoursOf(chosen, "--b") - hoursOf(chosen, "--a") + side * SNAP);
    return send(chosen, { technician: lane.dataset.technician, start: clockText(hoursOf(chosen, "--a")), minutes: Math.round(length * 60) });
  }
  if (side) return visits(lane)[visits(lane).indexOf(chosen) + side]?.focus();
  const all = lanes().filter((l) => visits(l).length);
  const next = all[all.indexOf(lane) + (event.key === "ArrowUp" ? -1 : 1)];
  if (!next) return;
  const near = (v) => Math.abs(hoursOf(v, "--a") - hoursOf(chosen, "--a"));
  visits(next).reduce((best, v) => (near(v) < near(best) ? v : best)).focus();
}

// --- News -----------------------------------------------------------------------------------
let heard = Date.now();
let heardAt = board?.querySelector("time")?.textContent;
function news() {
  const late = Date.now() - heard > 45000;
  const live = board.querySelector("[data-live]");
  board.toggleAttribute("data-stale", late);
  live?.toggleAttribute("data-stale", late);
  const clock = document.querySelector("[data-clock]")?.textContent ?? "";
  if (!late) heardAt = clock;
  live?.querySelector("[data-live-says]")?.replaceChildren(late ? `Last updated ${heardAt}, reconnecting` : "Live");
  if (!document.hidden && !drag && window.htmx) {
    const address = `${board.dataset.sinceUrl}${board.dataset.sinceUrl.includes("?") ? "&" : "?"}v=${encodeURIComponent(board.dataset.version)}`;
    window.htmx.ajax("GET", address, { source: board, target: board, swap: "none" });
  }
}
// A lane someone is in is not swapped under their hands.
function hold(event) {
  const lane = event.detail.target.closest?.(".lane");
  // One's own drop is no surprise.
  if (drag?.sent) return;
  if (!lane || (!lane.contains(document.activeElement) && !lane.querySelector("details[open], [data-lifted]"))) return;
  event.detail.shouldSwap = false;
  const fresh = event.detail.fragment.firstElementChild;
  const track = lane.querySelector(".lane__time");
  const count = Number(track.querySelector(".changed")?.dataset.count ?? 0) + 1;
  track.querySelector(".changed")?.remove();
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn small changed";
  button.dataset.count = count;
  button.textContent = `${count} ${count === 1 ? "change" : "changes"} in this lane. Show`;
  button.addEventListener("click", () => { lane.replaceWith(fresh); window.htmx.process(fresh); fresh.querySelector("a.visit")?.focus(); });
  track.append(button);
}

if (board) {
  document.addEventListener("pointerdown", press);
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", drop);
  document.addEventListener("pointercancel", putBack);
  document.addEventListener("dragstart", (event) => { if (event.target.closest(".visit")) event.preventDefault(); });
  document.addEventListener("keydown", keys, true);
  if (board.dataset.sinceUrl) {
    setInterval(news, 15000);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) news(); });
    document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) heard = Date.now(); });
    // The server remembers nothing: each request says what this page shows.
    document.addEventListener("htmx:configRequest", ({ detail }) => {
      detail.headers["X-Board-Version"] = board.dataset.version;
      const list = board.querySelector(".daylist");
      if (list && getComputedStyle(list).display !== "none") detail.headers["X-Board-List"] = "1";
    });
    document.addEventListener("board-focus", (event) => document.getElementById(event.detail.value)?.focus());
    document.addEventListener("board-version", (event) => { board.dataset.version = event.detail.value; });
    document.addEventListener("htmx:oobBeforeSwap", hold);
  }
}
