// What lies between the ends and can be acted on: messages that stand half-way, and faults.

import { act, make } from "./dom.js";

const find = (selector) => document.querySelector(selector);

// What may become of a card: its word, its key, and what it says.
const CHOICES = [
  ["deliver", "Deliver", "d"],
  ["drop", "Drop", "x"],
  ["duplicate", "Duplicate", "c"],
  ["hold_back", "Hold back", "h"],
];

export class Between {
  constructor(columns) {
    this.columns = columns;
    this.stepping = null;
    this.shown = "";
    find("#stepping").addEventListener("change", (event) => this.step(event.target.checked));
    find("#cards").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.choose(button.closest("li"), button.dataset.choice);
    });
    find("#cards").addEventListener("keydown", (event) => this.key(event));
    find("#fault-list").addEventListener("click", (event) => {
      const number = event.target.closest("button")?.dataset.number;
      if (number) this.say(act({ do: "clear", number: Number(number) }));
    });
    find("#fault-clear").addEventListener("click", () => this.say(act({ do: "clear" })));
    find("#fault-add").addEventListener("submit", (event) => {
      event.preventDefault();
      this.add(event.target.elements);
    });
  }

  get interface() {
    return this.columns[0].interface || this.columns[1].interface;
  }

  async step(on) {
    const asked = on
      ? { do: "fault", fault: { do: "hold", interface: this.interface } }
      : { do: "clear", number: this.stepping };
    const answer = await this.say(act(asked));
    if (answer.outcome !== "done") find("#stepping").checked = !on;
  }

  add(form) {
    const fault = { do: form.do.value, interface: this.interface };
    if (form.message.value) fault.message = form.message.value;
    if (form.from.value) fault.from = this.columns[Number(form.from.value)].endpoint;
    if (form.which.value.trim()) fault.which = form.which.value.trim();
    this.say(act({ do: "fault", fault }));
  }

  async say(asking) {
    const answer = await asking;
    const done = answer.outcome === "done";
    find("#card-said").className = `answer ${answer.outcome}`;
    find("#card-said").textContent = done ? answer.sentence : `${answer.outcome} (${answer.code}) ${answer.sentence}`;
    return answer;
  }

  choose(card, choice) {
    this.say(act({ do: choice, numbers: JSON.parse(card.dataset.numbers) }));
  }

  // Under the keyboard: up and down go from card to card, a letter chooses.

  key(event) {
    const card = event.target.closest("li");
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const choice = CHOICES.find(([, , key]) => key === event.key.toLowerCase());
    if (!card || event.ctrlKey || event.metaKey || event.altKey || !(step || choice)) return;
    event.preventDefault();
    if (step) card[step]?.focus();
    else this.choose(card, choice[0]);
  }

  show(connection) {
    this.stepping = connection.stepping;
    const shown = JSON.stringify([connection.cards, connection.faults, connection.stepping, this.interface]);
    if (shown === this.shown) return;
    this.shown = shown;
    find("#stepping").disabled = !this.interface;
    find("#stepping").checked = connection.stepping !== null;
    this.showCards(connection.cards);
    find("#fault-add").hidden = !this.interface;
    const standing = connection.faults.filter((one) => !one.over).length;
    find("#fault-count").textContent = standing ? `(${standing})` : "";
    find("#fault-list").replaceChildren(...connection.faults.map(fault));
    find("#fault-clear").hidden = !connection.faults.length;
  }

  // A card stays the same element while its message is said again: somebody may be about to press its button.
  showCards(cards) {
    const list = find("#cards");
    const known = [...list.children];
    const items = cards.map((card) => known.find((one) => one.dataset.key === keyOf(card)) ?? item(card));
    items.forEach((one, place) => fill(one, cards[place]));
    if (items.length === known.length && items.every((one, place) => one === known[place])) return;
    const focused = [...list.children].indexOf(document.activeElement.closest?.("#cards li"));
    const choice = document.activeElement.dataset?.choice;
    list.replaceChildren(...items);
    const target = list.children[Math.min(focused, cards.length - 1)];
    if (focused >= 0) (target?.querySelector(`[data-choice="${choice}"]`) ?? target ?? find("#stepping")).focus();
  }
}

function keyOf(card) {
  return [card.side, card.source, card.target, card.says].join();
}

function fill(element, card) {
  const times = card.numbers.length > 1 ? ` (said ${card.numbers.length} times)` : "";
  element.querySelector("b").textContent = `${card.plain}${times}`;
  element.querySelector("p").textContent = `Delivered: ${card.follows}`;
  element.dataset.numbers = JSON.stringify(card.numbers);
}

function item(card) {
  const way = make("span", { className: "way", textContent: `${card.source} → ${card.target}: ${card.says}` });
  const buttons = CHOICES.map(([choice, text, key]) => {
    const button = make("button", { type: "button", textContent: text, title: `key ${key}` });
    button.dataset.choice = choice;
    return button;
  });
  const element = make("li", { className: card.side, tabIndex: 0 }, make("b"), way, make("p"), ...buttons);
  element.dataset.key = keyOf(card);
  return element;
}

function fault(one) {
  const struck = `${one.sentence}, struck ${one.struck}${one.over ? ", over" : ""} `;
  const button = make("button", { type: "button", textContent: one.over ? "Forget" : "Clear" });
  button.dataset.number = one.number;
  button.setAttribute("aria-label", `${button.textContent} fault ${one.number}`);
  return make("li", {}, `${one.number}. ${struck}`, button);
}
