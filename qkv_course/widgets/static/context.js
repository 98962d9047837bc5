// Lesson 06: what the words around it make of a word, in any order. The numbers are those of
// context.py.

const grid = (...rows) => tensor([rows.length, rows[0].length], Float64Array.from(rows.flat()));

const FEATURES = ["thing", "action", "water", "money"], VALUE_FEATURES = ["water", "money"];
const VECTORS = {
  fish: [1, 0, 2, 0], swim: [0, 1, 1, 0], clerks: [1, 0, 0, 2], lend: [0, 1, 0, 2],
  bank: [1, 0, 1, 1], near: [0, 0, 0, 0], at: [0, 0, 0, 0], the: [0, 0, 0, 0],
};
const SENTENCES = { river: "fish swim near the bank", money: "clerks lend at the bank" };
const ORDERS = [[0, 1, 2, 3, 4], [4, 1, 0, 3, 2], [1, 4, 2, 0, 3], [3, 2, 4, 1, 0]];
const W_Q = grid([0, 0, 0], [2, 0, 0], [0, 1, 0], [0, 0, 1]);
const W_K = grid([1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]);
const W_V = grid([0, 0], [0, 0], [1, 0], [0, 1]);

const wordsOf = (sentence, order) => {
  const words = SENTENCES[sentence].split(" ");
  return ORDERS[order].map((i) => words[i]);
};
const row = (t, i) => tensor([t.shape[1]], t.data.slice(i * t.shape[1], (i + 1) * t.shape[1]));

/** Sines and cosines, added to the words' vectors where they stand. */
const placed = (x) => mapped(x, (value, p) => {
  const [pos, column] = [Math.floor(p / 4), p % 4];
  const angle = pos / 10000 ** ((column - (column % 2)) / 4);
  return value + (column % 2 ? Math.cos(angle) : Math.sin(angle));
});

function attend(x) {
  const [q, k, v] = [W_Q, W_K, W_V].map((w) => matmul(x, w));
  const weights = softmax(mapped(dots(q, k), (s) => s / Math.sqrt(3)));
  return { q, k, v, weights, context: matmul(weights, v) };
}

function compute({ sentence, word, order, positions }) {
  const embedded = (o) => {
    const x = grid(...wordsOf(sentence, o).map((name) => VECTORS[name]));
    return positions ? placed(x) : x;
  };
  const x = embedded(order), place = ORDERS[order].indexOf(word), r = attend(x);
  const becomes = row(r.context, place), before = row(attend(embedded(0)).context, word);
  return {
    x, w_q: W_Q, w_k: W_K, w_v: W_V, ...r, place, becomes, own: row(r.v, place), before,
    difference: Math.max(...becomes.data.map((c, i) => Math.abs(c - before.data[i]))),
  };
}

/** Write "a", "a and b" or "a, b and c". */
const listed = (names) => [names.slice(0, -1).join(", "), names.at(-1)].filter(Boolean).join(" and ");
const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** Say where a row has its largest weights, which may be equal. */
function most(weights, words) {
  const top = Math.max(...weights.data), names = words.filter((_, j) => weights.data[j] > top - 1e-9);
  return names.length === words.length ? `to all words alike (${top.toFixed(2)} each)`
    : `most to ${listed(names)} (${top.toFixed(2)}${names.length > 1 ? " each" : ""})`;
}

const same = (r) => r.difference <= 1e-9;

function describe(r, { sentence, order, positions }) {
  const words = wordsOf(sentence, order), name = words[r.place];
  const values = (t) => VALUE_FEATURES.map((f, i) => `${f} ${t.data[i].toFixed(2)}`).join(", ");
  const said = [`${capital(name)} attends ${most(row(r.weights, r.place), words)}.`,
    `Its context: ${values(r.becomes)}. Its own value: ${values(r.own)}.`];
  const verdict = same(r) ? "is the same as in" : `differs by ${r.difference.toFixed(2)} from`;
  if (order) said.push(`Shuffled, ${name}'s context ${verdict} the sentence as written.`);
  if (positions) said.push("Positions are added to the same four columns, and blur them.");
  return said.join(" ");
}

/** The chosen word above, all words below, and a line for each weight. A click chooses. */
class Lines {
  constructor(choose) {
    this.choose = choose;
    this.svg = svg("svg", { viewBox: "0 0 390 172", role: "img", class: "qkv-plot" });
    this.svg.style.width = "380px";
    this.node = el("figure", { className: "qkv-pane" },
      el("figcaption", {}, "How much it attends to each word"), this.svg);
  }

  draw(r, words) {
    const weights = row(r.weights, r.place).data, top = Math.max(...weights);
    const at = (i) => 39 + 78 * i, nodes = [];
    weights.forEach((w, j) => nodes.push(svg("line", { x1: at(r.place), y1: 28, x2: at(j), y2: 118,
      stroke: "var(--qkv-1)", "stroke-width": 1 + (9 * w) / top,
      "stroke-opacity": 0.1 + (0.8 * w) / top })));
    words.forEach((word, i) => {
      const chosen = i === r.place;
      const asks = svg("text", { x: at(i), y: 18, "text-anchor": "middle" }, word);
      asks.style.cssText = `cursor: pointer; font-size: 14px; font-weight: ${chosen ? 700 : 400}`;
      asks.addEventListener("click", () => this.choose(i));
      const box = { x: at(i) - 32, y: 1, width: 64, height: 25, rx: 4, "stroke-width": 2,
        fill: "none", stroke: "var(--qkv-1)" };
      const answers = svg("text", { x: at(i), y: 136, "text-anchor": "middle" }, word);
      answers.style.fontSize = "14px";
      nodes.push(asks, answers,
        svg("text", { x: at(i), y: 154, "text-anchor": "middle" }, weights[i].toFixed(2)),
        ...(chosen ? [svg("rect", box)] : []));
    });
    this.svg.replaceChildren(...nodes);
    this.svg.setAttribute("aria-label", `Weights of ${words[r.place]}: ` +
      words.map((word, j) => `${word} ${weights[j].toFixed(2)}`).join(", "));
  }
}

/** Give an option of a list another text, as the other settings want it. */
function relabel(control, texts) {
  control.querySelectorAll("option").forEach((option, i) => {
    if (option.textContent !== texts[i]) option.textContent = texts[i];
  });
}

function build(view) {
  const numbered = (list) => list.map((_, i) => [i, ""]);
  view.select("sentence", { label: "sentence",
    options: [["river", "about a river"], ["money", "about money"]] });
  view.select("word", { label: "follow", options: numbered(ORDERS[0]) });
  const word = view.controls.lastChild;
  view.select("order", { label: "word order", options: numbered(ORDERS) });
  const order = view.controls.lastChild;
  view.checkbox("positions", { label: "positions added" });
  const lines = view.add(new Lines((i) => view.set("word", ORDERS[view.settings().order][i])));
  const weights = view.heatmap({ title: "Weights: row asks column", range: [0, 1],
    read: (i, j, x) => `${weights.rows[i]} gives ${weights.cols[j]} ${short(x)}` });
  const blend = view.bars({ title: "What the word becomes", y: { label: "amount" } });
  const vectors = view.heatmap({ title: "The words' vectors `x`", rowName: "word" });
  for (const map of [weights, vectors]) // as wide for every word, marked or not
    map.grid.style.gridTemplateColumns = "54px repeat(var(--cols), 44px)";
  view.shown.push((settings) => { // before yours is drawn, which needs them
    const rows = wordsOf(settings.sentence, settings.order);
    view.yours.labels = { context: { rows, cols: VALUE_FEATURES }, weights: { rows, cols: rows } };
    relabel(word, wordsOf(settings.sentence, 0));
    relabel(order, ORDERS.map((_, o) => wordsOf(settings.sentence, o).join(" ")));
  });
  view.table("The numbers as tables", (r, settings) => {
    const rows = wordsOf(settings.sentence, settings.order);
    return [
      { title: "Vectors", t: r.x, rows, cols: FEATURES },
      { title: "Weights", t: r.weights, rows, cols: rows },
      { title: "Values", t: r.v, rows, cols: VALUE_FEATURES },
      { title: "Contexts", t: r.context, rows, cols: VALUE_FEATURES },
    ];
  });
  return (r, settings) => {
    const words = wordsOf(settings.sentence, settings.order), name = words[r.place];
    lines.draw(r, words);
    weights.draw(r.weights, { rows: words.map((w, i) => (i === r.place ? `▸ ${w}` : w)), cols: words });
    vectors.draw(r.x, { rows: words, cols: FEATURES,
      title: settings.positions ? "The words' vectors `x`, with positions" : "The words' vectors `x`" });
    const series = [{ values: r.own.data, name: `${name}'s own value`, color: 2 },
      { values: r.becomes.data, name: `${name}'s context`, color: 1 }];
    const before = `${name}'s context in the sentence as written`;
    if (settings.order) series.push({ values: r.before.data, name: before, color: 3 });
    blend.draw({ labels: VALUE_FEATURES, y: [0, 3.2], series, label: describe(r, settings) });
    view.say(describe(r, settings));
  };
}

export default explorer({ compute, build });
