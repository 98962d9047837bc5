// Lesson 03: a matrix turns readable words into queries, keys or values. The numbers are those
// of projections.py.

const grid = (...rows) => tensor([rows.length, rows[0].length], Float64Array.from(rows.flat()));

const WORDS = ["fish", "swim", "near", "the", "bank"], FISH = 0, SWIM = 1;
const FEATURES = ["thing", "action", "water", "money"];
const X = grid([1, 0, 2, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 1, 1]);
const BY_HAND = [
  grid([0, 0, 0], [2, 0, 0], [0, 1, 0], [0, 0, 1]),
  grid([1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]),
  grid([0, 0], [0, 0], [1, 0], [0, 1]),
];
const ASKED = ["thing", "water", "money"], HANDED_OVER = ["water", "money"];
const MAKES = { W_Q: "queries", W_K: "keys", W_V: "values" };
const DOES = { W_Q: "asks for", W_K: "offers", W_V: "hands over" };

function compute({ matrix, random, d_k, same, seed }) {
  const drawn = () => [d_k, d_k, 2].map((d, i) => normals([FEATURES.length, d], 4 * seed + i));
  const [w_q, other, w_v] = random ? drawn() : BY_HAND, w_k = same ? w_q : other;
  const w = { W_Q: w_q, W_K: w_k, W_V: w_v }[matrix];
  const [q, k, v] = [w_q, w_k, w_v].map((m) => matmul(X, m));
  const scores = dots(q, k), mirror = transposed(scores);
  const asymmetry = Math.max(...scores.data.map((s, p) => Math.abs(s - mirror.data[p])));
  return { x: X, w, projected: matmul(X, w), w_q, w_k, w_v, q, k, v, scores, asymmetry };
}

const number = (x) => (Number.isInteger(x) ? String(x) : x.toFixed(2));
const size = ({ shape }) => `(${shape.join(", ")})`;

function describe(r, { matrix, same }) {
  const score = (i, j) => number(r.scores.data[i * WORDS.length + j]);
  const verdict = same ? "W_K is W_Q, so scores are symmetric: what i asks of j, j asks of i."
    : "W_Q and W_K differ, and scores are not symmetric.";
  return `x ${size(r.x)} @ ${matrix} ${size(r.w)} gives the ${MAKES[matrix]}, ` +
    `${size(r.projected)}. ${verdict} Swim asks fish: ${score(SWIM, FISH)}. ` +
    `Fish asks swim: ${score(FISH, SWIM)}.`;
}

/** Names for the columns that come out: only matrices made by hand have some. */
function columns(matrix, { random, d_k }) {
  const numbered = Array.from({ length: matrix === "W_V" ? 2 : d_k }, (_, j) => `${j}`);
  return random ? numbered : matrix === "W_V" ? HANDED_OVER : ASKED;
}

/** Three heatmaps as in a matrix product on paper: x on the left, w above its result. */
function product(view) {
  const tell = (text) => view.tell(text);
  const [x, w, out] = [{ rowName: "word" }, {}, {}].map((options) =>
    new Heatmap({ title: "", announce: tell, ...options }));
  const note = el("p", { textContent: "Each column of the matrix is a recipe for the column below it." });
  const readings = el("div", { className: "qkv-reading" });
  const places = [[x.node, "2 / 1"], [w.node, "1 / 2"], [out.node, "2 / 2"], [note, "1 / 1"],
    [readings, "3 / 1 / 3 / 3"]];
  for (const [node, area] of places) node.style.gridArea = area;
  Object.assign(note.style, { alignSelf: "center", maxWidth: "12em" });
  for (const map of [x, w, out]) {
    compact(map, 42);
    map.reading.className = ""; // a long reading must not push the pictures apart
    readings.append(map.reading);
  }
  for (const map of [w, out]) map.legend.hidden = true; // one color scale serves all three
  const node = el("div", {}, ...places.map(([child]) => child));
  Object.assign(node.style, { display: "grid", gap: "6px 20px", maxWidth: "100%", overflowX: "auto" });
  return { node, x, w, out };
}

function compact(map, cell) {
  map.grid.style.gridTemplateColumns = `46px repeat(var(--cols), ${cell}px)`;
  map.caption.style.whiteSpace = "nowrap";
}

/** Write out the dot product behind one entry of x @ w. */
function recipe(r, i, j, x) {
  const terms = FEATURES.map((_, f) =>
    `${short(r.x.data[i * FEATURES.length + f])} × ${short(r.w.data[f * r.w.shape[1] + j])}`);
  return `${terms.join(" + ")} = ${short(x)}`;
}

function build(view) {
  view.select("matrix", { label: "multiply by", options: Object.keys(MAKES).map((m) => [m, m]) });
  view.checkbox("same", { label: "`W_K = W_Q`" });
  view.checkbox("random", { label: "random weights" });
  view.slider("d_k", { label: "`d_k`", min: 1, max: 6 });
  const d_k = view.controls.lastChild, { x, w, out, node } = view.add(product(view));
  const scores = view.heatmap({ title: "Scores: row asks column" });
  const mirror = el("p", {});
  compact(scores, 40);
  scores.legend.before(mirror);
  view.shown.push((settings) => { // before yours is drawn, which needs them
    const labels = (m) => ({ rows: WORDS, cols: columns(m, settings) });
    const [q, k, v] = Object.keys(MAKES).map(labels);
    view.yours.labels = { projected: labels(settings.matrix), q, k, v };
  });
  view.table("The numbers as tables", (r, settings) => {
    const cols = columns(settings.matrix, settings), { matrix } = settings;
    return [
      { title: "x", t: r.x, rows: WORDS, cols: FEATURES },
      { title: matrix, t: r.w, rows: FEATURES, cols },
      { title: `x @ ${matrix}`, t: r.projected, rows: WORDS, cols },
      { title: "Scores", t: r.scores, rows: WORDS, cols: WORDS },
    ];
  });
  return (r, settings) => {
    const { matrix, random, same } = settings, cols = columns(matrix, settings);
    const name = same && matrix === "W_K" ? "W_K = W_Q" : matrix, range = extent(r.x, r.w, r.projected);
    d_k.style.visibility = random ? "" : "hidden"; // matrices made by hand have their size
    node.style.gridTemplateColumns = `max-content ${random ? "minmax(298px, max-content)" : "max-content"}`;
    w.read = (i, j, x) => `${matrix}: ${DOES[matrix]} ${cols[j]} gets ${short(x)} × ${FEATURES[i]}`;
    out.read = (i, j, x) => `${WORDS[i]} ${DOES[matrix]} ${cols[j]}: ${recipe(r, i, j, x)}`;
    x.draw(r.x, { rows: WORDS, cols: FEATURES, range, title: `x: the words ${size(r.x)}` });
    w.draw(r.w, { rows: FEATURES, cols, range, title: `\`${name}\` ${size(r.w)}: ${DOES[matrix]}` });
    out.draw(r.projected, { rows: WORDS, cols, range,
      title: `\`x @ ${matrix}\` ${size(r.projected)}: the ${MAKES[matrix]}` });
    const back = transposed(r.scores), at = (t, i, j) => short(t.data[i * WORDS.length + j]);
    scores.read = (i, j) => `${WORDS[i]} asks ${WORDS[j]}: ${at(r.scores, i, j)}; back: ${at(back, i, j)}`;
    scores.draw(r.scores, { rows: WORDS, cols: WORDS, beside: back });
    mirror.textContent = r.asymmetry > 1e-9 ? "Dashed: unlike its mirror image."
      : "Every cell equals its mirror image.";
    view.say(describe(r, settings));
  };
}

export default explorer({ compute, build });
