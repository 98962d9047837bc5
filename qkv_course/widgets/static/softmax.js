// Lesson 05: scores become a budget, and how far its shares can still move. The numbers are
// those of softmax.py.

const NAMES = ["key 0", "key 1", "key 2"], ROWS = 500, KEYS = 16, LARGEST = 1024;
const SIZES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];

const TEMPERATURES = [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10];

const jacobian = ({ data }) => mapped(tensor([data.length, data.length]), (_, p) => {
  const i = Math.floor(p / data.length), j = p % data.length;
  return data[i] * ((i === j) - data[j]);
});
/** The Jacobian's Frobenius norm, without making the Jacobian. */
function size(w) {
  let sum = 0;
  for (let i = 0; i < w.length; i++)
    for (let j = 0; j < w.length; j++) sum += (w[i] * ((i === j) - w[j])) ** 2;
  return Math.sqrt(sum);
}

/** How long each random query is for each d_k, and where its scores lie: drawn once. */
const randomRows = () => (randomRows.kept ??= {
  lengths: (({ data }) => {
    let sum = 0;
    return data.map((x, p) => Math.sqrt((sum = (p % LARGEST ? sum : 0) + x * x)));
  })(normals([ROWS, LARGEST], 1)),
  spread: normals([ROWS, KEYS], 2),
});

/** The median and the mean of the sizes of the Jacobians of random rows of 16 weights. */
function randomSizes(d_k, scale) {
  const { lengths, spread } = randomRows(), divisor = scale ? Math.sqrt(d_k) : 1;
  // Given q, its dot products with random keys are independent normals of spread |q|.
  const { data } = softmax(mapped(spread, (x, p) =>
    (x * lengths[Math.floor(p / KEYS) * LARGEST + d_k - 1]) / divisor));
  const sizes = Float64Array.from({ length: ROWS }, (_, row) =>
    size(data.subarray(row * KEYS, (row + 1) * KEYS))).sort();
  return { median: (sizes[ROWS / 2 - 1] + sizes[ROWS / 2]) / 2, mean: mean(sizes) };
}

const kept = {}; // every frame of a drag asks for them
const typical = (d_k, scale) => (kept[`${d_k} ${scale}`] ??= randomSizes(d_k, scale));

function reactions(d_k) {
  const curve = (f) => tensor([SIZES.length], Float64Array.from(SIZES, f));
  return {
    raw_medians: curve((d) => typical(d, false).median),
    raw_means: curve((d) => typical(d, false).mean),
    scaled_medians: curve((d) => typical(d, true).median),
    raw_median: typical(d_k, false).median,
    scaled_median: typical(d_k, true).median,
  };
}

function compute({ score_0, score_1, score_2, temperature, shift, reaction, d_k }) {
  const scores = tensor([3], Float64Array.of(score_0 + shift, score_1 + shift, score_2 + shift));
  const divided = mapped(scores, (x) => x / temperature), exps = mapped(divided, Math.exp);
  const sum = exps.data.reduce((a, b) => a + b), weights = softmax(divided);
  return {
    scores, divided, weights, exps, naive: mapped(exps, (x) => x / sum),
    jacobian: jacobian(weights), size: size(weights.data),
    entropy: -weights.data.reduce((h, w) => h + (w > 0 ? w * Math.log(w) : 0), 0),
    ...(reaction ? reactions(d_k) : {}),
  };
}

const overflows = (r) => r.exps.data.includes(Infinity);

function describe(r, { shift, reaction, d_k }) {
  const said = [`Weights: ${Array.from(r.weights.data, (w) => w.toFixed(2)).join(", ")}. ` +
    `Entropy: ${(r.entropy || 0).toFixed(2)} nats, ` +
    `as if ${Math.exp(r.entropy).toFixed(2)} of the 3 keys shared evenly.`];
  if (shift) said.push(`Adding ${shift} to every score changes no weight.`);
  if (overflows(r)) said.push("With nothing taken off first, exp overflows.");
  else if (r.exps.data.every((x) => x === 0))
    said.push("With nothing taken off first, every exp is 0, and 0 / 0 is nan.");
  if (reaction)
    said.push(`The Jacobian of these weights has a size of ${r.size.toFixed(3)}. For random rows with ` +
      `d_k = ${d_k} the median size is ${r.raw_median.toFixed(3)}, and ${r.scaled_median.toFixed(3)} ` +
      "if scores are divided by √d_k.");
  return said.join(" ");
}

/** Write a number as short as it can be told from 0. */
function brief(x) {
  if (!Number.isFinite(x)) return short(x);
  if (Number.isInteger(x) && Math.abs(x) < 1e5) return String(x);
  return Math.abs(x) < 0.005 || Math.abs(x) >= 1e5 ? x.toExponential(1) : x.toFixed(2);
}

/** The two ways from scores to shares, step by step. */
function steps(r) {
  const top = Math.max(...r.divided.data), sum = (t) => t.data.reduce((a, b) => a + b);
  const off = mapped(r.divided, (x) => x - top), exps = mapped(off, Math.exp);
  const cell = (text) => {
    const td = el("td", { textContent: text });
    td.style.minWidth = "44px";
    return td;
  };
  const row = (name, t, last = "") => el("tr", {}, el("th", { scope: "row" }, name),
    ...Array.from(t.data, (x) => cell(brief(x))), cell(last));
  const head = (text) => el("tr", {}, el("th", { scope: "rowgroup" }, text),
    ...[...NAMES, "sum"].map((name) => el("th", { scope: "col" }, name)));
  const rows = [
    head("Nothing taken off"), row("score / temperature", r.divided),
    row("exp", r.exps, brief(sum(r.exps))), row("exp / sum", r.naive),
    head("Largest taken off"), row("minus the largest", off),
    row("exp", exps, brief(sum(exps))), row("exp / sum = weights", r.weights),
  ];
  rows.forEach((tr, i) => (tr.firstChild.style.fontWeight = i % 4 ? "normal" : "600"));
  return rows;
}

/** Bars of both ways, and a word where there is no number to draw. */
function drawShares(plot, r) {
  const [stable, naive] = [r.weights, r.naive].map(({ data }) => Array.from(data, (x) => x || 0));
  const at = (side) => [0, 1, 2].map((j) => j + side * 0.2);
  plot.draw({ x: [-0.5, 2.5], y: [0, 1], xTicks: NAMES.map((label, i) => ({ at: i, label })),
    label: `Weights ${stable.map(short).join(", ")}`, series: [
      { kind: "bars", x: at(-1), y: stable, width: 0.38, name: "largest taken off first: the weights" },
      { kind: "bars", x: at(1), y: naive, width: 0.38, color: 2, name: "nothing taken off" },
    ] });
  r.naive.data.forEach((x, j) => {
    if (!Number.isNaN(x)) return;
    const place = `translate(${plot.px(j + 0.2) + 4} ${plot.py(0) - 6}) rotate(-90)`;
    plot.svg.append(svg("text", { transform: place }, overflows(r) ? "overflow" : "0 / 0"));
  });
}

function drawReaction(plot, r, { d_k }) {
  plot.draw({ x: [1, 1400], y: [0, 0.4], label: `Now d_k is ${d_k}`,
    xTicks: [1, 4, 16, 64, 256, 1024].map((at) => ({ at, label: at })), series: [
      { kind: "line", x: SIZES, y: r.scaled_medians.data, color: 2,
        name: `divided by √d_k, median: ${r.scaled_median.toFixed(3)}` },
      { kind: "line", x: SIZES, y: r.raw_means.data, name: "not divided, mean" },
      { kind: "line", x: SIZES, y: r.raw_medians.data, color: 3, dashed: true,
        name: `not divided, median: ${r.raw_median.toFixed(3)}` },
      { kind: "rule", x: d_k, color: 4, name: `d_k = ${d_k}` },
      { kind: "dots", x: [d_k, d_k], y: [r.raw_median, r.scaled_median], color: 4 },
    ] });
}

const REACTION = "Nudge a score, and every weight moves. The matrix says how much: a row for each " +
  "weight, a column for each score. Its size is the root of the sum of its squared entries. The curves " +
  "are for 500 random queries with 16 random keys each. Without the division the reaction first grows, " +
  "then most rows stop reacting. The mean hides that, because a few rows stay undecided.";

/** The second part: pictures of the reaction, with their own slider. */
function reactionPart(view) {
  view.slider("d_k", { label: "`d_k` of the random rows", steps: SIZES });
  const matrix = new Heatmap({ title: "How these weights react: Jacobian", range: [-0.25, 0.25],
    rowName: "weight", colName: "score", announce: (text) => view.tell(text) });
  const plot = new Plot({ title: "Size of the softmax's Jacobian", width: 440,
    x: { label: "d_k (entries of a query)", log: true }, y: { label: "size" } });
  const panes = el("div", { className: "qkv-panes" }, plot.node, matrix.node);
  const node = el("div", {}, el("p", { textContent: REACTION }), view.controls.lastChild, panes);
  node.style.flexBasis = "100%";
  return { node, matrix, plot };
}

function build(view) {
  for (const [i, name] of NAMES.entries())
    view.slider(`score_${i}`, { label: `score of ${name}`, min: -5, max: 5, step: 0.5 });
  view.slider("temperature", { label: "temperature", steps: TEMPERATURES });
  view.slider("shift", { label: "add to every score", steps: [-1000, -100, 0, 100, 1000] });
  view.checkbox("reaction", { label: "show how strongly the weights react" });
  const shares = view.plot({ title: "Shares of the budget: exp / sum of exps",
    y: { label: "share" }, width: 340 });
  const body = el("tbody", {}), table = el("table", {}, el("caption", {}, "The same, step by step"), body);
  table.style.marginTop = "0";
  view.add({ node: table });
  const { node, matrix, plot } = view.add(reactionPart(view));
  const slopes = { rows: ["w0", "w1", "w2"], cols: ["s0", "s1", "s2"] };
  view.yours.labels = { weights: { cols: NAMES }, jacobian: slopes };
  view.table("The numbers as tables", (r, { reaction }) => [
    { title: "Weights", t: r.weights, rows: [""], cols: NAMES },
    { title: "Jacobian", t: r.jacobian, ...slopes },
    ...(reaction ? [
      { title: "Median size, divided by √d_k", t: r.scaled_medians, rows: [""], cols: SIZES },
      { title: "Median size, not divided", t: r.raw_medians, rows: [""], cols: SIZES }] : []),
  ]);
  return (r, settings) => {
    drawShares(shares, r);
    body.replaceChildren(...steps(r));
    node.hidden = !settings.reaction;
    if (settings.reaction) {
      matrix.draw(r.jacobian, slopes);
      drawReaction(plot, r, settings);
    }
    view.say(describe(r, settings));
  };
}

export default explorer({ compute, build });
