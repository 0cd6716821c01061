// The board by hand and key: click or arrows choose a visit, a key or the ⋯ menu acts on it.
// Every act is an address below the visit's page; the server says in words where it cannot be done.
const board = document.querySelector("[data-board]");
const ACTS = { m: "move/", a: "assign/", c: "called/", s: "message/", o: "outcome/" };
const QUARTER = 0.25;
const hours = (visit, name) => parseFloat(visit.style.getPropertyValue(name));
const visits = (lane) => [...lane.querySelectorAll("a.visit")];
const isWide = () => matchMedia("(width >= 64rem)").matches;
const chosen = () => board.querySelector("a.visit[aria-current]");
// A dialog is on its way: a quick hand's Enter is meant for it, not for the visit below.
let opening = false;

function choose(visit) {
  if (visit === chosen()) return;
  board.querySelectorAll("a.visit[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
  board.querySelector("[data-more]")?.remove();
  visit.setAttribute("aria-current", "true");
  if (!isWide()) return;
  const more = document.createElement("button");
  more.type = "button";
  more.className = "btn more";
  more.dataset.more = "";
  more.textContent = "⋯";
  more.setAttribute("aria-haspopup", "dialog");
  more.setAttribute("aria-label", `What to do with ${visit.getAttribute("aria-label")}`);
  for (const name of ["--a", "--b", "--row", "--rows"]) {
    const value = visit.style.getPropertyValue(name);
    if (value) more.style.setProperty(name, value);
  }
  visit.after(more);
}
function open(url) {
  if (!window.htmx) return location.assign(url);
  opening = true;
  window.htmx.ajax("GET", url, { target: "#dialogs", swap: "innerHTML" }).finally(() => { opening = false; });
}

// --- By hand ----------------------------------------------------------------------------------
// One click chooses, a double click opens; Enter is a click without a pointer (detail is 0).
function click(event) {
  if (event.target.closest("[data-more]")) return open(`${chosen().getAttribute("href")}menu/`);
  const visit = event.target.closest("a.visit");
  if (!visit || !isWide() || event.defaultPrevented || !event.detail || event.ctrlKey || event.metaKey) return;
  if (event.detail > 1) return;
  event.preventDefault();
  if (event.shiftKey && first?.isConnected && first !== visit) {
    choose(first);
    return open(`${first.getAttribute("href")}swap/?with=${idOf(visit)}`);
  }
  visit.focus();
}
// The press itself moves the focus, and with it what is chosen: what was chosen before it counts.
let first = null;
const press = () => { first = chosen(); };
const idOf = (visit) => visit.getAttribute("href").split("/").filter(Boolean).pop();

// --- By key -----------------------------------------------------------------------------------
function keys(event) {
  if (opening && event.key === "Enter") { event.preventDefault(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog:modal")) return;
  const focused = document.activeElement;
  const at = focused?.closest?.("a.visit");
  const isFree = focused === document.body || focused === board.querySelector("[data-grid]") || focused?.matches?.("[data-more]");
  if (event.key === "." && !focused?.matches?.("input, select, textarea") && isOn()) return jump(event);
  if (!at && !isFree) return;
  const meant = at ?? chosen();
  const act = ACTS[event.key.toLowerCase()];
  if (act && meant && isOn() && !event.shiftKey) {
    event.preventDefault();
    event.stopPropagation();
    return open(meant.getAttribute("href") + act);
  }
  if (!/^Arrow/.test(event.key)) return;
  event.preventDefault();
  if (!at) return (meant ?? board.querySelector("a.visit"))?.focus();
  const side = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
  if (side && event.shiftKey) return resize(at, side);
  step(at, side, event.key === "ArrowUp" ? -1 : 1);
}
const isOn = () => document.documentElement.dataset.shortcuts !== "off";
function step(visit, side, down) {
  const lane = visit.closest(".lane");
  if (side) return visits(lane)[visits(lane).indexOf(visit) + side]?.focus();
  const all = [...board.querySelectorAll(".lane[data-technician]")].filter((l) => visits(l).length);
  const next = all[all.indexOf(lane) + down];
  if (!next) return;
  const near = (other) => Math.abs(hours(other, "--a") - hours(visit, "--a"));
  visits(next).reduce((best, other) => (near(other) < near(best) ? other : best)).focus();
}
function resize(visit, side) {
  if (!visit.dataset.version) return;
  const start = Math.round(hours(visit, "--a") * 60);
  const minutes = Math.max(15, Math.round((hours(visit, "--b") - hours(visit, "--a") + side * QUARTER) * 60));
  const clock = `${String(Math.floor(start / 60)).padStart(2, "0")}:${String(start % 60).padStart(2, "0")}`;
  const values = { technician: visit.closest(".lane").dataset.technician, start: clock, minutes };
  document.dispatchEvent(new CustomEvent("board-send", { detail: { source: visit, values } }));
}
// "." goes to the first card that needs somebody; where the tray is folded away, it opens.
function jump(event) {
  event.preventDefault();
  event.stopPropagation();
  const tray = document.getElementById("tray");
  // Folded away nothing in it takes the focus; with the focus inside it stays open by itself.
  const wasOpen = tray.hasAttribute("data-open");
  tray.setAttribute("data-open", "");
  (tray.querySelector(".todo a") ?? tray.querySelector(".tray__list"))?.focus();
  tray.toggleAttribute("data-open", wasOpen);
}

if (board) {
  document.addEventListener("pointerdown", press, true);
  document.addEventListener("click", click);
  document.addEventListener("keydown", keys, true);
  board.addEventListener("focusin", ({ target }) => { if (target.matches("a.visit")) choose(target); });
  // What was acted on keeps the focus, wherever it stands now.
  document.addEventListener("board-focus", ({ detail }) => {
    [...board.querySelectorAll("a.visit")].find((visit) => visit.getAttribute("href") === detail.value)?.focus();
  });
}
