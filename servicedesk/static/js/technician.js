// What every page of a technician has. Each page works without it.
import "./toasts.js";

document.documentElement.dataset.js = "";
