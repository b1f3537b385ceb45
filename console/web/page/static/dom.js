// Text from elsewhere is put into the page as text only: nothing here ever reads it as markup.

export const AGAIN_MILLISECONDS = 2_000;

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export function badge(status, className, text = status) {
  const element = make("span", { className, textContent: text });
  element.dataset.status = status;
  return element;
}

// What the server answers to a question; null without an answer: the line at the top says that the server is away.
export async function ask(path, query) {
  try {
    const response = await fetch(`${path}?${new URLSearchParams(query)}`);
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

// The same, asked again until it is answered; null once nobody wants to know any more.
export async function askUntil(path, query, wanted) {
  for (;;) {
    const answer = await ask(path, query);
    if (!wanted()) return null;
    if (answer) return answer;
    await new Promise((done) => setTimeout(done, AGAIN_MILLISECONDS));
  }
}

export function chips(statuses) {
  return Object.entries(statuses).map(([status, count]) => badge(status, "chip", `${count.toLocaleString("en")} ${status}`));
}

// A line of a list that can be chosen.
export function row(id, label, notes, choose) {
  const button = make("button", { type: "button" }, make("span", { className: "id", textContent: label }), ...notes);
  button.dataset.id = id;
  button.addEventListener("click", choose);
  return make("li", {}, button);
}

// Other lines in a list, which stays where it was scrolled to, and the focus on the line that had it.
export function refill(list, lines) {
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.id : "";
  const top = list.scrollTop;
  list.replaceChildren(...lines);
  list.scrollTop = top;
  if (focused) list.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

export function note(text) {
  return make("li", { className: "worker", textContent: text });
}

export async function act(asked) {
  try {
    const response = await fetch("/page/act", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Peering-Page": "1" },
      body: JSON.stringify(asked),
    });
    const answer = await response.json();
    if (answer.outcome) return answer;
    return { outcome: "failed", code: `HTTP ${response.status}`, sentence: sentenceOf(answer.detail) };
  } catch (error) {
    return { outcome: "failed", code: "NoServer", sentence: `The server cannot be reached: ${error.message}.` };
  }
}

function sentenceOf(detail) {
  if (!Array.isArray(detail)) return String(detail);
  return detail.map((one) => `${one.loc.at(-1)}: ${one.msg}`).join("; ");
}
