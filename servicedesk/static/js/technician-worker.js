// Keeps a technician's pages of two days, their photos, and all that they are made of, for when there is no signal.
// Pages come from the server first, always; what is kept is shown only when it cannot be reached. A photo never
// changes: one that is kept is not asked for again.
// Each kept page belongs to the person whom the server made it for: another person's are thrown away.
const scope = new URL(self.registration.scope);
const PAGES = `technician ${scope.pathname}`;
const ASSETS = "technician assets";
const WHO = "kept-for";
const PATIENCE = 6_000;
const HASHED = /\.[0-9a-f]{12}\./;
const PHOTO = /\/today\/photos\//;
const PICTURED = /(href|src)="([^"]+\/today\/photos\/[^"]+)"/g;
const FULL = "QuotaExceededError";
const LINKED = /(?:href|src)="([^"]+\.(?:css|js|svg)(?:\?[^"]*)?)"/g;
const IMPORTED = /(?:from|import) "(\.\/[\w.-]+\.js)"/g;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== scope.origin) return;
  if (request.mode === "navigate") {
    if (url.pathname.startsWith(scope.pathname)) event.respondWith(page(event, url));
  } else if (["script", "style", "font", "image", "manifest"].includes(request.destination)) event.respondWith(asset(request, url));
});

self.addEventListener("message", (event) => {
  if (event.data.keep) event.waitUntil(keepAll(event.data.keep, event.source));
});

// The address without what does not change the page.
const plain = (url) => new URL(url.pathname, url).href;

async function within(promise, patience) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error("late")), patience); });
  try { return await Promise.race([promise, late]); } finally { clearTimeout(timer); }
}

async function page(event, url) {
  const cache = await caches.open(PAGES);
  const kept = await cache.match(plain(url));
  if (kept && PHOTO.test(url.pathname)) return kept;
  try {
    const asked = fetch(event.request);
    const fresh = await (kept ? within(asked, PATIENCE) : asked);
    if (kept && [502, 503, 504].includes(fresh.status)) return kept;
    event.waitUntil(keep(plain(url), fresh.clone()));
    return fresh;
  } catch {
    if (kept) return kept;
    const isDay = plain(url) === scope.href;
    return isDay || !(await cache.match(scope.href)) ? Response.error() : Response.redirect(`${scope.href}?not-kept`);
  }
}

async function asset(request, url) {
  if (PHOTO.test(url.pathname)) return picture(url).catch(() => Response.error());
  const cache = await caches.open(url.pathname.startsWith("/d/") ? PAGES : ASSETS);
  const kept = await cache.match(request.url);
  if (kept && HASHED.test(url.pathname)) return kept;
  try {
    const fresh = await (kept ? within(fetch(request), 2_000) : fetch(request));
    if (fresh.ok && !fresh.redirected) await cache.put(request.url, fresh.clone()).catch(() => {});
    return fresh;
  } catch {
    return kept ?? Response.error();
  }
}

// A photo, kept for the person whose pages are kept; a full phone shows it and keeps nothing.
async function picture(url, isWanted = false) {
  const cache = await caches.open(PAGES);
  const kept = await cache.match(url.href);
  if (kept) return kept;
  const fresh = await fetch(url);
  const known = await cache.match(`${scope.href}${WHO}`);
  if (fresh.ok && known && (await known.text()) === fresh.headers.get("X-Kept-For")) {
    await cache.put(url.href, fresh.clone()).catch((error) => { if (isWanted) throw error; });
  }
  return fresh;
}

// The photos of the kept pages: first all that a page shows, then each as large as it is.
async function picturesOf(addresses) {
  const cache = await caches.open(PAGES);
  const found = { src: [], href: [] };
  for (const address of addresses) {
    const html = await (await cache.match(address))?.text() ?? "";
    for (const [, where, link] of html.matchAll(PICTURED)) found[where].push(new URL(link, address));
  }
  return [...found.src, ...found.href];
}

// Pages come before photos.
async function dropPictures() {
  const cache = await caches.open(PAGES);
  for (const { url } of await cache.keys()) if (PHOTO.test(url)) await cache.delete(url);
}

// Puts a page away where the server says for whom it was made.
async function keep(address, response, again = false) {
  const person = response.headers.get("X-Kept-For");
  if (response.status !== 200 || response.redirected || !person) return;
  const known = await (await caches.open(PAGES)).match(`${scope.href}${WHO}`);
  if (known && (await known.text()) !== person) await caches.delete(PAGES);
  const cache = await caches.open(PAGES);
  if (!(await cache.match(`${scope.href}${WHO}`))) await cache.put(`${scope.href}${WHO}`, new Response(person));
  // First what it is made of: a page that is kept is whole, and the older one stays until then.
  for (const [, link] of (await response.clone().text()).matchAll(LINKED)) await keepAsset(new URL(link, address), again);
  await cache.put(address, response);
}

// A name with a hash stands for its content; what has none is fetched anew where `again`.
async function keepAsset(url, again) {
  if (!isOurs(url)) return;
  const cache = await caches.open(ASSETS);
  const kept = await cache.match(url.href);
  if (kept && (!again || HASHED.test(url.pathname))) return;
  const response = await fetch(url);
  if (!response.ok) throw new Error(url.href);
  for (const name of await importedBy(url, response.clone())) await keepAsset(name, again);
  await cache.put(url.href, response);
}

const isOurs = (url) => url.origin === scope.origin && !url.pathname.startsWith("/d/");

async function importedBy(url, response) {
  if (!url.pathname.endsWith(".js")) return [];
  return [...(await response.text()).matchAll(IMPORTED)].map(([, name]) => new URL(name, url));
}

// What no kept page is made of any more, of whichever desk: an older deployment's.
async function letGo() {
  const cache = await caches.open(ASSETS);
  const used = new Set();
  const use = async (url) => {
    if (!isOurs(url) || used.has(url.href)) return;
    used.add(url.href);
    const kept = await cache.match(url.href);
    if (kept) for (const name of await importedBy(url, kept)) await use(name);
  };
  for (const name of (await caches.keys()).filter((one) => one.startsWith("technician /"))) {
    const pages = await caches.open(name);
    for (const request of await pages.keys()) {
      if (PHOTO.test(request.url)) continue;
      const html = await (await pages.match(request)).text();
      for (const [, link] of html.matchAll(LINKED)) await use(new URL(link, request.url));
    }
  }
  for (const request of await cache.keys()) if (!used.has(request.url)) await cache.delete(request);
}

// Today's and tomorrow's pages, then their photos; what belongs to neither goes, also a picture that was looked
// at once. `full`: "pages" where not every page is kept, "photos" where not every photo.
async function keepAll(list, client) {
  const addresses = list.map((path) => new URL(path, scope).href);
  let full = "";
  let at = 0;
  const keepPage = async (address) => {
    // A report is filled in without a signal, too, before anybody has arrived as far as the server knows.
    const response = await fetch(address, { headers: { "X-Keep": "1" }, cache: "no-store" });
    at = Date.parse(response.headers.get("Date")) || 0;
    await keep(address, response, true);
  };
  for (const address of addresses) {
    try {
      await keepPage(address).catch(async (error) => {
        if (error.name !== FULL) throw error;
        await dropPictures();
        await keepPage(address);
      });
    } catch (error) {
      if (error.name === FULL) full = "pages";
      else if (!full) return;
    }
  }
  const pictures = await picturesOf(addresses);
  const wanted = new Set([...addresses, `${scope.href}${WHO}`, ...pictures.map(({ href }) => href)]);
  const cache = await caches.open(PAGES);
  for (const request of await cache.keys()) if (!wanted.has(request.url)) await cache.delete(request);
  await letGo();
  for (const url of full ? [] : pictures) {
    try {
      await picture(url, true);
    } catch (error) {
      // Without a signal, the next time.
      if (error.name !== FULL) return;
      full = "photos";
      break;
    }
  }
  client?.postMessage({ kept: list, full, at });
}
