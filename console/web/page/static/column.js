// One column: an owner's endpoint, its interfaces, one of them in the middle, and what the owner may ask of it.

import { act, badge, make } from "./dom.js";

const LIST_LIMIT = 200;

export class Column {
  constructor(root, choose) {
    this.root = root;
    this.choose = choose; // called with this column when another end was chosen
    root.append(document.querySelector("#column").content.cloneNode(true));
    this.endpoint = "";
    this.interface = "";
    this.other = null;
    this.endpoints = [];
    this.shown = "";
    this.views = [];
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
    this.at(".after").addEventListener("input", () => this.list(""));
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
    this.at(".after").value = "";
    this.showOverview(this.endpoints);
    this.list("");
    this.pick(name);
  }

  pick(name) {
    this.interface = name;
    if (name && matchMedia("(max-width: 680px)").matches) this.at(".interfaces").open = false;
    this.showEnd({ view: null, error: "", inbox: [] });
    this.markChosen();
    this.choose(this);
  }

  markChosen() {
    for (const button of this.root.querySelectorAll(".list button")) {
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

  showOverview(endpoints) {
    this.endpoints = endpoints;
    const select = this.at(".endpoint");
    const names = endpoints.map((one) => one.endpoint).join();
    if (select.dataset.names !== names) {
      select.replaceChildren(
        ...endpoints.map((one) =>
          make("option", { value: one.endpoint, textContent: `${one.account} · ${one.endpoint}` }),
        ),
      );
      select.dataset.names = names;
    }
    select.value = this.endpoint;
    const own = endpoints.find((one) => one.endpoint === this.endpoint);
    if (own) this.showWorker(own);
  }

  showWorker(own) {
    this.at(".owner").textContent = own.account;
    const process = own.answers ? `process ${own.pid}` : own.error || "its worker does not answer";
    this.at(".worker").textContent = [own.role, own.region, process].filter(Boolean).join(" · ");
    const counts = Object.entries(own.statuses).map(([status, count]) =>
      badge(status, "chip", `${count} ${status}`),
    );
    this.at(".counts").replaceChildren(...counts);
    this.at(".breaking").hidden = !own.killable && own.cuttable.length === 0;
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
    const targets = own.cuttable.filter((target) => target === facing || own.cut.includes(target));
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

  async list(after) {
    if (!this.endpoint) return;
    const asked = (this.asked = {});
    const page = await this.page(after || before(this.at(".after").value.trim()));
    if (!page || asked !== this.asked) return;
    const kept = after ? this.views : [];
    this.showList([...kept, ...page.interfaces], page.next);
  }

  // As much as is shown, anew, without moving anything.
  async refresh() {
    const wanted = Math.max(1, this.views.length);
    const asked = (this.asked = {});
    const views = [];
    let next = before(this.at(".after").value.trim());
    do {
      const page = await this.page(next);
      if (!page || asked !== this.asked) return;
      views.push(...page.interfaces);
      next = page.next;
    } while (next && views.length < wanted);
    this.showList(views, next);
  }

  async page(after) {
    const query = new URLSearchParams({ endpoint: this.endpoint, after, deleted: "true" });
    try {
      const response = await fetch(`/page/interfaces?${query}`);
      return response.ok ? await response.json() : null;
    } catch {
      return null; // the line at the top says that the server is away
    }
  }

  showList(views, next) {
    this.views = views;
    this.next = next;
    const list = this.at(".list");
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.id : "";
    const nothing = make("li", { className: "worker", textContent: "none" });
    const top = list.scrollTop;
    list.replaceChildren(...(views.length ? views.map((view) => this.item(view)) : [nothing]));
    list.scrollTop = top;
    if (focused) list.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    this.at(".more").hidden = !next || views.length >= LIST_LIMIT;
  }

  item(view) {
    const label = view.name ? `${view.interface} · ${view.name}` : view.interface;
    const button = make("button", { type: "button" }, make("span", { className: "id", textContent: label }));
    button.append(badge(view.status, "chip"));
    button.dataset.id = view.interface;
    button.setAttribute("aria-current", String(view.interface === this.interface));
    button.addEventListener("click", () => {
      this.pick(view.interface);
      const peer = view.peer;
      const known = peer && this.endpoints.some((one) => one.endpoint === peer.endpoint);
      if (known && this.other && !this.other.interface) this.other.goTo(peer.endpoint, peer.interface);
    });
    return make("li", {}, button);
  }

  // The end that was chosen.

  showEnd(column) {
    this.at(".card").hidden = !column.view;
    if (this.interface && column.error && !column.view) this.at(".worker").textContent = column.error;
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

// The list begins after an id; to begin with the one that was typed it has to begin just before it.
function before(id) {
  if (!id) return "";
  return id.slice(0, -1) + String.fromCharCode(id.charCodeAt(id.length - 1) - 1) + "~";
}
