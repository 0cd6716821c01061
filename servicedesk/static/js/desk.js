// What every staff page has: clock, toasts, menus, dialogs, keys. Each page works without it.
import "./toasts.js";

const root = document.documentElement;
root.dataset.js = "";

const isField = (el) => el?.matches?.("input:not([type=radio], [type=checkbox], [type=button]), select, textarea, [contenteditable]");

// The clock follows the server's time, not the device's.
export function clock(el) {
  const [h, m, s] = el.dataset.clock.split(":").map(Number);
  const offset = (h * 3600 + m * 60 + s) * 1000 - Date.now();
  const tick = () => {
    const t = Math.floor((((Date.now() + offset) / 1000) % 86400 + 86400) % 86400);
    el.textContent = [t / 3600, (t / 60) % 60].map((n) => String(Math.floor(n)).padStart(2, "0")).join(":");
  };
  setInterval(tick, 5000);
}
document.querySelectorAll("[data-clock]").forEach(clock);

const region = document.getElementById("toasts");
export function toast(text, { icon } = {}) {
  if (!region) return;
  const t = document.createElement("div");
  t.className = "toast";
  t.dataset.toast = "5";
  t.append(icon ?? "", text);
  region.replaceChildren(t);
}

// The theme is applied at once; the form still saves it with the person.
document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("[data-theme-form]");
  if (!form) return;
  event.preventDefault();
  const { value } = event.submitter;
  if (value) root.dataset.theme = value;
  else delete root.dataset.theme;
  form.querySelectorAll("button").forEach((b) => b.setAttribute("aria-pressed", String(b === event.submitter)));
  fetch(form.action, { method: "POST", body: new FormData(form, event.submitter) });
});

// data-opens="id" shows a <dialog>; a dialog that arrives with data-dialog shows itself and goes when closed.
document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-opens]");
  if (opener) openDialog(document.getElementById(opener.dataset.opens));
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const toggle = event.target.closest?.("[data-toggles]");
  if (toggle) document.getElementById(toggle.dataset.toggles)?.toggleAttribute("data-open");
});
function openDialog(dialog) {
  if (!dialog || dialog.matches(":modal")) return;
  if (dialog.id === "keys") listKeys(dialog);
  dialog.removeAttribute("open");
  dialog.showModal();
  // The choice already made takes the focus, so that Enter sends it.
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector(".slots input:checked"))?.focus();
  if ("dialog" in dialog.dataset) dialog.addEventListener("close", () => dialog.remove());
}
function openArrived(scope) {
  scope.querySelectorAll?.("dialog[data-dialog]").forEach(openDialog);
  if (scope.matches?.("dialog[data-dialog]")) openDialog(scope);
}
document.addEventListener("htmx:load", (event) => openArrived(event.detail.elt));
openArrived(document);

function listKeys(dialog) {
  const list = dialog.querySelector("[data-keys]");
  list.replaceChildren();
  const seen = new Set();
  for (const el of document.querySelectorAll("[aria-keyshortcuts]")) {
    const key = el.getAttribute("aria-keyshortcuts");
    const label = el.getAttribute("aria-label") || [...el.childNodes].filter((n) => n.nodeName !== "KBD").map((n) => n.textContent).join(" ").trim();
    if (!label || seen.has(key)) continue;
    seen.add(key);
    const dt = document.createElement("dt");
    const kbd = document.createElement("kbd");
    kbd.textContent = key.toUpperCase();
    dt.append(kbd);
    const dd = document.createElement("dd");
    dd.textContent = label;
    list.append(dt, dd);
  }
}

// Keys. "b" clicks the element with aria-keyshortcuts="b"; "g c" is g, then c within a second.
let first = "";
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    const form = document.querySelector("dialog[open] form[data-ctrl-enter]") ?? document.activeElement?.closest?.("form[data-ctrl-enter]") ?? document.querySelector("form[data-ctrl-enter]");
    if (form) { event.preventDefault(); form.requestSubmit(form.querySelector("[data-primary]")); }
    return;
  }
  if (event.key === "Escape") return escape(event);
  // The field of a dialog that has just been closed keeps the focus until the page is drawn anew.
  const isTyping = isField(event.target) && event.target.checkVisibility();
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping || root.dataset.shortcuts === "off") return;
  const modal = document.querySelector("dialog:modal");
  const scope = modal ?? document;
  const key = event.key.toLowerCase();
  if (/^[0-9]$/.test(key)) {
    const radio = scope.querySelector(`[data-digit="${key}"]`);
    if (radio) { event.preventDefault(); radio.focus(); radio.click(); return; }
  }
  const wanted = first ? `${first} ${key}` : key;
  first = "";
  const target = [...scope.querySelectorAll("[aria-keyshortcuts]")].find((el) => el.getAttribute("aria-keyshortcuts").toLowerCase() === wanted && !(el.closest("dialog") && !modal));
  if (target) {
    event.preventDefault();
    if (isField(target)) { target.focus(); target.select?.(); } else target.click();
  } else if (scope.querySelector(`[aria-keyshortcuts^="${CSS.escape(key)} " i]`)) {
    first = key;
    setTimeout(() => { first = ""; }, 1000);
  }
});
function escape(event) {
  const menu = document.querySelector("details.menu[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); return; }
  if (document.querySelector("dialog:modal")) return;
  const closer = document.querySelector("[data-escape]");
  if (closer && !isField(event.target)) { event.preventDefault(); closer.click(); }
}

// A thin bar after 300 ms (in the stylesheet); what is being replaced says so.
const busy = document.getElementById("busy");
let waiting = 0;
const mark = (event, by) => {
  waiting = Math.max(0, waiting + by);
  busy?.toggleAttribute("data-on", waiting > 0);
  const target = event.detail.target;
  if (by > 0) target?.setAttribute?.("aria-busy", "true");
  else target?.removeAttribute?.("aria-busy");
};
document.addEventListener("htmx:beforeRequest", (event) => mark(event, 1));
document.addEventListener("htmx:afterRequest", (event) => mark(event, -1));
for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(name, (event) => {
    if (event.detail.elt?.closest?.("[data-since-url], [data-find]")) return;
    const form = event.detail.elt?.closest?.("form") ?? event.detail.elt;
    form?.querySelector?.(".error[data-lost]")?.remove();
    const p = document.createElement("p");
    p.className = "error";
    p.dataset.lost = "";
    p.setAttribute("role", "alert");
    p.textContent = name === "htmx:responseError" ? "Not saved, something went wrong on our side. Try again." : "Not saved, the connection dropped. Try again.";
    form?.append?.(p);
  });
}
// After a swap the new heading takes the focus where the fragment asks for it.
document.addEventListener("htmx:afterSettle", (event) => {
  const heading = event.detail.elt?.querySelector?.("[data-focus]");
  if (heading) { heading.tabIndex = -1; heading.focus(); }
});
