// Lesson 00: two arrows and the one number that compares them. The numbers are those of dot.py.

const LONGEST = 3, EDGE = 3.6, ANGLES = Array.from({ length: 37 }, (_, i) => 5 * i);
const radians = (degrees) => (degrees * Math.PI) / 180;

/** Round to 12 decimals: cos 90° shall be 0, and never -0. */
const arrow = (length, angle) => tensor([2], Float64Array.from([Math.cos, Math.sin],
  (f) => Math.round(length * f(radians(angle)) * 1e12) / 1e12 + 0));

function compute({ a_length, a_angle, b_length, b_angle }) {
  const a = arrow(a_length, a_angle), b = arrow(b_length, b_angle);
  const products = mapped(a, (x, i) => x * b.data[i]), turn = Math.abs(a_angle - b_angle) % 360;
  const curve = Float64Array.from(ANGLES, (degrees) => a_length * b_length * Math.cos(radians(degrees)));
  return {
    a, b, products, dot: products.data[0] + products.data[1],
    apart: Math.min(turn, 360 - turn), curve: tensor([ANGLES.length], curve),
  };
}

const factor = (x) => (fixed(x).startsWith("-") ? `(${fixed(x)})` : fixed(x));

function describe(r) {
  const [ax, ay] = r.a.data, [bx, by] = r.b.data, [px, py] = r.products.data;
  const side = Math.sign(r.apart - 90) + 1;
  return `a = [${fixed(ax)}, ${fixed(ay)}] and b = [${fixed(bx)}, ${fixed(by)}]: ` +
    `dot(a, b) = ${fixed(px)} + ${factor(py)} = ${fixed(r.dot)}. ` +
    `The arrows are ${r.apart}° apart, ${["less than", "exactly", "more than"][side]} ` +
    `a right angle, so the dot product is ${["above 0", "0", "below 0"][side]}.`;
}

/** The sum, written out as a table; `fill` brings its numbers up to date, `yours` among them. */
function sums() {
  const cells = Array.from({ length: 8 }, () => el("td"));
  const head = (text, scope) => el("th", { scope, textContent: text });
  const row = (name, ...tds) => el("tr", {}, head(name, "row"), ...tds);
  const own = row("yours", el("td"), el("td"), cells[7]);
  const caption = el("caption", { textContent: "Multiply entry by entry, then add up" });
  caption.style.whiteSpace = "nowrap";
  const node = el("table", {},
    caption,
    el("thead", {}, el("tr", {}, ...["entry", "a", "b", "a × b"].map((text) => head(text, "col")))),
    el("tbody", {}, row("along x", ...cells.slice(0, 3)), row("along y", ...cells.slice(3, 6)),
      row("dot(a, b)", el("td"), el("td", { textContent: "sum" }), cells[6]), own));
  cells[6].style.fontWeight = 700;
  const fill = ({ a, b, products, dot }, yours) => {
    [0, 1].flatMap((i) => [a.data[i], b.data[i], products.data[i]]).concat(dot, yours ?? 0)
      .forEach((x, i) => (cells[i].textContent = fixed(x)));
    own.hidden = yours === undefined;
  };
  return { node, fill };
}

/** The angle between the arrows: an arc from the one to the other, or a corner if it is right. */
function corner({ apart }, { a_angle, b_angle }) {
  const turn = ((((b_angle - a_angle) % 360) + 540) % 360) - 180; // from a to b, the short way
  const at = (r, degrees) => [r * Math.cos(radians(degrees)), r * Math.sin(radians(degrees))];
  const points = apart === 90
    ? [at(0.45, a_angle), at(0.45 * Math.SQRT2, a_angle + turn / 2), at(0.45, b_angle)]
    : Array.from({ length: 25 }, (_, i) => at(0.6, a_angle + (turn * i) / 24));
  return { kind: "line", color: 3, x: points.map((p) => p[0]), y: points.map((p) => p[1]),
    name: `${apart}° apart` };
}

/** All places at a right angle to a: on a's side of this line the dot product is above 0. */
function border({ a_angle }) {
  const x = 3.5 * Math.sin(radians(a_angle)), y = -3.5 * Math.cos(radians(a_angle));
  return { kind: "line", color: 4, dashed: true, x: [-x, x], y: [-y, y],
    name: "at a right angle to a" };
}

/** Both arrows, the longer one below. */
function arrows({ a, b }) {
  const from = (t, color) => ({ kind: "arrow", x: [0, t.data[0]], y: [0, t.data[1]], color });
  const both = [from(a, 1), from(b, 2)];
  return Math.hypot(...a.data) < Math.hypot(...b.data) ? both.reverse() : both;
}

/** Name the arrows: both at once where their tips are in one place. */
function nameArrows(plane, { a, b }) {
  const together = Math.hypot(a.data[0] - b.data[0], a.data[1] - b.data[1]) < 0.3;
  nameTip(plane, b.data, together ? "a and b" : "b");
  if (!together) nameTip(plane, a.data, "a");
}

/** Write a name beside the tip of an arrow, on a rim that keeps lines off it. */
function nameTip(plane, [x, y], name) {
  const far = Math.hypot(x, y) || 1, ux = x / far, uy = y / far;
  const anchor = ux > 0.3 ? "start" : ux < -0.3 ? "end" : "middle";
  const text = svg("text",
    { x: plane.px(x) + 8 * ux, y: plane.py(y) - 12 * uy + 4, "text-anchor": anchor });
  text.style.cssText = "paint-order: stroke; stroke: var(--qkv-bg); stroke-width: 4px";
  text.append(name);
  plane.svg.append(text);
}

function build(view) {
  const degrees = (x) => `${x}°`, tenths = (x) => x.toFixed(1);
  for (const name of ["a", "b"]) {
    view.slider(`${name}_angle`, { label: `angle of \`${name}\``, min: 0, max: 360, step: 5,
      format: degrees });
    view.slider(`${name}_length`, { label: `length of \`${name}\``, min: 0.5, max: LONGEST, step: 0.5,
      format: tenths });
  }
  const plane = view.plot({ title: "Two arrows", width: 354, height: 340,
    x: { label: "x" }, y: { label: "y" } });
  const column = view.add({ node: el("div") }), sum = sums();
  const curve = view.plot({ title: "The dot product of arrows this long, at every angle",
    height: 210, x: { label: "angle between the arrows, in degrees" }, y: { label: "dot(a, b)" } });
  column.node.append(sum.node, curve.node);
  view.table("The curve as a table", (r) => [
    { title: "Dot product by the angle between the arrows", t: mapped(r.curve, (x) => +fixed(x)),
      rows: ["dot(a, b)"], cols: ANGLES.map(degrees) }]);
  const turns = [0, 45, 90, 135, 180].map((at) => ({ at, label: at }));
  return (r, settings, yours) => {
    const own = yours?.values.dot?.data[0], off = yours?.kind === "differs" && Math.abs(own) <= 9.5;
    plane.draw({ x: [-EDGE, EDGE], y: [-EDGE, EDGE], label: `The arrows a and b are ${r.apart}° apart`,
      series: [...arrows(r), corner(r, settings), border(settings)] });
    nameArrows(plane, r);
    sum.fill(r, own);
    curve.draw({ x: [0, 180], y: [-9.5, 9.5], xTicks: turns, label: `${fixed(r.dot)} at ${r.apart}°`, series: [
      { kind: "line", x: ANGLES, y: r.curve.data },
      { kind: "rule", x: 90, color: 4, dashed: true, name: "right angle" },
      { kind: "dots", x: [r.apart], y: [r.dot], color: 2, name: "now" },
      ...(off ? [{ kind: "dots", x: [r.apart], y: [own], color: 3, name: "yours" }] : []),
    ] });
    view.say(describe(r, settings));
  };
}

export default explorer({ compute, build });
