// Toasts leave by themselves, but wait while someone points at them or is in them. One at a time.
function mindToasts() {
  const all = [...document.querySelectorAll("[data-toast]")];
  all.slice(0, -1).forEach((t) => t.dataset.minded && t.remove());
  for (const t of all.filter((t) => !t.dataset.minded)) {
    t.dataset.minded = "1";
    const leave = () => (t.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : t.remove());
    setTimeout(leave, Number(t.dataset.toast) * 1000);
  }
}
const region = document.getElementById("toasts");
if (region) new MutationObserver(mindToasts).observe(region, { childList: true, subtree: true });
mindToasts();
