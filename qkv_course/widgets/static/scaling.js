// Lesson 04: scores grow like √d_k. The numbers are those of scaling.py.

const LARGEST = 1024, PAIRS = 500, QUERIES = 6, KEYS = 8, LOW = -48.75, WIDTH = 1.5, BINS = 65;
const STEPS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];

const cache = {}; // a million random numbers: draw them once for each seed
const vectors = (seed) => (cache[seed] ??= [QUERIES, KEYS, PAIRS, PAIRS].map((n, i) =>
  normals([n, LARGEST], 4 * seed + i)));

const first = ({ shape: [n, width], data }, d) =>
  mapped(tensor([n, d]), (_, p) => data[Math.floor(p / d) * width + (p % d)]);

/** The dot product of row i with row i, over the first d entries. */
const paired = (a, b, d) => mapped(tensor([PAIRS]), (_, i) => {
  let sum = 0;
  for (let k = i * LARGEST; k < i * LARGEST + d; k++) sum += a.data[k] * b.data[k];
  return sum;
});

function histogram(samples) {
  const counts = tensor([BINS]);
  for (const x of samples.data) {
    const bin = Math.floor((x - LOW) / WIDTH);
    if (bin >= 0 && bin < BINS) counts.data[bin]++;
  }
  return counts;
}

function compute({ d_k, scale, seed }) {
  const [allQ, allK, moreQ, moreK] = vectors(seed), root = Math.sqrt(d_k);
  const divisor = scale ? root : 1;
  const samples = mapped(paired(moreQ, moreK, d_k), (x) => x / divisor);
  const q = first(allQ, d_k), k = first(allK, d_k), scores = dots(q, k);
  const scaled = mapped(scores, (x) => x / root);
  return {
    q, k, samples, counts: histogram(samples), spread: std(samples.data),
    expected: root / divisor, scores, scaled, weights: softmax(scale ? scaled : scores),
  };
}

function describe(r, { d_k, scale }) {
  const root = Number.isInteger(Math.sqrt(d_k)) ? Math.sqrt(d_k) : Math.sqrt(d_k).toFixed(2);
  const rows = Array.from({ length: QUERIES }, (_, i) => r.weights.data.subarray(i * KEYS, (i + 1) * KEYS));
  const what = scale ? `divided by √${d_k} = ${root}` : "not divided";
  return `d_k = ${d_k}, ${what}: the spread (std) of the scores is ` +
    `${r.spread.toFixed(2)}, in theory ${scale ? 1 : `√${d_k} = ${root}`}. The largest weight of a row is ` +
    `${mean(rows.map((row) => Math.max(...row))).toFixed(2)} on average; ` +
    `${(1 / KEYS).toFixed(3)} for each key would be even.`;
}

/** Say how many scores the picture leaves out. */
function beyond(r) {
  const rest = 1 - r.counts.data.reduce((a, b) => a + b, 0) / PAIRS;
  return rest > 1e-9 ? ` (${(100 * rest).toFixed(1)} % outside)` : "";
}

const ROWS = Array.from({ length: QUERIES }, (_, i) => `q${i}`);
const COLS = Array.from({ length: KEYS }, (_, j) => `k${j}`);
const MIDDLES = Array.from({ length: BINS }, (_, i) => LOW + WIDTH * (i + 0.5));

/** The histogram's series: what was measured, and one standard deviation to both sides. */
const series = (r, shares) => [
  { kind: "bars", x: MIDDLES, y: shares, width: WIDTH * 0.9, name: `measured${beyond(r)}` },
  { kind: "rule", x: -r.expected, color: 2, dashed: true },
  { kind: "rule", x: r.expected, color: 2, dashed: true, name: "± the spread in theory" },
];

function build(view) {
  view.slider("d_k", { label: "`d_k`", steps: STEPS });
  view.checkbox("scale", { label: "divide by `√d_k`" });
  const spread = view.plot({ title: "Scores of 500 random pairs",
    x: { label: "score q·k" }, y: { label: "share of pairs" } });
  const weights = view.heatmap({ title: "Weights: softmax of each row of scores",
    rowName: "query", colName: "key", range: [0, 1] });
  const labels = { rows: ROWS, cols: COLS };
  view.yours.labels = { scaled: labels, scores: labels };
  view.table("The numbers as tables", (r) => [
    { title: "Scores", t: r.scores, ...labels },
    { title: "Scaled scores", t: r.scaled, ...labels },
    { title: "Weights", t: r.weights, ...labels },
  ]);
  return (r, settings) => {
    const shares = Array.from(r.counts.data, (c) => c / PAIRS);
    spread.draw({ x: [LOW, -LOW], y: [0, 1.05 * Math.max(...shares)], series: series(r, shares),
      label: `Standard deviation ${r.spread.toFixed(2)}` });
    weights.draw(r.weights, labels);
    view.say(describe(r, settings));
  };
}

export default explorer({ compute, build });
