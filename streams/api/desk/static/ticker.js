// The live ticker: articles as they arrive, over one connection that resumes where it broke off.
// It never moves what a reader looks at: while the pointer or the focus is in it, while it is scrolled, and while it is
// paused, articles wait behind a button. Texts are set as text, never as markup.

import { element, numbers, page } from "asset:page.js";

const SHOWN = 100; // items in the list
const WAITING = 500; // items kept behind the button; older ones are left to the search
const EVERY_MS = 500; // at 50 articles a second, the list is touched twice a second
const AGAIN_MS = 5000;

const clock = new Intl.DateTimeFormat(`${page.lang}-u-nu-${page.dataset.digits}`, {
  hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: page.dataset.zone,
});

// Run one ticker until its element leaves the page.
function run(root) {
  const list = root.querySelector("[data-items]");
  const view = root.querySelector("[data-window]");
  const state = root.querySelector("[data-state]");
  const pause = root.querySelector("[data-pause]");
  const fresh = root.querySelector("[data-fresh]");
  const known = new Set([...list.children].map((item) => item.dataset.id));
  let waiting = [];
  let arrived = 0;
  let paused = false;
  let last = "";
  let source = null;
  let stale = null;

  const held = () => paused || view.scrollTop > 0 || view.matches(":hover") || view.contains(document.activeElement);

  function item(article) {
    const made = element("li", undefined, { "data-id": article.id });
    const meta = element("p", undefined, { class: "meta" });
    const time = clock.format(new Date(article.ingested_at));
    meta.append(
      element("bdi", article.source, { class: "outlet" }), " ",
      element("time", time, { datetime: article.ingested_at }),
    );
    if (article.main_place) meta.append(" ", element("bdi", article.main_place.name));
    const href = root.dataset.articles + article.id.split("/").map(encodeURIComponent).join("/");
    made.append(meta, element("a", article.title || root.dataset.untitled, { href, dir: "auto" }));
    return made;
  }

  function show() {
    for (const article of waiting.splice(0, Math.max(0, waiting.length - SHOWN))) known.delete(article.id);
    const added = waiting.reverse();
    waiting = [];
    list.prepend(...added.map(item));
    while (list.children.length > SHOWN) {
      known.delete(list.lastElementChild.dataset.id);
      list.lastElementChild.remove();
    }
  }

  function tick() {
    if (!root.isConnected) {
      stop();
      return;
    }
    if (waiting.length && !held()) show();
    fresh.disabled = !waiting.length;
    fresh.querySelector("[data-fresh-count]").textContent = waiting.length ? numbers.format(waiting.length) : "";
    const link = document.querySelector("[data-stale]");
    // Stories that were fetched anew are not stale.
    if (stale && link !== stale) arrived = 0;
    stale = link;
    if (stale && arrived) {
      stale.classList.add("shown");
      stale.querySelector("[data-stale-count]").textContent = numbers.format(arrived);
    }
  }

  function say() {
    root.dataset.live = paused ? "paused" : source.readyState === EventSource.OPEN ? "on" : "off";
    state.textContent = root.dataset[root.dataset.live];
  }

  function connect() {
    if (!root.isConnected) return;
    const address = new URL(root.dataset.ticker, location.href);
    if (last) address.searchParams.set("last_event_id", last);
    source = new EventSource(address);
    source.addEventListener("open", say);
    source.addEventListener("article", (event) => {
      last = event.lastEventId;
      const article = JSON.parse(event.data);
      if (known.has(article.id)) return;
      known.add(article.id);
      arrived += 1;
      waiting.push(article);
      if (waiting.length > WAITING) known.delete(waiting.shift().id);
    });
    source.addEventListener("error", () => {
      say();
      // The browser reconnects by itself, except after an answer that is no stream, as while Kafka is away.
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, AGAIN_MS);
    });
  }

  const timer = setInterval(tick, EVERY_MS);
  function stop() {
    clearInterval(timer);
    source?.close();
  }

  pause.setAttribute("aria-pressed", "false");
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    say();
  });
  fresh.addEventListener("click", () => {
    show();
    view.scrollTop = 0;
    tick();
  });
  connect();
  return { root, stop };
}

let running = null;
function follow() {
  const root = document.querySelector("[data-ticker]");
  if (root === running?.root) return;
  running?.stop();
  running = root && run(root);
}
document.addEventListener("desk:shown", follow);
follow();
