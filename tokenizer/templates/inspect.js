"use strict";
// Lines exist as elements only near the window; see inspect_page.py. All text is set as text, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const code = document.getElementById("code");
const told = document.getElementById("told");
const own = document.getElementById("own");
const marks = document.getElementById("marks");
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
let pinned = null;

function mark(text, name) {
  const element = document.createElement("i");
  element.textContent = text;
  if (name) element.className = name;
  return element;
}

// Blanks and line ends as faint marks, which wrap like the blanks that they stand for.
function fill(element, text) {
  for (const part of text.split(/( +|\t+|\n)/)) {
    if (part === "\n") element.append(mark("⏎"));
    else if (part[0] === " ") element.append(mark("·".repeat(part.length)));
    else if (part[0] === "\t") element.append(mark("→".repeat(part.length)));
    else if (part) element.append(part.replace(HIDDEN, "\u2423"));
  }
}

function rowElement(row, before) {
  const element = document.createElement("div");
  element.className = row[1] ? "row directive" : "row";
  element.dataset.n = row[0] || "";
  const line = document.createElement("div");
  line.className = "line";
  let last = before;
  for (let i = 2; i < row.length; i += 4) {
    const [token, text, kind, original] = row.slice(i, i + 4);
    const span = document.createElement("span");
    span.className = `t k-${data.kinds[kind]}${token % 2 ? " odd" : ""}${token !== last ? " first" : ""}`;
    span.dataset.t = token;
    if (original) span.dataset.o = original;
    const renamed = original && own && own.checked;
    if (renamed) span.classList.add("own");
    if (text === "") span.append(mark("▯", "byte"));
    else fill(span, renamed ? data.originals[original] : text);
    span.dataset.x = text;
    line.append(span);
    last = token;
  }
  element.append(line);
  return [element, last];
}

function show(block) {
  if (block.shown) return;
  block.shown = true;
  block.style.minHeight = "";
  let last = -1;
  const rows = data.blocks[block.dataset.b].map((row) => {
    const [element, token] = rowElement(row, last);
    last = token;
    return element;
  });
  block.replaceChildren(...rows);
  if (pinned !== null) light(pinned, true);
}

function hide(block) {
  if (!block.shown) return;
  block.style.minHeight = `${block.offsetHeight}px`;
  block.shown = false;
  block.replaceChildren();
}

const blocks = data.blocks.map((rows, number) => {
  const block = document.createElement("div");
  block.dataset.b = number;
  block.style.minHeight = `${rows.length * 24.5}px`;
  return block;
});
code.append(...blocks);
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) (entry.isIntersecting ? show : hide)(entry.target);
}, { rootMargin: "1200px 0px" });
blocks.forEach((block) => watcher.observe(block));

// The parts of a token are lit as chosen, the other uses of its name as hits.
function light(spot, on) {
  for (const element of code.querySelectorAll(`[data-t="${spot.token}"]`)) element.classList.toggle("chosen", on);
  if (spot.original) for (const element of code.querySelectorAll(`[data-o="${spot.original}"]`)) element.classList.toggle("hit", on);
}

function tell(element) {
  const token = Number(element.dataset.t);
  const parts = [`token ${(token + 1).toLocaleString("en")}`];
  if (data.ids.length) parts.push(`id ${data.ids[token]}`, data.labels[data.ids[token]] ?? "");
  const kind = [...element.classList].find((name) => name.startsWith("k-")).slice(2);
  if (element.dataset.o) parts.push(`${kind} ${element.dataset.x}, its own name ${data.originals[element.dataset.o]}`);
  else if (kind !== "plain") parts.push(kind);
  told.textContent = parts.filter(Boolean).join("   ·   ");
  element.title = told.textContent;
}

function spotOf(element) {
  return { token: element.dataset.t, original: element.dataset.o };
}

code.addEventListener("mouseover", (event) => {
  const element = event.target.closest(".t");
  if (!element || pinned) return;
  tell(element);
  light(spotOf(element), true);
});
code.addEventListener("mouseout", (event) => {
  const element = event.target.closest(".t");
  if (element && !pinned) light(spotOf(element), false);
});
code.addEventListener("click", (event) => {
  const element = event.target.closest(".t");
  if (pinned) light(pinned, false);
  pinned = element && !(pinned && pinned.token === element.dataset.t) ? spotOf(element) : null;
  if (pinned) {
    tell(element);
    light(pinned, true);
  }
});
if (own) own.addEventListener("change", () => {
  const shown = blocks.filter((block) => block.shown);
  shown.forEach(hide);
  shown.forEach(show);
});
marks.addEventListener("change", () => code.classList.toggle("plain-view", !marks.checked));
