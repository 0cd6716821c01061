// The board: drag with a 15-minute snap, and news every 15 seconds. Choosing and keys: board-keys.js.
// Everything here goes through the same addresses as the move dialog, which works without it.
const board = document.querySelector("[data-board]");
const SNAP = 0.25;
const say = document.getElementById("toasts");
const clockText = (hours) => {
  const minutes = Math.round(hours * 60);
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
};
const hoursOf = (el, name) => parseFloat(el.style.getPropertyValue(name));
// A block and a card of the tray know their visit's page; everything done to it stands below that.
const pageOf = (source) => source.dataset.drag ?? source.getAttribute("href");
let drag = null;

// --- Dragging -------------------------------------------------------------------------------
function press(event) {
  const source = event.target.closest(".visit[data-version], .todo[data-drag]");
  if (!source || event.button || event.target.closest("button, .todo__do") || matchMedia("(width < 64rem)").matches) return;
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
  const query = new URLSearchParams({ technician: lane.dataset.technician, minutes: Math.round(length * 60), day: board.dataset.day ?? "", start: clockText(start) });
  try {
    const answer = await fetch(`${pageOf(source)}fit/?${query}`, { signal: drag.abort.signal, headers: { Accept: "application/json" } });
    const { says, fits, due } = await answer.json();
    if (!drag || drag.start !== start || drag.lane !== lane) return;
    drag.ghost.dataset.fits = fits ? "yes" : "no";
    deadline(lane, due);
    tell(place, says);
  } catch (error) {
    if (error.name !== "AbortError" && drag) tell(place, "No answer from the server yet.");
  }
}
// Until when an answer was promised: a dotted line in the lane that is hovered over.
function deadline(lane, due) {
  document.querySelectorAll(".deadline").forEach((line) => line.remove());
  if (!due) return;
  const line = document.createElement("span");
  line.className = "deadline";
  line.style.setProperty("--a", due.hour);
  const words = document.createElement("span");
  words.textContent = `promised by ${due.clock}`;
  line.append(words);
  lane.querySelector(".lane__time").append(line);
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
  deadline(null, null);
  delete drag.source.dataset.lifted;
  say.querySelectorAll(".toast:not([data-toast])").forEach((toast) => toast.remove());
  drag = null;
}
// Posts the form that data-move-form names; the answer brings the lanes out of band.
function send(source, values) {
  const form = document.getElementById("drag");
  const fields = { day: board.dataset.day ?? "", minutes: "", version: source.dataset.version ?? "", ...values };
  for (const [name, value] of Object.entries(fields)) if (form.elements[name]) form.elements[name].value = value;
  const address = `${pageOf(source)}move/`;
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

// --- News -----------------------------------------------------------------------------------
const clockNow = () => document.querySelector("[data-clock]")?.textContent ?? "";
let heard = Date.now();
let heardAt = clockNow();
function hear() {
  heard = Date.now();
  heardAt = clockNow();
  showAge();
}
function showAge() {
  const late = Date.now() - heard > 45000;
  const live = board.querySelector("[data-live]");
  board.toggleAttribute("data-stale", late);
  live?.toggleAttribute("data-stale", late);
  live?.querySelector("[data-live-says]")?.replaceChildren(late ? `Last updated ${heardAt}, reconnecting` : "Live");
}
function news() {
  showAge();
  if (!document.hidden && !drag && window.htmx) {
    const address = `${board.dataset.sinceUrl}${board.dataset.sinceUrl.includes("?") ? "&" : "?"}v=${encodeURIComponent(board.dataset.version)}`;
    window.htmx.ajax("GET", address, { source: board, target: board, swap: "none" });
  }
}
// What comes is the answer to something that was done here, not news.
let isOwn = false;
// A lane someone is in is not swapped under their hands; what they did themselves is no surprise.
function hold(event) {
  const lane = event.detail.target.closest?.(".lane");
  if (isOwn) return;
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
  button.addEventListener("click", () => {
    const chosen = lane.querySelector("a.visit[aria-current]")?.getAttribute("href");
    lane.replaceWith(fresh);
    window.htmx.process(fresh);
    ([...fresh.querySelectorAll("a.visit")].find((v) => v.getAttribute("href") === chosen) ?? fresh.querySelector("a.visit"))?.focus();
  });
  track.append(button);
}

if (board) {
  document.addEventListener("pointerdown", press);
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", drop);
  document.addEventListener("pointercancel", putBack);
  document.addEventListener("dragstart", (event) => { if (event.target.closest(".visit")) event.preventDefault(); });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !drag?.lifted) return;
    event.preventDefault();
    event.stopPropagation();
    putBack();
  }, true);
  // From the keys: a longer or shorter visit goes the same way as one that was dragged.
  document.addEventListener("board-send", ({ detail }) => send(detail.source, detail.values));
  if (board.dataset.sinceUrl) {
    setInterval(news, 15000);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) news(); });
    document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) hear(); });
    // The server remembers nothing: each request says what this page shows.
    document.addEventListener("htmx:configRequest", ({ detail }) => {
      detail.headers["X-Board-Version"] = board.dataset.version;
      const list = board.querySelector(".daylist");
      if (list && getComputedStyle(list).display !== "none") detail.headers["X-Board-List"] = "1";
    });
    document.addEventListener("board-version", (event) => { board.dataset.version = event.detail.value; });
    document.addEventListener("htmx:beforeSwap", ({ detail }) => { isOwn = detail.requestConfig.verb !== "get"; });
    document.addEventListener("htmx:oobBeforeSwap", hold);
  }
}
