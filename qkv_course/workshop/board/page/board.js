// The teacher's page: a snapshot, then rows that change. All text is set as text, never as HTML.
"use strict";

const SILENCE = 10_000; // ms without a word after which the feed is taken for broken
const RETRY = 2_000; // ms between two tries to reach the board
const SIGNS = {
  passed: ["✓", "passed", "passed"],
  wrong: ["✗", "wrong", "wrong"],
  raised: ["!", "raised", "stopped with an error"],
  "timed out": ["…", "late", "took too long"],
  "not attempted": ["○", "stub", "not written yet"],
};
const byId = (id) => document.getElementById(id);
const token = document.querySelector("meta[name=page-token]").content;
const query = token ? `?_xsrf=${encodeURIComponent(token)}` : "";

const board = { rows: new Map(), lessons: {}, mistakes: [], skew: 0, stale: false };
let feed = null;
let heard = 0;
let lastWord = null;

function make(tag, text = "", attributes = {}) {
  const node = document.createElement(tag);
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

// ---------------------------------------------------------------- what the board says

function take(kind, data) {
  heard = Date.now();
  lastWord = new Date();
  board.skew = data.now * 1000 - heard;
  say("live", "Live");
  if (kind === "snapshot") {
    board.rows = new Map(data.rows.map((row) => [row.name, row]));
    board.lessons = data.lessons;
    document.title = `${data.title}: board`;
    byId("title").textContent = data.title;
    byId("join").textContent = data.join;
    offerLessons();
  } else if (kind === "change") {
    for (const row of data.rows) board.rows.set(row.name, row);
    for (const name of data.gone) board.rows.delete(name);
  }
  if (kind !== "ping") {
    board.mistakes = data.mistakes;
    draw();
  }
}

function say(state, text) {
  const place = byId("live");
  if (place.dataset.state === state && place.textContent === text) return;
  place.dataset.state = state;
  place.textContent = text;
}

function open() {
  if (feed) feed.close();
  heard = Date.now();
  feed = new EventSource(`api/feed${query}`);
  for (const kind of ["snapshot", "change", "ping"]) {
    feed.addEventListener(kind, (event) => take(kind, JSON.parse(event.data)));
  }
  feed.onerror = () => lost();
}

function lost() {
  feed.close();
  const since = lastWord ? `No word since ${lastWord.toLocaleTimeString()}.` : "No word yet.";
  say("lost", `${since} Trying again …`);
  clearTimeout(lost.timer);
  lost.timer = setTimeout(tryAgain, RETRY);
}

async function tryAgain() {
  try {
    const answer = await fetch(`api/state${query}`, { cache: "no-store" });
    if (answer.ok) return open();
    if (answer.status === 403) {
      say("lost", "This page may no longer read the board: open your private link again.");
      return;
    }
  } catch { /* it is not there yet */ }
  lost();
}

// A proxy may keep this side of a dead stream open, so that no error comes.
setInterval(() => {
  if (feed.readyState !== EventSource.CLOSED && Date.now() - heard > SILENCE) lost();
}, 1_000);

// ---------------------------------------------------------------- who needs help

function need(row) {
  let failed = 0;
  for (const cell of Object.values(row.cells)) if (!cell.passed) failed += cell.failed;
  return failed;
}

function sorted() {
  return [...board.rows.values()].sort((a, b) => {
    if (!!a.flag !== !!b.flag) return a.flag ? -1 : 1;
    if (a.flag && a.flag.since !== b.flag.since) return a.flag.since - b.flag.since;
    return need(b) - need(a) || a.name.localeCompare(b.name);
  });
}

function stuckOn(row) {
  const open = Object.entries(row.cells).filter(([, cell]) => !cell.passed && cell.failed);
  open.sort(([, a], [, b]) => b.failed - a.failed || b.changed - a.changed);
  if (!open.length) return "";
  const [exercise, cell] = open[0];
  const known = board.mistakes.find((m) => m.exercise === exercise && m.mistake === cell.mistake);
  return known ? `${exercise}: ${known.title}` : `${exercise}: ${SIGNS[cell.status][2]}`;
}

function minutes(since) {
  const passed = Math.max(0, Math.floor((Date.now() + board.skew - since * 1000) / 60_000));
  return passed ? `${passed} min` : "now";
}

// ---------------------------------------------------------------- drawing

function columns() {
  const names = Object.keys(board.lessons);
  const chosen = byId("lesson").value;
  if (chosen) return names.filter((name) => board.lessons[name] === chosen);
  const tried = new Set();
  for (const row of board.rows.values()) for (const name in row.cells) tried.add(name);
  return names.filter((name) => tried.has(name));
}

function offerLessons() {
  const select = byId("lesson");
  if (select.options.length > 1) return;
  for (const lesson of new Set(Object.values(board.lessons))) {
    select.append(make("option", `of ${lesson}`, { value: lesson }));
  }
}

function draw(forced = false) {
  if (byId("hold").checked && !forced) {
    board.stale = true;
    return summarize();
  }
  board.stale = false;
  const rows = sorted();
  const names = columns();
  byId("empty").hidden = rows.length > 0;
  byId("table").hidden = rows.length === 0;
  byId("head").replaceChildren(...headings(names, rows));
  byId("body").replaceChildren(...rows.map((row, at) => line(row, at + 1, names)));
  byId("table").classList.toggle("crowded", rows.length > 60);
  byId("mistakes").replaceChildren(...mistakes());
  summarize();
}

function headings(names, rows) {
  const top = make("tr");
  for (const text of ["Learner", "Flag", "Stuck on"]) top.append(make("th", text, { scope: "col" }));
  for (const name of names) {
    const head = make("th", "", { scope: "col", class: "exercise" });
    const passed = rows.filter((row) => row.cells[name]?.passed).length;
    const tried = rows.filter((row) => row.cells[name]).length;
    head.append(make("span", name), make("small", `${passed}/${tried}`, { title: "passed/tried" }));
    top.append(head);
  }
  return [top];
}

function line(row, number, names) {
  const tr = make("tr", "", row.flag ? { class: "flagged" } : {});
  const name = byId("hide-names").checked ? `learner ${number}` : row.name;
  tr.append(make("th", name, { scope: "row" }));
  const flag = make("td", "", { class: "flag" });
  if (row.flag) {
    const where = row.flag.exercise ? ` at ${row.flag.exercise}` : "";
    flag.append(make("b", "⚑ help"), make("span", `${where}, ${minutes(row.flag.since)}`));
  }
  tr.append(flag, make("td", stuckOn(row), { class: "stuck" }));
  for (const name of names) tr.append(square(row.cells[name]));
  return tr;
}

function square(cell) {
  if (!cell) return make("td");
  const [sign, kind, words] = SIGNS[cell.passed ? "passed" : cell.status];
  const td = make("td", "", { class: `square ${kind}` });
  const failed = cell.failed ? ` ${cell.failed}` : "";
  td.append(make("span", `${sign}${failed}`, { "aria-hidden": "true" }));
  td.append(make("span", `${words}, failed checks: ${cell.failed}`, { class: "unseen" }));
  return td;
}

function mistakes() {
  return board.mistakes.map((m) => {
    const item = make("li", "", m.now ? {} : { class: "past" });
    item.append(make("b", `${m.now}`), make("span", `: ${m.title} `), make("code", m.exercise));
    if (m.ever > m.now) item.append(make("span", ` (ever: ${m.ever})`, { class: "soft" }));
    return item;
  });
}

function summarize() {
  const rows = [...board.rows.values()];
  const flags = rows.filter((row) => row.flag).length;
  const held = board.stale ? " Held still: there is news." : "";
  const learners = `${rows.length} ${rows.length === 1 ? "learner" : "learners"}`;
  const text = `${learners}. Flags up: ${flags}.${held}`;
  if (byId("summary").textContent !== text) byId("summary").textContent = text; // it is read aloud
}

// ---------------------------------------------------------------- choices

byId("hide-names").addEventListener("change", (event) => {
  byId("csv").href = `api/board.csv${event.target.checked ? "?names=hidden" : ""}`;
  draw(true);
});
byId("hold").addEventListener("change", (event) => event.target.checked || draw(true));
byId("lesson").addEventListener("change", () => draw(true));
document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
setInterval(() => byId("hold").checked || draw(), 30_000); // flags' minutes
open();
