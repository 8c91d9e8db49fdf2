// Keeps what a page has fetched, for a visit without a network. What lies in live-HASH never changes and comes from the
// cache; all else is fetched anew as long as there is a network.
const NAME = "ngdm";
const kept = url => url.match(/\/live-[0-9a-f]+\//)?.[0];

async function fetched(request) {
  const cache = await caches.open(NAME), url = request.url ?? request;
  const known = await cache.match(request, {ignoreSearch: true});
  if (known && kept(url)) return known;
  try {
    const answer = await fetch(request);
    if (answer.status === 200) await cache.put(url.split("?")[0], answer.clone());
    return answer;
  } catch (error) {
    if (known) return known;
    throw error;
  }
}

/** Fetch what a page has loaded before this worker was there; what an older site has left goes. */
async function keep(urls) {
  const cache = await caches.open(NAME), now = kept(urls.find(kept) ?? "");
  await Promise.all(urls.map(fetched));
  for (const {url} of await cache.keys()) if (now && (kept(url) ?? now) !== now) await cache.delete(url);
}

oninstall = () => skipWaiting();
onactivate = event => event.waitUntil(clients.claim());
onmessage = event => event.waitUntil(keep(event.data));
onfetch = event => {
  const {request} = event;
  if (request.method === "GET" && request.url.startsWith(registration.scope)) event.respondWith(fetched(request));
};
