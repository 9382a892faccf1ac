// Choosing a period on a timeline: dragging, or a click on one bar. The date fields do the same without a pointer.

for (const figure of document.querySelectorAll("[data-timeline]")) {
  const svg = figure.querySelector("svg");
  const brush = svg.querySelector(".brush");
  const bars = [...svg.querySelectorAll("rect[data-from]")];
  const { width } = svg.viewBox.baseVal;
  let from = null;

  const at = (event) => {
    const box = svg.getBoundingClientRect();
    return Math.max(0, Math.min(width, ((event.clientX - box.left) / box.width) * width));
  };

  svg.classList.add("brushable");
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = at(event);
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  svg.addEventListener("pointermove", (event) => {
    if (from === null) return;
    const to = at(event);
    brush.setAttribute("x", Math.min(from, to));
    brush.setAttribute("width", Math.abs(to - from));
  });
  svg.addEventListener("pointercancel", () => {
    from = null;
    brush.setAttribute("width", 0);
  });
  svg.addEventListener("pointerup", (event) => {
    if (from === null) return;
    const [low, high] = [from, at(event)].sort((a, b) => a - b);
    from = null;
    const within = bars.filter((bar) => {
      const x = bar.x.baseVal.value;
      return x + bar.width.baseVal.value >= low && x <= high;
    });
    if (!within.length) {
      brush.setAttribute("width", 0);
      return;
    }
    const address = new URL(location.href);
    if (!address.pathname.match(/^\/(ar|en)\/./)) address.pathname = figure.dataset.timeline || address.pathname;
    const starts = within.map((bar) => bar.dataset.from).sort((a, b) => Date.parse(a) - Date.parse(b));
    const ends = within.map((bar) => bar.dataset.to).sort((a, b) => Date.parse(a) - Date.parse(b));
    address.searchParams.set("from", starts[0]);
    address.searchParams.set("to", ends[ends.length - 1]);
    address.searchParams.delete("cursor");
    location.assign(address);
  });
}
