// Lesson 12: a training while it runs, and its snapshots afterwards. The numbers are those of
// training.py; a history of one's own comes from Python, packed.

const LAST = 100000; // as a step: the last one that there is
const PARTS = 1000, LEVELS = 100; // roles are in steps of 1/1000, rows in steps of 1/100
const BEAT = 160; // milliseconds from one snapshot to the next while it plays

// ---- Numbers ------------------------------------------------------------------------------

/** The history that is set: a stored one, or what Python sent. */
const historyOf = ({ history }, data) => data ?? STORED[history];

/** What is chosen in a history; past the last, the last. */
function chosen(h, { layer, head, example }) {
  const within = (x, n) => Math.min(x, n - 1);
  return {
    layer: within(layer, h.n_layers), head: within(head, h.n_heads),
    example: within(example, h.examples.length),
  };
}

function compute(settings, data) {
  const h = historyOf(settings, data), { layer, head, example } = chosen(h, settings);
  const at = Math.max(0, h.steps.findLastIndex((s) => s <= settings.step));
  const size = [h.n_layers, h.n_heads, h.roles.length], n = h.examples[0].length;
  const first = ((layer * h.n_heads + head) * h.examples.length + example) * n;
  // Numbers of one place stand side by side, from the first snapshot to the last.
  const now = (flat, from, many, parts) => Float64Array.from({ length: many }, (_, i) =>
    flat[(from + i) * h.steps.length + at] / parts);
  return {
    at, step: h.steps[at], loss: h.loss[at],
    accuracy: tensor([h.features.length], Float64Array.from(h.accuracy[at])),
    roles: tensor(size, now(h.on_roles, 0, size[0] * size[1] * size[2], PARTS)),
    row: tensor([n], now(h.rows, first, n, LEVELS)),
  };
}

// ---- Words --------------------------------------------------------------------------------

const percent = (x) => `${(100 * x + 1e-9).toFixed(1)} %`;
const headName = (layer, head) => `layer ${layer}, head ${head}`;
const largest = ({ data }) => data.indexOf(Math.max(...data));

function describe(r, settings, data) {
  const h = historyOf(settings, data), { layer, head, example } = chosen(h, settings);
  const read = h.features.map((f, i) => `${f} ${percent(r.accuracy.data[i])}`).join(", ");
  const top = largest(r.roles), role = top % h.roles.length, of = Math.floor(top / h.roles.length);
  const looker = headName(Math.floor(of / h.n_heads), of % h.n_heads), j = largest(r.row);
  return `Step ${r.step}, loss ${fixed(r.loss)}. Read right: ${read}. Most on a role: ${looker} ` +
    `puts ${fixed(r.roles.data[top])} of its weight on "${h.roles[role]}". In the example, ` +
    `${headName(layer, head)} attends most to "${h.examples[example][j]}": ` +
    `${fixed(r.row.data[j])}.`;
}

/** Say how far a training is, and what may be done now. */
function standing({ state, step, steps, loss, seconds }) {
  const far = `step ${step} of ${steps}, ${seconds.toFixed(1)} seconds`;
  if (state === "training") return `Training: ${far}, loss ${fixed(loss)}.`;
  if (state === "done") return `Done: ${far}.`;
  if (state === "failed") return `It could not go on: ${far}.`;
  return `Stopped: ${far}. All that was learned is kept. To go on, run \`watch(run)\` in a new ` +
    "cell, or `run.train()`, with your training in place of `run`.";
}

// ---- Controls -----------------------------------------------------------------------------

/** How far the training is, and a button that stops it; nothing for a stored one. */
function progress(view) {
  const bar = el("progress", { max: 1, value: 0, "aria-label": "steps made" });
  const button = el("button", { type: "button", textContent: "Stop" });
  const text = el("span"), hint = el("span", { className: "qkv-quiet" });
  const node = el("div", { className: "qkv-control qkv-standing" }, bar, button, text, hint);
  button.addEventListener("click", async () => {
    button.disabled = true;
    hint.textContent = "It stops after this step.";
    try {
      // While a cell runs, no message of a widget reaches it: only an interrupt does.
      const kernel = view.model.widget_manager?.kernel;
      if (kernel?.interrupt) await kernel.interrupt(); else view.model.send({ stop: true });
    } catch {
      hint.textContent = "To stop it, press ■ in the notebook's toolbar.";
    }
  });
  view.controls.append(node);
  let before;
  view.shown.push(() => {
    const now = view.model.get("_progress");
    node.hidden = !now?.state;
    if (node.hidden) return;
    bar.value = now.step / now.steps;
    text.replaceChildren(...rich(standing(now)));
    bar.hidden = button.hidden = hint.hidden = now.state !== "training";
    if (now.state === before) return;
    before = now.state;
    button.disabled = false;
    hint.textContent = "The notebook's ■ stops it, too.";
    if (before !== "training") view.tell(standing(now).replaceAll("`", ""));
  });
}

/** The slider over the snapshots, with a button that goes through them. */
function scrubber(view) {
  const input = el("input", { type: "range", min: 0, step: 1 });
  const value = el("span", { className: "qkv-value" });
  const button = el("button", { type: "button", textContent: "Play" });
  const steps = () => historyOf(view.settings(), view.data).steps;
  const trains = () => view.model.get("_progress")?.state === "training";
  const go = (at) => {
    const last = at === steps().length - 1;
    view.set("step", last && trains() ? LAST : steps()[at]); // at the end it follows what comes
  };
  let timer = 0;
  const pause = () => {
    clearInterval(timer);
    timer = 0;
    button.textContent = "Play";
  };
  const beat = () => {
    const at = input.valueAsNumber + 1;
    if (at < steps().length) go(at);
    if (at >= steps().length - 1) pause();
  };
  button.addEventListener("click", () => {
    if (timer) return pause();
    if (input.valueAsNumber >= steps().length - 1) go(0);
    button.textContent = "Pause";
    timer = setInterval(beat, BEAT);
  });
  input.addEventListener("input", () => {
    pause();
    go(input.valueAsNumber);
  });
  view.undo.push(pause);
  view.controls.append(el("div", { className: "qkv-control" },
    button, el("label", {}, el("span", {}, "step"), input), value));
  view.shown.push((settings) => {
    const all = steps(), at = compute(settings, view.data).at;
    input.max = all.length - 1;
    input.value = at;
    value.textContent = all[at];
    input.setAttribute("aria-valuetext", `step ${all[at]}`);
  });
}

/** A drop-down list whose entries change with the history: of(history) gives [text, settings]. */
function choice(view, label, of) {
  const input = el("select");
  let entries = [], known;
  input.addEventListener("change", () => {
    for (const [name, value] of Object.entries(entries[input.selectedIndex][1]))
      view.set(name, value);
  });
  view.controls.append(el("div", { className: "qkv-control" },
    el("label", {}, el("span", {}, label), input)));
  view.shown.push((settings) => {
    const h = historyOf(settings, view.data), now = { ...settings, ...chosen(h, settings) };
    entries = of(h);
    const texts = JSON.stringify(entries.map(([text]) => text));
    if (texts !== known)
      input.replaceChildren(...entries.map(([text]) => el("option", { textContent: text })));
    known = texts;
    input.selectedIndex = entries.findIndex(([, wanted]) =>
      Object.entries(wanted).every(([name, value]) => now[name] === value));
  });
}

const heads = (h) => Array.from({ length: h.n_layers * h.n_heads }, (_, i) =>
  [Math.floor(i / h.n_heads), i % h.n_heads]);

// ---- Pictures -----------------------------------------------------------------------------

/** Lines that grow with the steps, and the step that is shown. */
function curves(view, title, label, of) {
  const plot = view.plot({ title, x: { label: "step" }, y: { label }, width: 360, height: 210 });
  return (h, r) => {
    const { series, top } = of(h), from = h.steps[0];
    const until = Math.max(view.model.get("_progress")?.steps ?? 0, h.steps.at(-1), from + 1);
    const label = `Up to step ${h.steps.at(-1)}; now shown: step ${r.step}.`;
    plot.draw({ x: [from, from + 1.03 * (until - from)], y: [0, top], label, series: [
      ...series.map((s, i) => ({ kind: "line", x: h.steps, color: i + 1, dashed: i % 2, ...s })),
      ...(h.steps.length > 1 ? [] : series.map((s, i) =>
        ({ kind: "dots", x: h.steps, y: s.y, color: i + 1 }))),
      { kind: "rule", x: r.step, color: "n" },
    ] });
  };
}

const read = (h) => ({ top: 1, series: h.features.map((name, i) =>
  ({ name, y: h.accuracy.map((a) => a[i]) })) });
const lost = (h) => ({ top: Math.max(...h.loss) || 1, series: [{ y: h.loss }] });

/** The weights of all heads on all roles; a click, or Enter, chooses the head. */
function roleMap(view) {
  const map = view.heatmap({ title: "Mean weight on each role", range: [0, 1],
    rowName: "", colName: "on the",
    read: (i, j, x) => `${map.rows[i]} puts ${fixed(x)} of its weight on "${map.cols[j]}".` });
  const choose = () => {
    if (!map.cursor) return;
    const [layer, head] = heads(historyOf(view.settings(), view.data))[map.cursor[0]];
    view.set("layer", layer);
    view.set("head", head);
  };
  map.grid.addEventListener("click", choose);
  map.grid.addEventListener("keydown", (event) => event.key === "Enter" && choose());
  return (h, r, { layer, head }) => {
    const [n, m] = [h.n_layers * h.n_heads, h.roles.length];
    map.draw(tensor([n, m], r.roles.data), {
      rows: heads(h).map((at) => headName(...at)), cols: h.roles,
      title: `Step ${r.step}: mean weight on each role, in held-out passages`,
    });
    map.grid.querySelectorAll(".qkv-left").forEach((label, i) =>
      label.classList.toggle("qkv-on", i === layer * h.n_heads + head));
  };
}

/** A passage whose words are shaded by the weight that they get, with the weight below. */
function passage(view) {
  const title = el("figcaption"), words = el("ol"), answers = el("p");
  view.add({ node: el("figure", { className: "qkv-pane qkv-passage" }, title, words, answers) });
  return (h, r, { layer, head, example }) => {
    const all = h.examples[example], reader = all.at(-1);
    title.textContent = `What "${reader}" attends to in ${headName(layer, head)}, step ${r.step}`;
    words.replaceChildren(...all.flatMap((word, j) => {
      if (word === "") return []; // what fills it up to the length of the others
      const weight = r.row.data[j];
      const item = el("li", {}, el("span", { textContent: word }), " ",
        el("small", { textContent: fixed(weight) }));
      item.style.setProperty("--weight", `${(50 * weight).toFixed(1)}%`);
      return [item];
    }));
    const right = Object.entries(h.answers[example]).map(([f, answer]) => `${f} ${answer}`);
    answers.textContent = `Right answers: ${right.join(", ")}.`;
  };
}

// ---- The view -----------------------------------------------------------------------------

/** Unpack what Python sent; undefined for a stored history. */
async function received(model) {
  const packed = model.get("_own");
  if (!packed?.byteLength) return undefined;
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

/** Unpack again whenever Python sends more; what arrives late never replaces what is newer. */
function follow(view) {
  let newest = 0;
  const more = async () => {
    const mine = ++newest, data = await received(view.model);
    if (mine !== newest) return;
    view.data = data;
    view.key = undefined; // compute again: the settings may be the same, the data are not
    view.schedule();
  };
  view.model.on("change:_own", more);
  view.undo.push(() => view.model.off("change:_own", more));
  view.on("change:_progress");
}

function build(view) {
  view.root.classList.add("qkv-training");
  view.data = view.model.__qkvHistory;
  follow(view);
  progress(view);
  if (view.model.get("_settings").includes("history"))
    choice(view, "language", () => Object.keys(STORED).map((history) => [history, { history }]));
  scrubber(view);
  choice(view, "head", (h) => heads(h).map(([layer, head]) =>
    [headName(layer, head), { layer, head }]));
  choice(view, "example", (h) => h.examples.map((_, example) => [`${example}`, { example }]));
  const parts = [
    curves(view, "Read right in held-out passages", "share", read),
    curves(view, "Training loss", "loss", lost), roleMap(view), passage(view),
  ];
  const here = () => historyOf(view.settings(), view.data);
  view.table("The numbers as tables", (r) => {
    const h = here(), { n_layers, n_heads, roles, features } = h, t = r.roles;
    const named = h.examples[chosen(h, view.settings()).example].map((w) => w || "(none)");
    return [
      { title: "Read right, and the loss", rows: h.steps, cols: [...features, "loss"],
        t: tensor([h.steps.length, features.length + 1],
          Float64Array.from(h.steps.flatMap((_, i) => [...h.accuracy[i], h.loss[i]]))) },
      { title: `Weights on the roles at step ${r.step}`, cols: roles,
        rows: heads(h).map((at) => headName(...at)),
        t: tensor([n_layers * n_heads, roles.length], t.data) },
      { title: "Weights in the example", rows: named, cols: ["weight"],
        t: tensor([named.length, 1], r.row.data) },
    ];
  });
  return (r, settings) => {
    const h = here(), now = chosen(h, settings);
    for (const part of parts) part(h, r, now);
    view.say(describe(r, settings, view.data));
  };
}

const shared = explorer({ compute, build });

export default {
  ...shared,
  async render(context) {
    context.model.__qkvHistory = await received(context.model);
    return shared.render(context);
  },
};
