// A guided story: the server says what its steps are, real workers do them; here are play, pause and next.

import { act } from "./dom.js";

const find = (selector) => document.querySelector(selector);
const SEEN = "peering-story-seen";
const READING_MILLISECONDS = 2500;
const LETTER_MILLISECONDS = 35;

export class Story {
  constructor(columns) {
    this.columns = columns;
    this.connection = null;
    this.told = null;
    for (const button of document.querySelectorAll("[data-story]")) {
      button.addEventListener("click", () => this.begin(button.dataset.story));
    }
    find("#by-hand").addEventListener("click", () => {
      this.offer(false);
      find("#stories").focus();
    });
    find("#stories").addEventListener("click", () => this.offer(find("#welcome").hidden));
    find("#story-play").addEventListener("click", () => this.play(!this.playing));
    find("#story-next").addEventListener("click", () => this.next());
    find("#story-end").addEventListener("click", () => {
      this.end();
      find("#stories").focus();
    });
  }

  // Offered at once to whoever is here for the first time, before any empty form.

  greet() {
    if (!location.hash && !localStorage.getItem(SEEN)) this.offer(true);
  }

  offer(shown) {
    find("#welcome").hidden = !shown;
    find("main").hidden = shown;
    find("#stories").setAttribute("aria-expanded", String(shown));
    if (shown) find("#welcome button").focus();
    else localStorage.setItem(SEEN, "1");
  }

  async begin(name) {
    this.offer(false);
    this.end();
    const response = await fetch(`/page/stories/${name}`);
    const told = await response.json();
    find("#story").hidden = false;
    find("#story-play").focus();
    if (!response.ok) return this.fail(told.detail);
    this.told = told;
    this.step = -1;
    this.play(true);
    return this.next();
  }

  // What the story made go wrong is over with it, wherever it is left.
  end() {
    clearTimeout(this.timer);
    if (this.told) this.tidy(this.told);
    this.told = null;
    this.busy = false;
    find("#story").hidden = true;
  }

  play(on) {
    this.playing = on;
    clearTimeout(this.timer);
    find("#story-play").textContent = on ? "Pause" : "Play";
    find("#story-play").setAttribute("aria-pressed", String(on));
    if (on && this.ready) this.next();
  }

  async next() {
    const { told } = this;
    const step = told?.steps[this.step + 1];
    if (!step || this.busy) return;
    clearTimeout(this.timer);
    this.busy = true;
    this.step += 1;
    this.began = Date.now();
    this.ready = false;
    find("#story-step").textContent = `${told.title} · ${this.step + 1} of ${told.steps.length}`;
    find("#story-says").className = "";
    find("#story-says").textContent = step.say;
    for (const asked of step.do) {
      const answer = await act(asked);
      if (told !== this.told) return this.tidy(told);
      if (answer.outcome !== "done") {
        this.fail(answer.sentence);
        break;
      }
      if (asked.do === "create") this.chooseEnd(`${asked.interface}@${asked.endpoint}`);
    }
    this.busy = false;
    this.look();
  }

  // A step that was under way when its story was left may have made a fault after that.
  tidy(told) {
    act({ do: "clear", interface: told.left.split("@")[0] });
  }

  chooseEnd(place) {
    const [name, endpoint] = place.split("@");
    this.columns[place === this.told.left ? 0 : 1].goTo(endpoint, name);
  }

  fail(sentence) {
    if (this.told) this.tidy(this.told);
    this.told = null;
    this.busy = false;
    find("#story-says").className = "failed";
    find("#story-says").textContent = `The story stops here: ${sentence}`;
  }

  // A step is over when both ends show what it says, and its sentence could be read.

  show(connection) {
    this.connection = connection;
    this.look();
  }

  look() {
    if (!this.told || this.busy) return;
    const step = this.told.steps[this.step];
    const shown = this.connection?.columns.map((column) => column.view?.status);
    const places = this.connection?.columns.map((column) => column.place).join();
    const there = places === `${this.told.left},${this.told.right}`;
    const ready = !step.until || (there && step.until.every((status, side) => status === shown[side]));
    if (!ready || this.ready) return;
    this.ready = true;
    const last = this.step + 1 === this.told.steps.length;
    find("#story-next").disabled = last;
    if (last) find("#story-step").textContent += " · the end";
    else if (this.playing) {
      const pause = READING_MILLISECONDS + LETTER_MILLISECONDS * step.say.length - (Date.now() - this.began);
      this.timer = setTimeout(() => this.next(), Math.max(800, pause));
    }
  }
}
