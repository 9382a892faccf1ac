// The map: outlines of countries, and circles for the articles of what is in view, from GET /map of the API.
/* global L */

import { ask, element, numbers, page } from "asset:page.js";

const root = document.querySelector("[data-map]");
const panel = document.querySelector("[data-map-panel]");
const language = page.lang;
const names = new Intl.DisplayNames([language], { type: "region" });
const colour = (name) => getComputedStyle(page).getPropertyValue(name).trim();
const FINER = 2; // tiles are a quarter of the side of those that a map of this zoom is made of
const RECENT_MS = 60 * 60 * 1000;
const WAIT_MS = 150;

// TopoJSON: arcs are differences of whole steps; a negative index is an arc backwards.
function decode(topology) {
  const [sx, sy] = topology.transform.scale;
  const arcs = topology.arcs.map((arc) => {
    let x = 0;
    let y = 0;
    return arc.map(([dx, dy]) => [(x += dx) * sx, (y += dy) * sy]);
  });
  const ring = (indices) => indices.flatMap((index, position) => {
    const points = index < 0 ? [...arcs[~index]].reverse() : arcs[index];
    return position ? points.slice(1) : points;
  }).map(([x, y], index, points) => {
    // A ring across the antimeridian goes on beyond it, rather than once around the world.
    const first = points[0][0];
    if (index && x - first > 180) return [x - 360, y];
    return index && first - x > 180 ? [x + 360, y] : [x, y];
  });
  return topology.objects.countries.geometries.map(({ type, id, arcs: parts }) => ({
    type: "Feature",
    id,
    properties: {},
    geometry: { type: "MultiPolygon", coordinates: (type === "Polygon" ? [parts] : parts).map((rings) => rings.map(ring)) },
  }));
}

// Where a name is put: the middle of the largest part.
function middle(feature) {
  let best = null;
  for (const [outer] of feature.geometry.coordinates) {
    let area = 0;
    let sx = 0;
    let sy = 0;
    outer.forEach(([x, y], index) => {
      const [nx, ny] = outer[(index + 1) % outer.length];
      const cross = x * ny - nx * y;
      area += cross / 2;
      sx += (x + nx) * cross;
      sy += (y + ny) * cross;
    });
    const size = Math.abs(area);
    if (area && (!best || size > best.size)) best = { size, centre: L.latLng(sy / (6 * area), sx / (6 * area)) };
  }
  return best;
}

const map = L.map(root, {
  zoomControl: false, attributionControl: false, preferCanvas: true, worldCopyJump: true, minZoom: 2, maxZoom: 9,
  zoomAnimation: false, fadeAnimation: false, inertia: false,
});
const given = root.dataset.bbox ? root.dataset.bbox.split(",").map(Number) : null;
if (given) map.fitBounds([[given[1], given[0]], [given[3], given[2]]]);
else map.setView([25, 32], root.clientWidth < 600 ? 3 : 4); // the Arab countries
for (const [selector, step] of [["[data-zoom-in]", 1], ["[data-zoom-out]", -1]]) {
  document.querySelector(selector).addEventListener("click", () => map.setZoom(map.getZoom() + step));
}

// Names lie under the circles.
map.createPane("names").style.zIndex = "450";
map.getPane("names").style.pointerEvents = "none";
const labels = L.layerGroup().addTo(map);
const circles = L.layerGroup().addTo(map);
let countries = [];

function label() {
  labels.clearLayers();
  const zoom = map.getZoom();
  const view = map.getBounds().pad(0.1);
  const taken = [];
  for (const { feature, size, centre } of countries) {
    // Large countries first; others where there is room.
    if (!feature.id || size * 4 ** zoom < 3000 || !view.contains(centre)) continue;
    const { x, y } = map.latLngToContainerPoint(centre);
    const half = 4 * names.of(feature.id).length;
    if (taken.some((other) => Math.abs(other.x - x) < other.half + half && Math.abs(other.y - y) < 16)) continue;
    taken.push({ x, y, half });
    const html = element("span", names.of(feature.id), { class: "country" });
    labels.addLayer(L.marker(centre, {
      icon: L.divIcon({ className: "country-label", html, iconSize: [0, 0] }), interactive: false, keyboard: false, pane: "names",
    }));
  }
}

function within(bbox) {
  const address = new URL(root.dataset.search, location.href);
  address.searchParams.set("bbox", bbox.join(","));
  return address;
}

async function open(feature) {
  const { bbox, articles } = feature.properties;
  const address = new URL(root.dataset.stories, location.href);
  address.searchParams.set("bbox", bbox.join(","));
  for (const [name, value] of [["size", "6"], ["sort", "time"]]) address.searchParams.set(name, value);
  const found = await ask(address);
  if (!found) return;
  const list = element("ol");
  for (const { article } of found.hits) {
    const item = element("li");
    const link = root.dataset.articles + article.id.split("/").map(encodeURIComponent).join("/");
    item.append(
      element("bdi", article.source, { class: "outlet" }), " ",
      element("a", article.title || "…", { href: link, dir: "auto" }),
    );
    list.append(item);
  }
  const all = element("a", `${root.dataset.all} (${numbers.format(articles)})`, { href: within(bbox), class: "button" });
  panel.replaceChildren(list, all);
}

let asked = 0;
async function load() {
  const mine = (asked += 1);
  const view = map.getBounds();
  const clamp = (value, most) => Math.max(-most, Math.min(most, value));
  const bbox = [clamp(view.getWest(), 180), clamp(view.getSouth(), 85), clamp(view.getEast(), 180), clamp(view.getNorth(), 85)];
  const address = new URL(root.dataset.map, location.href);
  address.searchParams.set("zoom", String(Math.min(16, map.getZoom() + FINER)));
  address.searchParams.set("bbox", bbox.map((value) => value.toFixed(3)).join(","));
  const recent = new URL(address);
  const hour = new Date(Date.now() - RECENT_MS).toISOString();
  if (!(recent.searchParams.get("from") > hour)) recent.searchParams.set("from", hour);
  const [all, now] = await Promise.all([address, recent].map(ask));
  if (mine !== asked) return;
  root.dataset.state = all && now ? "ready" : "away";
  if (root.dataset.state === "away") return;
  const fresh = new Map(now.features.map((feature) => [feature.properties.tile, feature.properties.articles]));
  circles.clearLayers();
  const most = Math.max(1, ...all.features.map((feature) => feature.properties.articles));
  for (const feature of all.features) {
    const { tile, articles } = feature.properties;
    const growing = fresh.get(tile) ?? 0;
    const size = Math.round(24 + 34 * Math.sqrt(articles / most));
    const html = element("span", numbers.format(articles));
    // A path such as YE/عدن; the name is its last part, a country's the code alone.
    const path = feature.properties.place?.split("/") ?? [];
    const place = path.length === 1 ? names.of(path[0]) : path.at(-1);
    const said = [place, numbers.format(articles)].filter(Boolean).join(" · ");
    const [x, y] = feature.geometry.coordinates;
    const marker = L.marker([y, x], {
      icon: L.divIcon({ className: growing ? "cluster growing" : "cluster", html, iconSize: [size, size] }),
      title: said, alt: said, riseOnHover: true,
    });
    marker.on("click", () => open(feature));
    marker.on("keypress", (event) => { if (event.originalEvent.key === "Enter") open(feature); });
    circles.addLayer(marker);
    marker.getElement()?.setAttribute("aria-label", said);
  }
}

let waiting = 0;
function moved() {
  label();
  clearTimeout(waiting);
  waiting = setTimeout(load, WAIT_MS);
}

const topology = await ask(root.dataset.outlines);
if (topology) {
  countries = decode(topology).map((feature) => ({ feature, size: 0, centre: L.latLng(0, 0), ...middle(feature) })).sort((a, b) => b.size - a.size);
  L.geoJSON(countries.map(({ feature }) => feature), {
    interactive: false,
    style: () => ({ color: colour("--soft"), weight: 0.8, fillColor: colour("--sheet"), fillOpacity: 1 }),
  }).addTo(map);
}
map.on("moveend", moved);
document.addEventListener("desk:shown", load);
label();
await load();
