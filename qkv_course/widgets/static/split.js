// Lesson 08: where each number goes when features are cut into heads. The numbers are those of
// split.py.

const TOKENS = 3, D_MODEL = 8, HEADS = [1, 2, 4, 8];
const STEPS = ["x", "reshape", "swap axes", "merge back"];

/** The index of every position of an array of this shape, as in NumPy. */
const indexOf = (shape, p) => shape.map((_, axis) => {
  const after = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  return Math.floor(p / after) % shape[axis];
});

/** An array (a, b, c) with its first two axes swapped. */
function swapped(t) {
  const [a, b, c] = t.shape;
  return mapped(tensor([b, a, c]), (_, p) => {
    const [j, i, k] = indexOf([b, a, c], p);
    return t.data[(i * b + j) * c + k];
  });
}

function compute({ heads, token, column }) {
  const x = mapped(tensor([TOKENS, D_MODEL]), (_, p) => 10 * Math.floor(p / D_MODEL) + (p % D_MODEL));
  const d_head = D_MODEL / heads, reshaped = tensor([TOKENS, heads, d_head], x.data);
  const split = swapped(reshaped), straight = tensor(split.shape, x.data);
  const place = (t) => tensor([3], indexOf(t.shape, t.data.indexOf(10 * token + column)));
  const wrong_head = mapped(straight, (v, p) =>
    Number(Math.floor((v % 10) / d_head) !== indexOf(straight.shape, p)[0]));
  const wrong_row = mapped(straight, (v, p) =>
    Number(!wrong_head.data[p] && Math.floor(v / 10) !== indexOf(straight.shape, p)[1]));
  return {
    x, reshaped, split, merged: tensor(x.shape, swapped(split).data), straight, straight_back: x,
    wrong_head, wrong_row,
    in_reshaped: place(reshaped), in_split: place(split), in_straight: place(straight),
  };
}

// ---- Words --------------------------------------------------------------------------------

const shapeOf = (t) => `(${t.shape.join(", ")})`;
const total = (t) => t.data.reduce((a, b) => a + b, 0);

const mixed = (r) => total(r.wrong_head) + total(r.wrong_row) > 0;

const wrong = (r) => `${total(r.wrong_head)} of ${TOKENS * D_MODEL} numbers are in a wrong head, and ` +
  `${total(r.wrong_row)} in a wrong row`;
const ALIKE = "With 1 head there is nothing to mix up.";

function describe(r, { step, token, column }) {
  const [first, second, last] = r.in_reshaped.data, start = `token ${token}, column ${column}`;
  const straight = r.in_straight.data, number = `${token}${column}`;
  const steps = [
    `\`x\` has the shape ${shapeOf(r.x)}. The number ${number} is ${start}.`,
    `${number}: ${start} → token ${first}, head ${second}, column ${last}. No number moves in memory; ` +
      "every token's row is cut.",
    `${number}: ${start} → head ${second}, token ${first}, column ${last}. Reshaped straight: ` +
      `head ${straight[0]}, row ${straight[1]}, column ${straight[2]}. ${mixed(r) ? `There, ${wrong(r)}.` : ALIKE}`,
    `${number} is ${start} again, on both sides. ` + (mixed(r)
      ? `So a round trip does not test the split: before it, on the tempting way, ${wrong(r)}.` : ALIKE),
  ];
  return `Step ${step} of 3, ${STEPS[step]}. ${steps[step]}`;
}

// ---- Pictures -----------------------------------------------------------------------------

const WIDE = 27, HIGH = 31, EDGE = 16, HEADER = 32, GAP = 10, LANE = 392; // of cells, labels, and all

/** Where everything stands: the first of three axes makes blocks, the others rows and columns. */
function laidOut(t, names, room = LANE) {
  const [count, rows, columns] = t.shape.length === 3 ? t.shape : [1, ...t.shape];
  const wide = Math.max(56, EDGE + columns * WIDE), high = HEADER + rows * HIGH;
  const most = Math.max(1, Math.floor((room + GAP) / (wide + GAP)));
  const across = Math.ceil(count / Math.ceil(count / most));
  const corner = (b) => [(b % across) * (wide + GAP), Math.floor(b / across) * (high + 8)];
  const places = Array.from(t.data, (_, p) => {
    const [b, i, j] = indexOf([count, rows, columns], p), [left, top] = corner(b);
    return [left + EDGE + j * WIDE, top + HEADER + i * HIGH];
  });
  const at = (text, kind, left, top, css = "") => {
    const node = el("span", { className: kind, textContent: text });
    node.style.cssText = `left: ${left}px; top: ${top}px; ${css}`;
    return node;
  };
  const labels = Array.from({ length: count }, (_, b) => corner(b)).flatMap(([left, top], b) => [
    at(names.length === 3 ? `${names[0]} ${b}` : "x", "qkv-name", left + EDGE, top),
    ...Array.from({ length: rows }, (_, i) =>
      at(`${names.at(-2)[0]}${i}`, "qkv-index", left, top + HEADER + i * HIGH)),
    ...Array.from({ length: columns }, (_, j) =>
      at(j, "", left + EDGE + j * WIDE, top + 17, `width: ${WIDE}px; text-align: center`)),
  ]);
  return { places, labels, height: Math.ceil(count / across) * (high + 8) };
}

/** Numbers of an array that move to where they stand in another one. */
class Stage {
  constructor(follow) {
    this.follow = follow;
    this.labels = el("div");
    this.numbers = el("div");
    this.node = el("div", { className: "qkv-stage", role: "group" }, this.labels, this.numbers);
    this.node.addEventListener("keydown", (event) => this.key(event));
    this.cells = Array.from({ length: TOKENS * D_MODEL }, (_, p) => {
      const value = 10 * Math.floor(p / D_MODEL) + (p % D_MODEL);
      const cell = el("button", { type: "button", className: "qkv-number" });
      cell.append(String(value).padStart(2, "0"));
      cell.addEventListener("click", () => follow(value));
      this.numbers.append(cell);
      return { value, cell };
    });
  }

  /** Show t, whose axes are `names`; marks(position) gives the mark of a number out of place. */
  draw(t, names, d_head, followed, marks = () => "") {
    const { places, labels } = laidOut(t, names);
    this.labels.replaceChildren(...labels);
    this.node.setAttribute("aria-label",
      `Array ${shapeOf(t)}: ${names.join(", ")}. Arrow keys choose the number to follow.`);
    for (const item of this.cells) {
      const { value, cell } = item, p = t.data.indexOf(value), head = Math.floor((value % 10) / d_head);
      const mark = marks(p), chosen = value === followed, index = indexOf(t.shape, p);
      item.place = places[p];
      cell.style.transform = `translate(${places[p][0]}px, ${places[p][1]}px)`;
      cell.className = `qkv-number qkv-c${(head % 4) + 1}${head > 3 ? " qkv-late" : ""}` +
        `${mark ? " qkv-off" : ""}${chosen ? " qkv-followed" : ""}`;
      cell.dataset.mark = mark;
      cell.tabIndex = chosen ? 0 : -1;
      cell.setAttribute("aria-pressed", chosen);
      cell.setAttribute("aria-label", `${String(value).padStart(2, "0")}: ` +
        names.map((name, axis) => `${name} ${index[axis]}`).join(", ") + (MARKS[mark] ? `; ${MARKS[mark]}` : ""));
    }
  }

  /** Follow the nearest number in the direction of an arrow key. */
  key(event) {
    const step = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
    const from = this.cells.find(({ cell }) => cell === event.target);
    if (!step || !from) return;
    event.preventDefault();
    const far = ({ place }) => {
      const [x, y] = place.map((c, axis) => c - from.place[axis]);
      const along = x * step[0] + y * step[1], aside = Math.abs(x * step[1]) + Math.abs(y * step[0]);
      return along > 1 ? along + 4 * aside : Infinity;
    };
    const next = this.cells.reduce((best, item) => (far(item) < far(best) ? item : best));
    if (far(next) === Infinity) return;
    this.follow(next.value);
    next.cell.focus();
  }
}

const MARKS = { "×": "another head's number", "○": "another token's number" };

/** The mark of the number at position p of an array (head, token, column), if it is out of place. */
const markOf = (t, d_head) => (p) => {
  const [b, i] = indexOf(t.shape, p), v = t.data[p];
  return Math.floor((v % 10) / d_head) !== b ? "×" : Math.floor(v / 10) !== i ? "○" : "";
};

/** One way to go: what is done at this step, the numbers, and what comes of it. */
class Lane {
  constructor(title, kind, follow) {
    this.what = el("p");
    this.stage = new Stage(follow);
    this.node = el("figure", { className: `qkv-lane ${kind}` },
      el("figcaption", {}, title), this.what, this.stage.node);
  }

  draw(text, height, ...rest) {
    this.what.replaceChildren(...rich(text));
    this.stage.node.style.height = `${height}px`;
    this.stage.draw(...rest);
  }
}

const PLAIN = ["token", "column"], CUT = ["token", "head", "column"], SPLIT = ["head", "token", "column"];
const STRAIGHT = ["head", "row", "column"];

const right = (r) => [
  [`\`x\` ${shapeOf(r.x)}. Colors show which head a column is for.`, r.x, PLAIN],
  [`Reshape to \`${shapeOf(r.reshaped)}\`: each token's row is cut into pieces, one a head.`, r.reshaped, CUT],
  [`Swap the first two axes: \`${shapeOf(r.split)}\`. Each head has its own columns, of every token.`, r.split, SPLIT],
  [`Swap back and reshape to \`${shapeOf(r.x)}\`: \`x\` again.`, r.merged, PLAIN],
];

const tempting = (r) => [
  [`\`x\` ${shapeOf(r.x)}. The same numbers.`, r.x, PLAIN],
  [`Reshape to \`${shapeOf(r.straight)}\` at once. The shape is right; the numbers fill it in their old order.`,
    r.straight, STRAIGHT],
  [mixed(r) ? "No step left: the shape is right. But heads have each other's numbers, and rows mix tokens."
    : ALIKE, r.straight, STRAIGHT],
  [`Reshape to \`${shapeOf(r.x)}\`: \`x\` again. ` +
    (mixed(r) ? "The round trip passes, though the heads were wrong." : ""), r.straight_back, PLAIN],
];

function build(view) {
  view.radios("step", { legend: "step", options: STEPS.map((name, i) => [i, `${i}: ${name}`]) });
  view.controls.lastChild.classList.add("qkv-steps");
  view.slider("heads", { label: "heads", steps: HEADS });
  const follow = (value) => {
    view.set("token", Math.floor(value / 10));
    view.set("column", value % 10);
  };
  const lanes = el("div", { className: "qkv-lanes" });
  view.add({ node: lanes });
  const good = new Lane("Split the features, then move the head axis", "", follow);
  const bad = new Lane("The tempting way: reshape straight to the shape", "qkv-tempting", follow);
  lanes.append(good.node, bad.node);
  const legend = el("p", { className: "qkv-marks" }, "A number's two digits are its token (t) and its column; its " +
    "color is its head (h). Click a number, or use the arrow keys, to follow it. ", el("b", {}, "×"),
    " another head's number ", el("b", {}, "○"), " another token's number ", el("b", {}, "≠"), " not what belongs here");
  view.add({ node: legend });
  const mine = new Mine(view);
  view.table("The arrays as tables", tables);
  return (r, settings, yours) => {
    const { step, heads, token, column } = settings, d_head = D_MODEL / heads;
    const followed = 10 * token + column;
    const height = Math.max(...right(r).map(([, t, names]) => laidOut(t, names).height)); // steps keep it
    const show = (lane, [text, t, names]) => lane.draw(text, height, t, names, d_head, followed,
      names[0] === "head" ? markOf(t, d_head) : undefined);
    show(good, right(r)[step]);
    show(bad, tempting(r)[step]);
    mine.draw(yours, d_head);
    view.say(describe(r, settings));
  };
}

/** What a learner's function gives: numbers in place, with marks on those that are not. */
class Mine {
  constructor(view) {
    this.node = el("div", { className: "qkv-stage", role: "img" });
    view.yours.node.append(this.node);
  }

  draw(yours, d_head) {
    const [name, t] = Object.entries(yours?.values ?? {})[0] ?? [];
    this.node.hidden = !t;
    if (!t) return;
    const split = name === "split", { places, labels, height } = laidOut(t, split ? SPLIT : PLAIN, 2 * LANE);
    const inPlace = markOf(t, d_head), due = (p) => 10 * Math.floor(p / D_MODEL) + (p % D_MODEL);
    const isOfX = (v) => Number.isInteger(v) && v >= 0 && v < 10 * TOKENS && v % 10 < D_MODEL;
    const mark = (p) => (split && isOfX(t.data[p]) ? inPlace(p) : split || t.data[p] !== due(p) ? "≠" : "");
    this.node.style.height = `${height}px`;
    const off = Array.from(t.data.keys()).filter((p) => mark(p)).length;
    this.node.setAttribute("aria-label", `Yours: ${off} of ${t.data.length} numbers are out of place`);
    this.node.replaceChildren(...labels, ...Array.from(t.data, (v, p) => {
      const head = Math.floor((v % 10) / d_head), known = isOfX(v);
      const cell = el("div", { className: known ? `qkv-number qkv-c${(head % 4) + 1}` : "qkv-number qkv-unknown" });
      if (head > 3) cell.classList.add("qkv-late");
      if (mark(p)) cell.classList.add("qkv-off");
      cell.dataset.mark = mark(p);
      cell.style.transform = `translate(${places[p][0]}px, ${places[p][1]}px)`;
      cell.append(known ? String(v).padStart(2, "0") : short(v));
      return cell;
    }));
  }
}

/** Name the rows of an array of three axes by the first two. */
const rowsOf = ({ shape: [a, b] }, one, other) =>
  Array.from({ length: a * b }, (_, p) => `${one} ${Math.floor(p / b)}, ${other} ${p % b}`);

const tables = (r) => [
  { title: "x", t: r.x, rows: [0, 1, 2].map((i) => `token ${i}`) },
  { title: `Reshaped ${shapeOf(r.reshaped)}`, t: r.reshaped, rows: rowsOf(r.reshaped, "token", "head") },
  { title: `Split ${shapeOf(r.split)}`, t: r.split, rows: rowsOf(r.split, "head", "token") },
  { title: `Reshaped straight ${shapeOf(r.straight)}`, t: r.straight, rows: rowsOf(r.straight, "head", "row") },
];

export default explorer({ compute, build });
