// Choosing a period on a timeline: dragging, or a click on one bar. The date fields do the same without a pointer.

import { move } from "asset:fragments.js";

let drag = null;

function at(svg, event) {
  const box = svg.getBoundingClientRect();
  const { width } = svg.viewBox.baseVal;
  return Math.max(0, Math.min(width, ((event.clientX - box.left) / box.width) * width));
}

function draw(svg, low, high) {
  const brush = svg.querySelector(".brush");
  brush.setAttribute("x", low);
  brush.setAttribute("width", high - low);
}

document.addEventListener("pointerdown", (event) => {
  const svg = event.target.closest("[data-timeline] svg");
  if (!svg || event.button !== 0) return;
  drag = { svg, from: at(svg, event) };
  svg.setPointerCapture(event.pointerId);
  event.preventDefault();
});
document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const to = at(drag.svg, event);
  draw(drag.svg, Math.min(drag.from, to), Math.max(drag.from, to));
});
document.addEventListener("pointercancel", () => {
  if (drag) draw(drag.svg, 0, 0);
  drag = null;
});
document.addEventListener("pointerup", (event) => {
  if (!drag) return;
  const { svg, from } = drag;
  drag = null;
  const [low, high] = [from, at(svg, event)].sort((a, b) => a - b);
  const within = [...svg.querySelectorAll("rect[data-from]")].filter((bar) => {
    const x = bar.x.baseVal.value;
    return x + bar.width.baseVal.value >= low && x <= high;
  });
  if (!within.length) {
    draw(svg, 0, 0);
    return;
  }
  const starts = within.map((bar) => bar.dataset.from).sort((a, b) => Date.parse(a) - Date.parse(b));
  const ends = within.map((bar) => bar.dataset.to).sort((a, b) => Date.parse(a) - Date.parse(b));
  const address = new URL(location.href);
  address.hash = "";
  address.searchParams.set("from", starts[0]);
  address.searchParams.set("to", ends[ends.length - 1]);
  address.searchParams.delete("cursor");
  move(address);
});
