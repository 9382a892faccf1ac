// Keyboard paths, the list of shortcuts, printing, and copying a link. Everything also works without.

import { page } from "asset:page.js";

const help = document.getElementById("help");
const hits = () => [...document.querySelectorAll("[data-hit]")];
const chosen = () => hits().findIndex((hit) => hit.classList.contains("chosen-hit"));

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-help], [data-print], [data-share]");
  if (!button) return;
  if (button.dataset.help !== undefined) help.showModal();
  else if (button.dataset.print !== undefined) window.print();
  else {
    await navigator.clipboard.writeText(location.href);
    button.textContent = button.dataset.share;
  }
});
page.dataset.scripted = "";
// Beyond loopback, browsers let only pages over HTTPS write to the clipboard.
if (navigator.clipboard) page.dataset.clipboard = "";

function choose(index) {
  const all = hits();
  const hit = all[Math.max(0, Math.min(index, all.length - 1))];
  if (!hit) return;
  all.forEach((other) => other.classList.toggle("chosen-hit", other === hit));
  hit.querySelector("[data-open]")?.focus({ preventScroll: true });
  hit.scrollIntoView({ block: "nearest" });
}

function follow(selector) {
  const hit = hits()[chosen()];
  const link = (hit ?? document).querySelector(selector);
  if (link) link.click();
}

const actions = {
  "/": () => {
    const box = document.getElementById("q");
    if (box) {
      box.focus();
      box.select();
    } else {
      document.querySelector("nav a[href$='/search']")?.click();
    }
  },
  j: () => choose(chosen() + 1),
  k: () => choose(chosen() - 1),
  o: () => follow("[data-open]"),
  s: () => follow("[data-story]"),
  "?": () => help.showModal(),
};
// The keys of an Arabic keyboard at the same positions.
const arabic = { "ت": "j", "ن": "k", "خ": "o", "س": "s", "ظ": "/", "؟": "?" };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) return;
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (typing) {
    if (event.key === "Escape") typing.blur();
    return;
  }
  const action = actions[arabic[event.key] ?? event.key];
  if (action) {
    event.preventDefault();
    action();
  }
});
