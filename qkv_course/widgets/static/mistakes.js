// Right and wrong side by side, for the mistake that is chosen. Python computed all numbers.

/** Draw some values below a title; `others` are their counterparts, to mark what differs. */
function group(view, title, kind, values, others) {
  const pictures = values.map((value) => value.shape?.length
    ? picture(view, value, others?.find((o) => o.name === value.name)) : line(value));
  return el("div", { className: `qkv-group ${kind}` }, el("h4", { textContent: title }),
    el("div", { className: "qkv-panes" }, ...pictures));
}

function line({ name, data, text }) {
  return el("p", {}, ...rich(`\`${name}\` = ${text ?? +numeric(data[0]).toPrecision(6)}`));
}

function picture(view, value, other) {
  const t = decoded(value), beside = other?.shape?.join() === value.shape.join() && decoded(other);
  const range = other?.shape?.length ? extent(t, decoded(other)) : extent(t);
  const map = new Heatmap({ title: `\`${value.name}\``, announce: (text) => view.tell(text) });
  const write = value.bools ? (x) => (x ? "T" : "F") : undefined;
  map.draw(t, { range, write, beside: beside || undefined });
  return map.node;
}

function build(view) {
  const items = view.model.get("_items"), parts = ["given", "right", "wrong"];
  const scenes = view.model.get("_scenes").map((s) =>
    ({ ...s, ...Object.fromEntries(parts.map((part) => [part, s[part].map((i) => items[i])])) }));
  view.radios("mistake", { legend: "Choose a mistake", options: scenes.map((s) => [s.name, s.title]) });
  const advice = el("p");
  view.panes.after(advice);
  view.table("The numbers as tables", (_, { mistake }) => {
    const s = scenes.find((scene) => scene.name === mistake);
    return parts.flatMap((part) => s[part].filter((v) => v.shape).map((v) =>
      ({ title: `${part}: ${v.name}`, t: decoded(v) })));
  });
  let drawn;
  return (_, { mistake }) => {
    if (drawn === mistake) return; // the pictures only change with the mistake
    drawn = mistake;
    const s = scenes.find((scene) => scene.name === mistake);
    const wrong = group(view, "with this mistake", "qkv-wrong", s.wrong, s.right);
    if (s.remark) wrong.append(el("p", {}, ...rich(s.remark)));
    view.panes.replaceChildren(group(view, "given", "", s.given),
      group(view, "right", "qkv-right", s.right, s.wrong), wrong);
    const marked = view.panes.querySelector(".qkv-differs") ? "Dashed: numbers that differ. " : "";
    advice.replaceChildren(...rich(`${marked}Try: ${s.try}`));
    view.say(s.why);
  };
}

export default explorer({ build });
