// Lesson 08: more heads give more patterns, each of lower rank. The numbers are those of heads.py.

const MODELS = {
  toy: { name: "Toy model", d_model: 96, tokens: 24, heads: 8 },
  "transformer base": { name: "Transformer base (Vaswani et al. 2017)", d_model: 512, tokens: 512, heads: 8 },
  "bert-base": { name: "BERT-base (Devlin et al. 2019)", d_model: 768, tokens: 512, heads: 12 },
  "gpt-2 small": { name: "GPT-2 small (Radford et al. 2019)", d_model: 768, tokens: 1024, heads: 12 },
  "gpt-3": { name: "GPT-3 (Brown et al. 2020)", d_model: 12288, tokens: 2048, heads: 96 },
};
const MOST = 96, SHOWN = 6, CALLED = 6, NEGLIGIBLE = 1e-9;

const counts = (d_model) =>
  Array.from({ length: MOST }, (_, i) => i + 1).filter((n) => d_model % n === 0);

/** The largest of the possible numbers of heads that is not above `heads`. */
const fitting = (choices, heads) => Math.max(...choices.filter((n) => n <= heads));

function compute({ model, heads }) {
  const { d_model, tokens } = MODELS[model], choices = counts(d_model);
  const n_heads = fitting(choices, heads);
  const sizes = {
    d_model, n_heads, d_head: d_model / n_heads, tokens, parameters: 4 * d_model ** 2,
    entries: n_heads * tokens ** 2, choices: tensor([choices.length], choices),
    bounds: tensor([choices.length], choices.map((n) => Math.min(tokens, d_model / n))),
  };
  return model === "toy" ? { ...sizes, ...toy(n_heads) } : sizes;
}

// ---- The toy model ------------------------------------------------------------------------

const rowsOf = (t, n) => tensor([n, t.shape[1]], t.data.slice(0, n * t.shape[1]));

/** The columns of head h. */
function headOf(t, h, n_heads) {
  const [n, d_model] = t.shape, d_head = d_model / n_heads;
  return mapped(tensor([n, d_head]), (_, p) =>
    t.data[Math.floor(p / d_head) * d_model + h * d_head + (p % d_head)]);
}

const scaled = (q, k) => mapped(dots(q, k), (s) => s / Math.sqrt(q.shape[1]));
const stacked = (list) => tensor([list.length, ...list[0].shape],
  Float64Array.from(list.flatMap((t) => Array.from(t.data))));

/** Count the steps of an elimination that always takes the largest entry left. */
function rank(scores) {
  const [n, m] = scores.shape, a = scores.data.slice();
  const limit = NEGLIGIBLE * Math.max(...a.map(Math.abs));
  for (let step = 0; ; step++) {
    let best = 0;
    a.forEach((x, p) => { if (Math.abs(x) > Math.abs(a[best])) best = p; });
    if (Math.abs(a[best]) <= limit || step === Math.min(n, m)) return step;
    const i = Math.floor(best / m), j = best % m, pivot = a.slice(i * m, (i + 1) * m);
    for (let r = 0; r < n; r++) {
      const factor = a[r * m + j] / pivot[j];
      for (let c = 0; c < m; c++) a[r * m + c] = r === i || c === j ? 0 : a[r * m + c] - factor * pivot[c];
    }
  }
}

/** For every row, where its largest entry stands, as a position in the matrix. */
const tops = ({ shape: [n, m], data }) => Array.from({ length: n }, (_, i) => {
  const row = data.slice(i * m, (i + 1) * m);
  return i * m + row.indexOf(Math.max(...row));
});

const favorites = (t) => new Set(tops(t).map((p) => p % t.shape[1])).size;

/** What does not depend on the number of heads; drawn once, when it is first needed. */
function inputs() {
  if (inputs.known) return inputs.known;
  const { d_model, tokens } = MODELS.toy;
  const matrix = (seed) => mapped(normals([d_model, d_model], seed), (x) => x / Math.sqrt(d_model));
  const x = normals([tokens, d_model], 0), [w_q, w_k, w_v, w_o] = [1, 2, 3, 4].map(matrix);
  const q = matmul(x, w_q), k = matmul(x, w_k), choices = counts(d_model);
  const every = choices.map((n) => Array.from({ length: n }, (_, h) =>
    scaled(headOf(q, h, n), headOf(k, h, n))));
  return (inputs.known = { x: rowsOf(x, CALLED), w_q, w_k, w_v, w_o, q, k,
    called: [q, k, matmul(x, w_v)].map((t) => rowsOf(t, CALLED)),
    ranks: tensor([choices.length], every.map((heads) => rank(heads[0]))),
    favorites: tensor([choices.length], every.map((heads) => mean(heads.map(favorites)))) });
}

function toy(n_heads) {
  const { q, k, called, ...rest } = inputs(), heads = Array.from({ length: n_heads }, (_, h) => h);
  const pick = (t) => heads.map((h) => headOf(t, h, n_heads));
  const [queries, keys, values] = called.map(pick);
  const weights = heads.map((h) => softmax(scaled(queries[h], keys[h])));
  const contexts = heads.map((h) => matmul(weights[h], values[h])), d_head = q.shape[1] / n_heads;
  const merged = mapped(tensor(rest.x.shape), (_, p) => {
    const i = Math.floor(p / q.shape[1]), c = p % q.shape[1];
    return contexts[Math.floor(c / d_head)].data[i * d_head + (c % d_head)];
  });
  const shown = heads.slice(0, SHOWN);
  return {
    ...rest, q: headOf(q, 0, n_heads), k: headOf(k, 0, n_heads),
    scores: stacked(shown.map((h) => scaled(headOf(q, h, n_heads), headOf(k, h, n_heads)))),
    output: matmul(merged, rest.w_o), weights: stacked(weights),
  };
}

// ---- Words --------------------------------------------------------------------------------

const commas = (x) => (x < 1e4 ? String(x) : String(x).replace(/\B(?=(\d{3})+$)/g, ","));
const headsOf = (n) => `${n} head${n === 1 ? "" : "s"}`;

function describe(r, { model, heads }) {
  const { tokens: n, d_model, n_heads, d_head } = r, at = r.choices.data.indexOf(n_heads);
  const own = MODELS[model].heads;
  const uneven = n_heads === heads ? "" : `${heads} heads cannot share ${d_model} features evenly. `;
  const other = model === "toy" || n_heads === own ? "" : ` (the real one has ${own})`;
  const rank = model === "toy" ? r.ranks.data[at] : `at most ${r.bounds.data[at]}`;
  return `${uneven}${MODELS[model].name}: ${commas(d_model)} features = ${headsOf(n_heads)} of ${d_head}${other}. ` +
    `Rank of a head's scores for ${n} tokens: ${rank}, the smaller of ${n} and ${d_head}. ` +
    `\`W_Q\`, \`W_K\`, \`W_V\`, \`W_O\`: ${commas(r.parameters)} parameters (a layer, without biases), ` +
    "as with any number of heads.";
}

// ---- Pictures -----------------------------------------------------------------------------

const box = (className, ...children) => el("div", { className }, ...children);
const sized = (node, width, height) => {
  node.style.cssText = `width: ${width}px; height: ${height}px`;
  return node;
};
const colorOf = (h) => `var(--qkv-${(h % 4) + 1})`;

/** A token's features in a row, cut into heads. */
class Cut {
  constructor() {
    this.svg = svg("svg", { viewBox: "0 0 810 44", role: "img", class: "qkv-plot" });
    this.caption = el("figcaption");
    this.node = el("figure", { className: "qkv-pane qkv-cut" }, this.caption, this.svg);
  }

  draw({ d_model, n_heads, d_head }) {
    const what = `One token's \`d_model\` = ${commas(d_model)} features, cut into ${headsOf(n_heads)} ` +
      `of \`d_head\` = ${d_head}`;
    this.caption.replaceChildren(...rich(what));
    this.svg.setAttribute("aria-label", what.replaceAll("`", ""));
    const unit = 810 / d_model, wide = unit * d_head;
    const strips = Array.from({ length: n_heads }, (_, h) =>
      svg("rect", { x: h * wide, y: 2, width: wide - 2, height: 24, fill: colorOf(h) }));
    const cuts = d_model > 96 ? [] : Array.from({ length: d_model }, (_, j) =>
      svg("rect", { x: (j + 1) * unit - 2, y: 2, width: j % d_head === d_head - 1 ? 2 : 1, height: 24,
        fill: "var(--qkv-bg)" }));
    const every = wide > 44 ? 1 : wide > 20 ? 2 : 12;
    const names = Array.from({ length: n_heads }, (_, h) => h)
      .filter((h) => h % every === 0)
      .map((h) => svg("text", every === 1 ? { x: h * wide + wide / 2, y: 41, "text-anchor": "middle" }
        : { x: h * wide, y: 41 }, every === 1 ? `head ${h}` : h));
    this.svg.replaceChildren(...strips, ...cuts, ...names);
  }
}

/** Write a count for a narrow table: large ones in millions. */
const count = (x) => (x >= 1e7 ? `${Math.round(x / 1e6)} million` : commas(Number.isInteger(x) ? x : x.toFixed(1)));

/** What the number of heads changes, and what it does not. */
class Facts {
  constructor() {
    this.table = el("table");
    this.node = box("qkv-pane qkv-facts", this.table);
  }

  rows({ d_model, tokens: n, choices: { data: choices }, bounds, ranks, favorites, parameters }) {
    const at = (t) => (h) => t.data[choices.indexOf(h)];
    return [
      ["features a head, `d_head`", (h) => d_model / h],
      ["score matrices", (h) => h],
      ...(ranks ? [["rank of each", at(ranks)], [`favorites of ${n} rows (mean)`, at(favorites)]]
        : [["rank of each, at most", at(bounds)]]),
      [`weights, for ${n} tokens`, (h) => h * n * n],
      [`parameters, 4 · ${commas(d_model)}²`, () => parameters],
    ];
  }

  draw(r) {
    const cases = [1, r.n_heads, r.choices.data.at(-1)];
    const head = (h, i) => el("th", { scope: "col" }, `${i === 1 ? "now: " : ""}${headsOf(h)}`);
    this.table.replaceChildren(
      el("caption", {}, "What more heads change, and what they do not"),
      el("thead", {}, el("tr", {}, el("td"), ...cases.map(head))),
      el("tbody", {}, ...this.rows(r).map(([text, value]) =>
        el("tr", {}, el("th", { scope: "row" }, ...rich(text)),
          ...cases.map((h) => el("td", {}, count(value(h))))))));
  }
}

// Colors are parsed once: 5000 cells are painted in a frame.
const SHADES = Array.from({ length: 256 }, (_, i) => `rgb(${cividis(i / 255)})`);
const RANGE = [-2, 2]; // of the colors: the numbers have a spread of about 1

/** A matrix as colored cells, with dots on those at the positions `dotted`. */
function cells(t, width, height, label, { range = RANGE, dotted = [], dot = 0.36 } = {}) {
  const [n, m] = t.shape, size = 10;
  const canvas = el("canvas", { width: m * size, height: n * size, role: "img", "aria-label": label });
  const context = canvas.getContext("2d"), corner = (p) => [(p % m) * size, Math.floor(p / m) * size];
  t.data.forEach((x, p) => {
    context.fillStyle = SHADES[Math.round(255 * share(x, range))];
    context.fillRect(...corner(p), size, size);
  });
  for (const p of dotted) {
    const [x, y] = corner(p).map((c) => c + size / 2);
    context.fillStyle = share(t.data[p], range) < BRIGHT ? "#fff" : "#000";
    context.beginPath();
    context.arc(x, y, size * dot, 0, 7);
    context.fill();
  }
  return sized(canvas, width, height);
}

/** Matrix h of a stack. */
const part = (t, h) => {
  const [, n, m] = t.shape;
  return tensor([n, m], t.data.slice(h * n * m, (h + 1) * n * m));
};

const NOTE = "Each feature of a head adds one pattern to its scores, which go into the softmax: a column " +
  "of queries times a row of keys. Rank counts the patterns needed. With 1 feature, all rows order the " +
  "keys alike, or the other way round: at most 2 favorites.";
const SIZES = "Sizes only: a real head's scores depend on its training and its text. For the toy model the " +
  "scores are computed.";

/** A color scale with 0 in the middle. */
const reach = (...tensors) => {
  const top = Math.max(...extent(...tensors).map(Math.abs));
  return [-top, top];
};

/** Queries times keys of head 0, with the sizes to scale. */
class Product {
  constructor() {
    this.caption = el("figcaption");
    this.row = box("qkv-row");
    this.note = el("p");
    this.node = el("figure", { className: "qkv-pane qkv-product" }, this.caption, this.row, this.note);
  }

  draw({ tokens: n, d_head: d, q, k, scores }) {
    this.caption.textContent = `Head 0: queries · keysᵀ / √${d} = scores, to scale`;
    const unit = 120 / Math.max(n, d);
    const piece = (t, rows, cols, name, options) => {
      const [w, h] = [cols, rows].map((size) => Math.max(2, unit * size));
      const picture = t ? cells(t, w, h, `${name}, ${rows} by ${cols}`, options)
        : sized(box("qkv-full"), w, h);
      return box("qkv-factor", picture, `${rows} × ${cols}`);
    };
    const own = scores && part(scores, 0);
    this.row.replaceChildren(piece(q, n, d, "Queries"), "·", piece(k && transposed(k), d, n, "Keys, transposed"),
      "=", piece(own, n, n, "Scores", own && { dotted: tops(own) }));
    this.note.textContent = scores ? NOTE : SIZES;
  }
}

/** Pictures in rows of `columns`, each below its name. */
function gallery(pictures, columns, width) {
  const grid = box("qkv-gallery", ...pictures.map(([name, color, picture]) => {
    const label = box("", name);
    label.style.borderColor = color;
    return box("", label, picture);
  }));
  grid.style.gridTemplateColumns = `repeat(${columns}, ${width}px)`;
  return grid;
}

/** The scores of the first heads, small. */
class Scores {
  constructor() {
    const bar = el("span", { className: "qkv-gradient" });
    bar.style.background = GRADIENT;
    this.caption = el("figcaption");
    this.place = el("div");
    this.node = el("figure", { className: "qkv-pane qkv-scores" }, this.caption, this.place,
      el("div", { className: "qkv-legend" }, "≤ -2", bar, "≥ 2", el("span", {}, "● favorite of its row")));
  }

  draw({ scores, n_heads }) {
    this.node.hidden = !scores;
    if (!scores) return;
    const shown = scores.shape[0];
    this.caption.textContent = shown < n_heads
      ? `Scores of the first ${shown} of ${n_heads} heads` : "Scores of every head";
    this.place.replaceChildren(gallery(Array.from({ length: shown }, (_, h) => {
      const t = part(scores, h), label = `Scores of head ${h}: ${favorites(t)} different favorites`;
      return [`head ${h}`, colorOf(h), cells(t, 84, 84, label, { dotted: tops(t) })];
    }), 3, 84));
  }
}

/** A learner's weights and output beside the expected ones, where they differ. */
class Beside {
  constructor(view) {
    this.node = el("div");
    view.yours.node.append(this.node);
  }

  draw(r, yours) {
    const wrong = yours?.kind === "differs" && yours.values.weights && yours.values.output;
    this.node.replaceChildren(...(wrong ? this.pictures(r, yours.values) : []));
  }

  pictures(r, { weights, output }) {
    const shown = Math.min(SHOWN, r.n_heads), heads = Array.from({ length: shown }, (_, h) => h);
    const picture = (t, want, name, w, h, range) => {
      const wrong = Array.from(t.data.keys()).filter((p) => differs(t.data[p], want.data[p]));
      const dotted = wrong.length > t.data.length / 2 ? [] : wrong; // where most differ, dots hide how
      return cells(t, w, h, `${name}: ${wrong.length} cells differ`, { range, dotted, dot: 0.15 });
    };
    const row = (whose, t) => heads.map((h) => [`${whose} ${h}`, colorOf(h),
      picture(part(t, h), part(r.weights, h), `Weights of head ${h}, ${whose}`, 66, 66, [0, 1])]);
    const strip = (whose, t) => [`output, ${whose}`, "transparent",
      picture(t, r.output, `Output, ${whose}`, 480, 30, reach(r.output, output))];
    return [
      el("p", {}, `The first ${shown} heads' weights from 0 (dark) to 1, for the first ${CALLED} tokens. Dots are on the cells that differ, unless most do:`),
      gallery([...row("head", r.weights), ...row("yours", weights)], shown, 72),
      el("p"),
      gallery([strip("expected", r.output), strip("yours", output)], 1, 480),
    ];
  }
}

function build(view) {
  view.select("model", { label: "model", options: Object.entries(MODELS).map(([key, m]) => [key, m.name]) });
  view.controls.lastChild.addEventListener("change", () => // after the list's own: a model has its heads
    view.set("heads", MODELS[view.settings().model].heads));
  headSlider(view);
  const cut = view.add(new Cut()), facts = view.add(new Facts());
  const curve = view.plot({ title: "Rank of a head's scores", height: 152, width: 310,
    x: { label: "heads", log: true } });
  const beside = new Beside(view);
  const product = view.add(new Product()), scores = view.add(new Scores());
  view.table("The numbers as tables", tables);
  return (r, settings, yours) => {
    cut.draw(r);
    facts.draw(r);
    curve.draw(lines(r));
    product.draw(r);
    scores.draw(r);
    beside.draw(r, yours);
    view.say(describe(r, settings));
  };
}

/** A slider over the numbers of heads that the chosen model allows. */
function headSlider(view) {
  const input = el("input", { type: "range", min: 0, step: 1 });
  const value = el("span", { className: "qkv-value" });
  const choices = () => counts(MODELS[view.settings().model].d_model);
  input.addEventListener("input", () => view.set("heads", choices()[input.valueAsNumber]));
  view.control("heads", (heads) => {
    const n = fitting(choices(), heads);
    input.max = choices().length - 1;
    input.value = choices().indexOf(n);
    value.textContent = n;
    input.setAttribute("aria-valuetext", headsOf(n));
  }, el("label", {}, el("span", {}, "heads"), input), value);
}

function lines(r) {
  const { choices: { data: x }, bounds, ranks, n_heads } = r, at = x.indexOf(n_heads);
  const series = [{ kind: "line", x, y: bounds.data, name: "at most" }];
  if (ranks) series.push({ kind: "dots", x, y: ranks.data, name: "computed" });
  series.push({ kind: "rule", x: n_heads, color: 2, dashed: true, name: "now" },
    { kind: "dots", x: [n_heads], y: [bounds.data[at]], color: 2 });
  return { x: [0.9, 108], y: [0, Math.max(...bounds.data) * 1.08], series,
    xTicks: spaced(x).map((n) => ({ at: n, label: n })), label: `${headsOf(n_heads)}: ${bounds.data[at]}` };
}

/** Leave out what is too close to the one before it to be labeled on a logarithmic axis. */
const spaced = (list) => list.reduce((kept, n) => (n / (kept.at(-1) ?? 0.1) < 1.4 ? kept : [...kept, n]), []);

const tables = (r) => [
  { title: "By number of heads", rows: ["features a head", "rank at most", ...(r.ranks ? ["rank", "favorites"] : [])],
    cols: r.choices.data, corner: "heads",
    t: tensor([r.ranks ? 4 : 2, r.choices.data.length], Float64Array.from([
      ...r.choices.data.map((n) => r.d_model / n), ...r.bounds.data,
      ...(r.ranks?.data ?? []), ...(r.favorites?.data ?? [])])) },
  ...(r.scores ? Array.from({ length: r.scores.shape[0] }, (_, h) =>
    ({ title: `Scores of head ${h}`, t: part(r.scores, h) })) : []),
];

export default explorer({ compute, build });
