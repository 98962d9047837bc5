// What all explorers share. It stands in front of an explorer's own file, in one module:
// anywidget gives a module no address of its own, so it cannot import a file beside it.

// ---- Numbers ------------------------------------------------------------------------------

/** An array as in NumPy: `data` is flat, the last axis runs fastest. */
const tensor = (shape, data) => ({
  shape,
  data: data ?? new Float64Array(shape.reduce((a, b) => a * b, 1)),
});

/** Apply f(value, position) to every entry. */
const mapped = (t, f) => tensor(t.shape, t.data.map(f));

/** Read a tensor that Python wrote with `encoded`. */
const decoded = ({ shape, data }) => tensor(shape, Float64Array.from(data, numeric));
const NAMED = { nan: NaN, inf: Infinity, "-inf": -Infinity };
const numeric = (x) => NAMED[x] ?? x;

/** (n, d) and (m, d) -> (n, m): the dot product of every row of a with every row of b. */
function dots(a, b) {
  const [n, d] = a.shape, m = b.shape[0], out = tensor([n, m]);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let k = 0; k < d; k++) sum += a.data[i * d + k] * b.data[j * d + k];
      out.data[i * m + j] = sum;
    }
  return out;
}

/** (n, d) and (d, m) -> (n, m): the matrix product. */
const matmul = (a, b) => dots(a, transposed(b));

function transposed(a) {
  const [n, m] = a.shape;
  return mapped(tensor([m, n]), (_, i) => a.data[(i % n) * m + Math.floor(i / n)]);
}

/** View several matrices as one, each below the one before. */
const asMatrix = ({ shape, data }) =>
  tensor(shape.length > 2 ? [data.length / shape.at(-1), shape.at(-1)] : shape, data);

/** The softmax over the last axis. */
function softmax(scores) {
  const n = scores.shape.at(-1), out = tensor(scores.shape);
  for (let r = 0; r < scores.data.length; r += n) {
    const row = scores.data.subarray(r, r + n), top = Math.max(...row);
    let sum = 0;
    row.forEach((s, j) => (sum += out.data[r + j] = Math.exp(s - top)));
    for (let j = 0; j < n; j++) out.data[r + j] /= sum;
  }
  return out;
}

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** The standard deviation, divided by n as in NumPy. */
function std(values) {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((x) => (x - middle) ** 2)));
}

/** n numbers from 0 up to, not including, 1: the ones of `uniforms` in random.py. */
function uniforms(n, seed) {
  const out = new Float64Array(n);
  let state = Math.imul(seed, 0x9e3779b9);
  for (let i = 0; i < n; i++) {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    out[i] = ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  return out;
}

/** Independent normal numbers of mean 0 and variance 1: the ones of `normals` in random.py. */
function normals(shape, seed) {
  const out = tensor(shape), n = out.data.length, u = uniforms(n + (n % 2), seed);
  for (let i = 0; i < n; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - u[i])), angle = 2 * Math.PI * u[i + 1];
    out.data[i] = radius * Math.cos(angle);
    if (i + 1 < n) out.data[i + 1] = radius * Math.sin(angle);
  }
  return out;
}

// ---- Text ---------------------------------------------------------------------------------

/** Write a number short enough for a cell of a heatmap; `whole` leaves out the decimals. */
function short(x, whole = Number.isInteger(x)) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  const size = Math.abs(x);
  if (size >= 9999.5) return x.toExponential(0);
  if (whole) return String(x);
  return x.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0).replace(/^-(0\.00)$/, "$1");
}

/** Write two decimals, halves away from 0 and no "-0.00", as `fixed` in base.py does. */
const fixed = (x) =>
  (Math.abs(x) < 0.005 - 1e-9 ? "0.00" : (x + Math.sign(x) * 1e-9).toFixed(2));

/** Write a number so that it can be told from another one, if they differ. */
function apart(x, other, whole) {
  if (!differs(x, other) || short(x, whole) !== short(other, whole)) return short(x, whole);
  const digits = [3, 4, 5].find((n) => x.toPrecision(n) !== other.toPrecision(n));
  return digits ? x.toPrecision(digits) : short(x, whole);
}

/** Turn a text into nodes: what stands between backticks becomes code, all else stays text. */
const rich = (text) =>
  text.split(/`([^`]+)`/).map((part, i) => (i % 2 ? el("code", { textContent: part }) : part));

/** Call `f` once, `ms` after the last call of the returned function. */
function onRest(ms, f) {
  let timer = 0;
  const later = () => { clearTimeout(timer); timer = setTimeout(later.now, ms); };
  later.now = () => { clearTimeout(timer); timer = 0; f(); };
  later.flush = () => { if (timer) later.now(); };
  later.stop = () => clearTimeout(timer);
  return later;
}

// ---- Elements -----------------------------------------------------------------------------

/** Make an element: properties where it has them, attributes otherwise. */
function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props))
    if (name in node) node[name] = value; else node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Make an SVG element. */
function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Make a table: `rows` label its rows, `cols` its columns, `t` holds the numbers. */
function numberTable({ title, t, rows, cols, corner = "" }) {
  const width = t.shape.length > 1 ? t.shape.at(-1) : t.data.length || 1;
  const cell = (x) => el("td", { textContent: Number.isInteger(x) ? x : +x.toPrecision(6) });
  const head = (text, scope) => // axe minds headers without a text
    text === "" ? el("td") : el("th", { scope, textContent: text });
  const body = Array.from({ length: t.data.length / width }, (_, i) =>
    el("tr", {}, head(rows?.[i] ?? i, "row"),
      ...Array.from(t.data.subarray(i * width, (i + 1) * width), cell)));
  const top = el("tr", {}, head(corner, "col"),
    ...Array.from({ length: width }, (_, j) => head(cols?.[j] ?? j, "col")));
  return el("table", {}, el("caption", {}, title), el("thead", {}, top), el("tbody", {}, ...body));
}

// ---- Colors -------------------------------------------------------------------------------

// Cividis (Nuñez, Anderton and Renslow 2018) reads alike with and without color blindness.
const CIVIDIS =
  "00224e00285b002e6a0533711a386f273e6e32436d3b496c434e6c4b546c535a6d5a5f6e61656f686a716f7073" +
  "7676767d7c788482798c8878938e789b9476a39a74aba072b4a76fbcae6cc4b468cdbb63d5c25edec958e7d150" +
  "f0d846f9e03afee838";
const STOPS = Array.from({ length: 33 }, (_, i) => CIVIDIS.slice(i * 6, i * 6 + 6));
const GRADIENT = `linear-gradient(to right, ${STOPS.map((s) => "#" + s).join(", ")})`;

/** Give [r, g, b] for x from 0 to 1. */
function cividis(x) {
  const at = Math.min(Math.max(x, 0), 1) * 32, i = Math.min(31, Math.floor(at)), f = at - i;
  return [0, 2, 4].map((c) => {
    const [a, b] = [i, i + 1].map((s) => parseInt(STOPS[s].slice(c, c + 2), 16));
    return Math.round(a + (b - a) * f);
  });
}

// From here on black is easier to read on cividis than white: 4.6 to 1 for both.
const BRIGHT = 0.47;

/** Say where x stands between lo and hi, from 0 to 1; the middle where there is no room. */
const share = (x, [lo, hi]) => (hi > lo ? Math.min(1, Math.max(0, (x - lo) / (hi - lo))) : 0.5);

/** The smallest and largest finite entry of some tensors. */
function extent(...tensors) {
  let lo = Infinity, hi = -Infinity;
  for (const t of tensors)
    for (const x of t.data) if (Number.isFinite(x)) { lo = Math.min(lo, x); hi = Math.max(hi, x); }
  return lo <= hi ? [lo, hi] : [0, 1];
}

/** Say whether two numbers differ, with the tolerance of the checks. */
const differs = (a, b) => !Object.is(a, b) && !(Math.abs(a - b) <= 1e-8 + 1e-6 * Math.abs(b));

// ---- Heatmap ------------------------------------------------------------------------------

/**
 * A matrix as colored cells with labels, numbers and a legend; arrow keys or the mouse read
 * one cell. Options: title, rowName, colName, range ([lo, hi] of the colors; from the numbers
 * if absent), numbers (in the cells; false for large ones), read(i, j, x) puts a cell into
 * words, announce(text) has it said aloud.
 */
class Heatmap {
  constructor(options) {
    const defaults = { rowName: "row", colName: "column", range: null, numbers: true };
    Object.assign(this, defaults, options, { cursor: null });
    this.caption = el("figcaption");
    this.grid = el("div", { className: "qkv-heat", tabIndex: 0, role: "img" });
    this.canvas = el("canvas");
    this.ring = el("div", { className: "qkv-ring", hidden: true });
    this.ends = [el("span"), el("span")];
    const bar = el("span", { className: "qkv-gradient" });
    bar.style.background = GRADIENT;
    this.legend = el("div", { className: "qkv-legend" }, this.ends[0], bar, this.ends[1]);
    this.reading = el("div", { className: "qkv-reading" });
    this.node = el("figure", { className: "qkv-pane" },
      this.caption, this.grid, this.legend, this.reading);
    this.listen();
  }

  /**
   * Show a matrix or a vector; `rows` and `cols` are its labels, `range` its color scale;
   * cells that are not as in `beside`, a tensor of the same shape, get a dashed frame;
   * `write` turns a number into the text of its cell.
   */
  draw(t, { rows, cols, range = this.range, title = this.title, beside, write } = {}) {
    const [n, m] = t.shape.length > 1 ? t.shape : [1, t.data.length];
    rows ??= Array.from({ length: n }, (_, i) => (t.shape.length > 1 ? i : ""));
    cols ??= Array.from({ length: m }, (_, j) => j);
    Object.assign(this, { t, n, m, rows, cols, scale: range ?? extent(t), beside, write });
    this.title = title;
    this.caption.replaceChildren(...rich(title));
    this.lay();
    this.paint();
    this.ends.forEach((end, i) => (end.textContent = short(this.scale[i])));
    this.grid.setAttribute("aria-label", `${title.replaceAll("`", "")}: ${n} by ${m}, from ` +
      `${extent(t).map((x) => short(x)).join(" to ")}. Arrow keys read one cell.`);
    this.point(this.cursor);
  }

  /** Put the labels and numbers into place, when their places change. */
  lay() {
    const key = JSON.stringify([this.rows, this.cols]);
    if (key === this.laid) return;
    this.laid = key;
    const at = (node, i, j) => { node.style.gridArea = `${i} / ${j}`; return node; };
    const label = (text, i, j, kind) =>
      at(el("span", { className: `qkv-label ${kind}`, textContent: text }), i, j);
    this.cells = this.numbers
      ? Array.from(this.t.data, (_, p) =>
        at(el("span", { className: "qkv-cell" }), 2 + Math.floor(p / this.m), 2 + (p % this.m)))
      : [];
    this.grid.style.setProperty("--cols", this.m);
    this.grid.style.setProperty("--rows", this.n);
    this.grid.classList.toggle("qkv-fine", !this.numbers);
    this.grid.replaceChildren(
      this.canvas, this.ring, ...this.cells,
      ...this.rows.map((text, i) => label(text, i + 2, 1, "qkv-left")),
      ...this.cols.map((text, j) => label(text, 1, j + 2, "qkv-top")));
  }

  paint() {
    const { canvas, n, m, t } = this;
    Object.assign(canvas, { width: m, height: n });
    const context = canvas.getContext("2d"), image = context.createImageData(m, n);
    const whole = t.data.every((x) => Number.isInteger(x) || !Number.isFinite(x));
    t.data.forEach((x, p) => {
      // A value that is not a number has no color: its cell stays empty.
      const color = Number.isNaN(x) ? [0, 0, 0, 0] : [...cividis(share(x, this.scale)), 255];
      image.data.set(color, 4 * p);
      if (!this.cells[p]) return;
      const other = this.beside?.data[p] ?? x;
      this.cells[p].textContent = this.write?.(x) ?? apart(x, other, whole);
      this.cells[p].style.color =
        Number.isNaN(x) ? "inherit" : share(x, this.scale) < BRIGHT ? "#fff" : "#000";
      this.cells[p].classList.toggle("qkv-differs", differs(x, other));
    });
    context.putImageData(image, 0, 0);
  }

  /** Read the cell [i, j] aloud and ring it, or none. */
  point(cursor) {
    const inside = cursor && cursor[0] < this.n && cursor[1] < this.m;
    this.cursor = inside ? cursor : null;
    this.ring.hidden = !inside;
    if (!inside) return void (this.reading.textContent = "");
    const [i, j] = cursor, x = this.t.data[i * this.m + j];
    this.ring.style.gridArea = `${i + 2} / ${j + 2}`;
    const name = (label, kind) => (label === "" ? "" : `${kind} ${label}`);
    this.reading.textContent = this.read?.(i, j, x) ??
      [name(this.rows[i], this.rowName), name(this.cols[j], this.colName)]
        .filter(Boolean).join(", ") + `: ${short(x)}`;
  }

  listen() {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const within = (x, n) => Math.min(n - 1, Math.max(0, x));
    this.grid.addEventListener("keydown", (event) => {
      const step = steps[event.key];
      if (!step) return;
      event.preventDefault();
      const [i, j] = this.cursor ?? [0, 0], [di, dj] = this.cursor ? step : [0, 0];
      this.point([within(i + di, this.n), within(j + dj, this.m)]);
      this.announce?.(this.reading.textContent);
    });
    this.grid.addEventListener("pointermove", (event) => {
      const box = this.canvas.getBoundingClientRect();
      const i = Math.floor(((event.clientY - box.top) / box.height) * this.n);
      const j = Math.floor(((event.clientX - box.left) / box.width) * this.m);
      this.point(i >= 0 && j >= 0 ? [i, j] : null);
    });
    for (const kind of ["pointerleave", "blur"])
      this.grid.addEventListener(kind, () => this.point(null));
  }
}

// ---- Plot ---------------------------------------------------------------------------------

/** About n round numbers from lo to hi, or the powers of ten between them. */
function ticks([lo, hi], log, n = 5) {
  if (log) {
    const first = Math.ceil(Math.log10(lo) - 1e-9), last = Math.floor(Math.log10(hi) + 1e-9);
    const step = Math.max(1, Math.ceil((last - first) / n));
    return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) =>
      10 ** (first + i * step));
  }
  const raw = (hi - lo) / n, unit = 10 ** Math.floor(Math.log10(raw));
  const step = unit * ([1, 2, 5].find((s) => s * unit >= raw) ?? 10);
  const first = Math.ceil(lo / step - 1e-9), last = Math.floor(hi / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => +((first + i) * step).toPrecision(12));
}

const M = { left: 52, right: 12, top: 10, bottom: 40 }; // room for the axes, in pixels

/**
 * Axes with series on them. `x` and `y` are {label, log}. A series is {kind, x, y, name, color,
 * dashed, width} with x and y as lists, color from 1 to 4 and a name for the legend. Kinds:
 * "line", "dots", "bars" (`width` wide, in units of x), "arrow" (from the first point to the
 * second, with its name at the tip) and "rule" (a vertical line at the number x).
 */
class Plot {
  constructor({ title, x = {}, y = {}, width = 380, height = 240 }) {
    Object.assign(this, { title, x, y, width, height });
    this.caption = el("figcaption", {}, ...rich(title));
    this.svg = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: "qkv-plot" });
    this.svg.style.width = `${width}px`;
    this.keys = el("div", { className: "qkv-keys" });
    this.keys.style.maxWidth = `${width}px`; // a longer legend must not move its neighbors
    this.node = el("figure", { className: "qkv-pane" }, this.caption, this.svg, this.keys);
  }

  /** Show `series` on axes from x[0] to x[1] and y[0] to y[1]; xTicks are [{at, label}]. */
  draw({ x, y, series, xTicks, label = "" }) {
    const along = (range, log, from, to) => {
      const f = log ? Math.log10 : (v) => v, [lo, hi] = range.map(f);
      return (v) => from + ((f(v) - lo) / (hi - lo || 1)) * (to - from);
    };
    this.px = along(x, this.x.log, M.left, this.width - M.right);
    this.py = along(y, this.y.log, this.height - M.bottom, M.top);
    this.floor = this.height - M.bottom;
    this.svg.setAttribute("aria-label", `${this.title}. ${label}`);
    this.svg.replaceChildren(
      ...this.axis(xTicks ?? ticks(x, this.x.log).map((at) => ({ at })), true),
      ...this.axis(ticks(y, this.y.log).map((at) => ({ at })), false),
      ...series.flatMap((s) => this[s.kind](s)));
    this.keys.replaceChildren(...series.filter((s) => s.name).map((s) =>
      el("span", { className: `qkv-key qkv-${s.kind} qkv-c${s.color ?? 1}` },
        el("i", { className: s.dashed ? "qkv-dashed" : "" }), s.name)));
  }

  axis(marks, isX) {
    const [mid, w, h] = [(M.top + this.floor) / 2, this.width, this.height];
    const text = (s, attributes) => { const t = svg("text", attributes); t.append(s); return t; };
    const nodes = marks.flatMap(({ at, label = +at.toPrecision(6) }) => {
      const p = isX ? this.px(at) : this.py(at);
      const line = isX ? { x1: p, x2: p, y1: M.top, y2: this.floor }
        : { x1: M.left, x2: w - M.right, y1: p, y2: p };
      const place = isX ? { x: p, y: this.floor + 14, "text-anchor": "middle" }
        : { x: M.left - 6, y: p + 4, "text-anchor": "end" };
      return [svg("line", { ...line, class: "qkv-gridline" }), text(label, place)];
    });
    const name = isX
      ? { x: (M.left + w - M.right) / 2, y: h - 6 }
      : { transform: `translate(13 ${mid}) rotate(-90)` };
    return [...nodes, text((isX ? this.x : this.y).label ?? "",
      { ...name, "text-anchor": "middle", class: "qkv-axis" })];
  }

  line({ x, y, color = 1, dashed }) {
    const points = Array.from(x, (v, i) => [this.px(v), this.py(y[i])])
      .filter((p) => p.every(Number.isFinite));
    const path = "M" + points.map((p) => p.map((v) => v.toFixed(2)).join(" ")).join("L");
    return points.length ? [svg("path", { d: path,
      class: `qkv-line qkv-c${color}${dashed ? " qkv-dashed" : ""}` })] : [];
  }

  dots({ x, y, color = 1 }) {
    return Array.from(x, (v, i) => [this.px(v), this.py(y[i])])
      .filter((p) => p.every(Number.isFinite))
      .map(([cx, cy]) => svg("circle", { cx, cy, r: 4, class: `qkv-dot qkv-c${color}` }));
  }

  bars({ x, y, width = 0.7, color = 1 }) {
    return Array.from(x, (v, i) => {
      const [left, right] = [this.px(v - width / 2), this.px(v + width / 2)];
      const [top, base] = [this.py(y[i]), this.py(0)].sort((a, b) => a - b);
      return svg("rect", { x: left, width: Math.max(0.5, right - left), y: top,
        height: base - top, class: `qkv-bar qkv-c${color}` });
    });
  }

  arrow({ x, y, name = "", color = 1 }) {
    const [ax, bx, ay, by] = [...x.map(this.px), ...y.map(this.py)];
    const far = Math.hypot(bx - ax, by - ay) || 1, ux = (bx - ax) / far, uy = (by - ay) / far;
    const corner = (side) => `${bx - 9 * ux - 4.5 * side * uy} ${by - 9 * uy + 4.5 * side * ux}`;
    const text = svg("text", { x: bx + 12 * ux, y: by + 12 * uy + 4, "text-anchor": "middle" });
    text.append(name);
    return [
      svg("path", { d: `M${ax} ${ay}L${bx - 6 * ux} ${by - 6 * uy}`, class: `qkv-line qkv-c${color}` }),
      svg("path", { d: `M${bx} ${by}L${corner(1)}L${corner(-1)}Z`, class: `qkv-bar qkv-c${color}` }),
      text,
    ];
  }

  rule({ x, color = 1, dashed }) {
    const at = this.px(x);
    return [svg("line", { x1: at, x2: at, y1: M.top, y2: this.floor,
      class: `qkv-line qkv-c${color}${dashed ? " qkv-dashed" : ""}` })];
  }
}

// ---- One view of an explorer --------------------------------------------------------------

/**
 * What `build` gets: controls and pictures that put themselves on the page, in the order in
 * which they are made. Settings live in the model; Python hears of them when they rest.
 */
class View {
  constructor(model, root, compute) {
    Object.assign(this, { model, root, compute, shown: [], tables: [], undo: [], moving: {} });
    root.classList.add("qkv");
    this.controls = el("div", { className: "qkv-controls" });
    this.panes = el("div", { className: "qkv-panes" });
    this.summary = el("p", { className: "qkv-summary" });
    this.status = el("div", { className: "qkv-hidden", role: "status" });
    this.yours = new Yours(model, (text) => this.tell(text));
    const title = model.get("_title");
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", title);
    root.replaceChildren(el("div", { className: "qkv-title", textContent: title }), this.controls,
      this.summary, this.panes, this.yours.node, this.status);
    this.root.firstChild.hidden = !title;
    this.save = onRest(200, () => this.rest());
    this.announce = onRest(600, () => (this.status.textContent = this.news));
    this.keepKeys();
    for (const name of [...model.get("_settings"), "_yours"]) this.on(`change:${name}`);
  }

  /** JupyterLab takes plain keys from native inputs: "a" would insert a cell. */
  keepKeys() {
    this.root.addEventListener("keydown", (event) => {
      const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
      const labs = ctrlKey || metaKey || altKey || key === "Escape";
      if (!labs && !(shiftKey && key === "Enter")) event.stopPropagation();
    });
  }

  /** Draw again when the model says so. */
  on(event) {
    const draw = () => this.schedule();
    this.model.on(event, draw);
    this.undo.push(() => this.model.off(event, draw));
  }

  settings() {
    const names = this.model.get("_settings");
    return Object.fromEntries(names.map((k) => [k, this.moving[k] ?? this.model.get(k)]));
  }

  /** Set one setting: all views draw at once, Python hears of it at rest. */
  set(name, value) {
    this.moving[name] = value;
    this.model.set(name, value);
    this.save();
  }

  /** Tell Python. Until then its echo of an older move must not pull a slider back. */
  rest() {
    for (const [name, value] of Object.entries(this.moving)) this.model.set(name, value);
    this.moving = {};
    this.model.save_changes();
  }

  schedule() {
    this.frame ||= requestAnimationFrame(() => { this.frame = 0; this.draw(); });
  }

  draw() {
    const settings = this.settings(), key = JSON.stringify(settings);
    if (key !== this.key) this.result = this.compute(settings, this.data);
    this.key = key;
    for (const show of this.shown) show(settings);
    this.yours.draw(this.result, settings);
    this.paint(this.result, settings, this.yours.current(settings));
    for (const fill of this.tables) fill();
  }

  remove() {
    this.save.flush();
    this.announce.stop();
    cancelAnimationFrame(this.frame);
    for (const undo of this.undo) undo();
  }

  // -- controls

  /** A slider over whole steps from min to max, or over the list `steps`. */
  slider(name, { label, min, max, step = 1, steps, format = String }) {
    const values = steps ?? Array.from(
      { length: Math.round((max - min) / step) + 1 }, (_, i) => +(min + i * step).toFixed(10));
    const input = el("input", { type: "range", min: 0, max: values.length - 1, step: 1 });
    const value = el("span", { className: "qkv-value" });
    input.addEventListener("input", () => this.set(name, values[input.valueAsNumber]));
    const far = (x, i) => Math.abs(values[i] - x);
    this.control(name, (x) => {
      input.value = values.reduce((best, _, i) => (far(x, i) < far(x, best) ? i : best), 0);
      value.textContent = format(x);
      input.setAttribute("aria-valuetext", format(x));
    }, el("label", {}, el("span", {}, ...rich(label)), input), value);
  }

  checkbox(name, { label }) {
    const input = el("input", { type: "checkbox" });
    input.addEventListener("change", () => this.set(name, input.checked));
    this.control(name, (x) => (input.checked = x), el("label", {}, input, el("span", {}, ...rich(label))));
  }

  /**
   * A line to type in. read(text) gives the setting's value, fault(text) says what is wrong
   * with a text that cannot be taken: then the setting stays as it was.
   */
  text(name, { label, type = "text", read = (text) => text, fault = () => "", ...props }) {
    const input = el("input", { type, autocomplete: "off", spellcheck: false, ...props });
    const says = el("span", { className: "qkv-fault" });
    let known;
    const judge = () => {
      const wrong = fault(input.value);
      says.textContent = wrong;
      input.setAttribute("aria-invalid", Boolean(wrong));
      return wrong;
    };
    input.addEventListener("input", () => {
      const wrong = judge();
      if (wrong) this.tell(wrong); else this.set(name, (known = read(input.value)));
    });
    this.control(name, (x) => { // a text that was not taken stays, to be mended
      if (x === known) return;
      input.value = known = x;
      judge();
    }, el("label", {}, el("span", {}, ...rich(label)), input), says);
  }

  /** A drop-down list; `options` are [value, text]. */
  select(name, { label, options }) {
    const input = el("select", {},
      ...options.map(([, text]) => el("option", { textContent: text })));
    input.addEventListener("change", () => this.set(name, options[input.selectedIndex][0]));
    this.control(name, (x) => (input.selectedIndex = options.findIndex(([v]) => v === x)),
      el("label", {}, el("span", {}, ...rich(label)), input));
  }

  /** Radio buttons; `options` are [value, text]. */
  radios(name, { legend, options }) {
    const group = `qkv-${Math.random()}`; // radios of one name exclude each other, page-wide
    const inputs = options.map(([value]) => {
      const input = el("input", { type: "radio", name: group });
      input.addEventListener("change", () => this.set(name, value));
      return input;
    });
    const labels = options.map(([, text], i) => el("label", {}, inputs[i], el("span", {}, ...rich(text))));
    this.control(name, (x) => options.forEach(([v], i) => (inputs[i].checked = v === x)),
      el("fieldset", { className: options.length > 6 ? "qkv-many" : "" }, el("legend", {}, ...rich(legend)), ...labels));
  }

  /** Place a control; `show(value)` brings it up to date. */
  control(name, show, ...nodes) {
    this.controls.append(el("div", { className: "qkv-control" }, ...nodes));
    this.shown.push((settings) => show(settings[name]));
  }

  // -- pictures and text

  /** Place a picture, or anything else with a `node`. */
  add(picture) {
    this.panes.append(picture.node);
    return picture;
  }

  heatmap(options) {
    return this.add(new Heatmap({ announce: (text) => this.tell(text), ...options }));
  }

  plot(options) {
    return this.add(new Plot(options));
  }

  /** Bars over named places: draw({labels, y: [lo, hi], series: [{values, name, color}]}). */
  bars(options) {
    const plot = this.plot(options);
    return { node: plot.node, draw: ({ labels, y, series, label }) => {
      const width = 0.8 / series.length;
      plot.draw({ label, y, x: [-0.5, labels.length - 0.5],
        xTicks: labels.map((text, at) => ({ at, label: text })),
        series: series.map((s, i) => ({ ...s, kind: "bars", y: s.values, width: width * 0.92,
          x: labels.map((_, j) => j - 0.4 + (i + 0.5) * width), color: s.color ?? i + 1 })) });
    } };
  }

  /** The numbers as tables, for those who do not see the pictures; filled while open. */
  table(summary, tables) {
    const details = el("details", {}, el("summary", { textContent: summary }));
    details.addEventListener("toggle", () => this.schedule());
    this.root.insertBefore(details, this.status);
    this.tables.push(() => details.open && details.replaceChildren(details.firstChild,
      el("div", { className: "qkv-scroll", tabIndex: 0, role: "group", "aria-label": summary },
        ...tables(this.result, this.settings()).map(numberTable))));
  }

  /** Show the main numbers; a screen reader says them once they rest. */
  say(text) {
    if (text === this.summary.dataset.text) return;
    this.summary.dataset.text = text;
    this.summary.replaceChildren(...rich(text));
    this.tell(text.replaceAll("`", ""));
  }

  /** Have a screen reader say something politely, once it rests. */
  tell(text) {
    this.news = text;
    this.announce();
  }
}

// ---- Yours --------------------------------------------------------------------------------

/**
 * The learner's own function, evaluated by the kernel, beside the browser's own numbers.
 * `labels` may hold {rows, cols} for a result, by its name.
 */
class Yours {
  constructor(model, announce) {
    Object.assign(this, { model, announce, labels: {} });
    this.text = el("p", {});
    this.pictures = el("div", { className: "qkv-panes" });
    this.node = el("div", { className: "qkv-yours", hidden: true }, this.text, this.pictures);
    this.maps = {};
  }

  /** What Python found for these very settings, with its results as tensors, or null. */
  current(settings) {
    const found = this.model.get("_yours");
    const fits = found?.for &&
      Object.keys(settings).every((k) => JSON.stringify(found.for[k]) === JSON.stringify(settings[k]));
    if (!fits) return null;
    const values = Object.entries(found.values).map(([k, v]) => [k, decoded(v)]);
    return { ...found, values: Object.fromEntries(values) };
  }

  draw(result, settings) {
    const found = this.current(settings), any = this.model.get("_yours")?.text;
    this.node.hidden = !any;
    if (!any) return;
    this.node.dataset.kind = found?.kind ?? "waiting";
    this.text.replaceChildren(...rich(found?.text ?? "Yours: waiting for Python."));
    this.pictures.hidden = !this.model.get("_pictures");
    if (!found || this.pictures.hidden) return; // while waiting, the last pictures stay
    for (const [name, maps] of Object.entries(this.maps))
      for (const map of maps) map.node.hidden = !(name in found.values);
    for (const [name, t] of Object.entries(found.values))
      if (t.shape.length) this.pair(name, asMatrix(result[name]), asMatrix(t));
  }

  /** Two heatmaps on one color scale: expected and yours. */
  pair(name, expected, yours) {
    this.maps[name] ??= ["expected", "yours"].map((whose) => {
      const map = new Heatmap({ title: `\`${name}\`, ${whose}`, announce: this.announce });
      this.pictures.append(map.node);
      return map;
    });
    const options = { range: extent(expected, yours), ...this.labels[name] };
    this.maps[name][0].draw(expected, options);
    this.maps[name][1].draw(yours, { ...options, beside: expected });
  }
}

/**
 * An anywidget module. compute(settings, view.data) gives the numbers, with the names and values
 * of the Python twin; view.data is undefined unless `build` sets it, say to what Python sent
 * once. build(view) makes controls and pictures once and returns paint(result, settings, yours),
 * called for every frame.
 */
const explorer = ({ compute = () => ({}), build }) => ({
  compute,
  render({ model, el: root }) {
    const view = new View(model, root, compute);
    view.paint = build(view) ?? (() => {});
    view.draw();
    root.__qkv = view; // for tests
    return () => view.remove();
  },
});
