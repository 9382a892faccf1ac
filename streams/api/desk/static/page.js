// What several scripts of the desk need.

export const page = document.documentElement;
export const numbers = new Intl.NumberFormat(`${page.lang}-u-nu-${page.dataset.digits}`);

// What an address of the API answers, or null where it is refused, out of reach, or cut off by the next page.
export const ask = (address) => fetch(address).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);

export function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}
