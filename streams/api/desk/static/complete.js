// Names and places while typing: the browser's own list under the search box, filled from GET /names of the API.
// One request runs at a time; what was typed meanwhile is asked for when it is over.

const LEAST = 2;

for (const box of document.querySelectorAll("[data-complete]")) {
  const list = document.getElementById(box.getAttribute("list"));
  let running = false;
  let next = null;

  async function ask() {
    running = true;
    while (next) {
      const { head, typed } = next;
      next = null;
      // A request that fails, or that the next page cuts off, leaves the list as it is: typing goes on without it.
      const answer = await fetch(`/names?${new URLSearchParams({ typed })}`)
        .then((response) => (response.ok ? response.json() : null))
        .catch(() => null);
      if (!answer || next) continue;
      list.replaceChildren(...answer.names.map(({ name }) => {
        const option = document.createElement("option");
        option.value = `${head}«${name}»`;
        return option;
      }));
    }
    running = false;
  }

  box.addEventListener("input", (event) => {
    // A choice from the list is no typing.
    if (event.inputType === "insertReplacementText" || !event.inputType) return;
    const before = box.value;
    const start = Math.max(before.lastIndexOf(" "), before.lastIndexOf("«"), before.lastIndexOf('"')) + 1;
    const typed = before.slice(start).replace(/^[-+=(]+/, "");
    if (typed.length < LEAST) return;
    next = { head: before.slice(0, before.length - typed.length).replace(/[«"]$/, ""), typed };
    if (!running) ask();
  });
}
