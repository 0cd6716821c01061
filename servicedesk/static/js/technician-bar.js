// The bar that says exactly what is saved and what is sent.
const icons = document.getElementById("phone-icons");

export const icon = (name) => icons.content.querySelector(`[data-icon="${name}"] > svg`).cloneNode(true);
// What the phone's clock lacks to the server's; it is known from the last time that both were heard.
let offset = 0;
export const setOffset = (lacks) => { offset = lacks; };
export const trueTime = (when) => new Date(when).getTime() + offset;
// By the desk's clock, wherever the phone thinks that it is.
const timeZone = document.querySelector("meta[name=zone]")?.content;
export const wall = (instant) => new Date(instant).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone });
// An instant of the phone's own clock, by the right time.
export const clock = (when) => wall(trueTime(when));
export const steps = (n) => `${n} ${n === 1 ? "step" : "steps"}`;

const DRAWN = { offline: "cloud-off", waiting: "cloud-off", sending: "cloud-upload", sent: "cloud-check" };

export function say(state, words, { href, link } = {}) {
  const bar = document.querySelector(".sync");
  if (!bar) return;
  bar.hidden = false;
  bar.dataset.state = state;
  const text = document.createElement("span");
  text.textContent = words;
  const parts = [icon(DRAWN[state]), text];
  if (href) {
    const anchor = document.createElement("a");
    anchor.className = "push";
    anchor.href = href;
    anchor.textContent = link;
    parts.push(anchor);
  }
  // Said again, it would be read out again.
  if (bar.textContent.trim() !== parts.map((part) => part.textContent.trim()).join("") || !bar.querySelector("svg")) bar.replaceChildren(...parts);
}

// Told where the bar cannot be overlooked: what was not kept at all.
export function warn(words) {
  document.querySelector("[data-not-kept]")?.remove();
  const box = document.createElement("p");
  box.className = "problems";
  box.dataset.notKept = "";
  box.setAttribute("role", "alert");
  box.textContent = words;
  document.getElementById("main").prepend(box);
  box.scrollIntoView({ block: "center" });
}
