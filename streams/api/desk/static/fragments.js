// Moves between addresses without loading a whole page: only what differs is fetched, as the same templates render it,
// and put in place of what has the same `data-part`. Every state stays an address. What cannot be fetched so is
// navigated to; without scripts, all links and forms are plain ones.
//
// XMLHttpRequest parses an answer into a document itself, so no script here turns a string into markup.

const KEPT = 10; // pages to go back to without asking again
const MOVABLE = /^\/(ar|en)\/(|(search|articles|stories|names|raw|compare|sources|alerts|pipeline|rehearse)(\/.*)?)$/;
// Parameters that change hits and their order, but not what is counted beside them.
const ORDER = ["sort", "fold", "cursor"];

const root = document.documentElement;
const main = document.getElementById("content");
const said = document.querySelector("[data-said]");
const kept = new Map();
let serial = 0;
let requests = [];
let early = null;
let here = { key: history.state?.key ?? newKey(), address: `${location.pathname}${location.search}`, whole: true };

function newKey() {
  serial += 1;
  return `${performance.timeOrigin}-${serial}`;
}

// The ticker's script is loaded with the view Now alone; the map is a page of its own, with another policy.
const ticks = Boolean(document.querySelector("script[src*='/assets/ticker.']"));
const inPlace = (address) => Boolean(main.dataset.parts) && address.pathname === location.pathname;

function movable(address) {
  if (address.origin !== location.origin) return false;
  if (inPlace(address)) return true;
  const [from, to] = [location.pathname.match(MOVABLE), address.pathname.match(MOVABLE)];
  return Boolean(from && to && from[1] === to[1] && (to[2] || ticks));
}

function request(address, fragment) {
  return new Promise((done, failed) => {
    const asked = new XMLHttpRequest();
    const plain = new URL(address);
    plain.hash = "";
    asked.open("GET", plain);
    asked.responseType = "document";
    asked.setRequestHeader("Rasd-Fragment", fragment);
    asked.addEventListener("load", () => {
      const fits = asked.status === 200 && asked.response && asked.responseURL === plain.href;
      if (fits) done(asked.response);
      else failed(new Error(`${plain.pathname}: ${asked.status}`));
    });
    for (const name of ["error", "abort"]) asked.addEventListener(name, () => failed(new Error(name)));
    asked.send();
    requests.push(asked);
  });
}

function sameBut(names, one, other) {
  const [left, right] = [one, other].map((address) => {
    const parameters = new URL(address, location.href).searchParams;
    for (const name of names) parameters.delete(name);
    parameters.sort();
    return parameters.toString();
  });
  return left === right;
}

// What to ask for at once, and what afterwards.
function begin(address) {
  for (const asked of requests) asked.abort();
  requests = [];
  const parts = inPlace(address) ? main.dataset.parts.split(" ") : [];
  const order = here.whole && parts.length > 1 && sameBut(ORDER, here.address, address);
  const now = order ? parts.slice(0, 1) : parts.length ? parts : ["view"];
  const later = order && !sameBut(["cursor"], here.address, address) ? parts.slice(1) : [];
  const answers = now.map((name) => request(address, name));
  for (const answer of answers) answer.catch(() => {}); // told where it is awaited
  return { href: address.href, from: here, replaced: parts.length === 0, answers, later };
}

function busy(link) {
  root.toggleAttribute("data-moving", Boolean(link));
  main.setAttribute("aria-busy", String(Boolean(link)));
  for (const pressed of document.querySelectorAll("[data-pressed]")) delete pressed.dataset.pressed;
  if (link instanceof Element) link.dataset.pressed = "";
}

// Where the focus is, as far as it can be found again in another rendering.
function mark(node) {
  if (node?.id) return `#${CSS.escape(node.id)}`;
  const href = node?.getAttribute("href");
  return href ? `a[href="${CSS.escape(href)}"]` : null;
}

function refocus(wanted) {
  if (![null, document.body, main].includes(document.activeElement)) return;
  const found = wanted && main.querySelector(wanted);
  (found ?? main).focus({ preventScroll: true });
}

function leave() {
  const outside = [...document.querySelectorAll("[data-part]")].filter((part) => !main.contains(part));
  kept.delete(here.key);
  if (here.whole) {
    kept.set(here.key, {
      address: here.address, title: document.title, main: main.cloneNode(true), y: scrollY,
      focus: mark(document.activeElement), outside: outside.map((part) => part.cloneNode(true)),
    });
  }
  if (kept.size > KEPT) kept.delete(kept.keys().next().value);
}

function replace(part) {
  const old = document.querySelector(`[data-part="${part.dataset.part}"]`);
  // A part with the same key shows the same, and may hold what a script made.
  if (!old || (part.dataset.key && part.dataset.key === old.dataset.key)) return;
  // Some are drawn by a script, which reads the new values.
  if (part.dataset.drawn === undefined) old.replaceWith(part);
  else Object.assign(old.dataset, part.dataset);
}

// The box stands through moves: it shows the query of the address, unless the reader is typing another.
function show(anyway = false) {
  const box = document.getElementById("q");
  if (box && (anyway || document.activeElement !== box)) box.value = new URLSearchParams(location.search).get("q") ?? "";
}

function swap(answer, replaced) {
  const focused = mark(document.activeElement);
  if (replaced) {
    const content = answer.getElementById("content");
    main.replaceChildren(...content.childNodes);
    if (content.dataset.parts) main.dataset.parts = content.dataset.parts;
    else delete main.dataset.parts;
  }
  for (const part of answer.querySelectorAll("[data-part]")) replace(part);
  document.title = answer.title;
  if (!replaced) show();
  document.dispatchEvent(new Event("desk:shown"));
  return focused;
}

function scroll(address, replaced) {
  const target = address.hash && document.getElementById(decodeURIComponent(address.hash.slice(1)));
  if (target) target.scrollIntoView();
  else if (replaced || address.searchParams.has("cursor")) window.scrollTo(0, 0);
}

function done() {
  busy(null);
  said.textContent = document.getElementById("total")?.textContent ?? document.title;
}

/**
 * Go to an address of the desk: by parts where that can be, else as a link does.
 *
 * @param {URL} address
 * @param {{link?: Element, push?: boolean}} [options] What was pressed, and whether the history gets a new entry.
 */
export async function move(address, { link = null, push = true } = {}) {
  if (!movable(address)) {
    location.assign(address);
    return;
  }
  const moving = early?.href === address.href && early.from === here ? early : begin(address);
  early = null;
  const current = requests;
  busy(link ?? main);
  const answered = async (answer) => {
    const found = await answer;
    if (current !== requests) return;
    if (moving.from === here) {
      leave();
      history.scrollRestoration = "manual";
      const added = push && address.href !== location.href;
      const key = added ? newKey() : history.state?.key ?? newKey();
      if (added) history.pushState({ key }, "", address);
      here = { key, address: `${address.pathname}${address.search}`, whole: false };
      refocus(swap(found, moving.replaced));
      scroll(address, moving.replaced);
    } else {
      refocus(swap(found, false));
    }
  };
  try {
    await Promise.all(moving.answers.map(answered));
    if (current !== requests) return;
    if (moving.later.length) {
      // What was asked for is painted before the rest is fetched.
      await new Promise((shown) => requestAnimationFrame(() => setTimeout(shown)));
      if (current !== requests) return;
      await Promise.all(moving.later.map((name) => answered(request(address, name))));
      if (current !== requests) return;
    }
    here.whole = true;
    done();
  } catch {
    if (current === requests) location.assign(address);
  }
}

function restore(page) {
  for (const asked of requests) asked.abort();
  requests = [];
  leave();
  here = { key: history.state.key, address: page.address, whole: true };
  main.replaceChildren(...page.main.childNodes);
  if (page.main.dataset.parts) main.dataset.parts = page.main.dataset.parts;
  else delete main.dataset.parts;
  for (const part of page.outside) replace(part);
  document.title = page.title;
  show(true);
  document.dispatchEvent(new Event("desk:shown"));
  window.scrollTo(0, page.y);
  refocus(page.focus);
  done();
}

// The link or button of an event that would go somewhere in this window.
function aimed(event) {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null;
  const link = event.target.closest("a[href]");
  if (!link || link.target || link.hasAttribute("download")) return null;
  const address = new URL(link.href);
  if (address.hash && `${address.pathname}${address.search}` === here.address) return null;
  return movable(address) ? { link, address } : null;
}

// A button is down for about a tenth of a second: time in which the answer is made.
document.addEventListener("pointerdown", (event) => {
  const aim = event.pointerType === "mouse" ? aimed(event) : null;
  if (!aim || root.hasAttribute("data-moving")) return;
  early = begin(aim.address);
  aim.link.dataset.pressed = "";
});
document.addEventListener("click", (event) => {
  const aim = aimed(event);
  if (!aim) return;
  event.preventDefault();
  move(aim.address, { link: aim.link });
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "get") return;
  const address = new URL(form.action);
  address.search = new URLSearchParams([...new FormData(form, event.submitter)].filter(([, value]) => value.trim()));
  if (!movable(address)) return;
  event.preventDefault();
  // Keys are for what is found, as after loading a page.
  document.activeElement?.blur();
  move(address, { link: event.submitter ?? form });
});
addEventListener("popstate", () => {
  const address = new URL(location.href);
  if (`${address.pathname}${address.search}` === here.address) return; // an anchor of the same page
  const page = kept.get(history.state?.key);
  if (page && page.address === `${address.pathname}${address.search}`) restore(page);
  else move(address, { push: false });
});
// Loading a page anew leaves its reader where they were.
addEventListener("pagehide", () => {
  history.scrollRestoration = "auto";
});
history.replaceState({ key: here.key }, "");
