// Names and places while typing: the browser's own list under the search box, filled from GET /names of the API.
// One request runs at a time; what was typed meanwhile is asked for when it is over.

import { ask, element } from "asset:page.js";

const LEAST = 2;
let running = false;
let next = null;

async function complete() {
  running = true;
  while (next) {
    const { box, head, typed } = next;
    next = null;
    // Without an answer the list stays as it is: typing goes on without it.
    const answer = await ask(`/names?${new URLSearchParams({ typed })}`);
    if (!answer || next) continue;
    box.list?.replaceChildren(...answer.names.map(({ name }) => element("option", undefined, { value: `${head}«${name}»` })));
  }
  running = false;
}

document.addEventListener("input", (event) => {
  const box = event.target;
  // A choice from the list is no typing.
  if (!box.matches("[data-complete]") || event.inputType === "insertReplacementText" || !event.inputType) return;
  const before = box.value;
  const start = Math.max(before.lastIndexOf(" "), before.lastIndexOf("«"), before.lastIndexOf('"')) + 1;
  const typed = before.slice(start).replace(/^[-+=(]+/, "");
  if (typed.length < LEAST) return;
  next = { box, head: before.slice(0, before.length - typed.length).replace(/[«"]$/, ""), typed };
  if (!running) complete();
});
