// The search field as an ARIA combobox: the server sends links, this makes them choosable by key.
const form = document.querySelector("[data-find]");
if (form) {
  const input = form.querySelector("[role=combobox]");
  const list = form.querySelector("[role=listbox]");
  const options = () => [...list.querySelectorAll("a")];
  let chosen = -1;

  const show = (open) => {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) choose(-1);
  };
  const choose = (index) => {
    const all = options();
    chosen = all.length ? (index + all.length) % all.length : -1;
    if (index < 0 && index !== -2) chosen = -1;
    all.forEach((a, i) => a.setAttribute("aria-selected", String(i === chosen)));
    if (chosen < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", all[chosen].id);
    all[chosen].scrollIntoView({ block: "nearest" });
  };
  list.addEventListener("htmx:afterSwap", () => {
    options().forEach((a, i) => { a.id = `found-${i}`; a.role = "option"; a.tabIndex = -1; });
    show(input.value.trim() !== "" && list.textContent.trim() !== "" && document.activeElement === input);
  });
  // Enter before the answer is there still opens the first result: wait for it.
  let eager = false;
  list.addEventListener("htmx:afterSettle", () => { if (eager) { eager = false; open(); } });
  const open = () => {
    const target = options()[Math.max(chosen, 0)];
    if (target) location.assign(target.href);
    else form.submit();
  };
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden && options().length) show(true);
      choose(event.key === "ArrowDown" ? chosen + 1 : chosen <= 0 ? options().length - 1 : chosen - 1);
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      if (!input.value.trim()) return;
      if (list.hidden || input.dataset.asked !== input.value) { eager = true; window.htmx.trigger(input, "changed-now"); } else open();
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (!list.hidden) show(false);
      else { input.value = ""; list.replaceChildren(); }
    }
  });
  input.addEventListener("htmx:afterRequest", () => { input.dataset.asked = input.value; });
  input.addEventListener("focus", () => { if (options().length && input.value.trim()) show(true); });
  form.addEventListener("focusout", (event) => { if (!form.contains(event.relatedTarget)) show(false); });
}
