// The length of a call: <time data-since="2026-03-05T12:39:48Z">1:12</time>, counted from the server's instant.
for (const el of document.querySelectorAll("time[data-since]")) {
  const start = Date.parse(el.dataset.since);
  const tick = () => {
    const s = Math.max(0, Math.floor((Date.now() - start) / 1000));
    el.textContent = s < 3600 ? `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}` : `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  };
  tick();
  setInterval(tick, 1000);
}
