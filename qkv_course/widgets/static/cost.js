// Lesson 10: what attention takes as a text grows. The numbers are those of cost.py.

const LENGTHS = Array.from({ length: 14 }, (_, i) => 2 ** (i + 4)), ENDS = [16, 131072];
const MODELS = { // Radford et al. 2019, Brown et al. 2020, Touvron et al. 2023
  "GPT-2 small": { n_layers: 12, n_heads: 12, n_kv_heads: 12, d_head: 64 },
  "GPT-3": { n_layers: 96, n_heads: 96, n_kv_heads: 96, d_head: 128 },
  "Llama 2 70B": { n_layers: 80, n_heads: 64, n_kv_heads: 8, d_head: 128 },
};
const OPERATIONS = ["", " thousand", " million", " billion", " trillion", " quadrillion"];
const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"];

// ---- Numbers ------------------------------------------------------------------------------

const divisors = (n) => Array.from({ length: n }, (_, i) => i + 1).filter((k) => n % k === 0);
const cacheBytes = (n, { n_layers, d_head, bytes_per_value }, heads) =>
  2 * n * n_layers * heads * d_head * bytes_per_value;

/** KV heads to compare: all, a number between (the chosen one if it is that), and 1. */
function choicesOf(heads, chosen) {
  const between = divisors(heads).filter((k) => k > 1 && k <= Math.sqrt(heads) && k < heads);
  const middle = chosen > 1 && chosen < heads ? chosen : between.at(-1) ?? 1;
  return [...new Set([heads, middle, 1])];
}

function compute(settings) {
  const { n, n_layers, n_heads, d_head, bytes_per_value } = settings;
  const n_kv_heads = divisors(n_heads).filter((k) => k <= settings.n_kv_heads).at(-1);
  const d_model = n_heads * d_head, d_kv = n_kv_heads * d_head;
  const choices = choicesOf(n_heads, n_kv_heads), vector = (list) => tensor([list.length], Float64Array.from(list));
  return {
    n_kv_heads, d_model, flops: 4 * n ** 2 * d_model,
    projections: 4 * n * d_model * (d_model + d_kv), recurrent: 4 * n * d_model ** 2,
    crossings: vector([d_model + d_kv, d_model]),
    score_bytes: n_heads * n ** 2 * bytes_per_value,
    cache_bytes: cacheBytes(n, settings, n_kv_heads), equal_at: (2 * n_layers * d_kv) / n_heads,
    choices: vector(choices), choice_bytes: vector(choices.map((k) => cacheBytes(n, settings, k))),
  };
}

// ---- Words --------------------------------------------------------------------------------

const commas = (x) => x.toLocaleString("en-US", { maximumFractionDigits: 1 });

/** About three digits, halves up, and no zeros after the point, as in cost.py. */
function three(x) {
  const text = (x + 1e-9).toFixed(x < 10 ? 2 : x < 100 ? 1 : 0);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function divided(x, by) {
  let power = 0;
  while (x >= by) { x /= by; power += 1; }
  return [three(x), power];
}

function operations(count) {
  const [digits, power] = divided(count, 1000);
  return digits + OPERATIONS[power];
}

function size(count) {
  const [digits, power] = divided(count, 1024);
  return `${digits} ${BYTES[power]}`;
}

/** Say how many times as much one count is as another. */
const times = (x) => (x < 0.01 ? "under 0.01" : three(x));

function describe(r, { n, n_layers, n_heads, d_head }) {
  const [projections, recurrent] = r.crossings.data;
  const layers = n_layers > 1 ? `all ${n_layers} layers` : "the one layer";
  return `${commas(n)} tokens, d_model = ${n_heads} · ${d_head} = ${commas(r.d_model)}. Attention takes ` +
    `${operations(r.flops)} operations in a layer: ${times(n / projections)} times the ` +
    `projections' (equal at n = ${commas(projections)}), ${times(n / recurrent)} times a recurrent ` +
    `layer's (equal at n = ${commas(recurrent)}).\n` +
    `The scores of one layer fill ${size(r.score_bytes)}; the KV cache of ${layers} fills ` +
    `${size(r.cache_bytes)}.`;
}

/** The name of a way to share keys and values. */
const sharing = (heads, kv) => (kv === heads ? "MHA" : kv === 1 ? "MQA" : "GQA");

// ---- Pictures -----------------------------------------------------------------------------

/** A plot whose y axis has marks of its own. */
class Powers extends Plot {
  constructor(options, marks) {
    super(options);
    this.marks = marks;
  }

  axis(marks, isX) {
    return super.axis(isX ? marks : this.marks, isX);
  }

  /** Shade what lies to the right of n, and say what holds from there on. */
  region(n, text) {
    const x = Math.max(this.px(ENDS[0]), this.px(n)), right = this.px(ENDS[1]);
    this.svg.prepend(svg("rect", { x, y: M.top, width: Math.max(0, right - x), class: "qkv-region",
      height: this.floor - M.top }));
    if (n > ENDS[1]) return;
    if (n > ENDS[0]) this.words(x, this.floor - 22, `from ${commas(n)} on,`, right - x > 150);
    this.words(x, this.floor - 8, text, right - x > 150);
  }

  /** Mark the chosen n with a line and its number on top. */
  now(n) {
    const x = this.px(n);
    this.svg.append(svg("line", { x1: x, x2: x, y1: M.top, y2: this.floor, class: "qkv-now" }));
    this.words(x, M.top + 10, `n = ${commas(n)}`, x < this.width / 2);
  }

  /** Write to the right or to the left of a place, on a rim that keeps lines off the words. */
  words(x, y, text, toRight) {
    this.svg.append(svg("text", { x: x + (toRight ? 6 : -6), y, class: "qkv-rim",
      "text-anchor": toRight ? "start" : "end" }, text));
  }

  ring(x, y, color) {
    this.svg.append(svg("circle", { cx: this.px(x), cy: this.py(y), r: 6, class: `qkv-line qkv-c${color}` }));
  }
}

const X_TICKS = [16, 128, 1024, 8192, 65536].map((at) => ({ at, label: commas(at) }));
const TENS = [["10⁶", 1e6], ["10⁹", 1e9], ["10¹²", 1e12], ["10¹⁵", 1e15]];
const UNITS = [["1 KiB", 2 ** 10], ["1 MiB", 2 ** 20], ["1 GiB", 2 ** 30], ["1 TiB", 2 ** 40]];
const marks = (pairs) => pairs.map(([label, at]) => ({ label, at }));
const inside = (n) => n >= ENDS[0] && n <= ENDS[1];

/** Lines {name, f, color, dashed, dotted} over n, where they stand now, and yours, if it can be drawn. */
function drawCurves(plot, y, n, lines, yours, label) {
  const dots = lines.map(({ f, color }) => ({ kind: "dots", x: [n], y: [f(n)], color }));
  const value = yours?.data[0];
  if (value >= y[0] && value <= y[1])
    dots.push({ kind: "dots", x: [n], y: [value], color: 4, name: "yours" });
  plot.draw({ x: ENDS, y, xTicks: X_TICKS, label, series: [
    ...lines.map((line) => ({ ...line, kind: "line", x: LENGTHS, y: LENGTHS.map(line.f) })), ...dots] });
  lines.forEach(({ dotted }, i) => { // two lines can lie on each other: more than a color tells them apart
    if (!dotted) return;
    plot.svg.querySelectorAll("path")[i].style.strokeDasharray = "2 4";
    plot.keys.children[i].firstChild.style.borderTopStyle = "dotted";
  });
}

function drawOperations(plot, r, { n, n_heads }, yours) {
  const d = r.d_model, [all, same] = r.crossings.data, shared = r.n_kv_heads < n_heads;
  const projections = (m) => 4 * m * d * all, recurrent = (m) => 4 * m * d * d;
  const formula = shared ? "4·n·d·(d + d_kv)" : "8·n·d²";
  drawCurves(plot, [1e4, 1e16], n, [
    { name: `attention: 4·n²·d = ${operations(r.flops)}`, f: (m) => 4 * m * m * d, color: 2 },
    { name: `projections: ${formula} = ${operations(r.projections)}`, f: projections, color: 1, dashed: true },
    { name: `recurrent layer: 4·n·d² = ${operations(r.recurrent)}`, f: recurrent, color: 3, dotted: true },
  ], yours?.values.flops, `Attention overtakes at ${commas(same)} and ${commas(all)}`);
  plot.region(all, "attention takes the most");
  plot.now(n);
  if (inside(all)) plot.ring(all, projections(all), 1);
  if (inside(same)) plot.ring(same, recurrent(same), 3);
}

function drawMemory(plot, r, settings, yours) {
  const { n, n_heads, bytes_per_value } = settings, cache = (m) => cacheBytes(m, settings, r.n_kv_heads);
  drawCurves(plot, [2 ** 8, 2 ** 44], n, [
    { name: `scores of one layer: n_heads·n² values = ${size(r.score_bytes)}`,
      f: (m) => n_heads * m * m * bytes_per_value, color: 2 },
    { name: `KV cache of all layers: ${size(r.cache_bytes)}`, f: cache, color: 1, dashed: true },
  ], yours?.values.cache_bytes, `${size(r.score_bytes)} and ${size(r.cache_bytes)}`);
  plot.region(r.equal_at, "scores fill more");
  plot.now(n);
  if (inside(r.equal_at)) plot.ring(r.equal_at, cache(r.equal_at), 1);
}

/** The cache with all, some or one of the KV heads, as bars of text and length. */
class Caches {
  constructor() {
    this.grid = el("div", { className: "qkv-caches" });
    this.node = el("figure", { className: "qkv-pane" },
      el("figcaption", { textContent: "The same model's KV cache" }), this.grid);
  }

  draw(r, { n_heads }) {
    const most = Math.max(...r.choice_bytes.data);
    this.grid.replaceChildren(...Array.from(r.choices.data).flatMap((k, i) => {
      const bytes = r.choice_bytes.data[i], bar = el("i"), now = k === r.n_kv_heads;
      bar.style.width = `${(100 * bytes) / most}%`;
      const text = `${now ? "▸ " : ""}${sharing(n_heads, k)}: ${k} KV head${k > 1 ? "s" : ""}`;
      return [el(now ? "b" : "span", { textContent: text }), bar, el("span", { textContent: size(bytes) })];
    }));
  }
}

const NOTES = [
  "Multiplications and additions both count: of `q @ k.T` and `weights @ v` for attention, of `W_Q`, " +
  "`W_K`, `W_V` and `W_O` for the projections.",
  "The recurrent layer takes `2·n·(d_in·d_h + d_h²)`, here with `d_in = d_h = d_model`. Its `n` " +
  "steps wait for each other; attention's `n` rows do not.",
];
const CACHE_NOTE = "The cache has `2·n·n_layers·n_kv_heads·d_head` values. Scores need not be held " +
  "all at once: `streaming_attention` never does.";

const notes = (texts) => el("div", { className: "qkv-notes" },
  ...texts.map((text) => el("p", {}, ...rich(text))));

// ---- Controls -----------------------------------------------------------------------------

function chooser(view, label, change) {
  const select = el("select");
  select.addEventListener("change", () => change(select));
  view.controls.append(el("div", { className: "qkv-control" },
    el("label", {}, el("span", { textContent: label }), select)));
  return select;
}

/** A list of real models: it sets the other controls, and shows which model they are. */
function modelControl(view) {
  const names = Object.keys(MODELS), select = chooser(view, "model", ({ selectedIndex }) => {
    for (const [name, value] of Object.entries(MODELS[names[selectedIndex]] ?? {})) view.set(name, value);
  });
  select.append(...[...names, "your own"].map((textContent) => el("option", { textContent })));
  view.shown.push((settings) => {
    const at = names.findIndex((name) =>
      Object.entries(MODELS[name]).every(([key, value]) => settings[key] === value));
    select.selectedIndex = at < 0 ? names.length : at;
  });
}

/** A list of the numbers that divide the query heads. */
function kvControl(view) {
  const select = chooser(view, "KV heads", ({ value }) => view.set("n_kv_heads", +value));
  view.shown.push(({ n_heads }) => {
    const options = divisors(n_heads).reverse();
    if (select.dataset.heads !== String(n_heads))
      select.replaceChildren(...options.map((k) =>
        el("option", { value: k, textContent: `${k} (${sharing(n_heads, k)})` })));
    select.dataset.heads = n_heads;
    select.value = view.result.n_kv_heads;
  });
}

/** Query heads; where each had a KV head of its own, it keeps one. */
function headsControl(view) {
  view.slider("n_heads", { label: "query heads", steps: [1, 2, 4, 6, 8, 12, 16, 24, 32, 40, 48, 64, 96, 128] });
  const input = view.controls.lastChild.querySelector("input");
  let own = true;
  input.addEventListener("input", () => own && view.set("n_kv_heads", view.settings().n_heads));
  view.shown.push(({ n_heads }) => (own = view.result.n_kv_heads === n_heads));
}

function controls(view) {
  modelControl(view);
  view.slider("n", { label: "n, tokens", steps: LENGTHS, format: commas });
  view.slider("n_layers", { label: "layers", steps: [1, 2, 4, 6, 8, 12, 16, 24, 32, 40, 48, 64, 80, 96, 128] });
  headsControl(view);
  kvControl(view);
  view.slider("d_head", { label: "`d_head`", steps: [16, 32, 64, 80, 96, 128, 192, 256] });
  view.select("bytes_per_value", { label: "a value takes",
    options: [[4, "4 bytes (float32)"], [2, "2 bytes (float16)"], [1, "1 byte (int8)"]] });
  view.controls.querySelectorAll("input").forEach((input, i) =>
    (input.style.width = i ? "90px" : "280px"));
}

function tables(view) {
  const table = (title, cols, lines) => ({ title, cols, rows: LENGTHS.map(commas), corner: "n",
    t: tensor([LENGTHS.length, lines.length], Float64Array.from(LENGTHS.flatMap((n) => lines.map((f) => f(n))))) });
  view.table("The numbers as tables", (r, settings) => [
    table("Operations of one layer", ["attention", "projections", "recurrent layer"],
      [(n) => 4 * n * n * r.d_model, (n) => 4 * n * r.d_model * r.crossings.data[0],
        (n) => 4 * n * r.d_model ** 2]),
    table("Bytes for one sequence", ["scores of one layer", "KV cache"],
      [(n) => settings.n_heads * n * n * settings.bytes_per_value,
        (n) => cacheBytes(n, settings, r.n_kv_heads)]),
    { title: `KV cache for ${commas(settings.n)} tokens, in bytes`, t: r.choice_bytes, rows: [""],
      cols: Array.from(r.choices.data, (k) => `${sharing(settings.n_heads, k)}, ${k}`) },
  ]);
}

function build(view) {
  controls(view);
  const x = { label: "n, tokens", log: true }, y = { log: true }, height = 215;
  const work = view.add(new Powers({ title: "Operations of one layer, d = d_model", x, y, height }, marks(TENS)));
  const memory = view.add(new Powers({ title: "Memory for one sequence", x, y, height }, marks(UNITS)));
  const caches = view.add(new Caches());
  caches.node.append(notes([CACHE_NOTE]));
  view.add({ node: notes(NOTES) });
  tables(view);
  Object.assign(view.summary.style, { whiteSpace: "pre-line", minHeight: "4.35em" });
  return (r, settings, yours) => {
    drawOperations(work, r, settings, yours);
    drawMemory(memory, r, settings, yours);
    caches.draw(r, settings);
    view.say(describe(r, settings));
  };
}

export default explorer({ compute, build });
