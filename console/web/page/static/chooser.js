// Many endpoints: an account is chosen first and then one of its endpoints; or a search finds what is at any of them.

import { AGAIN_MILLISECONDS, askUntil, badge, make, note, refill, row } from "./dom.js";

const LONGEST_PAUSE_MILLISECONDS = 60_000;

export class Chooser {
  constructor(root, choose) {
    this.details = root.querySelector(".chooser");
    this.elsewhere = root.querySelector(".elsewhere");
    this.choose = choose; // called with an endpoint and an interface, or none
    this.details.addEventListener("toggle", () => this.details.open && this.offer(""));
  }

  // What is shown of an open choice and of a search is asked for anew when the overview tells something else.
  show(endpoint, overview, many) {
    this.details.hidden = !many;
    this.details.querySelector("summary").textContent = `${endpoint} · one of ${overview.total.toLocaleString("en")}`;
    const told = JSON.stringify([overview.total, overview.statuses, overview.silent, overview.silent_first]);
    if (told === this.told) return;
    this.told = told;
    if (this.details.open) this.offer(this.account);
    if (this.sought) this.find(...this.sought);
  }

  async offer(account) {
    const places = this.details.querySelector(".places");
    if (account !== this.account) places.scrollTop = 0;
    this.account = account;
    const asked = (this.offered = {});
    const choice = await askUntil("/page/endpoints", { account }, () => asked === this.offered && this.details.open);
    if (!choice) return;
    const rows = choice.accounts.map((one) => row(one.account, one.account, [totals(one)], () => this.offer(one.account)));
    if (account) rows.push(row("", `‹ ${account}`, [aside("all accounts")], () => this.offer("")));
    rows.push(...choice.endpoints.map((one) => this.endpoint(one, one.endpoint)));
    if (choice.more) rows.push(note(`and ${choice.more} more: find them by their names`));
    refill(places, rows);
  }

  endpoint(one, label) {
    const how = one.answers === false ? "silent" : interfaces(one.statuses);
    return row(one.endpoint, label, [aside(`${one.role} · ${how}`)], () => this.choose(one.endpoint, ""));
  }

  // A search of all endpoints but one; as long as some did not answer, again after a while that grows.
  async find(text, but, pause = AGAIN_MILLISECONDS) {
    const asked = (this.asked = {});
    this.sought = text && but ? [text, but] : null;
    const found = this.sought && (await askUntil("/page/find", { text, but }, () => asked === this.asked));
    if (asked !== this.asked) return;
    const rows = found ? this.rows(found) : [];
    this.elsewhere.hidden = rows.length === 0;
    refill(this.elsewhere.querySelector(".found"), rows);
    if (!found?.silent) return;
    const later = Math.min(2 * pause, LONGEST_PAUSE_MILLISECONDS);
    setTimeout(() => asked === this.asked && this.find(text, but, later), pause);
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
