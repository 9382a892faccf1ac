// Names and places while typing: the browser's own list under the search box, filled from GET /names of the API.

const WAIT_MS = 120;
const LEAST = 2;

for (const box of document.querySelectorAll("[data-complete]")) {
  const list = document.getElementById(box.getAttribute("list"));
  let waiting = 0;
  let asked = 0;

  box.addEventListener("input", (event) => {
    clearTimeout(waiting);
    // A choice from the list is no typing.
    if (event.inputType === "insertReplacementText" || !event.inputType) return;
    const before = box.value;
    const start = Math.max(before.lastIndexOf(" "), before.lastIndexOf("«"), before.lastIndexOf('"')) + 1;
    const typed = before.slice(start).replace(/^[-+=(]+/, "");
    if (typed.length < LEAST) return;
    waiting = setTimeout(async () => {
      const mine = (asked += 1);
      // A request that fails, or that the next page cuts off, leaves the list as it is: typing goes on without it.
      const answer = await fetch(`/names?${new URLSearchParams({ typed })}`)
        .then((response) => (response.ok ? response.json() : null))
        .catch(() => null);
      if (!answer || mine !== asked) return;
      const head = before.slice(0, before.length - typed.length).replace(/[«"]$/, "");
      list.replaceChildren(...answer.names.map(({ name }) => {
        const option = document.createElement("option");
        option.value = `${head}«${name}»`;
        return option;
      }));
    }, WAIT_MS);
  });
}
