// A pad to sign on. The PNG goes as a data URL into the hidden field that data-signature names.
for (const pad of document.querySelectorAll("[data-signature]")) {
  const field = document.getElementById(pad.dataset.signature);
  const canvas = pad.querySelector("canvas");
  const pen = canvas.getContext("2d");
  let last = null;

  const fit = () => {
    const scale = Math.min(devicePixelRatio, 2);
    const drawn = canvas.width ? canvas.toDataURL() : null;
    canvas.width = pad.clientWidth * scale;
    canvas.height = pad.clientHeight * scale;
    pen.scale(scale, scale);
    pen.lineWidth = 2.6;
    pen.lineCap = pen.lineJoin = "round";
    // Always dark on clear ground: the sheet it is printed on is white.
    pen.strokeStyle = "#141d2b";
    const kept = field.value || (drawn && pad.dataset.drawn ? drawn : "");
    if (kept) { const image = new Image(); image.onload = () => pen.drawImage(image, 0, 0, pad.clientWidth, pad.clientHeight); image.src = kept; }
  };
  const at = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
    pen.beginPath(); pen.moveTo(...last); pen.lineTo(last[0] + .1, last[1]); pen.stroke();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    for (const step of event.getCoalescedEvents?.() ?? [event]) {
      const to = at(step);
      pen.beginPath(); pen.moveTo(...last); pen.lineTo(...to); pen.stroke();
      last = to;
    }
  });
  const lift = () => {
    if (!last) return;
    last = null;
    pad.dataset.drawn = "1";
    field.value = canvas.toDataURL("image/png");
    field.dispatchEvent(new Event("change", { bubbles: true }));
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  document.querySelector(`[data-clears="${pad.id}"]`)?.addEventListener("click", () => {
    field.value = "";
    delete pad.dataset.drawn;
    pen.clearRect(0, 0, pad.clientWidth, pad.clientHeight);
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
  // What was signed before the page was closed.
  field.addEventListener("restored", fit);
  new ResizeObserver(fit).observe(pad);
}
