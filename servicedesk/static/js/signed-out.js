// Nobody is signed in: what a phone kept of a technician's pages goes. What waits to be sent stays.
if ("caches" in globalThis) {
  for (const name of await caches.keys()) if (name.startsWith("technician /")) await caches.delete(name);
  document.documentElement.dataset.cleared = "";
}
