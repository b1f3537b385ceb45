// Dead letters: what was set aside, from whom, when, why, and what it would have been. They are looked at only while
// somebody looks: a look takes all of them out of their queue for a moment.

import { act, ask, make } from "./dom.js";

const find = (selector) => document.querySelector(selector);

export class Dead {
  constructor() {
    this.rejected = 0;
    find("#dead").addEventListener("toggle", () => this.look());
    find("#dead-clear").addEventListener("click", () => this.say({ do: "drop_dead_letters" }));
    find("#dead-list").addEventListener("click", (event) => {
      const { choice, id } = event.target.closest("button")?.dataset ?? {};
      if (choice) this.say({ do: choice, dead_letter: id });
    });
  }

  // The workers count what they set aside: more of it is a reason to look again.
  showOverview({ rejected }) {
    if (rejected === this.rejected) return;
    this.rejected = rejected;
    find("#dead-count").textContent = rejected ? `(${rejected.toLocaleString("en")} set aside since the start)` : "";
    this.look();
  }

  async look() {
    if (!find("#dead").open) return;
    const asked = (this.asked = {});
    const page = await ask("/page/dead-letters", {});
    if (asked !== this.asked) return;
    const rows = page ? page.dead_letters.map(item) : [];
    if (page?.more) rows.push(make("li", { textContent: `and ${page.more.toLocaleString("en")} more` }));
    const none = page ? "None lies here." : "They cannot be seen now.";
    if (!rows.length) rows.push(make("li", { className: "sound", textContent: none }));
    find("#dead-list").replaceChildren(...rows);
    find("#dead-clear").hidden = !page?.dead_letters.length;
  }

  async say(asked) {
    const answer = await act(asked);
    const done = answer.outcome === "done";
    find("#dead-said").className = `answer ${answer.outcome}`;
    find("#dead-said").textContent = done ? answer.sentence : `${answer.outcome} (${answer.code}) ${answer.sentence}`;
    this.look();
  }
}

function item(one) {
  const when = one.at ? new Date(one.at).toLocaleString() : "at an unknown time";
  const way = make("b", { textContent: `${one.sender ?? "somebody"} → ${one.endpoint ?? "nobody known"}` });
  const who = `set aside by ${one.set_aside_by ?? "nobody that the broker proves"}`;
  const by = make("p", { className: "when", textContent: `${when}, ${one.size_bytes.toLocaleString("en")} bytes, ${who}` });
  const why = make("p", { textContent: `Why: ${one.reason} (${one.code})` });
  const would = make("p", { textContent: `It would have been ${one.would_be}.` });
  const replay = choice("replay_dead_letter", "Replay", one);
  replay.disabled = one.replay !== null;
  replay.title = one.replay ? `cannot be: ${one.replay}` : "send it again to whom it was for";
  const element = make("li", {}, way, replay, choice("drop_dead_letter", "Throw away", one), by, why, would);
  if (!one.replay) element.className = "sound";
  return element;
}

function choice(name, text, one) {
  const button = make("button", { type: "button", textContent: text });
  Object.assign(button.dataset, { choice: name, id: one.id });
  button.setAttribute("aria-label", `${text}: ${one.sender ?? "somebody"}, ${one.reason}`);
  return button;
}
