// The server decides and draws; here is only what a browser has to do: choose, listen, show.

import { chips, make } from "./dom.js";
import { Between } from "./between.js";
import { Column } from "./column.js";
import { Dead } from "./dead.js";
import { Story } from "./story.js";

const find = (selector) => document.querySelector(selector);
const columns = [new Column(find("#left"), chosen), new Column(find("#right"), chosen)];
columns[0].other = columns[1];
columns[1].other = columns[0];
const between = new Between(columns);
const story = new Story(columns);
const dead = new Dead();

let stream = null;
let width = 0;

// What is chosen stands in the address, so that it can be reloaded and passed on.

function remembered() {
  const query = new URLSearchParams(location.hash.slice(1));
  return [query.get("left") ?? "", query.get("right") ?? ""];
}

function chosen() {
  const query = new URLSearchParams();
  if (columns[0].place) query.set("left", columns[0].place);
  if (columns[1].place) query.set("right", columns[1].place);
  history.replaceState(null, "", `#${query.toString().replaceAll("%40", "@")}`);
  listen();
}

// One stream of events; the browser connects again by itself and says which state it has.

function listen() {
  stream?.close();
  width = drawingWidth();
  const query = new URLSearchParams({ width });
  for (const endpoint of columns.map(seen)) if (endpoint) query.append("seen", endpoint);
  if (columns[0].place) query.set("left", columns[0].place);
  if (columns[1].place) query.set("right", columns[1].place);
  stream = new EventSource(`/page/events?${query}`);
  stream.addEventListener("open", () => line("live", "live"));
  stream.addEventListener("error", () => line("the line is lost; trying again …", "lost"));
  stream.addEventListener("overview", (event) => showOverview(JSON.parse(event.data)));
  stream.addEventListener("connection", (event) => showConnection(JSON.parse(event.data)));
}

// The endpoint of a column: the one that the address names, as long as the server has told of none.
function seen(column, place) {
  const endpoint = column.endpoint || remembered()[place].split("@")[1];
  return /^(vpc|vbr)-[a-z0-9-]{1,40}$/.test(endpoint) ? endpoint : "";
}

function line(text, state) {
  const element = find("#line");
  element.textContent = text;
  element.className = state;
}

function drawingWidth() {
  return Math.min(1400, Math.max(300, Math.floor(find("#drawing").clientWidth || 860)));
}

function showOverview(overview) {
  if (!columns[0].endpoint && overview.endpoints.length) begin(overview);
  for (const column of columns) column.showOverview(overview);
  dead.showOverview(overview);
  const many = overview.total > overview.endpoints.length;
  find("#all").hidden = !many;
  if (many) find("#all").replaceChildren(...whole(overview));
}

// All endpoints in a line, where they are too many to be seen: who is silent is named.
function whole({ total, statuses, silent, silent_first: first }) {
  const rest = silent > first.length ? ` and ${silent - first.length} more` : "";
  const away = silent ? ` · ${silent} silent: ${first.join(", ")}${rest}` : "";
  return [`${total.toLocaleString("en")} endpoints${away}`, ...chips(statuses)];
}

function begin(overview) {
  const { endpoints } = overview;
  const wanted = remembered().map((place) => place.split("@"));
  const first = endpoints.find((one) => one.role === "initiator") ?? endpoints[0];
  const second = endpoints.find((one) => one.role === "acceptor") ?? endpoints.at(-1);
  [first, second].forEach((fallback, place) => {
    const [name, endpoint] = wanted[place];
    const column = columns[place];
    column.overview = overview;
    column.endpoint = endpoints.some((one) => one.endpoint === endpoint) ? endpoint : fallback.endpoint;
    column.interface = column.endpoint === endpoint ? name : "";
  });
  if (columns[0].place || columns[1].place) listen();
}

function showConnection(connection) {
  connection.columns.forEach((column, place) => {
    if (column.place === columns[place].place) columns[place].showEnd(column);
  });
  find("#sentence").textContent = connection.sentence || "Choose or create an interface on both sides.";
  find("#sentence").dataset.link = String(connection.link);
  find("#told").replaceChildren(...connection.told.map((text) => make("li", { textContent: text })));
  showDrawing(connection.drawing);
  between.show(connection);
  story.show(connection);
}

// The drawing: the server's SVG, parsed as XML, in which no text can become markup.

function showDrawing(text) {
  const frame = find("#drawing");
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  const atEnd = frame.scrollHeight - frame.scrollTop - frame.clientHeight < 60;
  const focused = arrows().indexOf(document.activeElement);
  frame.replaceChildren(document.importNode(parsed, true));
  arrows().forEach((arrow) => arrow.setAttribute("tabindex", "-1"));
  if (focused >= 0) arrows()[focused]?.focus({ preventScroll: true });
  else if (atEnd) frame.scrollTop = frame.scrollHeight;
}

function arrows() {
  return [...document.querySelectorAll("#drawing .told")];
}

function caption(target) {
  const group = target.closest?.("#drawing g");
  const title = group?.querySelector(":scope > title");
  if (title) find("#caption").textContent = title.textContent;
}

const frame = find("#drawing");
for (const kind of ["mouseover", "focusin", "click"]) {
  frame.addEventListener(kind, (event) => caption(event.target));
}
frame.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const all = arrows();
  if (!step || !all.length) return;
  event.preventDefault();
  const place = all.indexOf(document.activeElement);
  const next = place < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, place + step));
  all[next].focus();
});

let resizing = 0;
addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(() => {
    if (Math.abs(drawingWidth() - width) > 8) listen();
  }, 200);
});
addEventListener("hashchange", () => location.reload());

story.greet();
listen();
