// The list behind "See": what waits, what was refused and why, and where two versions ask for a decision.
import { clock } from "./technician-bar.js";
import { isPart } from "./technician-bringing.js";

const NAMES = { call: "Called ahead", read: "Read what to raise", "set-out": "On my way", arrival: "Another arrival time", arrive: "Arrived", skip: "Step skipped", undo: "Undo", "no-access": "No access", take: "Taken along", "put-back": "Put back", accept: "Changes seen", add: "New recommendation", finish: "Finished" };
const STATES = { waiting: "Waiting to send", refused: "Not taken", conflict: "Needs your answer" };

const list = document.getElementById("waiting-list");
const empty = document.getElementById("waiting-empty");

document.addEventListener("queue-ready", ({ detail: { queue, flush, phone } }) => {
  const draw = async () => {
    const all = (await queue.all()).filter((action) => action.state !== "sent");
    empty.hidden = all.length > 0;
    list.replaceChildren(...all.map((action) => card(action, { queue, flush, phone })));
  };
  document.addEventListener("queue-painted", draw);
  draw();
});

function card(action, { queue, flush, phone }) {
  const kind = action.state === "conflict" && !action.nowWords ? "unread" : action.state;
  const made = document.getElementById(`${kind}-card`).content.firstElementChild.cloneNode(true);
  made.dataset.kind = action.kind;
  const fill = (name, words) => { for (const spot of made.querySelectorAll(`[data-fill="${name}"]`)) spot.textContent = words ?? ""; };
  fill("what", `${clock(action.device_at)} ${NAMES[action.kind]}${isPart(action) ? `: ${action.says}` : ""}`);
  fill("who", action.who);
  fill("state", STATES[action.state]);
  fill("words", action.words);
  fill("seen", action.seenWords);
  fill("now", action.nowWords);
  const link = made.querySelector("a[data-visit-link]");
  if (link) link.href = action.visit ? `${phone.today}${action.visit}/` : phone.today;
  const buttons = {
    agree: async () => { await queue.decide(action.order, "agree"); await flush(); },
    leave: async () => { await queue.decide(action.order, "leave"); await flush(); },
    seen: () => queue.dismiss(action.order),
    again: async () => { await queue.dismiss(action.order, { again: true }); location.assign(`${phone.today}${action.visit}/finish/`); },
  };
  for (const button of made.querySelectorAll("button[data-do]")) {
    if (button.dataset.do === "again" && action.kind !== "finish") button.remove();
    else button.addEventListener("click", buttons[button.dataset.do]);
  }
  return made;
}
