// The report on the phone: what is typed is kept as it is typed, photos are made small and kept at once,
// and what is missing is said here in the server's words, because the server may be out of reach.
import { trueTime } from "./technician-bar.js";

const LONGEST_SIDE = 1600;
const MOST_PHOTOS = 6;
const LONGEST_DEFERRAL = 180;
const DAY = 86_400_000;
const OWN = new Set(["csrfmiddlewaretoken", "shown", "device_at"]);

let keep = async () => {};
let timer = 0;
let photosKept = Promise.resolve();
let dropped = () => {};

// What the form says, as pairs, and its photos apart.
async function typedOn(form, button, kind) {
  await photosKept;
  clearTimeout(timer);
  const typed = [];
  const photos = [];
  for (const [name, value] of new FormData(form, button)) {
    if (name === "csrfmiddlewaretoken") continue;
    if (value instanceof File) { if (value.size) photos.push(value); }
    else if (kind !== "add" || name.startsWith("new-")) typed.push([name, value]);
  }
  return { typed, photos };
}

// Whether all is there; otherwise it is said what is not, on top and beside its place.
function mend(form, kind) {
  const wrong = kind === "add" ? missingFinding(form, true) : [...missingAnswers(form), ...missingReport(form), ...missingFinding(form, false)];
  form.querySelectorAll("[data-missing], .problems").forEach((old) => old.remove());
  sessionStorage[`mend ${form.dataset.visit}`] = wrong.length ? kind : "";
  if (!wrong.length) return true;
  const list = document.createElement("ul");
  for (const [place, words] of wrong) {
    const link = Object.assign(document.createElement("a"), { href: `#${place}`, textContent: words });
    list.append(Object.assign(document.createElement("li"), {}));
    list.lastChild.append(link);
    const beside = Object.assign(document.createElement("p"), { className: "error", textContent: words });
    beside.dataset.missing = "";
    const at = document.getElementById(place);
    const box = at?.closest("details");
    if (box) box.open = true;
    if (at?.matches(".reccard")) at.querySelector(".reccard__title").after(beside);
    else if (at?.matches(".card")) at.prepend(beside);
    else (at?.closest(".field") ?? at)?.before(beside);
  }
  const box = Object.assign(document.createElement("div"), { className: "problems", tabIndex: -1 });
  box.setAttribute("role", "alert");
  box.append(Object.assign(document.createElement("h2"), { textContent: `${wrong.length} thing${wrong.length === 1 ? "" : "s"} to mend` }), list);
  const section = document.createElement("section");
  section.dataset.missing = "";
  section.append(box);
  form.prepend(section);
  box.focus();
  return false;
}

const value = (form, name) => form.elements[name]?.value?.trim() ?? "";

function* missingAnswers(form) {
  for (const card of form.querySelectorAll(".reccard[id]")) {
    const about = card.id.replace("card-", "answer-");
    const of = (name) => value(form, `${about}-${name}`);
    const say = (words) => [card.id, `${card.querySelector(".reccard__title").textContent}: ${words}`];
    const decision = of("decision");
    if (!decision) { if ("review" in card.dataset) yield say("Choose an answer."); continue; }
    if (decision === "accepted" && !of("how")) yield say("Say whether it is done or to be booked.");
    if (decision === "worse" && !of("told")) yield say("Say whether the customer was told.");
    const why = { declined: "no", deferred: "not_now" }[decision];
    if (why && !of(`why_${why}`)) yield say("Choose a reason.");
    else if (why && of(`why_${why}`) === "other" && !of(`words_${why}`)) yield say("Write the reason.");
    if (decision === "deferred") {
      const today = Date.parse(form.dataset.today);
      const until = Date.parse(of("until"));
      if (!(until > today)) yield say("Choose a day after today.");
      else if (until > today + LONGEST_DEFERRAL * DAY) yield say(`${new Date(today + LONGEST_DEFERRAL * DAY).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" })} at the latest, 180 days from today.`);
    }
  }
}

function* missingReport(form) {
  if (!value(form, "work_done")) yield ["work_done", "Say what you did."];
  if (!value(form, "fixed")) yield ["fixed", "Say whether it is fixed."];
  if (value(form, "fixed") === "no" && !value(form, "not_fixed_because")) yield ["not_fixed_because", "Say why it is not fixed."];
  for (const work of form.querySelectorAll("[data-left-work]")) {
    if (!work.querySelector(":checked")) yield [work.id, `Say whether it is done: “${work.dataset.leftWork}”.`];
  }
  if (!["signature", "signed_name", "unsigned_reason"].some((name) => value(form, name))) yield ["signature-block", "Let the customer sign, type a name, or say why nobody can sign."];
  const nobodyElse = !["signature", "signed_name", "recommendations_name"].some((name) => value(form, name));
  if (nobodyElse && value(form, "unsigned_reason") && value(form, "recommendations_signature")) yield ["recommendations_name", "Type the name of who signs for the recommendations."];
}

function missingFinding(form, isWanted) {
  if (!value(form, "new-finding")) {
    if (isWanted) return [["new-finding", "Say what should be done."]];
    return form.elements.photo?.files.length ? [["new-finding", "A photo is taken, and no words: say what should be done."]] : [];
  }
  const wrong = [];
  if (!value(form, "new-severity")) wrong.push(["new-severity", "Say how urgent it is."]);
  if (!/^(\d+(\.\d\d?)?)?$/.test(value(form, "new-estimate").trim())) wrong.push(["new-estimate", "Write the estimate in figures, like 612.00."]);
  if (value(form, "new-review_by") && value(form, "new-review_by") <= form.dataset.today) wrong.push(["new-review_by", "Choose a day after today."]);
  return wrong;
}

function showRaised(form, finding) {
  const card = document.getElementById("raised-here").content.firstElementChild.cloneNode(true);
  card.querySelector(".reccard__title").textContent = finding;
  form.elements["new-finding"].closest("details").before(card);
}

// A recommendation was taken over: the form is free for the next one.
async function finished(form) {
  showRaised(form, value(form, "new-finding"));
  for (const name of ["finding", "risk", "estimate", "review_by"]) form.elements[`new-${name}`].value = "";
  form.elements["new-public_id"].value = crypto.randomUUID();
  form.elements.photo.value = "";
  sayKept(form.elements.photo);
  dropped();
  form.dispatchEvent(new Event("change", { bubbles: true }));
  await keep();
}

function restore(form, { typed, photos }) {
  const values = Map.groupBy ? Map.groupBy(typed, ([name]) => name) : typed.reduce((map, pair) => map.set(pair[0], [...(map.get(pair[0]) ?? []), pair]), new Map());
  for (const [name, pairs] of values) {
    if (OWN.has(name)) continue;
    const said = pairs.map(([, text]) => text);
    let fields = [...form.elements].filter((field) => field.name === name && field.type !== "file" && field.type !== "submit");
    if (!fields.length && name.startsWith("part-") && Number(said[0])) fields = [partLine(form, name)];
    for (const field of fields) {
      if (field.type === "radio" || field.type === "checkbox") field.checked = said.includes(field.value);
      else field.value = said[0];
      const box = field.closest("details");
      if (box && (field.type === "radio" ? field.checked && field.name !== "new-severity" : field.value && field.type !== "hidden" && !["extra_quantity", "new-machine"].includes(name) && field.name in { "new-finding": 1, "new-risk": 1, "new-estimate": 1, "new-review_by": 1, extra_number: 1, signed_name: 1, unsigned_reason: 1, recommendations_name: 1, recommendations_unsigned: 1 })) box.open = true;
    }
  }
  if (photos.length) {
    give(form.elements.photo, photos);
    form.elements.photo.closest("details").open = true;
    sayKept(form.elements.photo);
  }
  for (const name of ["signature", "recommendations_signature"]) form.elements[name].dispatchEvent(new Event("restored"));
  form.dispatchEvent(new Event("change", { bubbles: true }));
}

// A part that was added by its number, before the page was made anew.
function partLine(form, name) {
  const label = Object.assign(document.createElement("label"), { className: "line ends", textContent: "A part added by its number" });
  const field = Object.assign(document.createElement("input"), { type: "number", name, min: 0, max: 99 });
  label.append(field);
  form.elements.extra_number.closest("details").before(label);
  return field;
}

function give(input, photos) {
  const all = new DataTransfer();
  for (const photo of photos) all.items.add(photo instanceof File ? photo : new File([photo], "photo.jpg", { type: photo.type }));
  input.files = all.files;
}

function sayKept(input) {
  const n = input.files.length;
  document.querySelector("[data-drops-photos]").hidden = !n;
  input.closest(".photos__add").toggleAttribute("data-count", n > 0);
  input.closest(".photos__add").querySelector("[data-says]").textContent = n ? `${n} saved` : "Photo";
}

// At most 1,600 px: what the server keeps is no larger, and a phone's storage is small.
async function reduced(file) {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", .85); });
    return blob ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
  } catch {
    // What the browser cannot read, the server may.
    return file;
  }
}

document.addEventListener("queue-ready", async ({ detail: { queue, warn, report } }) => {
  const form = document.getElementById("finish");
  if (!form?.dataset.visit) return;
  Object.assign(report, { typedOn, mend, finished });
  keep = async () => {
    const { typed, photos } = await typedOn(form, null, "finish");
    try {
      await queue.keepDraft(form.dataset.visit, { typed, photos });
      return true;
    } catch {
      warn("This phone’s storage is full: what you type here is not saved until it is sent.");
      return false;
    }
  };
  const input = form.elements.photo;
  let kept = [];
  dropped = () => { kept = []; };
  form.querySelector("[data-drops-photos]")?.addEventListener("click", async () => {
    dropped();
    input.value = "";
    sayKept(input);
    await keep();
  });
  const actions = (await queue.all()).filter((action) => action.visit === form.dataset.visit);
  // Raised here, and the server has not heard of it: the page that it made does not show it.
  for (const { kind, state, typed } of actions) {
    if (kind === "add" && state === "waiting") showRaised(form, typed.find(([name]) => name === "new-finding")[1]);
  }
  form.dispatchEvent(new Event("change", { bubbles: true }));
  const draft = await queue.draft(form.dataset.visit);
  if (draft && !("typed" in form.dataset)) {
    restore(form, draft);
    kept = draft.photos;
  } else if ("typed" in form.dataset) await keep();
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(keep, 250); });
  form.addEventListener("change", (event) => {
    if (event.target !== input) { keep(); return; }
    input.closest(".photos__add").querySelector("[data-says]").textContent = "Saving…";
    const chosen = [...input.files];
    photosKept = (async () => {
      if (!chosen.length) kept = [];
      for (const file of chosen) if (kept.length < MOST_PHOTOS) kept.push(await reduced(file));
      give(input, kept);
    })();
    photosKept.then(keep).then((isKept) => { if (isKept) sayKept(input); });
  });
  // What was wrong is said again after a reload, as far as it still is.
  const mending = sessionStorage[`mend ${form.dataset.visit}`];
  if (mending && draft) mend(form, mending);
  // How long somebody is there, also where the server does not know of the arrival yet.
  const arrived = actions.findLast((action) => action.kind === "arrive");
  const spot = document.querySelector("[data-minutes]");
  const came = arrived ? trueTime(arrived.device_at) : Date.parse(spot.dataset.came);
  const tick = () => { if (came) spot.textContent = `${Math.max(0, Math.floor((trueTime(Date.now()) - came) / 60_000))} min`; };
  tick();
  setInterval(tick, 30_000);
  addEventListener("pagehide", () => { clearTimeout(timer); keep(); });
  document.documentElement.dataset.draft = "ready";
});
