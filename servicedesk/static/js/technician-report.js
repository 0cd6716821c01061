// The report: number fields with buttons, and the dock's count of recommendations without an answer.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-step]");
  if (button) {
    const input = button.closest(".stepper").querySelector("input");
    const next = Number(input.value || 0) + Number(button.dataset.step);
    input.value = Math.min(Number(input.max || 99), Math.max(Number(input.min || 0), next));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  const jump = event.target.closest?.("[data-finish]");
  if (jump && left().length) {
    event.preventDefault();
    const card = left()[0];
    card.scrollIntoView({ block: "start", behavior: "smooth" });
    (card.querySelector("input[data-decision]:checked") ?? card.querySelector("input[data-decision]"))?.focus({ preventScroll: true });
  }
});

// A card is answered when a decision is chosen and, where the decision wants a reason, the reason too.
const answered = (card) => {
  const decision = card.querySelector("input[data-decision]:checked");
  if (!decision) return false;
  return [...card.querySelectorAll(`[data-when~="${decision.value}"][data-needed]`)].every((part) => part.querySelector("input:checked"));
};
const left = () => [...document.querySelectorAll("[data-review]")].filter((card) => !answered(card));

function count() {
  const button = document.querySelector("[data-finish]");
  if (!button) return;
  const open = left();
  for (const card of document.querySelectorAll("[data-review]")) {
    const todo = open.includes(card);
    card.toggleAttribute("data-todo", todo);
    card.querySelector("[data-review-says]")?.replaceChildren(todo ? "Not reviewed yet" : "Reviewed");
  }
  const n = open.length;
  button.classList.toggle("caution", n > 0);
  button.classList.toggle("primary", n === 0);
  const words = n ? `${n} ${n === 1 ? "recommendation" : "recommendations"} left to review` : button.dataset.finish;
  button.querySelector("[data-finish-says]").textContent = words;
  document.querySelectorAll("[data-left]").forEach((el) => { el.textContent = n ? `${n} left to review` : "All answered"; el.dataset.tone = n ? "bad" : "good"; });
}
// What is being signed stands above the pad: the parts, also one whose number is looked up when the report is
// sent; what was decided of each recommendation, and those found today; what is left, then and now. The
// recommendations have a pad of their own, with their list, which is there as soon as there is one.
function listSigned() {
  const list = document.querySelector("[data-signed]");
  if (!list) return;
  const typed = (name) => document.querySelector(`[name="${name}"]`)?.value.trim() ?? "";
  const called = (input) => (input.ariaLabel ?? input.labels[0].textContent).trim().replace(/ used$/, "");
  const parts = [...document.querySelectorAll("input[name^='part-']")].filter((input) => Number(input.value) > 0);
  const words = parts.map((input) => `${input.value} × ${called(input)}`);
  if (typed("extra_number")) words.push(`${typed("extra_quantity") || 1} × ${typed("extra_number")}`);
  const decided = [];
  const undecided = [];
  for (const card of document.querySelectorAll(".reccard[id]")) {
    const chosen = card.querySelector("input[data-decision]:checked");
    const title = card.querySelector(".reccard__title").textContent;
    if (chosen) decided.push(`${title}: ${chosen.parentElement.textContent.trim().toLowerCase()}`);
    else if ("review" in card.dataset) undecided.push(title);
  }
  const found = [...document.querySelectorAll(".reccard:not([id]) .reccard__title")].map((title) => title.textContent);
  for (const finding of [...found, typed("new-finding")]) if (finding) decided.push(`${finding}: new`);
  words.push(...decided);
  for (const work of document.querySelectorAll("[data-left-work]")) {
    const chosen = work.querySelector(":checked");
    if (chosen) words.push(`${work.dataset.leftWork}: ${chosen.parentElement.textContent.trim().toLowerCase()}`);
  }
  const next = typed("next_step") || typed("not_fixed_because");
  if (next && document.querySelector("[name=fixed][value=no]:checked")) words.push(`Still to do: ${next}`);
  const say = (place, lines) => place.replaceChildren(...lines.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  say(list, words);
  list.hidden = !words.length;
  const apart = document.querySelector("[data-signed-apart]");
  say(apart, [...decided, ...undecided]);
  apart.parentElement.hidden = !apart.childElementCount;
}
document.addEventListener("change", listSigned);
document.addEventListener("change", count);
document.addEventListener("change", (event) => {
  const input = event.target.closest?.(".photos__add input[type=file]");
  if (!input) return;
  const box = input.closest(".photos__add");
  const n = input.files.length;
  box.toggleAttribute("data-count", n > 0);
  box.querySelector("[data-says]").textContent = n ? `${n} chosen` : "Photo";
});
count();
listSigned();
