// The bring list with what was taken along or put back and the page does not know yet.
const typedOf = (action) => Object.fromEntries(action.typed);

export const isPart = ({ kind }) => kind === "take" || kind === "put-back";

export function showBring(actions) {
  let others = 0;
  for (const form of document.querySelectorAll(".bring > form")) {
    const line = form.parentElement;
    const { part, move } = form.elements;
    const where = line.querySelector("small");
    const button = form.querySelector("button");
    const last = actions.findLast((one) => isPart(one) && typedOf(one).part === part.value);
    if (!last && !form.came) continue;
    // As the page came: an answer to a conflict may take a step away again.
    const came = form.came ??= { taken: form.action.endsWith("put-back/"), move: move.value, where: where.textContent, icon: button.firstElementChild };
    const taken = last ? last.kind === "take" : came.taken;
    const before = Number(line.dataset.van);
    const van = before + taken - came.taken;
    others += (van > 0) - (before > 0);
    // What is taken anew is a move of its own.
    move.value = !last ? came.move : taken ? typedOf(last).move : crypto.randomUUID();
    form.action = form.action.replace(/[\w-]+\/$/, taken ? "put-back/" : "take/");
    where.textContent = last ? `${taken ? "Taken along" : "Put back"}${last.state === "sent" ? "" : ", waiting to send"}` : came.where;
    line.querySelector("input").checked = van > 0;
    const other = () => (taken ? document.querySelector(".dock__undo svg") : form.querySelector("template").content.firstElementChild).cloneNode(true);
    const named = Object.assign(document.createElement("span"), { className: "vh", textContent: `${taken ? " taking" : ""} ${form.dataset.says}` });
    button.replaceChildren(taken === came.taken ? came.icon : other(), taken ? "Undo" : "Take", named);
    button.classList.toggle("quiet", taken);
  }
  const said = document.getElementById("bring")?.lastChild;
  const onVan = document.querySelectorAll(".bring:not([data-van='0'])").length + others;
  if (said?.data) said.data = said.data.replace(/\d+/, onVan);
}
