// Lesson 01: how far a nudge of the first word travels. The numbers are those of influence.py.

const FARTHEST = 60, READ = 8, LOW = 1e-4, HIGH = 1e4;
const X = tensor([READ, 2]);
X.data.set([1, -0.5]); // the first token; the others are zero
const W_X = tensor([2, 4], Float64Array.of(1, 0.5, 0, -0.5, 0, 1, -1, 0.5));
const WEIGHTS = tensor([READ], Float64Array.of(0.3, 0.05, 0.1, 0.15, 0.05, 0.2, 0.05, 0.1));
const DISTANCES = Array.from({ length: FARTHEST + 1 }, (_, d) => d);

/**
 * The largest singular value, after Hestenes: turn the rows in pairs until all are at right
 * angles. That changes no singular value, and then the lengths of the rows are these values.
 */
function stretch(matrix) {
  const [n, m] = matrix.shape;
  const rows = Array.from({ length: n }, (_, i) => Array.from(matrix.data.slice(i * m, (i + 1) * m)));
  const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  for (let round = 0; round < 12; round++)
    for (let i = 0; i < n; i++)
      for (let j = i + 1; j < n; j++) {
        const [a, b] = [rows[i], rows[j]], shared = dot(a, b);
        if (!shared) continue;
        const angle = Math.atan2(2 * shared, dot(a, a) - dot(b, b)) / 2;
        const c = Math.cos(angle), s = Math.sin(angle);
        rows[i] = a.map((x, k) => c * x + s * b[k]);
        rows[j] = b.map((x, k) => c * x - s * a[k]);
      }
  return Math.sqrt(Math.max(...rows.map((row) => dot(row, row))));
}

const diagonal = (...entries) =>
  mapped(tensor([4, 4]), (_, p) => (p % 5 ? 0 : entries[p / 5]));

/** Matrices whose largest singular value is 1. */
const MATRICES = {
  diagonal: diagonal(1, 0.9, 0.6, 0.3), rotation: tensor([4, 4]), random: normals([4, 4], 24),
};
[[0, 0.5], [2, 1.2]].forEach(([i, angle]) => { // each turns two of the four numbers
  const c = Math.cos(angle), s = Math.sin(angle);
  MATRICES.rotation.data.set([c, s], 5 * i);
  MATRICES.rotation.data.set([-s, c], 5 * i + 4);
});
const largest = stretch(MATRICES.random);
MATRICES.random = mapped(MATRICES.random, (x) => x / largest);

function influencesOf(w_h) {
  let power = diagonal(1, 1, 1, 1);
  return tensor([FARTHEST + 1], Float64Array.from(DISTANCES, (d) => {
    if (d) power = matmul(power, w_h);
    return stretch(power);
  }));
}

function statesOf(w_h) {
  const states = tensor([READ, 4]), added = matmul(X, W_X);
  let h = tensor([1, 4]);
  for (let t = 0; t < READ; t++) {
    h = mapped(matmul(h, w_h), (x, j) => Math.tanh(added.data[t * 4 + j] + x));
    states.data.set(h.data, t * 4);
  }
  return states;
}

function compute({ kind, gain, distance }) {
  const w_h = mapped(MATRICES[kind], (x) => gain * x), influences = influencesOf(w_h);
  const blend = tensor([2], matmul(tensor([1, READ], WEIGHTS.data), X).data);
  return {
    w_h, influences, influence: influences.data[distance], x: X, w_x: W_X, states: statesOf(w_h),
    mix_weights: WEIGHTS, blend,
  };
}

/** Write a bound with as many digits as it needs, as `_size` in influence.py does. */
const size = (x) => (x < 0.0001 ? "less than 0.0001"
  : `at most ${(x * (1 + 1e-9)).toFixed(x < 0.1 ? 4 : x < 100 ? 2 : 0)}`); // halves go up

function describe(r, { distance }) {
  const n = distance + 1, plural = (noun, count) => (count === 1 ? noun : noun + "s");
  return `Recurrence: the last word is ${distance} ${plural("step", distance)} from the first. ` +
    `A nudge of size 1 has a size of ${size(r.influence)} when it arrives. ` +
    `Attention: 1 step, at any distance. It compares ${n} · ${n} = ${n * n} ` +
    `${plural("pair", n * n)}, where the recurrence takes ${n} ${plural("step", n)}, ` +
    "one after another.";
}

/** Cut a curve off where it leaves the picture, at the point on the edge. */
function inside(values) {
  const out = Array.from(values).findIndex((v) => v < LOW || v > HIGH);
  if (out < 0) return { x: DISTANCES, y: values };
  const edge = values[out] < LOW ? LOW : HIGH, before = values[out - 1];
  const share = Math.log(edge / before) / Math.log(values[out] / before);
  return { x: [...DISTANCES.slice(0, out), out - 1 + share], y: [...values.slice(0, out), edge] };
}

const NOTES = [
  "The gain is the most that one step can stretch a nudge: the largest singular value of `w_h`. The " +
  "curve leaves out the `tanh`, which makes no nudge larger; the states below have it. Networks such " +
  "as the LSTM are built to keep the factor near 1 where that is of use.",
  "Attention's path is short, and that is all it promises: how much arrives is up to the weight. " +
  "And a pair is not a step: in a layer of `d` numbers a token, a pair takes about `d` multiplications, " +
  "a step of the recurrence about `d·d`.",
];

function build(view) {
  view.slider("distance", { label: "distance", min: 0, max: FARTHEST });
  view.slider("gain", { label: "gain", min: 0.5, max: 1.2, step: 0.05,
    format: (x) => x.toFixed(2) });
  view.select("kind", { label: "`w_h`", options: [["diagonal", "diagonal: each number on its own"],
    ["rotation", "rotation: turns, treats all alike"], ["random", "random: some of everything"]] });
  const x = { label: "distance from the first word, in words" };
  const left = view.plot({ title: "What is left of a nudge of size 1", x, y: { label: "size", log: true } });
  const right = view.plot({ title: "What it takes, for n = distance + 1 words", x,
    y: { label: "count", log: true } });
  view.add({ node: el("div", {}, ...NOTES.map((text) => el("p", {}, ...rich(text)))) });
  const matrix = view.heatmap({ title: "`w_h`", rowName: "from", colName: "to", range: [-1.2, 1.2] });
  const states = view.heatmap({ title: "What the nudge does to the first 8 states, with `tanh`",
    rowName: "after", colName: "state", range: [-1, 1] });
  const units = [0, 1, 2, 3].map((j) => `h${j}`), words = Array.from(WEIGHTS.data, (_, t) => `word ${t}`);
  view.yours.labels = { states: { rows: words, cols: units }, blend: { cols: ["x0", "x1"] } };
  view.table("The nudge as tables", (r) => [
    { title: "What is left, by distance", t: r.influences, rows: ["at most"], cols: DISTANCES },
    { title: "w_h", t: r.w_h, rows: units, cols: units },
    { title: "States", t: r.states, rows: words, cols: units },
    { title: "Tokens, with the weights of the mix", t: mixed(r), rows: words, cols: ["x0", "x1", "weight"] },
  ]);
  return (r, settings) => {
    left.draw({ x: [0, FARTHEST], y: [LOW, HIGH], series: fading(r, settings), label: size(r.influence) });
    right.draw({ x: [0, FARTHEST], y: [0.5, HIGH], series: costs(settings),
      label: `${settings.distance + 1} words` });
    matrix.draw(r.w_h, { rows: units, cols: units });
    states.draw(r.states, { rows: words, cols: units });
    view.say(describe(r, settings));
  };
}

/** Tokens and weights side by side. */
const mixed = (r) => tensor([READ, 3], Float64Array.from({ length: 3 * READ }, (_, p) =>
  p % 3 < 2 ? r.x.data[Math.floor(p / 3) * 2 + (p % 3)] : r.mix_weights.data[Math.floor(p / 3)]));

function fading(r, { distance }) {
  const seen = r.influence >= LOW && r.influence <= HIGH;
  return [
    { kind: "line", ...inside(r.influences.data), name: "recurrence, at most" },
    { kind: "rule", x: distance, color: 2, dashed: true,
      name: seen ? "now" : `now: ${r.influence < LOW ? "below" : "above"} the picture` },
    { kind: "dots", x: seen ? [distance] : [], y: [r.influence], color: 2 },
  ];
}

function costs({ distance }) {
  const n = DISTANCES.map((d) => d + 1), at = distance + 1;
  return [
    { kind: "line", x: DISTANCES, y: n.map((i) => i * i), color: 2,
      name: `attention: n·n = ${at * at} pairs` },
    { kind: "line", x: DISTANCES, y: n, color: 1, name: `recurrence: n = ${at} steps in a row` },
    { kind: "line", x: DISTANCES, y: n.map(() => 1), color: 3, dashed: true,
      name: "attention: a path of 1 step" },
    { kind: "dots", x: [distance], y: [at * at], color: 2 },
    { kind: "dots", x: [distance], y: [at], color: 1 },
    { kind: "dots", x: [distance], y: [1], color: 3 },
  ];
}

export default explorer({ compute, build });
