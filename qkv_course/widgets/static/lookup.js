// Lesson 02: a table of lamps whose answers blend. The numbers are those of lookup.py.

const LAMPS = ["amber", "green", "pink", "white"], LIGHT = ["red", "green", "blue"];
const FEATURES = ["calm", "festive"];
const KEYS = tensor([4, 2], Float64Array.of(3, 0, 2, 2, 0, 3, -1, -1));
const VALUES = tensor([4, 3], Float64Array.of(0.9, 0.6, 0, 0, 0.6, 0.5, 0.8, 0.5, 0.7, 1, 1, 1));
const AVERAGE = tensor([3], Float64Array.of(0, 1, 2).map((j) =>
  mean([0, 1, 2, 3].map((i) => VALUES.data[i * 3 + j]))));
const TEMPERATURES = [0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10];
const REACH = 2, EDGES = [-2.6, 4]; // of the query, and of the picture

const flat = (t) => tensor([t.data.length], t.data);
const row = (t) => tensor([1, t.data.length], t.data);

function compute({ calm, festive, temperature }) {
  const query = tensor([2], Float64Array.of(calm, festive)), scores = flat(dots(row(query), KEYS));
  const weights = softmax(mapped(scores, (x) => x / temperature));
  const best = scores.data.indexOf(Math.max(...scores.data));
  return {
    query, keys: KEYS, values: VALUES, scores, weights, best,
    winner: tensor([3], VALUES.data.slice(best * 3, best * 3 + 3)),
    blend: flat(matmul(row(weights), VALUES)), average: AVERAGE,
  };
}


function end({ data }) {
  const most = Math.max(...data);
  if (most > 0.99) return "This is one end: as good as one winner.";
  if (most - Math.min(...data) < 0.15) return "This is the other end: close to the average of everything.";
  return "Between the two ends: a blend.";
}

function describe(r, { calm, festive, temperature }) {
  const list = (t) => Array.from(t.data, fixed).join(", "), name = LAMPS[r.best];
  const equals = r.scores.data.filter((s) => s === r.scores.data[r.best]).length;
  return `Query [${calm.toFixed(1)}, ${festive.toFixed(1)}], temperature ${temperature}: ${name} fits ` +
    `best${equals > 1 ? ` (the first of ${equals} equals)` : ""}, with a score of ` +
    `${fixed(r.scores.data[r.best])} and a weight of ${fixed(r.weights.data[r.best])}. ` +
    `Red, green, blue: the blend is [${list(r.blend)}], ${name} alone is [${list(r.winner)}]. ${end(r.weights)}`;
}

/** Let the mouse carry the query; the sliders do the same from the keyboard. */
function draggable(view, plane) {
  const picture = plane.svg;
  const move = (event) => {
    if (!event.buttons) return;
    const box = picture.getBoundingClientRect(), scale = plane.width / box.width;
    const unit = plane.px(1) - plane.px(0);
    const x = ((event.clientX - box.left) * scale - plane.px(0)) / unit;
    const y = (plane.py(0) - (event.clientY - box.top) * scale) / unit;
    const within = (v) => Math.round(10 * Math.min(REACH, Math.max(-REACH, v))) / 10;
    view.set("calm", within(x));
    view.set("festive", within(y));
  };
  picture.style.touchAction = "none";
  picture.style.cursor = "crosshair";
  picture.addEventListener("pointerdown", (event) => {
    picture.setPointerCapture(event.pointerId);
    move(event);
  });
  picture.addEventListener("pointermove", move);
}

function build(view) {
  const tenths = (x) => x.toFixed(1);
  for (const name of FEATURES)
    view.slider(name, { label: `query: ${name}`, min: -REACH, max: REACH, step: 0.1, format: tenths });
  view.slider("temperature", { label: "temperature", steps: TEMPERATURES });
  const plane = view.plot({ title: "Keys and query (drag the query)", width: 384, height: 370,
    x: { label: "calm" }, y: { label: "festive" } });
  const column = view.add({ node: el("div") });
  const weights = view.bars({ title: "Weights: softmax of score / temperature", height: 180,
    y: { label: "weight" } });
  const light = view.bars({ title: "The light that comes out", height: 190, y: { label: "0 to 1" } });
  column.node.append(weights.node, light.node);
  draggable(view, plane);
  view.yours.labels = { blend: { cols: LIGHT }, scores: { cols: LAMPS }, winner: { cols: LIGHT } };
  view.table("The lamps as tables", tables);
  return (r, settings) => {
    plane.draw({ x: EDGES, y: EDGES, series: arrows(r.query),
      label: `${LAMPS[r.best]} fits the query best` });
    LAMPS.forEach((name, i) => nameTip(plane, KEYS.data.slice(2 * i, 2 * i + 2), name));
    nameTip(plane, r.query.data, "query");
    const labels = LAMPS.map((name, i) => `${name} ${fixed(r.weights.data[i])}`);
    weights.draw({ labels, y: [0, 1], series: [{ values: r.weights.data }], label: labels.join(", ") });
    light.draw({ labels: LIGHT, y: [0, 1], series: [
      { values: r.winner.data, name: `${LAMPS[r.best]} alone`, color: 3 },
      { values: r.blend.data, name: "blend", color: 1 },
      { values: r.average.data, name: "average of all", color: 2 },
    ] });
    view.say(describe(r, settings));
  };
}

const tables = (r) => [
  { title: "Keys", t: r.keys, rows: LAMPS, cols: FEATURES },
  { title: "Values", t: r.values, rows: LAMPS, cols: LIGHT },
  { title: "Scores and weights", t: tensor([2, 4], Float64Array.of(...r.scores.data, ...r.weights.data)),
    rows: ["score", "weight"], cols: LAMPS },
  { title: "The light that comes out",
    t: tensor([3, 3], Float64Array.of(...r.winner.data, ...r.blend.data, ...r.average.data)),
    rows: [`${LAMPS[r.best]} alone`, "blend", "average of all"], cols: LIGHT },
];

const arrow = (x, y, color) => ({ kind: "arrow", x: [0, x], y: [0, y], color });

const arrows = (query) => [
  ...LAMPS.map((_, i) => arrow(KEYS.data[2 * i], KEYS.data[2 * i + 1], 1)),
  query.data.some(Boolean) ? arrow(...query.data, 2) : { kind: "dots", x: [0], y: [0], color: 2 },
  { kind: "line", x: [], y: [], name: "keys", color: 1 }, // for the legend
  { kind: "line", x: [], y: [], name: "query", color: 2 },
];

/** Write a name beside the tip of an arrow, or below a point, on a rim that keeps lines off it. */
function nameTip(plane, [x, y], name) {
  const far = Math.hypot(x, y) || 1, ux = x / far, uy = y / far;
  const anchor = ux > 0.3 ? "start" : ux < -0.3 ? "end" : "middle";
  const below = x || y ? 4 : 20;
  const text = svg("text",
    { x: plane.px(x) + 8 * ux, y: plane.py(y) - 12 * uy + below, "text-anchor": anchor });
  text.style.cssText = "paint-order: stroke; stroke: var(--qkv-bg); stroke-width: 4px";
  text.append(name);
  plane.svg.append(text);
}

export default explorer({ compute, build });
