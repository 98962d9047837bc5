// The attention explorer: any sentence, any number of heads, every weight down to its products.
// The numbers are those of attention.py.

const D_MODEL = 768, LARGEST = 256, D_V = 4, MOST_WORDS = 24, LONGEST = 400;
const HEADS = Array.from({ length: 96 }, (_, i) => i + 1).filter((n) => D_MODEL % n === 0);

// ---- Numbers ------------------------------------------------------------------------------

const split = (sentence) => sentence.match(/[^ \t\n\r\u00a0\u3000]+/g) ?? [];

/** A word's seed in a head: FNV-1a over its code points, the seed and the head. */
function hashed(word, seed, head) {
  const numbers = [...Array.from(word, (c) => c.codePointAt(0)), seed, head];
  return numbers.reduce((state, n) => Math.imul(state ^ n, 16777619), 2166136261) >>> 0;
}

/** Remember the last `most` results of make(...key). */
function remembered(most, make) {
  const known = new Map();
  return (...key) => {
    const name = key.join("\n");
    if (!known.has(name)) {
      if (known.size >= most) known.delete(known.keys().next().value);
      known.set(name, make(...key));
    }
    return known.get(name);
  };
}

/** A word's query (256 entries), key (256) and value (4) in a head, in one array. */
const vectors = remembered(96 * MOST_WORDS * 3, (head, seed, word) =>
  normals([2 * LARGEST + D_V], hashed(word, seed, head)).data);

// Scores grow entry by entry, so they are kept at every STEP-th d_k: to move d_k then costs
// less than STEP products for each pair of words, not up to 256.
const STEP = 16;

/** The vectors of a sentence's words in a head, and q·k of all pairs at every STEP-th d_k. */
const toyHead = remembered(3 * 96, (head, seed, sentence) => {
  const rows = sentence.split(" ").map((word) => vectors(head, seed, word)), n = rows.length;
  return { rows, sums: [new Float64Array(n * n)] };
});

/** q·k of all pairs of words, of their first d_k entries. */
function toyScores({ rows, sums }, d_k, out, at) {
  const step = Math.floor(d_k / STEP), size = sums[0].length;
  for (let s = sums.length; s <= step; s++)
    sums.push(further(rows, (s - 1) * STEP, s * STEP, sums[s - 1], new Float64Array(size), 0));
  further(rows, step * STEP, d_k, sums[step], out, at);
}

/** Add the products of entries `from` up to `to` to q·k of all pairs of words. */
function further(rows, from, to, sums, out, at) {
  const n = rows.length;
  for (let i = 0; i < n; i++) {
    const a = rows[i];
    for (let j = 0; j < n; j++) {
      const b = rows[j];
      let sum = sums[i * n + j];
      for (let d = from; d < to; d++) sum += a[d] * b[LARGEST + d];
      out[at + i * n + j] = sum;
    }
  }
  return out;
}

/** A sentence's random queries, keys and values. */
function toy({ sentence, heads, d_k, seed }) {
  const words = split(sentence), n = words.length, key = words.join(" ");
  const cut = (head, from, width) => {
    const out = new Float64Array(n * width), { rows } = toyHead(head, seed, key);
    rows.forEach((row, i) => out.set(row.subarray(from, from + width), i * width));
    return tensor([n, width], out);
  };
  return {
    queries: words, keys: words, heads, d_k,
    raw: (head, out, at) => toyScores(toyHead(head, seed, key), d_k, out, at),
    part: {
      q: (h) => cut(h, 0, d_k), k: (h) => cut(h, LARGEST, d_k), v: (h) => cut(h, 2 * LARGEST, D_V),
    },
  };
}

/** What Python sent in place of random numbers: {queries, keys, arrays}, in binary. */
function ownData({ queries, keys, arrays }) {
  const part = Object.fromEntries(Object.entries(arrays).map(([name, { shape, data }]) => {
    const bytes = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
    const numbers = Float64Array.from(new Float32Array(bytes)), [, n, m] = shape;
    return [name, (h) => tensor([n, m], numbers.subarray(h * n * m, (h + 1) * n * m))];
  }));
  const [heads, , d_k] = Object.values(arrays)[0].shape;
  const raw = remembered(96, (h) => dots(part.q(h), part.k(h)).data);
  const same = queries.join("\n") === keys.join("\n");
  return { queries: same ? keys : queries, keys, heads, d_k, part,
    raw: (h, out, at) => out.set(raw(h), at) };
}

/** Who may attend to whom: 1 where a query may attend to a key. */
function allowed(nQ, nK, { mask, padding, drawn }) {
  const may = {
    causal: (i, j) => j <= i + nK - nQ, // the last query sees all keys
    padding: (_, j) => j < nK - padding,
  }[mask] ?? (() => true);
  const result = mapped(tensor([nQ, nK]), (_, p) => +may(Math.floor(p / nK), p % nK));
  for (const [i, j] of mask === "drawn" ? drawn : [])
    if (i < nQ && j < nK) result.data[i * nK + j] = 0;
  return result;
}

/** The softmax of `width` scores from `at` on, in place, over those that are allowed. */
function weigh(scores, at, width, may, from, factor) {
  let top = -Infinity, sum = 0;
  for (let j = 0; j < width; j++)
    if (may[from + j] && scores[at + j] > top) top = scores[at + j];
  for (let j = 0; j < width; j++)
    sum += scores[at + j] = may[from + j] ? Math.exp((scores[at + j] - top) * factor) : 0;
  if (sum > 0) for (let j = 0; j < width; j++) scores[at + j] /= sum;
}

/** The weights of all heads, flat: (n_heads, n_q, n_k). */
function allWeights(data, nQ, nK, may, factor) {
  const size = nQ * nK, all = new Float64Array(data.heads * size);
  for (let h = 0; h < data.heads; h++) {
    if (data.part.weights) { all.set(data.part.weights(h).data, h * size); continue; }
    data.raw(h, all, h * size);
    for (let i = 0; i < nQ; i++) weigh(all, h * size + i * nK, nK, may.data, i * nK, factor);
  }
  return tensor([data.heads, nQ, nK], all);
}

/** The largest of every `width` numbers. */
function largestOf(numbers, width) {
  const out = new Float64Array(numbers.length / width);
  for (let r = 0; r < out.length; r++) {
    out[r] = numbers[r * width];
    for (let p = r * width + 1; p < (r + 1) * width; p++)
      if (numbers[p] > out[r]) out[r] = numbers[p];
  }
  return out;
}

/** The weight that has the brightest color, for every row of every head. */
function tops(rowTops, heads, nQ, colors, counts) {
  const width = { "each row": 1, "each head": nQ, "all heads": heads * nQ }[colors];
  const counted = (w, r) => (width === 1 || counts(r % nQ) ? w : 0);
  const shared = width && largestOf(rowTops.map(counted), width);
  return mapped(tensor([heads, nQ]), (_, r) => (shared && shared[Math.floor(r / width)]) || 1);
}

/** What scores are q·k times. */
const factorOf = ({ d_k }, { temperature, scale }) =>
  1 / (scale ? Math.sqrt(d_k) : 1) / temperature;

function attend(data, settings) {
  const { part, heads } = data, [nQ, nK] = [data.queries.length, data.keys.length];
  const head = Math.min(settings.head, heads - 1);
  const mask = allowed(nQ, nK, settings), seen = choices(mask);
  const all = allWeights(data, nQ, nK, mask, factorOf(data, settings));
  const rowTops = largestOf(all.data, nK);
  const r = {
    weights: tensor([nQ, nK], all.data.subarray(head * nQ * nK, (head + 1) * nQ * nK)),
    all_weights: all,
    largest: tensor([heads], Float64Array.from({ length: heads }, (_, h) =>
      mean(rowTops.subarray(h * nQ, (h + 1) * nQ)))),
    tops: tops(rowTops, heads, nQ, settings.colors, (i) => seen[i] > 1 || nK < 2),
  };
  return part.weights ? r : { ...r, ...closely(data, settings, head, mask, r.weights) };
}

/** How the weights of one head come about, and what they make of the values. */
function closely(data, settings, head, mask, weights) {
  const { part } = data, raw = tensor(mask.shape);
  data.raw(head, raw.data, 0);
  const scores = mapped(raw, (x) => x * factorOf(data, settings));
  const r = { q: part.q(head), k: part.k(head), raw, scores, mask };
  if (!part.v) return r;
  const v = part.v(head);
  return { ...r, v, context: matmul(weights, v) };
}

const compute = (settings, own) => attend(own ?? toy(settings), settings);

// ---- Words --------------------------------------------------------------------------------

const several = (n, thing) => `${n} ${thing}${n > 1 ? "s" : ""}`;

function namesOf({ sentence }, own) {
  if (own) return own;
  const words = split(sentence);
  return { queries: words, keys: words };
}

/** How many keys each query may attend to. */
const choices = ({ data, shape: [nQ, nK] }) => Array.from({ length: nQ }, (_, i) =>
  data.subarray(i * nK, (i + 1) * nK).reduce((a, b) => a + b, 0));

/** Where the largest weight is, among the rows that count. */
function largestCell({ data, shape: [, nK] }, counts = () => true) {
  const inner = Array.from(data, (w, p) => (counts(Math.floor(p / nK)) ? w : -1));
  const top = inner.reduce((a, b) => Math.max(a, b)), p = inner.findIndex((w) => w > top - 1e-9);
  return top < 0 ? null : [Math.floor(p / nK), p % nK];
}

function describe(r, settings, own) {
  const { queries, keys } = namesOf(settings, own), heads = r.largest.data.length;
  const seen = r.mask && choices(r.mask);
  const cell = largestCell(r.weights, (i) => !seen || seen[i] > 1);
  const size = queries === keys ? several(keys.length, "word")
    : `${queries.length} by ${keys.length} tokens`;
  const width = r.q ? `d_k = ${r.q.shape[1]}, ` : "";
  const text = [`${several(heads, "head")}, ${width}${size}.`];
  if (cell) {
    const [i, j] = cell, weight = fixed(r.weights.data[i * keys.length + j]);
    text.push(`Head ${Math.min(settings.head, heads - 1)}: the largest weight is ${weight}, ` +
      `from "${queries[i]}" to "${keys[j]}".`);
  }
  text.push(`All heads: a row's largest weight is ${fixed(mean(r.largest.data))} on average` +
    ((settings.mask ?? "none") === "none" ? `; 1/${keys.length} for each would be even.` : "."));
  return [...text, ...masked(r, seen)].join(" ");
}

function masked({ mask }, seen) {
  const hidden = mask ? mask.data.filter((x) => !x).length : 0;
  if (!hidden) return [];
  const blind = seen.filter((n) => !n).length;
  const said = [`The mask hides ${hidden} of ${mask.data.length} cells.`];
  if (blind) said.push(`${blind} of ${seen.length} queries see nothing: their weights are 0.`);
  return said;
}

// ---- The explorer -------------------------------------------------------------------------

/** A slider from 0 to most(settings), which may move; hidden unless `when` says so. */
function upTo(view, name, { label, most, when = () => true }) {
  const input = el("input", { type: "range", min: 0, step: 1 });
  const value = el("span", { className: "qkv-value" });
  input.addEventListener("input", () => view.set(name, input.valueAsNumber));
  view.control(name, () => {
    const settings = view.settings(), top = most(settings), x = Math.min(settings[name], top);
    Object.assign(input, { max: top, value: x });
    value.textContent = x;
    input.closest(".qkv-control").hidden = !when(settings);
  }, el("label", {}, el("span", {}, ...rich(label)), input), value);
  view.controls.lastChild.classList.add("qkv-short");
}

const MASKS = [["none", "none"], ["causal", "causal"], ["padding", "padding"],
  ["drawn", "drawn by hand"]];
const COLORS = [["each head", "each head has its own scale"],
  ["each row", "each row has its own scale"], ["all heads", "one scale for all heads"],
  ["0 to 1", "from 0 to 1"]];

function faultOf(sentence) {
  const n = split(sentence).length;
  if (sentence.length > LONGEST) return `Up to ${LONGEST} characters, please.`;
  return n < 1 ? "Type a word." : n > MOST_WORDS ? `${n} words; up to ${MOST_WORDS} fit.` : "";
}

function controls(view) {
  const has = (name) => view.model.get("_settings").includes(name);
  const mostHead = (settings) => (view.data?.heads ?? settings.heads) - 1;
  if (has("sentence")) toyControls(view);
  if (has("temperature")) view.slider("temperature", { label: "temperature",
    min: 0.1, max: 4, step: 0.1, format: (x) => x.toFixed(1) });
  upTo(view, "head", { label: "show head", most: mostHead, when: (s) => mostHead(s) > 0 });
  if (has("mask")) maskControls(view);
}

function toyControls(view) {
  view.text("sentence", { label: "sentence", fault: faultOf });
  view.controls.lastChild.classList.add("qkv-sentence");
  const known = /^\d{1,6}$|^1000000$/;
  view.text("seed", { label: "seed", type: "number", min: 0, max: 1e6, read: Number,
    fault: (text) => (known.test(text) ? "" : "A whole number from 0 to 1000000.") });
  view.slider("heads", { label: "heads", steps: HEADS });
  view.slider("d_k", { label: "`d_k`", min: 1, max: LARGEST });
}

function maskControls(view) {
  view.checkbox("scale", { label: "divide by `√d_k`" });
  view.select("mask", { label: "mask", options: MASKS });
  view.controls.lastChild.addEventListener("change", () => startDrawing(view));
  upTo(view, "padding", { label: "padding words", when: ({ mask }) => mask === "padding",
    most: (settings) => namesOf(settings, view.data).keys.length });
  const clear = el("button", { type: "button" }, "Show all cells");
  clear.addEventListener("click", () => view.set("drawn", []));
  view.control("mask", (mask) => (clear.parentNode.hidden = mask !== "drawn"), clear);
}

/** Somebody who begins to draw begins with the mask that was there. */
function startDrawing(view) {
  const { mask, drawn } = view.settings(), old = view.result.mask, nK = old.shape[1];
  if (mask === "drawn" && !drawn.length) view.set("drawn", Array.from(old.data, (may, p) =>
    (may ? null : [Math.floor(p / nK), p % nK])).filter(Boolean));
}

const STEPS = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
};

/** The cell that is looked at: under the pointer, or else the one that was chosen. */
class Cursor {
  constructor(view) {
    Object.assign(this, { view, chosen: null, hover: null });
  }

  now(r) {
    const [nQ, nK] = r.weights.shape;
    this.chosen ??= [nQ - 1, this.strongest(r, nQ - 1)];
    return (this.hover ?? this.chosen).map((x, axis) => Math.min(x, [nQ, nK][axis] - 1));
  }

  strongest({ weights: { data, shape: [, nK] } }, i) {
    const row = Array.from(data.subarray(i * nK, (i + 1) * nK));
    return row.indexOf(Math.max(...row));
  }

  set(cells) {
    Object.assign(this, cells);
    this.view.schedule();
  }

  /** Move by arrow keys; with `follow`, another query comes with its strongest key. */
  move(event, follow) {
    const step = STEPS[event.key];
    if (!step) return false;
    event.preventDefault();
    const r = this.view.result, within = (x, n) => Math.min(n - 1, Math.max(0, x));
    const [i, j] = this.now(r).map((x, axis) => within(x + step[axis], r.weights.shape[axis]));
    const chosen = [i, follow && step[0] ? this.strongest(r, i) : j];
    this.set({ hover: null, chosen });
    this.tell(...chosen);
    return true;
  }

  tell(i, j) {
    const { view } = this, r = view.result, { queries, keys } = namesOf(view.settings(), view.data);
    const p = i * keys.length + j, hidden = r.mask && !r.mask.data[p];
    const score = r.q ? `, score ${fixed(r.scores.data[p])}` : "";
    const weight = hidden ? "masked" : `weight ${fixed(r.weights.data[p])}`;
    view.tell(`Query ${queries[i]}, key ${keys[j]}${score}, ${weight}`);
  }
}

/** Hide a cell of the mask, or show it. */
function toggle(view, [i, j], hide) {
  const rest = view.settings().drawn.filter(([a, b]) => a !== i || b !== j);
  view.set("drawn", hide ? [...rest, [i, j]] : rest);
}

const drawing = (view) => view.settings().mask === "drawn";
const isHidden = (view, [i, j]) => view.settings().drawn.some(([a, b]) => a === i && b === j);

/** The cells on the way from one cell to another, which a fast pointer skips. */
function between([i, j], [toI, toJ]) {
  const n = Math.max(1, Math.abs(toI - i), Math.abs(toJ - j));
  return Array.from({ length: n }, (_, s) =>
    [i + ((toI - i) * (s + 1)) / n, j + ((toJ - j) * (s + 1)) / n].map(Math.round));
}

function listenToMatrix(view, matrix, cursor) {
  let hide = null, last = null; // while the button is down: what becomes of cells, and where it was
  const { box } = matrix;
  box.tabIndex = 0;
  box.addEventListener("pointerdown", (event) => {
    const cell = matrix.at(event);
    if (!cell || event.button) return;
    cursor.set({ chosen: cell });
    if (drawing(view)) toggle(view, (last = cell), (hide = !isHidden(view, cell)));
  });
  box.addEventListener("pointermove", (event) => {
    const cell = matrix.at(event);
    if (!event.buttons) hide = null;
    for (const passed of hide !== null && cell ? between(last ?? cell, cell) : [])
      if (isHidden(view, passed) !== hide) toggle(view, passed, hide);
    last = cell;
    cursor.set({ hover: cell });
  });
  box.addEventListener("pointerleave", () => cursor.set({ hover: null }));
  box.addEventListener("keydown", (event) => {
    const pressed = [" ", "Enter"].includes(event.key) && !event.shiftKey;
    if (cursor.move(event) || !pressed || !drawing(view)) return;
    event.preventDefault();
    const cell = cursor.now(view.result);
    toggle(view, cell, !isHidden(view, cell));
  });
}

function listenToLines(view, lines, cursor) {
  const pointed = (event) => {
    const found = lines.at(event), [i] = cursor.chosen ?? [0];
    if (!found) return null;
    return found[0] ? [i, found[1]] : [found[1], cursor.strongest(view.result, found[1])];
  };
  lines.box.addEventListener("pointermove", (event) => cursor.set({ hover: pointed(event) }));
  lines.box.addEventListener("pointerleave", () => cursor.set({ hover: null }));
  lines.box.addEventListener("click", (event) =>
    cursor.set({ chosen: pointed(event) ?? cursor.chosen }));
  lines.box.addEventListener("keydown", (event) => cursor.move(event, true));
}

/** The learner's weights, below. A masked cell that they give a weight is shown with it. */
function drawYours(view, matrix, yours, shown) {
  const t = yours?.values.weights;
  if (yours || !view.model.get("_yours").text) matrix.node.hidden = !t;
  if (!t) return;
  const mask = mapped(shown.mask, (may, p) => (may || t.data[p] !== 0 ? 1 : 0));
  const same = !t.data.some((w, p) => differs(w, shown.t.data[p]));
  const title = `Yours, head ${shown.head}${same ? "" : ": dashed cells differ"}`;
  matrix.draw({ ...shown, t, mask, title, beside: shown.t });
}

/** Draw the vectors of heads that nobody has asked for yet, in moments of rest. */
function drawAhead(view) {
  let head = 0, timer = 0;
  const some = () => {
    const { sentence, seed } = view.settings(), until = performance.now() + 5;
    while (head < HEADS.at(-1) && performance.now() < until) {
      for (const word of split(sentence)) vectors(head, seed, word);
      head++;
    }
    if (head < HEADS.at(-1)) timer = setTimeout(some, 50);
  };
  timer = setTimeout(some, 300);
  view.undo.push(() => clearTimeout(timer));
}

function build(view) {
  const sent = view.model.get("_own");
  if (sent?.arrays) view.data = ownData(sent); else drawAhead(view);
  view.root.classList.add("qkv-attention");
  controls(view);
  const cursor = new Cursor(view), legend = new Legend(), theirs = new Matrix();
  const mosaic = view.add(new Mosaic((head) => view.set("head", head)));
  const [matrix, lines, products] = [Matrix, Lines, Products].map((Made) => view.add(new Made()));
  view.select("colors", { label: "colors", options: COLORS });
  matrix.node.append(legend.node, view.controls.lastChild); // beside what they explain and change
  view.yours.node.append(el("div", { className: "qkv-panes" }, theirs.node));
  listenToMatrix(view, matrix, cursor);
  listenToLines(view, lines, cursor);
  view.table("The numbers as tables", (r, settings) => tables(r, namesOf(settings, view.data)));
  return (r, settings, yours) => {
    const names = namesOf(settings, view.data), shown = closeUp(r, settings, names, cursor.now(r));
    mosaic.draw(r, shown.head, shown.plan);
    matrix.draw(shown);
    lines.draw(shown);
    legend.draw(r, settings, shown.head);
    products.draw(r, names, shown.cursor, settings);
    drawYours(view, theirs, yours, shown);
    view.say(describe(r, settings, view.data));
  };
}

/** What the pictures of one head need. */
function closeUp(r, settings, names, cursor) {
  const head = Math.min(settings.head, r.largest.data.length - 1), nQ = names.queries.length;
  const tops = r.tops.data.subarray(head * nQ, (head + 1) * nQ);
  const plan = layout(JSON.stringify(names.queries), JSON.stringify(names.keys));
  const title = `Head ${head}: row asks column`;
  return { t: r.weights, tops, mask: r.mask, plan, cursor, head, title };
}

function tables(r, { queries: rows, keys: cols }) {
  const heads = Array.from(r.largest.data, (_, h) => `head ${h}`);
  const values = Array.from({ length: r.v?.shape[1] ?? 0 }, (_, i) => `v${i}`);
  return [
    { title: "Weights", t: r.weights, rows, cols },
    r.q && { title: "Scores", t: r.scores, rows, cols },
    r.v && { title: "Values", t: r.v, rows: cols, cols: values },
    r.v && { title: "Contexts", t: r.context, rows, cols: values },
    { title: "A row's largest weight, on average", t: r.largest, rows: ["all rows"], cols: heads },
  ].filter(Boolean);
}

export default explorer({ compute, build });
