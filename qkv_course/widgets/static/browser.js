// Lesson 11: what the 72 heads of a pretrained model attend to. The numbers are those of
// browser.py; the weights come from Python, once for each sentence.

const LAYERS = 6, HEADS = 12;
const MEASURES = ["entropy", "[CLS]", "previous", "next", "itself"];

// ---- Numbers ------------------------------------------------------------------------------

/** Read a sentence's weights and measures, given as bytes. */
function received({ tokens, words, word_of, weights, measures }) {
  const steps = new Uint16Array(measures.slice().buffer);
  return {
    tokens, words, weights, wordOf: word_of, shown: {},
    measures: tensor([MEASURES.length, LAYERS, HEADS], Float64Array.from(steps, (x) => x / 1e4)),
  };
}

const withBytes = (sent, read) =>
  received({ ...sent, weights: read(sent.weights), measures: read(sent.measures) });

const unwritten = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const FIRST = withBytes(STORED.reading, unwritten);

/** The reading of the sentence that is set: Python sends all but the stored one. */
const readingOf = ({ sentence }, data) => (sentence === STORED.sentence ? FIRST : data);

/** What stands on the axes: {name, of}, with the tokens that belong to it. */
function units({ tokens, words, wordOf }, { view, special }) {
  const last = tokens.length - 1;
  const pieces = (w) => wordOf.flatMap((of, i) => (of === w ? [i] : []));
  const inner = view === "words" ? words.map((name, w) => ({ name, of: pieces(w) }))
    : tokens.slice(1, last).map((name, i) => ({ name, of: [i + 1] }));
  const cls = { name: "[CLS]", of: [0] }, sep = { name: "[SEP]", of: [last] };
  return special ? [cls, ...inner, sep] : inner;
}

/** The weights of all heads between groups of tokens: keys are added up, queries averaged. */
function grouped({ weights, tokens: { length: n } }, groups) {
  const m = groups.length, out = tensor([LAYERS * HEADS, m, m]);
  for (let h = 0, p = 0; h < LAYERS * HEADS; h++)
    for (const queries of groups)
      for (const keys of groups) {
        let sum = 0;
        for (const i of queries) for (const j of keys) sum += weights[(h * n + i) * n + j];
        out.data[p++] = sum / 255 / queries.length;
      }
  return out;
}

/** Names and weights of all heads as a view shows them; a chosen head changes neither. */
function shownOf(data, settings) {
  const { view, special } = settings;
  return (data.shown[`${view} ${special}`] ??= (() => {
    const list = units(data, settings);
    return { names: list.map(({ name }) => name), all: grouped(data, list.map(({ of }) => of)) };
  })());
}

const scoresOf = ({ right, n }) =>
  tensor([LAYERS, HEADS], Float64Array.from(right.flat(), (x) => x / n));

function compute(settings, data) {
  const reading = readingOf(settings, data), { all } = shownOf(reading, settings);
  const n = all.shape[1], at = (settings.layer * HEADS + settings.head) * n * n;
  return {
    all_weights: all,
    weights: tensor([n, n], all.data.subarray(at, at + n * n)),
    measures: reading.measures,
    scores: scoresOf(STORED.relations[settings.relation]),
  };
}

// ---- Words --------------------------------------------------------------------------------


/** A measure of all heads. */
const measured = (r, name) =>
  tensor([LAYERS, HEADS], r.measures.data.subarray(...[0, 1].map((more) =>
    (MEASURES.indexOf(name) + more) * LAYERS * HEADS)));

const largestIn = (data) => data.reduce((a, b) => Math.max(a, b), 0);

function describe(r, settings, data) {
  const { layer, head, special } = settings, n = r.weights.shape[0], edge = +special;
  const { names } = shownOf(readingOf(settings, data), settings);
  const inside = (x) => x >= edge && x < n - edge;
  const inner = r.weights.data.map((w, p) => (inside(Math.floor(p / n)) && inside(p % n) ? w : -1));
  const top = largestIn(inner), p = inner.findIndex((w) => w > top - 1e-9);
  const [rows, onCls, before, next, itself] = MEASURES.map((name) =>
    fixed(measured(r, name).data[layer * HEADS + head]));
  return `Layer ${layer}, head ${head}, counted from 0. Besides [CLS] and [SEP], the largest ` +
    `weight is ${fixed(inner[p])}, from "${names[Math.floor(p / n)]}" to "${names[p % n]}". ` +
    `Mean entropy of a token's weights: ${rows} nats. Mean weight on [CLS]: ` +
    `${onCls}, on the previous token ${before}, on the next ${next}, on itself ${itself}.`;
}

function related({ scores: { data } }, { relation, layer, head }) {
  const found = STORED.relations[relation], [from, to] = found.ends;
  const top = largestIn(data), best = data.indexOf(top);
  const [heldOut, offset, untrained, chance] =
    ["held_out", "offset", "untrained", "chance"].map((name) => fixed(found[name]));
  const winner = best === layer * HEADS + head ? "the best of 72"
    : `the best, layer ${Math.floor(best / HEADS)}, head ${best % HEADS}, ${fixed(top)}`;
  return `From ${from} to ${to}, ${found.n} pairs: layer ${layer}, head ${head} finds ` +
    `${fixed(data[layer * HEADS + head])}; ${winner}. Chosen on one half of the sentences, ` +
    `scored on the other: the best head ${heldOut}, the best fixed distance ${offset}, ` +
    `the best head of an untrained network ${untrained}; chance ${chance}.`;
}

const arrow = (relation) => STORED.relations[relation].ends.join(" → ");

/** What the cursor, [query, key] with null for none, points at. */
function pointed({ weights: { data } }, names, [i, j]) {
  const n = names.length, at = (row, column) => data[row * n + column];
  const all = Array.from(names.keys());
  const most = (weight) => all.reduce((best, x) => (weight(x) > weight(best) ? x : best), 0);
  if (i === null && j === null)
    return "Point at a cell or a word, or choose one with the arrow keys, to see its lines alone.";
  if (i === null) {
    const from = most((row) => at(row, j));
    return `"${names[j]}" gets its largest weight from "${names[from]}": ${fixed(at(from, j))}.`;
  }
  const to = j ?? most((column) => at(i, column));
  const how = j === null ? "attends most to" : "attends to";
  return `"${names[i]}" ${how} "${names[to]}": ${fixed(at(i, to))}.`;
}

// ---- All heads ----------------------------------------------------------------------------

const TILE = 27, GAP = 3, STEP = TILE + GAP; // pixels, as in browser.css

const LUT = Uint32Array.from({ length: 256 }, (_, i) => {
  const [r, g, b] = cividis(i / 255);
  return new Uint32Array(Uint8Array.of(r, g, b, 255).buffer)[0];
});

/** Matrices below each other, each with colors up to its own largest weight. */
function colored(weights, n) {
  const image = new ImageData(n, weights.length / n), pixels = new Uint32Array(image.data.buffer);
  for (let start = 0, size = n * n; start < weights.length; start += size) {
    let top = 1e-9;
    for (let p = start; p < start + size; p++) if (weights[p] > top) top = weights[p];
    for (let p = start; p < start + size; p++) pixels[p] = LUT[(255 * weights[p]) / top | 0];
  }
  return image;
}

const ARROWS = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
};
const within = (x, n) => Math.min(n - 1, Math.max(0, x));

/** All heads in rows of layers, as small pictures or as numbers; click or arrows choose one. */
class HeadGrid {
  constructor(choose) {
    this.caption = el("figcaption");
    this.canvas = el("canvas");
    this.ring = el("div", { className: "qkv-chosen" });
    this.star = el("div", { className: "qkv-best" });
    const label = (text, area, className = "") =>
      el("span", { textContent: text, className, style: `grid-area: ${area}` });
    this.box = el("div", { className: "qkv-heads", tabIndex: 0, role: "img" }, this.canvas,
      label("head", "1 / 3 / 2 / -1"), label("layer", "3 / 1 / -1 / 2", "qkv-upward"),
      ...Array.from({ length: HEADS }, (_, h) => label(h, `2 / ${h + 3}`)),
      ...Array.from({ length: LAYERS }, (_, l) => label(l, `${l + 3} / 2`)), this.star, this.ring);
    this.node = el("figure", { className: "qkv-pane" }, this.caption, this.box);
    this.listen(choose);
  }

  listen(choose) {
    this.box.addEventListener("click", (event) => {
      const box = this.canvas.getBoundingClientRect();
      const layer = Math.floor((event.clientY - box.top) / STEP);
      const head = Math.floor((event.clientX - box.left) / STEP);
      if (layer >= 0 && head >= 0 && layer < LAYERS && head < HEADS) choose(layer, head);
    });
    this.box.addEventListener("keydown", (event) => {
      const move = ARROWS[event.key];
      if (!move) return;
      event.preventDefault();
      this.layer = within(this.layer + move[0], LAYERS); // the next key may come before a frame
      this.head = within(this.head + move[1], HEADS);
      choose(this.layer, this.head);
    });
  }

  /** Show weights (72, n, n) as pictures. */
  pictures(all, about) {
    this.show(about, all.data, (pencil) => {
      const n = all.shape[1], small = el("canvas", { width: n, height: all.data.length / n });
      small.getContext("2d").putImageData(colored(all.data, n), 0, 0);
      pencil.imageSmoothingEnabled = n > TILE;
      for (let h = 0; h < LAYERS * HEADS; h++)
        pencil.drawImage(small, 0, h * n, n, n, ...this.corner(h), TILE, TILE);
    });
  }

  /** Show numbers (6, 12), with colors from 0 to `top`. */
  numbers(t, top, about) {
    this.show(about, t.data, (pencil) => {
      Object.assign(pencil, { font: "10.5px system-ui, sans-serif", textAlign: "center" });
      t.data.forEach((x, h) => {
        const [left, upper] = this.corner(h);
        pencil.fillStyle = `rgb(${cividis(x / top)})`;
        pencil.fillRect(left, upper, TILE, TILE);
        pencil.fillStyle = x / top < BRIGHT ? "#fff" : "#000";
        pencil.fillText(fixed(x).replace(/^0/, ""), left + TILE / 2, upper + TILE / 2 + 4);
      });
    });
  }

  corner(h) {
    return [(h % HEADS) * STEP, Math.floor(h / HEADS) * STEP];
  }

  /** Paint, if there is anything new, and put the marks into place. */
  show({ title, layer, head, best = null }, numbers, paint) {
    Object.assign(this, { layer, head });
    const dense = globalThis.devicePixelRatio || 1, key = `${title} ${dense}`;
    if (this.painted !== numbers || this.key !== key) {
      Object.assign(this, { painted: numbers, key });
      const [width, height] = [HEADS, LAYERS].map((n) => n * STEP - GAP);
      Object.assign(this.canvas, { width: width * dense, height: height * dense });
      Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px` });
      const pencil = this.canvas.getContext("2d");
      pencil.scale(dense, dense);
      paint(pencil);
    }
    this.caption.textContent = title;
    this.ring.style.gridArea = `${layer + 3} / ${head + 3}`;
    this.star.hidden = best === null;
    this.star.style.gridArea = `${Math.floor(best / HEADS) + 3} / ${(best % HEADS) + 3}`;
    this.box.setAttribute("aria-label",
      `${title}. Layer ${layer}, head ${head} is chosen. Arrow keys choose another.`);
  }
}

// ---- One head -----------------------------------------------------------------------------

const ROOM = { word: 84, cells: 324, lines: 150 }; // in pixels
const pen = globalThis.document && el("canvas").getContext("2d");

function wide(text) {
  pen.font = "bold 13px system-ui, sans-serif";
  return pen.measureText(text).width;
}

/** A text, cut to fit. */
function clipped(text) {
  const letters = Array.from(text);
  if (wide(text) <= ROOM.word - 8) return text;
  while (letters.length > 1 && wide(`${letters.join("")}…`) > ROOM.word - 8) letters.pop();
  return `${letters.join("")}…`;
}

/** Sizes that both pictures share, so that their rows stand at one height. */
function planned(names) {
  const n = names.length, cell = Math.max(11, Math.min(34, Math.floor(ROOM.cells / n)));
  const texts = names.map(clipped), widths = texts.map(wide), widest = Math.max(...widths);
  const left = Math.ceil(widest) + 8, steep = cell < 15;
  const over = steep ? 4
    : Math.max(4, ...widths.map((w, j) => Math.ceil(w * 0.6 - (n - 0.5 - j) * cell) + 8));
  return { names, texts, n, cell, left, steep, over, font: Math.min(13, Math.max(10.5, cell - 1)),
    top: Math.max(22, Math.ceil(widest * (steep ? 1 : 0.82)) + 12) };
}

function sized(picture, width, height) {
  const all = { viewBox: `0 0 ${width} ${height}`, width, height };
  for (const [name, value] of Object.entries(all)) picture.setAttribute(name, value);
}

/** Mark the words that the cursor points at. */
function light(words, cursor) {
  words.forEach((list, axis) => list.forEach((text, at) =>
    text.classList.toggle("qkv-on", cursor[axis] === at)));
}

/** The weights of one head as colored cells. */
class Matrix {
  constructor() {
    this.canvas = el("canvas");
    this.svg = svg("svg", { class: "qkv-plot", "aria-hidden": "true" });
    this.ring = svg("rect", { class: "qkv-cursor" });
    this.most = el("span");
    const bar = el("span", { className: "qkv-gradient" });
    bar.style.background = GRADIENT;
    this.box = el("div", { className: "qkv-matrix", tabIndex: 0, role: "img" },
      this.canvas, this.svg);
    this.caption = el("figcaption");
    this.node = el("figure", { className: "qkv-pane" }, this.caption,
      el("div", { className: "qkv-scroller" }, this.box),
      el("div", { className: "qkv-legend" }, "0", bar, this.most));
  }

  lay(plan) {
    if (plan === this.plan) return;
    this.plan = plan;
    const { n, cell, left, top, over, texts, font, steep } = plan;
    sized(this.svg, left + n * cell + over, top + n * cell + 2);
    this.box.style.width = `${left + n * cell + over}px`;
    Object.assign(this.canvas.style, { left: `${left}px`, top: `${top}px`,
      width: `${n * cell}px`, height: `${n * cell}px` });
    const style = `font-size: ${font}px`, spot = (j) => left + (j + 0.5) * cell + 4;
    const turn = (j) => `translate(${spot(j)} ${top - 5}) rotate(${steep ? -90 : -55})`;
    this.words = [
      texts.map((t, i) => svg("text", { x: left - 6, y: top + (i + 0.5) * cell + 4,
        "text-anchor": "end", style }, t)),
      texts.map((t, j) => svg("text", { transform: turn(j), style }, t))];
    this.svg.replaceChildren(...this.words.flat(), this.ring);
  }

  draw({ t, plan, cursor, title }) {
    this.lay(plan);
    const { n, cell, left, top } = plan, [i, j] = cursor;
    Object.assign(this.canvas, { width: n, height: n });
    this.canvas.getContext("2d").putImageData(colored(t.data, n), 0, 0);
    const around = i === null || j === null ? { width: 0, height: 0, visibility: "hidden" }
      : { x: left + j * cell, y: top + i * cell, width: cell, height: cell, visibility: "visible" };
    for (const [name, value] of Object.entries(around)) this.ring.setAttribute(name, value);
    light(this.words, cursor);
    this.caption.textContent = title;
    this.most.textContent = `${fixed(largestIn(t.data))}, the head's largest weight`;
    this.box.setAttribute("aria-label", `${title}: ${n} by ${n} weights, from ` +
      `${extent(t).map(fixed).join(" to ")}. Arrow keys read one cell.`);
  }

  /** The cell under the pointer, or nothing. */
  at(event) {
    const box = this.canvas.getBoundingClientRect(), { cell, n } = this.plan;
    const i = Math.floor((event.clientY - box.top) / cell);
    const j = Math.floor((event.clientX - box.left) / cell);
    return i >= 0 && j >= 0 && i < n && j < n ? [i, j] : [null, null];
  }
}

const SHADES = 10; // of lines

/** Queries on the left, keys on the right, and a line for every weight. */
class Lines {
  constructor() {
    this.svg = svg("svg", { class: "qkv-plot", "aria-hidden": "true" });
    this.box = el("div", { className: "qkv-lines", tabIndex: 0, role: "img" }, this.svg);
    this.node = el("figure", { className: "qkv-pane" },
      el("figcaption", {}, "The same weights as lines, the faintest left out"),
      el("div", { className: "qkv-scroller" }, this.box));
    this.paths = Array.from({ length: SHADES }, (_, s) => svg("path", { class: "qkv-link",
      "stroke-width": 0.6 + (3.4 * (s + 1)) / SHADES, "stroke-opacity": (s + 1) / SHADES }));
  }

  lay(plan) {
    if (plan === this.plan) return;
    const { n, cell, top, left, texts, font } = plan;
    Object.assign(this, { plan, from: left, to: left + ROOM.lines });
    const width = this.to + left;
    sized(this.svg, width, top + n * cell + 2);
    this.box.style.width = `${width}px`;
    const style = `font-size: ${font}px`;
    const sides = [{ x: left - 6, "text-anchor": "end" }, { x: this.to + 6 }];
    this.words = sides.map((side) => texts.map((t, i) =>
      svg("text", { ...side, y: top + (i + 0.5) * cell + 4, style }, t)));
    const heads = ["query", "key"].map((text, axis) =>
      svg("text", { ...sides[axis], y: top - 8, class: "qkv-axis" }, text));
    this.svg.replaceChildren(...this.paths, ...this.words.flat(), ...heads);
  }

  /** A line's width and shade are its share of the head's largest weight. */
  draw({ t, plan, cursor: [row, column], title }) {
    this.lay(plan);
    const { n, cell, top } = plan, y = (i) => top + (i + 0.5) * cell;
    const parts = this.paths.map(() => []), scale = SHADES / (largestIn(t.data) || 1);
    for (let i = 0, p = 0; i < n; i++)
      for (let j = 0; j < n; j++, p++) {
        const shade = Math.round(t.data[p] * scale) - 1;
        const meant = row === null ? column === null || j === column : i === row;
        if (shade >= 0 && meant) parts[shade].push(`M${this.from} ${y(i)}L${this.to} ${y(j)}`);
      }
    this.paths.forEach((path, s) => path.setAttribute("d", parts[s].join("")));
    this.box.classList.toggle("qkv-one", row !== null || column !== null);
    light(this.words, [row, column]);
    this.box.setAttribute("aria-label", `${title}, as lines from every query to every key, ` +
      "strong where the weight is large. Up and down choose a word, left and right the side.");
  }

  /** The word under the pointer: as query or as key, or nothing. */
  at(event) {
    const box = this.svg.getBoundingClientRect(), { cell, top, n } = this.plan;
    const x = event.clientX - box.left, at = Math.floor((event.clientY - box.top - top) / cell);
    const side = x < this.from + 14 ? 0 : x > this.to - 14 ? 1 : -1;
    if (side < 0 || at < 0 || at >= n) return [null, null];
    return side ? [null, at] : [at, null];
  }
}

// ---- The explorer -------------------------------------------------------------------------

/** A line for a sentence, which Python reads when Enter or the button is pressed. */
function sentenceField(view) {
  const input = el("input", { type: "text", autocomplete: "off", spellcheck: false });
  const says = el("span", { className: "qkv-fault" });
  const button = el("button", { type: "button" }, "Read it");
  let known, timer = 0;
  const say = (text, quiet) => {
    clearTimeout(timer);
    says.textContent = text;
    says.classList.toggle("qkv-quiet", quiet);
    input.setAttribute("aria-invalid", Boolean(text && !quiet));
    if (text) view.tell(text);
  };
  const ask = () => {
    say("The model reads it. The first time takes some seconds.", true);
    timer = setTimeout(() => say("No answer yet. Python may be busy with another cell; if the " +
      "notebook has just been opened, run this cell first.", true), 15000);
    view.model.send({ ask: input.value });
  };
  const hear = (message) => { if (typeof message?.fault === "string") say(message.fault, false); };
  view.model.on("msg:custom", hear);
  view.undo.push(() => { view.model.off("msg:custom", hear); clearTimeout(timer); });
  button.addEventListener("click", ask);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    ask();
  });
  view.control("sentence", (x) => {
    if (x === known) return; // what is being typed stays
    input.value = known = x;
    say("", false);
  }, el("label", {}, el("span", {}, "sentence"), input), button, says);
  view.controls.lastChild.classList.add("qkv-sentence");
}

/** Move the control made last into a picture: beside what it changes. */
const into = (node, view) => node.append(view.controls.lastChild);

function listen(view, picture, state, move) {
  const set = (cursor) => {
    if (String(cursor) === String(state.cursor)) return;
    state.cursor = cursor;
    view.schedule();
  };
  picture.box.addEventListener("pointermove", (event) => set(picture.at(event)));
  for (const kind of ["pointerleave", "blur"])
    picture.box.addEventListener(kind, () => set([null, null]));
  picture.box.addEventListener("keydown", (event) => {
    if (!ARROWS[event.key]) return;
    event.preventDefault();
    set(move(state.cursor, ARROWS[event.key], picture.plan.n));
    view.tell(pointed(view.result, picture.plan.names, state.cursor));
  });
}

const byCell = ([i, j], [di, dj], n) =>
  (i === null || j === null ? [0, 0] : [within(i + di, n), within(j + dj, n)]);

function byWord([i, j], [down, right], n) {
  const at = i ?? j;
  if (at === null) return [0, null];
  const asKey = right ? right > 0 : i === null;
  return asKey ? [null, within(at + down, n)] : [within(at + down, n), null];
}

const GRIDS = [["pictures", "their weights, as small pictures"],
  ["entropy", "mean entropy of a token's weights, in nats"],
  ["[CLS]", "mean weight on [CLS]"], ["previous", "mean weight on the previous token"],
  ["next", "mean weight on the next token"], ["itself", "mean weight on the token itself"]];

function controls(view) {
  sentenceField(view);
  view.radios("view", { legend: "weights between",
    options: [["words", "words"], ["tokens", "tokens"]] });
  view.checkbox("special", { label: "with `[CLS]` and `[SEP]`" });
}

/** Take over the weights of a new sentence. */
function load(view) {
  const sent = view.model.get("_reading");
  const bytes = (part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
  view.data = sent.tokens && withBytes(sent, bytes);
  view.key = null; // all is computed anew
}

/** Add the two pictures of all heads, and return how they are drawn. */
function overview(view) {
  const choose = (layer, head) => { view.set("layer", layer); view.set("head", head); };
  const [grid, scores] = [0, 1].map(() => view.add(new HeadGrid(choose))), found = el("p");
  view.select("grid", { label: "show", options: GRIDS });
  into(grid.node, view);
  view.select("relation", { label: "relation",
    options: Object.keys(STORED.relations).map((name) => [name, arrow(name)]) });
  into(scores.node, view);
  scores.node.append(found);
  scores.node.classList.add("qkv-scores");
  return (r, settings) => {
    const { layer, head } = settings, best = r.scores.data.indexOf(largestIn(r.scores.data));
    drawGrid(grid, r, settings);
    scores.numbers(r.scores, 1,
      { layer, head, best, title: "Share of labeled pairs that a head finds" });
    found.textContent = related(r, settings);
  };
}

function drawGrid(grid, r, { layer, head, grid: what }) {
  const about = { title: "All 72 heads in this sentence", layer, head };
  if (what === "pictures") return grid.pictures(r.all_weights, about);
  const t = measured(r, what);
  return grid.numbers(t, what === "entropy" ? largestIn(t.data) : 1, about);
}

/** Add the pictures of the chosen head, and return how they are drawn. */
function closeUp(view) {
  const [matrix, lines] = [Matrix, Lines].map((Made) => view.add(new Made()));
  const told = el("div", { className: "qkv-reading qkv-told" }), state = { cursor: [null, null] };
  view.panes.insertBefore(view.summary, matrix.node);
  view.panes.append(told);
  listen(view, matrix, state, byCell);
  listen(view, lines, state, byWord);
  let plan;
  return (r, { layer, head }, names) => {
    if (plan?.names !== names) plan = planned(names);
    const cursor = (state.cursor = state.cursor.map((x) => (x < names.length ? x : null)));
    const title = `Layer ${layer}, head ${head}: row attends to column`;
    for (const picture of [matrix, lines]) picture.draw({ t: r.weights, plan, cursor, title });
    told.textContent = pointed(r, names, cursor);
  };
}

function build(view) {
  load(view);
  const renew = () => { load(view); view.schedule(); };
  view.model.on("change:_reading", renew);
  view.undo.push(() => view.model.off("change:_reading", renew));
  view.root.classList.add("qkv-browser");
  controls(view);
  const drawHeads = overview(view), drawHead = closeUp(view);
  const namesOf = (settings) => shownOf(readingOf(settings, view.data), settings).names;
  view.table("The numbers as tables", (r, settings) => tables(r, settings, namesOf(settings)));
  return (r, settings) => {
    drawHeads(r, settings);
    drawHead(r, settings, namesOf(settings));
    view.say(describe(r, settings, view.data));
  };
}

function tables(r, settings, names) {
  const rows = Array.from({ length: LAYERS }, (_, l) => `layer ${l}`);
  const cols = Array.from({ length: HEADS }, (_, h) => `head ${h}`);
  return [
    { title: "Weights, each to within 0.002", t: r.weights, rows: names, cols: names },
    ...GRIDS.slice(1).map(([name, text]) => ({ title: text, t: measured(r, name), rows, cols })),
    { title: `Share found: ${arrow(settings.relation)}`, t: r.scores, rows, cols },
  ];
}

export default explorer({ compute, build });
