// Lesson 07: paint who may look at whom. The numbers are those of masks.py.

const WORDS = ["the", "cat", "ate", "up", "my", "pie"];
const OTHERS = ["a", "dog", "hid", "it", "our", "egg"]; // what the last word can turn into
const N = WORDS.length, EACH = WORDS.map((_, i) => i);

// One row a word, and the last row for padding.
const QUERIES = [[2, 0, 0, 0], [0, 2, 0, 1], [2, 1, 0, 0], [0, 2, 1, 0], [1, 0, 0, 2], [0, 1, 2, 0], [1, 0, 1, 0]];
const KEYS = [[-1, 1, 2, 0], [3, 0, 0, 1], [0, 3, 1, 0], [1, 1, 0, 2], [1, 0, 2, 0], [2, 1, 0, 2], [1, 1, 1, 1]];
const VALUES = [[1, 0], [3, 1], [0, 3], [1, 1], [2, 0], [3, 2], [0, 0]];
const OTHER_KEY = [2, 2, 0, 1], OTHER_VALUE = [0, -2];

const FILLS = [["-inf", "minus infinity (right)"], ["0", "0"], ["-1e-12", "-1e-12"], ["-10", "-10"],
  ["-1e9", "-1e9"], ["multiply", "as they were; weights times mask"]];

// ---- Numbers ------------------------------------------------------------------------------

const square = (f) => mapped(tensor([N, N]), (_, p) => f(Math.floor(p / N), p % N));
const rowOf = (t, i) => t.data.subarray(i * t.shape[1], (i + 1) * t.shape[1]);
const perRow = (f) => tensor([N], Float64Array.from(EACH, f));

/** Queries, keys and values of the words, with padding after the first `length`. */
function vectors(length, changed) {
  const [q, k, v] = [QUERIES, KEYS, VALUES].map((rows) => EACH.map((i) => rows[i < length ? i : N]));
  if (changed && length) [k[length - 1], v[length - 1]] = [OTHER_KEY, OTHER_VALUE];
  return [q, k, v].map((rows) => tensor([N, rows[0].length], Float64Array.from(rows.flat())));
}

function paintedMask({ preset, length, drawn }) {
  if (preset === "drawn") return square((i, j) => +drawn.split("/")[i][j]);
  const causal = ["causal", "both"].includes(preset), padding = ["padding", "both"].includes(preset);
  return square((i, j) => +(!(causal && j > i) && !(padding && j >= length)));
}

const scored = (q, k) => mapped(dots(q, k), (x) => x / 2); // √d_k is 2
const put = (scores, mask, fill) => mapped(scores, (x, p) => (mask.data[p] ? x : fill));

/** The softmax over each row, but zeros in a row of nothing but minus infinity. */
const weigh = (scores) => mapped(softmax(scores), (x) => (Number.isNaN(x) ? 0 : x));

/** What the softmax gets, and the weights, with `fill` for hidden scores. */
function filledIn(q, k, mask, fill) {
  const scores = scored(q, k);
  if (fill === "multiply") return [scores, mapped(softmax(scores), (w, p) => w * mask.data[p])];
  const filled = put(scores, mask, fill === "-inf" ? -Infinity : +fill);
  return [filled, weigh(filled)];
}

function compute(settings) {
  const { length, true_means, fill, change_last } = settings, lengths = [length, N, 2];
  const [q, k, v] = vectors(length, change_last), painted = paintedMask(settings);
  const mask = true_means === "hidden" ? mapped(painted, (x) => 1 - x) : painted;
  const scores = scored(q, k), masked = put(scores, mask, -Infinity), weights = weigh(masked);
  const [filled, shown] = filledIn(q, k, mask, fill);
  const [, before, valuesBefore] = vectors(length, false);
  const after = matmul(shown, v), was = matmul(filledIn(q, before, mask, fill)[1], valuesBefore);
  const sum = (list) => list.reduce((a, b) => a + b, 0);
  return {
    n: N, lengths: tensor([3], lengths), q, k, v, painted, mask,
    causal: square((i, j) => +(j <= i)),
    padding: tensor([3, 1, N], lengths.flatMap((l) => EACH.map((j) => +(j < l)))),
    scores, masked, weights, context: matmul(weights, v), filled, shown,
    totals: perRow((i) => sum(rowOf(shown, i))),
    leaks: perRow((i) => sum(rowOf(shown, i).filter((_, j) => !mask.data[i * N + j]))),
    moves: perRow((i) => Math.max(...rowOf(after, i).map((x, j) => Math.abs(x - rowOf(was, i)[j])))),
  };
}

// ---- Words --------------------------------------------------------------------------------

function wordsOf({ length, change_last }) {
  const words = EACH.map((i) => (i < length ? WORDS[i] : "pad"));
  if (change_last && length) words[length - 1] = OTHERS[length - 1];
  return words;
}

/** Write two decimals, and five for a small number; halves go up, as in masks.py. */
function two(x) {
  if (x > 0 && x < 0.00001) return "less than 0.00001";
  return x === 0 ? "0" : (x + 1e-9).toFixed(x >= 0.01 ? 2 : 5);
}

/** The place of the largest number, the first of equals. */
const first = (sizes) => sizes.findIndex((x) => x > Math.max(...sizes) - 1e-9);

function describe(r, settings) {
  const hidden = r.mask.data.filter((x) => !x).length;
  const said = hidden
    ? [`${hidden} of ${N * N} pairs ${hidden === 1 ? "is" : "are"} hidden.`, effect(r, settings)]
    : ["Nothing is hidden: every word looks at all words."];
  if (settings.true_means === "hidden")
    said.push("True was read as hidden: this is the opposite of the mask as painted.");
  if (settings.change_last) said.push(notice(r, settings.length));
  return said.join(" ");
}

function effect(r, settings) {
  const { fill } = settings, words = wordsOf(settings), short = first(r.totals.data.map((x) => -x));
  if (fill === "multiply")
    return `Hidden weights are 0, but row “${words[short]}” sums to ${two(r.totals.data[short])}: ` +
      "the softmax saw all words.";
  if (fill === "-inf") return `Their weights are exactly 0. ${empty(r, words)}`;
  const worst = first(r.leaks.data), leak = r.leaks.data[worst];
  return (leak > 0 ? `They leak: ${two(leak)} of row “${words[worst]}” goes to hidden words.`
    : "Their weights are 0 here.") +
    (fill === "-1e9" ? " (In float16, PyTorch stops with an error: -1e9 does not fit.)" : "");
}

const isEmpty = (r, i) => rowOf(r.mask, i).every((x) => !x);

function empty(r, words) {
  const rows = words.filter((_, i) => isEmpty(r, i));
  if (!rows.length) return "Every row sums to 1.";
  return `Nothing is allowed in ${rows.length === 1 ? `row “${rows[0]}”` : `${rows.length} rows`}: ` +
    "all weights are 0 there, and so is the context.";
}

function notice(r, length) {
  if (!length) return "There is no last word to change.";
  const noticed = WORDS.slice(0, length - 1).filter((_, i) => r.moves.data[i] > 1e-9);
  return `The last word became “${OTHERS[length - 1]}”, with another key and value: ` +
    (noticed.length ? `noticed by ${noticed.map((w) => `“${w}”`).join(", ")}.` : "no word before it notices.");
}

// ---- Pictures -----------------------------------------------------------------------------

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const within = (x) => Math.min(N - 1, Math.max(0, x));
const place = (node, i, j) => { node.style.gridArea = `${i} / ${j}`; return node; };
const cell = (p) => [Math.floor(p / N), p % N];

/** The boxes on the way from one box to another, which a fast pointer skips. */
function between(from, to) {
  const [i, j] = cell(from), [toI, toJ] = cell(to), n = Math.max(1, Math.abs(toI - i), Math.abs(toJ - j));
  return Array.from({ length: n }, (_, s) => [i + ((toI - i) * (s + 1)) / n, j + ((toJ - j) * (s + 1)) / n])
    .map(([row, column]) => Math.round(row) * N + Math.round(column));
}

/** A frame of words around 6 by 6 boxes, and columns of numbers at its right side. */
class Board {
  constructor(title, box, { width, left = 30, sides = [], point }) {
    const label = (i, j, kind, text = "") =>
      place(el("span", { className: `qkv-label ${kind}`, textContent: text }), i, j);
    this.caption = el("figcaption", { textContent: title });
    this.rows = EACH.map((i) => label(i + 2, 1, "qkv-left"));
    this.cols = EACH.map((j) => label(1, j + 2, "qkv-top"));
    this.boxes = Array.from({ length: N * N }, (_, p) => place(box(), cell(p)[0] + 2, cell(p)[1] + 2));
    this.sides = sides.map((_, s) => EACH.map((i) =>
      place(el("span", { className: "qkv-side" }), i + 2, N + 2 + s)));
    this.grid = el("div", { className: "qkv-cells" }, ...this.rows, ...this.cols, ...this.boxes,
      ...sides.map(([text], s) => label(1, N + 2 + s, "qkv-top", text)), ...this.sides.flat());
    this.grid.style.gridTemplate = `20px repeat(${N}, 34px) / ${left}px repeat(${N}, ${width}px) ` +
      sides.map(([, w]) => `${w}px`).join(" ");
    this.grid.addEventListener("pointermove", (event) => point(this.at(event)));
    this.grid.addEventListener("pointerleave", () => point(-1));
    this.node = el("figure", { className: "qkv-pane" }, this.caption, this.grid);
  }

  label(rows, cols) {
    this.rows.forEach((node, i) => (node.textContent = rows[i]));
    this.cols.forEach((node, j) => (node.textContent = cols[j]));
  }

  /** The box below a pointer, or -1. */
  at({ clientX: x, clientY: y }) {
    return this.boxes.findIndex((box) => {
      const { left, right, top, bottom } = box.getBoundingClientRect();
      return x >= left && x < right && y >= top && y < bottom;
    });
  }

  /** Frame one box. */
  frame(here) {
    this.boxes.forEach((box, p) => box.classList.toggle("qkv-here", p === here));
  }
}

/** Numbers in colored boxes; hidden ones are hatched or struck out. */
class Numbers extends Board {
  constructor(title, options) {
    super(title, () => el("span", { className: "qkv-box" }), options);
    this.grid.setAttribute("role", "img");
    this.grid.setAttribute("aria-label", `${title}. The numbers are in the tables below.`);
  }

  /** `fill(p)` gives {text, struck, color, alarm}; `sides` holds columns of [text, bad]. */
  draw(rows, cols, fill, sides = []) {
    this.label(rows, cols);
    this.boxes.forEach((box, p) => {
      const { text, struck, color, alarm } = fill(p), empty = color === null;
      box.classList.toggle("qkv-none", empty);
      box.classList.toggle("qkv-alarm", Boolean(alarm));
      box.classList.toggle("qkv-long", text.length > 5);
      box.style.background = empty ? "" : `rgb(${cividis(color)})`;
      box.style.color = empty ? "" : color < BRIGHT ? "#fff" : "#000";
      box.replaceChildren(...(struck ? [el("s", { textContent: struck })] : []), text);
    });
    sides.forEach((column, s) => column.forEach(([text, bad], i) => {
      this.sides[s][i].textContent = text;
      this.sides[s][i].classList.toggle("qkv-bad", Boolean(bad));
    }));
  }
}

/** The mask as buttons: one is in the tab order, arrow keys go to the others. */
class Painter extends Board {
  constructor(title, change, options) {
    super(title, () => el("button", { type: "button", className: "qkv-box", tabIndex: -1 }), options);
    Object.assign(this, { change, point: options.point, brush: null, last: -1 });
    this.boxes[0].tabIndex = 0;
    this.grid.classList.add("qkv-paint");
    this.grid.setAttribute("role", "group");
    this.grid.setAttribute("aria-label", `${title}. Arrow keys move, Space changes a cell.`);
    this.hint = el("div", { className: "qkv-reading" });
    this.hint.style.width = `${30 + N * options.width}px`;
    this.node.append(this.hint);
    this.listenToPointer();
    this.boxes.forEach((box, p) => this.listenToKeys(box, p));
  }

  draw(painted, words, read, trueMeans) {
    this.painted = painted;
    this.hint.textContent = "Click, drag, or arrows and Space. T (True): the row " +
      `may${trueMeans === "hidden" ? " not" : ""} look at the column.`;
    this.label(words, words);
    this.boxes.forEach((box, p) => {
      const on = painted.data[p] > 0;
      box.textContent = on ? "T" : "F";
      box.setAttribute("aria-pressed", on);
      box.setAttribute("aria-label", `${on ? "True" : "False"}: ${read(p)}`);
    });
  }

  /** Make one cell true or false. */
  put(p, on) {
    if (this.painted.data[p] > 0 === on) return;
    this.painted = mapped(this.painted, (x, at) => (at === p ? +on : x));
    this.change(EACH.map((i) => rowOf(this.painted, i).join("")).join("/"));
  }

  focus(p) {
    for (const box of this.boxes) box.tabIndex = -1;
    this.boxes[p].tabIndex = 0;
    this.boxes[p].focus();
  }

  listenToPointer() {
    this.grid.addEventListener("pointerdown", (event) => {
      const p = this.at(event);
      if (p < 0 || event.button) return;
      event.preventDefault(); // or the browser selects text
      this.grid.setPointerCapture(event.pointerId);
      this.brush = !this.painted.data[p];
      this.focus(p);
      this.put((this.last = p), this.brush);
    });
    this.grid.addEventListener("pointermove", (event) => {
      const p = this.brush === null ? -1 : this.at(event);
      for (const passed of p < 0 ? [] : between(this.last < 0 ? p : this.last, p)) this.put(passed, this.brush);
      this.last = p;
    });
    for (const kind of ["pointerup", "pointercancel"])
      this.grid.addEventListener(kind, () => (this.brush = null));
  }

  listenToKeys(box, p) {
    box.addEventListener("focus", () => this.point(p));
    box.addEventListener("blur", () => this.point(-1));
    box.addEventListener("click", (event) => { // by a key or a screen reader: no mouse was down
      if (!event.detail) this.put(p, !this.painted.data[p]);
    });
    box.addEventListener("keydown", (event) => {
      const step = STEPS[event.key], [i, j] = cell(p);
      if (!step) return;
      event.preventDefault();
      this.focus(within(i + step[0]) * N + within(j + step[1]));
    });
  }
}

/** A weight for a cell: "0" only if it is exactly 0. */
const weightText = (x) => (x === 0 ? "0" : x < 0.005 ? x.toExponential(0) : x.toFixed(2));

/** What becomes of one pair, in words. */
function reading(p, r, settings) {
  const [row, column] = cell(p).map((i) => wordsOf(settings)[i]);
  const score = r.scores.data[p].toFixed(1), weight = weightText(r.shown.data[p]);
  if (r.mask.data[p]) return `“${row}” may look at “${column}”: score ${score}, weight ${weight}.`;
  const then = settings.fill === "multiply" ? `stays ${score}, its weight becomes`
    : `${score} becomes ${settings.fill}, its weight is`;
  return `“${row}” may not look at “${column}”: the score ${then} ${weight}.`;
}

function drawScores(board, r, words, { fill }) {
  const range = extent(r.scores);
  board.draw(words, words, (p) => {
    const replaced = !r.mask.data[p] && fill !== "multiply", raw = r.scores.data[p].toFixed(1);
    return { text: replaced ? fill : raw, struck: replaced && raw,
      color: r.filled.data[p] === -Infinity ? null : share(r.filled.data[p], range) };
  });
}

function drawWeights(board, r, words, { change_last }) {
  const moved = (i) => change_last && r.moves.data[i] > 1e-9;
  board.caption.textContent = change_last ? "Weights (▲: its context moved)" : "Weights";
  board.draw(words.map((word, i) => (moved(i) ? `▲ ${word}` : word)), words, (p) => {
    const x = r.shown.data[p], hidden = !r.mask.data[p];
    return { text: weightText(x), color: hidden && !x ? null : x, alarm: hidden && x };
  }, [
    Array.from(r.totals.data, (x) => [weightText(x), Math.abs(x - 1) > 1e-9]),
    Array.from(r.leaks.data, (x) => [weightText(x), x > 0]),
  ]);
}

function controls(view) {
  view.select("preset", { label: "mask", options: [["none", "none"], ["causal", "causal"],
    ["padding", "padding"], ["both", "causal and padding"], ["drawn", "drawn by you"]] });
  const preset = view.controls.lastChild.querySelector("select");
  preset.addEventListener("change", () => { // without padding, a padding mask hides nothing
    const { preset: chosen, length } = view.settings();
    if (["padding", "both"].includes(chosen) && length === N) view.set("length", 4);
  });
  view.slider("length", { label: "words before padding", min: 0, max: N });
  view.controls.lastChild.querySelector("input").style.width = "110px";
  view.checkbox("change_last", { label: "change the last word" });
  view.select("fill", { label: "hidden scores become", options: FILLS });
  view.select("true_means", { label: "True means", options: [["may attend", "may attend"],
    ["hidden", "hidden (nn.MultiheadAttention)"]] });
}

/** Put the words, as they are now, beside the pictures of yours. */
function labelYours(view) {
  view.shown.push((settings) => {
    const rows = wordsOf(settings), square = { rows, cols: rows };
    const sentences = [settings.length, N, 2].map((length) => `length ${length}`);
    view.yours.labels = { weights: square, masked: square, causal: {}, context: { rows },
      padding: { rows: sentences } };
  });
}

function tables(view) {
  view.table("The numbers as tables", (r, settings) => {
    const rows = wordsOf(settings), square = { rows, cols: rows };
    const sums = mapped(tensor([N, 3]), (_, p) =>
      [r.totals, r.leaks, r.moves][p % 3].data[Math.floor(p / 3)]);
    return [
      { title: "Mask as painted, 1 for True", t: r.painted, ...square },
      { title: "Scores", t: r.scores, ...square },
      { title: "What the softmax gets", t: r.filled, ...square },
      { title: "Weights", t: r.shown, ...square },
      { title: "Rows", t: sums, rows, cols: ["sum", "on hidden words", "context moved by"] },
    ];
  });
}

function build(view) {
  controls(view);
  let here = -1, latest = null;
  const boards = [], line = el("div", { className: "qkv-reading" });
  const point = (p) => {
    here = p;
    for (const board of boards) board.frame(p);
    line.textContent = p < 0 ? "" : reading(p, ...latest);
  };
  const change = (drawn) => { view.set("drawn", drawn); view.set("preset", "drawn"); };
  const painter = new Painter("Mask: paint it", change, { width: 28, point });
  const scores = new Numbers("Scores for the softmax", { width: 36, point });
  const weights = new Numbers("Weights", { width: 34, left: 42, point, sides: [["sum", 32], ["leak", 44]] });
  boards.push(painter, scores, weights);
  for (const board of boards) view.add(board);
  view.panes.style.columnGap = "20px";
  view.summary.style.minHeight = "2.9em"; // nothing jumps when a second line comes
  view.panes.after(line);
  labelYours(view);
  tables(view);
  return (r, settings) => {
    const words = wordsOf(settings);
    latest = [r, settings];
    painter.draw(r.painted, words, (p) => reading(p, r, settings), settings.true_means);
    drawScores(scores, r, words, settings);
    drawWeights(weights, r, words, settings);
    point(here);
    view.say(describe(r, settings));
  };
}

export default explorer({ compute, build });
