// The pictures of the attention explorer: all heads, one head, its lines, one weight's products.

const LUT = Uint32Array.from({ length: 256 }, (_, i) => {
  const [r, g, b] = cividis(i / 255);
  return new Uint32Array(Uint8Array.of(r, g, b, 255).buffer)[0];
});

/** Color the weights of one head, or of several below each other; hidden cells stay clear. */
function colored(weights, tops, nQ, nK, may) {
  const image = new ImageData(nK, weights.length / nK), pixels = new Uint32Array(image.data.buffer);
  const size = nQ * nK;
  for (let r = 0, p = 0; p < weights.length; r++)
    for (let j = 0, scale = 255 / tops[r]; j < nK; j++, p++)
      if ((!may || may[p % size]) && !Number.isNaN(weights[p])) // a learner's may be anything
        pixels[p] = LUT[Math.max(0, Math.min(255, weights[p] * scale | 0))];
  return image;
}

// In pixels. All pictures in one row are 812 wide; the mosaic gets what the others leave.
const WIDE = {
  row: 812, gap: 18, cells: 252, matrix: 290, lines: 76, word: [44, 78], mosaic: [140, 270],
};
const pen = globalThis.document && el("canvas").getContext("2d");

/** How wide a text is, and the text cut to fit. */
function wide(text) {
  pen.font = "bold 12.5px system-ui, sans-serif";
  return pen.measureText(text).width;
}

function clipped(text, most = WIDE.word[1] - 8) {
  if (wide(text) <= most) return text;
  const letters = Array.from(text);
  while (letters.length > 1 && wide(`${letters.join("")}…`) > most) letters.pop();
  return `${letters.join("")}…`;
}

/** How much room the widest of some words takes. */
const room = (words) =>
  Math.max(WIDE.word[0], ...words.map((t) => Math.ceil(wide(clipped(t))) + 8));

/** The sizes that all pictures share, so that their rows stand at one height. */
const layout = remembered(4, (asks, asked) => {
  const queries = JSON.parse(asks), keys = JSON.parse(asked), nQ = queries.length, nK = keys.length;
  const cell = Math.max(4, Math.min(40, Math.floor(WIDE.cells / Math.max(nQ, nK))));
  const widths = keys.map((t) => wide(clipped(t))), widest = Math.max(...widths);
  const flat = widest <= cell - 4, steep = cell < 14; // words above the columns
  const over = flat || steep ? 2
    : Math.max(2, ...widths.map((w, j) => Math.ceil(w * 0.6 - (nK - 0.5 - j) * cell) + 8));
  const left = room(queries), matrix = left + nK * cell + over;
  const lines = left + WIDE.lines + room(keys);
  const [least, most] = WIDE.mosaic;
  const rest = WIDE.row - 2 * WIDE.gap - Math.max(matrix, WIDE.matrix) - lines;
  return {
    queries, keys, cell, flat, steep, left, matrix, lines,
    top: flat ? 22 : Math.ceil(widest * (steep ? 1 : 0.82)) + 12,
    every: Math.ceil(10 / cell), font: Math.min(13, Math.max(10, cell)),
    mosaic: Math.max(least, Math.min(most, rest)),
  };
});

/** Give an SVG picture a size in pixels. */
function sized(picture, width, height) {
  const all = { viewBox: `0 0 ${width} ${height}`, width, height };
  for (const [name, value] of Object.entries(all)) picture.setAttribute(name, value);
}

/** Those words that have room. */
const some = (names, { every }) => names.flatMap((list) => list.filter((_, i) => i % every === 0));

/** A text in an SVG picture. */
const word = (text, attributes) => svg("text", attributes, clipped(text));

/** All heads, each a small picture without words. A click or an arrow key chooses one. */
class Mosaic {
  constructor(choose) {
    this.caption = el("figcaption");
    this.canvas = el("canvas");
    this.ring = el("div", { className: "qkv-chosen" });
    this.box = el("div", { className: "qkv-mosaic", tabIndex: 0, role: "img" },
      this.canvas, this.ring);
    this.hint = el("div", { className: "qkv-reading" }, "Click a head to see it large.");
    this.node = el("figure", { className: "qkv-pane" }, this.caption, this.box, this.hint);
    this.small = el("canvas");
    this.box.addEventListener("click", (event) => {
      const box = this.canvas.getBoundingClientRect(), { step, across } = this;
      const j = Math.floor((event.clientX - box.left) / step[0]);
      const h = Math.floor((event.clientY - box.top) / step[1]) * across + j;
      if (j < across && h >= 0 && h < this.heads) choose(h);
    });
    this.box.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.across, ArrowDown: this.across };
      const to = this.head + moves[event.key];
      if (!moves[event.key]) return;
      event.preventDefault();
      if (to >= 0 && to < this.heads) choose(to);
    });
  }

  /** Find how many heads in a row make the cells largest. */
  lay(heads, nQ, nK, broad, high) {
    const gap = heads > 48 ? 3 : 5, best = { scale: 0 };
    for (let across = 1; across <= heads; across++) {
      const down = Math.ceil(heads / across);
      const scale = Math.min((broad + gap) / across - gap, 130) / nK;
      const fits = Math.min(scale, ((high + gap) / down - gap) / nQ);
      if (fits > best.scale + 1e-9) Object.assign(best, { scale: fits, across, down });
    }
    const scale = best.scale > 1 ? Math.floor(best.scale) : best.scale;
    Object.assign(this, { heads, across: best.across, tile: [nK * scale, nQ * scale] });
    this.step = this.tile.map((x) => x + gap);
    return [this.across * this.step[0] - gap, best.down * this.step[1] - gap];
  }

  draw(r, head, { mosaic, top, cell }) {
    const [heads, nQ, nK] = r.all_weights.shape, dense = globalThis.devicePixelRatio || 1;
    const [width, height] = this.lay(heads, nQ, nK, mosaic, Math.max(220, top + cell * nQ));
    const { small, canvas, tile, step, across } = this;
    Object.assign(small, { width: nK, height: heads * nQ });
    small.getContext("2d").putImageData(
      colored(r.all_weights.data, r.tops.data, nQ, nK, r.mask?.data), 0, 0);
    Object.assign(canvas, { width: width * dense, height: height * dense });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const pencil = canvas.getContext("2d");
    pencil.scale(dense, dense);
    pencil.imageSmoothingEnabled = tile[0] < nK;
    pencil.fillStyle = "rgba(128, 128, 128, 0.3)"; // under hidden cells, on light and on dark
    for (let h = 0; h < heads; h++) {
      const place = [(h % across) * step[0], Math.floor(h / across) * step[1], ...tile];
      pencil.fillRect(...place);
      pencil.drawImage(small, 0, h * nQ, nK, nQ, ...place);
    }
    this.mark(head, heads);
  }

  mark(head, heads) {
    const { tile, step, across, ring } = this;
    this.head = head;
    Object.assign(ring.style, { width: `${tile[0]}px`, height: `${tile[1]}px`,
      left: `${(head % across) * step[0]}px`, top: `${Math.floor(head / across) * step[1]}px` });
    this.hint.hidden = heads < 2;
    this.caption.textContent = ["The only head", "Both heads"][heads - 1] ?? `All ${heads} heads`;
    this.box.setAttribute("aria-label", `${several(heads, "head")}, each a small picture of its ` +
      `weights; head ${head} is chosen. Arrow keys choose another.`);
  }
}

/** The weights of one head: words, cells, and a ring around the cell that is looked at. */
class Matrix {
  constructor(title) {
    this.title = title;
    this.caption = el("figcaption");
    this.canvas = el("canvas");
    this.svg = svg("svg", { class: "qkv-plot", "aria-hidden": "true" });
    this.ring = svg("rect", { class: "qkv-cursor" });
    this.box = el("div", { className: "qkv-matrix", role: "img" }, this.canvas, this.svg);
    this.node = el("figure", { className: "qkv-pane" }, this.caption, this.box);
  }

  /** Put words, and numbers where there is room for them, into place. */
  lay(plan) {
    const { cell, left, top, queries, keys } = plan, [nQ, nK] = [queries.length, keys.length];
    if (plan === this.laid) return;
    this.laid = plan;
    sized(this.svg, plan.matrix, top + nQ * cell + 2);
    this.node.style.width = `${Math.max(plan.matrix, WIDE.matrix)}px`;
    Object.assign(this.canvas.style, { left: `${left}px`, top: `${top}px`,
      width: `${nK * cell}px`, height: `${nQ * cell}px` });
    this.numbers = cell < 32 ? [] : Array.from({ length: nQ * nK }, (_, p) =>
      svg("text", { "text-anchor": "middle", x: left + ((p % nK) + 0.5) * cell,
        y: top + (Math.floor(p / nK) + 0.5) * cell + 4 }));
    this.wrong = ["qkv-under", "qkv-over"].map((name) => svg("path", { class: name }));
    this.names = this.words(plan);
    this.svg.replaceChildren(...some(this.names, plan), ...this.numbers, ...this.wrong, this.ring);
  }

  /** The queries beside the rows and the keys above the columns. */
  words({ cell, left, top, queries, keys, font, flat, steep }) {
    const style = `font-size: ${font}px`, spot = (j) => left + (j + 0.5) * cell;
    const turn = (j) => `translate(${spot(j) + 4} ${top - 5}) rotate(${steep ? -90 : -55})`;
    const above = (j) => (flat ? { x: spot(j), y: top - 6, "text-anchor": "middle" }
      : { transform: turn(j) });
    const beside = (i) => ({ x: left - 6, y: top + (i + 0.5) * cell + 4, "text-anchor": "end" });
    return [queries.map((t, i) => word(t, { ...beside(i), style })),
      keys.map((t, j) => word(t, { ...above(j), style }))];
  }

  /** Show weights (n_q, n_k); `beside` frames the cells that are not as there. */
  draw({ t, tops, mask, plan, cursor, title, beside }) {
    this.plan = plan;
    this.lay(plan);
    const [nQ, nK] = t.shape, { cell } = plan;
    Object.assign(this.canvas, { width: nK, height: nQ });
    this.canvas.getContext("2d").putImageData(colored(t.data, tops, nQ, nK, mask?.data), 0, 0);
    this.numbers.forEach((text, p) => {
      const x = t.data[p], bright = x / tops[Math.floor(p / nK)] >= BRIGHT;
      text.textContent = mask && !mask.data[p] ? "" : fixed(x);
      text.style.fill = Number.isNaN(x) ? "" : bright ? "#000" : "#fff";
    });
    const frames = Array.from(beside?.data ?? [], (x, p) =>
      (differs(t.data[p], x) ? this.frame(Math.floor(p / nK), p % nK, cell > 12 ? 3 : 1) : ""));
    for (const path of this.wrong) path.setAttribute("d", frames.join(""));
    this.point(cursor);
    this.caption.textContent = title;
    const range = extent(t).map(fixed).join(" to ");
    this.box.setAttribute("aria-label", `${title}: ${nQ} by ${nK} weights, from ${range}.` +
      (this.box.tabIndex < 0 ? "" : " Arrow keys read one cell."));
  }

  frame(i, j, inset) {
    const { left, top, cell } = this.plan, side = cell - 2 * inset;
    return `M${left + j * cell + inset} ${top + i * cell + inset}h${side}v${side}h${-side}z`;
  }

  point(cursor) {
    this.ring.style.display = cursor ? "" : "none";
    if (!cursor) return;
    const { left, top, cell } = this.plan, [i, j] = cursor;
    const at = { x: left + j * cell, y: top + i * cell, width: cell, height: cell };
    for (const [name, value] of Object.entries(at)) this.ring.setAttribute(name, value);
    this.names.forEach((list, axis) => list.forEach((text, at) =>
      text.classList.toggle("qkv-on", cursor[axis] === at)));
  }

  /** The cell under the pointer. */
  at(event) {
    const box = this.canvas.getBoundingClientRect(), { cell, queries, keys } = this.plan;
    const i = Math.floor((event.clientY - box.top) / cell);
    const j = Math.floor((event.clientX - box.left) / cell);
    return i >= 0 && j >= 0 && i < queries.length && j < keys.length ? [i, j] : null;
  }
}

const SHADES = 8; // of lines

/** Queries on the left, keys on the right, a line for every weight. */
class Lines {
  constructor() {
    this.svg = svg("svg", { class: "qkv-plot", "aria-hidden": "true" });
    this.box = el("div", { className: "qkv-lines", tabIndex: 0, role: "img" }, this.svg);
    this.node = el("figure", { className: "qkv-pane" },
      el("figcaption", {}, "The weights as lines"), this.box);
    this.paths = ["", " qkv-on"].flatMap((of) => Array.from({ length: SHADES }, (_, s) =>
      svg("path", { class: `qkv-link${of}`, "stroke-width": 0.6 + (3.4 * (s + 1)) / SHADES,
        "stroke-opacity": ((s + 1) / SHADES) ** 1.3 })));
  }

  lay(plan) {
    const { cell, top, left, queries, keys, font } = plan;
    if (plan === this.laid) return;
    this.laid = plan;
    Object.assign(this, { plan, from: left, to: left + WIDE.lines });
    sized(this.svg, plan.lines, top + Math.max(queries.length, keys.length) * cell + 2);
    const style = `font-size: ${font}px`, y = (i) => top + (i + 0.5) * cell + 4;
    const sides = [{ x: left - 6, "text-anchor": "end" }, { x: this.to + 6 }];
    this.names = [queries, keys].map((list, axis) =>
      list.map((t, i) => word(t, { ...sides[axis], y: y(i), style })));
    const heads = ["query", "key"].map((text, axis) =>
      svg("text", { ...sides[axis], y: top - 8, class: "qkv-axis" }, text));
    this.svg.replaceChildren(...this.paths, ...some(this.names, plan), ...heads);
  }

  /** Draw a line's width and shade by its share of the row's largest weight. */
  draw({ t, plan, head, cursor: [row, column] }) {
    this.lay(plan);
    const [nQ, nK] = t.shape, { cell, top } = plan, parts = this.paths.map(() => []);
    const largest = largestOf(t.data, nK), y = (i) => top + (i + 0.5) * cell;
    for (let i = 0, p = 0; i < nQ; i++)
      for (let j = 0; j < nK; j++, p++) {
        const shade = Math.ceil((t.data[p] / (largest[i] || 1)) * SHADES) - 1;
        if (shade >= 0) parts[shade + (i === row ? SHADES : 0)]
          .push(`M${this.from} ${y(i)}L${this.to} ${y(j)}`);
      }
    this.paths.forEach((path, s) => path.setAttribute("d", parts[s].join("")));
    this.svg.style.setProperty("--faint", Math.min(0.35, 5 / nQ)); // many lines hide each other
    this.names.forEach((list, axis) => list.forEach((text, at) =>
      text.classList.toggle("qkv-on", [row, column][axis] === at)));
    this.box.setAttribute("aria-label", `Head ${head}: lines from every query to every key, wide ` +
      "where the weight is large. Up and down choose a query, left and right a key.");
  }

  /** The word under the pointer: [0 for queries or 1 for keys, its place]. */
  at(event) {
    const box = this.svg.getBoundingClientRect(), { cell, top, queries, keys } = this.plan;
    const x = event.clientX - box.left, at = Math.floor((event.clientY - box.top - top) / cell);
    const axis = x < this.from + 20 ? 0 : x > this.to - 20 ? 1 : -1;
    return axis >= 0 && at >= 0 && at < [queries, keys][axis].length ? [axis, at] : null;
  }
}

const SHOWN = 5; // of the products

/** One weight, from the products of a query's and a key's entries. */
class Products {
  constructor() {
    this.caption = el("figcaption");
    const cells = (tag) => Array.from({ length: SHOWN + 2 }, () => el(tag));
    this.rows = ["entry", "query", "× key", "= product"].map((name, row) => {
      const head = el("th", { scope: "row" }, name), body = cells(row ? "td" : "th");
      if (!row) body.forEach((cell) => (cell.scope = "col"));
      return { head, body, node: el("tr", {}, head, ...body) };
    });
    this.table = el("table", {}, el("thead", {}, this.rows[0].node),
      el("tbody", {}, ...this.rows.slice(1).map((row) => row.node)));
    this.steps = Array.from({ length: 4 }, () => el("li"));
    this.list = el("ol", {}, ...this.steps);
    this.node = el("figure", { className: "qkv-pane qkv-products" }, this.caption,
      el("div", {}, this.table, this.list));
  }

  draw(r, { queries, keys }, [i, j], settings) {
    const nK = keys.length, p = i * nK + j, weight = fixed(r.weights.data[p]);
    const [asks, asked] = [`"${clipped(queries[i])}"`, `"${clipped(keys[j])}"`];
    this.caption.textContent = `How ${asks} comes to give ${asked} a weight of ${weight}`;
    this.node.firstChild.nextSibling.hidden = !r.q;
    if (!r.q) {
      this.caption.textContent = `${asks} gives ${asked} a weight of ${weight}`;
      return;
    }
    this.fill(r, i, j, r.raw.data[p]);
    const { scale, temperature } = settings, d_k = r.q.shape[1], root = scale ? Math.sqrt(d_k) : 1;
    const hidden = !r.mask.data[p];
    const texts = [
      `q·k, the sum: ${fixed(r.raw.data[p])}`,
      scale ? `divided by √${d_k} = ${fixed(root)}: ${fixed(r.raw.data[p] / root)}`
        : `not divided by √${d_k}`,
      `divided by temperature ${temperature.toFixed(1)}: ${fixed(r.scores.data[p])}, the score`,
      hidden ? "hidden by the mask: weight 0" : `softmax over the row: weight ${weight}`];
    this.steps.forEach((step, s) => (step.textContent = texts[s]));
  }

  /** Fill the table with the largest products, the rest and the sum. */
  fill(r, i, j, sum) {
    const d_k = r.q.shape[1], q = r.q.data.subarray(i * d_k, (i + 1) * d_k);
    const k = r.k.data.subarray(j * d_k, (j + 1) * d_k);
    const products = q.map((x, d) => x * k[d]), size = (d) => Math.abs(products[d]);
    const first = Array.from(q.keys()).sort((a, b) => size(b) - size(a) || a - b).slice(0, SHOWN);
    const rest = d_k - first.length, others = sum - first.reduce((s, d) => s + products[d], 0);
    const put = (row, list) =>
      this.rows[row].body.forEach((cell, c) => (cell.textContent = list[c] ?? ""));
    const blank = Array(SHOWN - first.length).fill("");
    const line = (values, more, total) =>
      [...first.map((d) => fixed(values[d])), ...blank, more, total];
    put(0, [...first, ...blank, rest ? `${rest} more` : "", "sum"]);
    put(1, line(q, "", ""));
    put(2, line(k, "", ""));
    put(3, line(products, rest ? fixed(others) : "", fixed(sum)));
  }
}

/** What the colors mean. */
class Legend {
  constructor() {
    this.most = el("span");
    const bar = el("span", { className: "qkv-gradient" });
    bar.style.background = GRADIENT;
    this.hidden = el("span", { className: "qkv-hatched" });
    this.hint = el("span", { className: "qkv-hint" });
    this.words = el("span");
    this.node = el("div", { className: "qkv-legend" },
      "0", bar, this.most, this.hidden, this.words, this.hint);
  }

  draw(r, { colors, mask }, head) {
    const top = fixed(r.tops.data[head * r.weights.shape[0]]);
    const alone = r.mask?.shape[1] > 1 && choices(r.mask).some((n) => n === 1);
    const more = alone ? " or more" : ", the largest";
    this.most.textContent = { "each head": top + more, "each row": "the row's largest",
      "all heads": `${top}, largest of all heads`, "0 to 1": "1" }[colors];
    const hides = r.mask?.data.some((x) => !x);
    this.hidden.hidden = !hides;
    this.words.textContent = hides ? "masked" : "";
    this.hint.textContent = mask === "drawn" ? "Click a cell, or press Space, to mask it."
      : "Point at a cell or a word; click to stay with it.";
  }
}
