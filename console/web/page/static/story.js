// A guided story: the server says what its steps are, real workers do them; here are play, pause and next.

import { act } from "./dom.js";

const find = (selector) => document.querySelector(selector);
const SEEN = "peering-story-seen";
const KEPT = "peering-story"; // as long as this tab is open: what is loaded again goes on where it was
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
    addEventListener("pagehide", () => (this.leaving = true));
    addEventListener("pageshow", () => (this.leaving = false));
  }

  // A story that was being told goes on, paused. To whoever is here for the first time stories are offered at once.

  greet() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT));
    if (kept) {
      Object.assign(this, kept);
      this.open(true);
      this.play(false);
      this.take(true);
    } else if (!location.hash && !localStorage.getItem(SEEN)) this.offer(true);
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
    this.open(true);
    find("#story-play").focus();
    if (!response.ok) return this.fail(told.detail);
    this.told = told;
    this.step = -1;
    this.ready = false;
    this.play(true);
    return this.next();
  }

  // While a story is told there are no forms.
  open(shown) {
    find("#story").hidden = !shown;
    document.body.classList.toggle("telling", shown);
  }

  keep() {
    const { told, step, done } = this;
    if (told) sessionStorage.setItem(KEPT, JSON.stringify({ told, step, done }));
    else sessionStorage.removeItem(KEPT);
  }

  // What the story made go wrong is over with it, wherever it is left.
  end() {
    this.drop();
    this.open(false);
  }

  drop() {
    clearTimeout(this.timer);
    if (this.told) this.tidy(this.told);
    this.told = null;
    this.busy = false;
    this.keep();
  }

  play(on) {
    this.playing = on;
    clearTimeout(this.timer);
    find("#story-play").textContent = on ? "Pause" : "Play";
    find("#story-play").setAttribute("aria-pressed", String(on));
    if (on && this.ready) this.next();
  }

  next() {
    if (this.busy || !this.told?.steps[this.step + 1]) return;
    this.step += 1;
    this.done = 0;
    this.take();
  }

  // Take a step, or what is left of it. What was asked just before the page was loaded again may be done already, and
  // is refused then.
  async take(again = false) {
    const { told } = this;
    const step = told.steps[this.step];
    clearTimeout(this.timer);
    this.busy = true;
    this.began = Date.now();
    this.ready = false;
    find("#story-step").textContent = `${told.title} · ${this.step + 1} of ${told.steps.length}`;
    find("#story-says").className = "";
    find("#story-says").textContent = step.say;
    for (const asked of step.do.slice(this.done)) {
      this.keep();
      const answer = await act(asked);
      if (this.leaving) return;
      if (told !== this.told) return this.tidy(told);
      if (answer.outcome === "failed" || (answer.outcome === "refused" && !again)) return this.fail(answer.sentence);
      again = false;
      this.done += 1;
      if (asked.do === "create") this.chooseEnd(`${asked.interface}@${asked.endpoint}`);
    }
    this.keep();
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
    this.drop();
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
