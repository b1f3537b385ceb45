// One column: an owner's endpoint, its interfaces, one of them in the middle, and what the owner may ask of it.

import { Chooser } from "./chooser.js";
import { act, askUntil, badge, chips, make, note, refill, row } from "./dom.js";

const LIST_LIMIT = 200;
const TYPING_MILLISECONDS = 200;
const GROUPED = 6; // so many endpoints are told apart without being grouped by account

export class Column {
  constructor(root, choose) {
    this.root = root;
    this.choose = choose; // called with this column when another end was chosen
    root.append(document.querySelector("#column").content.cloneNode(true));
    this.endpoint = "";
    this.interface = "";
    this.other = null;
    this.overview = { endpoints: [], total: 0 };
    this.shown = "";
    this.views = [];
    this.here = new Set(); // endpoints of peers that can be shown in the other column
    this.chooser = new Chooser(root, (endpoint, name) => this.goThere(endpoint, name));
    this.listen();
  }

  at(selector) {
    return this.root.querySelector(selector);
  }

  get place() {
    return this.interface ? `${this.interface}@${this.endpoint}` : "";
  }

  listen() {
    this.at(".endpoint").addEventListener("change", (event) => this.goTo(event.target.value, ""));
    this.at(".more").addEventListener("click", () => this.list(this.next));
    this.at(".find").addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.find(), TYPING_MILLISECONDS);
    });
    this.at(".counts").addEventListener("click", (event) => this.findStatus(event));
    this.onSubmit(".create", (form) => this.create(form));
    this.onSubmit(".configure", (form) => this.ask({ do: "configure", peer: form.peer.value.trim() }));
    this.onSubmit(".send", async (form) => {
      const answer = await this.ask({ do: "send", body: form.body.value });
      if (answer.outcome === "done") form.body.value = "";
    });
    for (const button of this.root.querySelectorAll("[data-do]")) {
      button.addEventListener("click", () => this.ask({ do: button.dataset.do }));
    }
    this.at(".kill").addEventListener("click", () => this.say(act({ do: "kill", endpoint: this.endpoint })));
  }

  onSubmit(selector, handle) {
    const form = this.at(selector);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      handle(form.elements);
    });
  }

  goTo(endpoint, name) {
    this.endpoint = endpoint;
    this.at(".chooser").open = false;
    this.at(".find").value = "";
    this.showOverview(this.overview);
    this.find();
    this.pick(name);
  }

  // To what was found: in the other column, where its endpoint is there already.
  goThere(endpoint, name) {
    if (name && this.other?.endpoint === endpoint) this.other.pick(name);
    else this.goTo(endpoint, name);
  }

  pick(name) {
    this.interface = name;
    if (name && matchMedia("(max-width: 680px)").matches) this.at(".interfaces").open = false;
    this.showEnd({ view: null, error: "", inbox: [] });
    this.markChosen();
    this.choose(this);
  }

  markChosen() {
    for (const button of this.root.querySelectorAll(".own button")) {
      button.setAttribute("aria-current", String(button.dataset.id === this.interface));
    }
  }

  async create(form) {
    const asked = { do: "create", interface: form.interface.value.trim(), name: form.name.value };
    const answer = await this.say(act({ ...asked, endpoint: this.endpoint }));
    if (answer.outcome !== "done") return;
    form.interface.value = "";
    form.name.value = "";
    this.goTo(this.endpoint, answer.interface);
  }

  ask(asked) {
    return this.say(act({ ...asked, endpoint: this.endpoint, interface: this.interface }));
  }

  async say(asking) {
    const line = this.at(".answer");
    line.className = "answer";
    line.textContent = "asking …";
    const answer = await asking;
    line.className = `answer ${answer.outcome}`;
    if (answer.outcome === "done") {
      line.textContent = answer.sentence || `${answer.interface}: ${answer.status}`;
    } else {
      line.replaceChildren(make("b", { textContent: `${answer.outcome} (${answer.code}) ` }), answer.sentence);
    }
    return answer;
  }

  // The overview: endpoints and workers.

  showOverview(overview) {
    this.overview = overview;
    const { endpoints, total } = overview;
    const many = total > endpoints.length;
    const select = this.at(".endpoint");
    select.parentElement.hidden = many;
    this.chooser.show(this.endpoint, overview, many);
    const names = endpoints.map((one) => one.endpoint).join();
    if (select.dataset.names !== names) {
      select.replaceChildren(...options(endpoints));
      select.dataset.names = names;
    }
    select.value = this.endpoint;
    const own = endpoints.find((one) => one.endpoint === this.endpoint);
    if (own) this.showWorker(own);
    else this.at(".end > .worker").textContent = "asking …";
  }

  showWorker(own) {
    this.at(".owner").textContent = own.account;
    const process = own.answers ? `process ${own.pid}` : own.error || "its worker is asked …";
    this.at(".end > .worker").textContent = [own.role, own.region, process].filter(Boolean).join(" · ");
    this.at(".counts").replaceChildren(...chips(own.statuses));
    this.at(".breaking").hidden = !own.killable && !own.cuttable;
    this.at(".kill").hidden = !own.killable;
    this.showWires(own);
    const statuses = this.endpoint + JSON.stringify(own.statuses);
    if (statuses !== this.shown) {
      this.shown = statuses;
      this.refresh();
    }
  }

  showWires(own) {
    const facing = this.other?.endpoint;
    const faces = own.cuttable && facing && facing !== this.endpoint && !own.cut.includes(facing);
    const targets = faces ? [facing, ...own.cut] : own.cut;
    const state = JSON.stringify([targets, own.cut]);
    if (state === this.wires) return;
    this.wires = state;
    const buttons = targets.map((target) => {
      const cut = own.cut.includes(target);
      const button = make("button", { type: "button", textContent: `Cut the wire to ${target}` });
      button.setAttribute("aria-pressed", String(cut));
      button.addEventListener("click", () =>
        this.say(act({ do: cut ? "mend" : "cut", endpoint: this.endpoint, target })),
      );
      return button;
    });
    this.at(".wires").replaceChildren(...buttons);
  }

  // The list of interfaces: a page at a time, and never more than a few hundred of them in the browser.

  find() {
    this.list("");
    this.chooser.find(this.text, this.overview.total > 1 ? this.endpoint : "");
  }

  findStatus(event) {
    const status = event.target.dataset.status;
    if (!status) return;
    event.preventDefault();
    this.at(".interfaces").open = true;
    this.at(".find").value = this.text === status ? "" : status;
    this.find();
  }

  get text() {
    return this.at(".find").value.trim();
  }

  async list(after) {
    if (!this.endpoint) return;
    const asked = (this.asked = {});
    const page = await this.page(after, asked);
    if (!page) return;
    const kept = after ? this.views : [];
    this.showList([...kept, ...page.interfaces], page.next);
  }

  // As much as is shown, anew, without moving anything.
  async refresh() {
    const wanted = Math.max(1, this.views.length);
    const asked = (this.asked = {});
    const views = [];
    let next = "";
    do {
      const page = await this.page(next, asked);
      if (!page) return;
      views.push(...page.interfaces);
      next = page.next;
    } while (next && views.length < wanted);
    this.showList(views, next);
  }

  // A page of it, unless something else was asked for meanwhile.
  async page(after, asked) {
    const query = { endpoint: this.endpoint, after, text: this.text };
    const page = await askUntil("/page/interfaces", query, () => asked === this.asked);
    page?.here.forEach((endpoint) => this.here.add(endpoint));
    return page;
  }

  showList(views, next) {
    this.views = views;
    this.next = next;
    refill(this.at(".own"), views.length ? views.map((view) => this.item(view)) : [note("none")]);
    this.at(".more").hidden = !next || views.length >= LIST_LIMIT;
  }

  item(view) {
    const label = view.name ? `${view.interface} · ${view.name}` : view.interface;
    const item = row(view.interface, label, [badge(view.status, "chip")], () => {
      this.pick(view.interface);
      const known = this.here.has(view.peer?.endpoint);
      if (known && this.other && !this.other.interface) this.other.goTo(view.peer.endpoint, view.peer.interface);
    });
    item.firstChild.setAttribute("aria-current", String(view.interface === this.interface));
    return item;
  }

  // The end that was chosen.

  showEnd(column) {
    this.at(".card").hidden = !column.view;
    if (this.interface && column.error && !column.view) this.at(".end > .worker").textContent = column.error;
    if (!column.view) return;
    const view = column.view;
    const mark = this.at(".badge");
    mark.textContent = view.status;
    mark.dataset.status = view.status;
    this.at(".of").textContent = view.name ? `${view.interface} · ${view.name}` : view.interface;
    this.at(".facts").replaceChildren(...facts(view, column.error));
    const peer = this.at(".configure").elements.peer;
    if (document.activeElement !== peer) {
      const known = view.peer ? `${view.peer.interface}@${view.peer.endpoint}` : this.other?.place;
      if (known) peer.value = known;
    }
    this.at(".arrived").hidden = column.inbox.length === 0;
    this.at(".inbox").replaceChildren(
      ...column.inbox.map((payload) => make("li", { value: payload.number, textContent: payload.body })),
    );
  }
}

function facts(view, error) {
  const holds = { own: "this end", peer: "the peer" };
  const silent = view.peer && view.peer.reachable === false ? ", silent" : "";
  const heard = view.peer ? `, last heard ${view.peer.status ?? "nothing"}${silent}` : "";
  const pairs = [
    ["peer", view.peer ? `${view.peer.interface}@${view.peer.endpoint} of ${view.peer.account}${heard}` : "not configured"],
    ["held by", view.holds.map((hold) => holds[hold]).join(" and ") || "nobody"],
    ["charged", view.charged],
    ["declares", `${view.epoch}.${view.version}, ${view.unacknowledged} payloads unacknowledged`],
  ];
  if (view.reason) pairs.push(["why not up", view.reason]);
  if (error) pairs.push(["not fresh", error]);
  return pairs.flatMap(([name, value]) => [
    make("dt", { textContent: name }),
    make("dd", { textContent: value }),
  ]);
}

// What a plain list of endpoints offers; if they are more than a few, in groups by account.
function options(endpoints) {
  const option = (one, text) => make("option", { value: one.endpoint, textContent: text });
  if (endpoints.length <= GROUPED) return endpoints.map((one) => option(one, `${one.account} · ${one.endpoint}`));
  const groups = new Map();
  for (const one of endpoints) {
    if (!groups.has(one.account)) groups.set(one.account, make("optgroup", { label: one.account }));
    groups.get(one.account).append(option(one, one.endpoint));
  }
  return [...groups.values()];
}
