// Many endpoints: an account is chosen first and then one of its endpoints; or a search finds what is at any of them.

import { ask, badge, make, note, row } from "./dom.js";

export class Chooser {
  constructor(root, choose) {
    this.details = root.querySelector(".chooser");
    this.elsewhere = root.querySelector(".elsewhere");
    this.choose = choose; // called with an endpoint and an interface, or none
    this.details.addEventListener("toggle", () => this.details.open && this.offer(""));
  }

  show(endpoint, total, many) {
    this.details.hidden = !many;
    this.details.querySelector("summary").textContent = `${endpoint} · one of ${total.toLocaleString("en")}`;
  }

  async offer(account) {
    const choice = await ask("/page/endpoints", { account });
    if (!choice) return;
    const rows = choice.accounts.map((one) => row(one.account, one.account, [totals(one)], () => this.offer(one.account)));
    if (account) rows.push(row("", `‹ ${account}`, [aside("all accounts")], () => this.offer("")));
    rows.push(...choice.endpoints.map((one) => this.endpoint(one, one.endpoint)));
    if (choice.more) rows.push(note(`and ${choice.more} more: find them by their names`));
    this.details.querySelector(".places").replaceChildren(...rows);
  }

  endpoint(one, label) {
    const how = one.answers === false ? "silent" : interfaces(one.statuses);
    return row(one.endpoint, label, [aside(`${one.role} · ${how}`)], () => this.choose(one.endpoint, ""));
  }

  async find(text, but) {
    const asked = (this.asked = {});
    const found = text && but ? await ask("/page/find", { text, but }) : null;
    if (asked !== this.asked) return;
    const rows = found ? this.rows(found) : [];
    this.elsewhere.hidden = rows.length === 0;
    this.elsewhere.querySelector(".found").replaceChildren(...rows);
  }

  rows(found) {
    const rows = found.endpoints.map((one) => this.endpoint(one, `${one.account} · ${one.endpoint}`));
    for (const one of found.interfaces) {
      const label = `${[one.interface, one.name].filter(Boolean).join(" · ")}\n${one.endpoint}`;
      const choose = () => this.choose(one.endpoint, one.interface);
      rows.push(row(`${one.interface}@${one.endpoint}`, label, [badge(one.status, "chip")], choose));
    }
    if (found.more) rows.push(note("and more: write more of it"));
    if (found.silent) rows.push(note(`${found.silent} silent, and not searched`));
    return rows;
  }
}

function aside(text) {
  return make("span", { className: "worker", textContent: text });
}

function totals(one) {
  const silent = one.silent ? `, ${one.silent} silent` : "";
  return aside(`${counted(one.endpoints, "endpoint")}${silent}, ${interfaces(one.statuses)}`);
}

function interfaces(statuses) {
  return counted(Object.values(statuses).reduce((all, count) => all + count, 0), "interface");
}

function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}
