// A race of activation functions: differences with intervals, learning curves, cost against score.

const DRAW = { intervals: drawIntervals, curves: drawCurves, costs: drawCosts };

function begin() {}

function selectSite() {}

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

// Better or worse than the incumbent, where both the interval and the corrected test say so.
function standing({ interval, incumbent, p }) {
  if (incumbent || !isNumber(interval[0]) || !isNumber(interval[1]) || !(p < 0.05)) return "neither";
  const lower = page.data.choice.lower_is_better;
  if (interval[1] < 0) return lower ? "better" : "worse";
  if (interval[0] > 0) return lower ? "worse" : "better";
  return "neither";
}

const standingColour = (kind) => style({ better: "good", worse: "fault", neither: "quiet" }[kind]);

function drawIntervals(figure) {
  const { candidates, lower_is_better: lower } = page.data.choice;
  const rows = candidates.filter((one) => one.incumbent || isNumber(one.interval[0]));
  const host = figure.querySelector(".plot");
  const row = 30;
  const height = 26 + rows.length * row + 40;
  const { canvas, pen, width } = canvasIn(host, height, { role: "img" });
  const longest = Math.max(...rows.map((one) => one.name.length));
  const left = Math.min(width * 0.4, 16 + longest * 7);
  const all = rows.flatMap((one) => (one.incumbent ? [0] : [...one.interval, one.difference]));
  let [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
  const pad = (high - low || 1) * 0.14;
  [low, high] = [low - pad, high + pad];
  const x = (value) => left + ((value - low) / (high - low)) * (width - left - 14);
  pen.strokeStyle = style("text");
  pen.beginPath();
  pen.moveTo(x(0), 22);
  pen.lineTo(x(0), height - 36);
  pen.stroke();
  pen.fillStyle = style("quiet");
  pen.textBaseline = "top";
  pen.textAlign = "right";
  pen.fillText(lower ? "← better" : "← worse", x(0) - 8, 4);
  pen.textAlign = "left";
  if (x(0) + 60 < width) pen.fillText(lower ? "worse →" : "better →", x(0) + 8, 4);
  rows.forEach((one, turn) => intervalRow(pen, one, x, left, 26 + (turn + 0.5) * row));
  pen.fillStyle = style("quiet");
  pen.textAlign = "center";
  for (const tick of niceSteps(low, high, Math.max(3, Math.floor((width - left) / 90)))) pen.fillText(number(tick), x(tick), height - 32);
  pen.fillText(`difference in ${page.data.choice.score}`, (left + width) / 2, height - 15);
  canvas.setAttribute("aria-label", rows.map((one) => `${one.name}: ${number(one.difference)} (${number(one.interval[0])} to ${number(one.interval[1])}), ${standing(one)}`).join("; "));
  legend(figure, [[standingColour("better"), "better than the incumbent"], [standingColour("worse"), "worse"], [standingColour("neither"), "not told from it, or not tested"]]);
  addTwin(figure, "intervals", "Difference to the incumbent", () => ({
    columns: ["candidate", "score", "difference", "from", "to", "p", "pairs", "status"],
    rows: candidates.map((one) => [one.name, one.score, one.difference, ...one.interval, one.p, one.pairs, one.status]),
  }));
}

function intervalRow(pen, one, x, left, y) {
  pen.fillStyle = style("text");
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  pen.font = `${one.chosen ? "bold " : ""}13px ${style("font")}`;
  pen.fillText(shorten(one.name, Math.max(6, Math.floor(left / 7))), left - 10, y);
  pen.font = `12px ${style("font")}`;
  pen.strokeStyle = pen.fillStyle = standingColour(standing(one));
  if (!one.incumbent) {
    pen.lineWidth = 3;
    pen.beginPath();
    pen.moveTo(x(one.interval[0]), y);
    pen.lineTo(x(one.interval[1]), y);
    pen.stroke();
    pen.lineWidth = 1;
  }
  pen.beginPath();
  pen.arc(x(one.incumbent ? 0 : one.difference), y, 5, 0, 7);
  pen.fill();
}

const CURVE_COLOURS = ["gradient", "slope", "signal", "weight", "fault", "warning", "note", "quiet"];

function drawCurves(figure) {
  const { candidates } = page.data.choice;
  const drawn = candidates.filter((one) => one.curve.length > 1);
  const host = figure.querySelector(".plot");
  const points = Math.max(...drawn.map((one) => one.curve.length));
  const steps = Math.max(...drawn.map((one) => one.steps), points);
  const xs = Array.from({ length: points }, (_, turn) => ((turn + 0.5) / points) * steps);
  // A loss without bounds would leave no room for the others; it is a click away.
  figure.dataset.hidden ??= drawn.filter((one) => !["done", "eliminated"].includes(one.status)).map((one) => one.name).join("\n");
  const hidden = new Set(figure.dataset.hidden.split("\n").filter(Boolean));
  curveSwitches(figure, drawn, hidden);
  const series = [{}];
  const bands = [];
  const columns = [xs];
  drawn.forEach((one, turn) => {
    if (hidden.has(one.name)) return;
    const stroke = style(CURVE_COLOURS[turn % CURVE_COLOURS.length]);
    const at = (part) => xs.map((_, place) => (isNumber(one.curve[place]?.[part]) ? one.curve[place][part] : null));
    const first = series.length;
    series.push({ stroke: "transparent", points: { show: false } }, { stroke: "transparent", points: { show: false } }, { stroke, width: 2.2, points: { show: false }, dash: turn >= CURVE_COLOURS.length ? [6, 4] : undefined });
    bands.push({ series: [first + 1, first], fill: tinted(stroke) });
    columns.push(at(1), at(2), at(0));
  });
  const values = columns.slice(1).flat().filter(isNumber);
  const range = values.length ? [Math.min(0, ...values), Math.max(...values) * 1.05] : [0, 1];
  lineChart(host, { scales: { x: { time: false }, y: { range } }, axes: [axis({ values: (u, splits) => splits.map((step) => step.toLocaleString("en-US")) }), axis({ size: 56, values: (u, splits) => splits.map(number) })], series, bands }, columns);
  addTwin(figure, "curves", "Learning curves", () => ({
    columns: ["up to step", ...drawn.flatMap((one) => [`${one.name}: mean`, "lowest", "highest"])],
    rows: xs.map((_, place) => [Math.round(((place + 1) / points) * steps), ...drawn.flatMap((one) => one.curve[place] ?? [null, null, null])]),
  }));
}

// One button a candidate: its key and its name; pressed: drawn.
function curveSwitches(figure, drawn, hidden) {
  const host = figure.querySelector(".choices");
  const flip = (name) => {
    if (!hidden.delete(name)) hidden.add(name);
    figure.dataset.hidden = [...hidden].join("\n");
    drawCurves(figure);
  };
  host.setAttribute("role", "group");
  host.setAttribute("aria-label", "Candidates drawn");
  host.replaceChildren(
    ...drawn.map((one, turn) => {
      const key = element("span", { class: "key line", "aria-hidden": "true" });
      key.style.setProperty("--key", style(CURVE_COLOURS[turn % CURVE_COLOURS.length]));
      return element("button", { type: "button", class: "switch", "aria-pressed": String(!hidden.has(one.name)), onclick: () => flip(one.name) }, key, one.name);
    }),
  );
}

function drawCosts(figure) {
  const { candidates, score } = page.data.choice;
  const rows = candidates.filter((one) => isNumber(one.step_cost) && isNumber(one.score));
  const { canvas, pen, width, height } = canvasIn(figure.querySelector(".plot"), 300, { role: "img" });
  const box = { left: 58, top: 10, width: width - 70, height: height - 52 };
  const span = (values) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const pad = (high - low || Math.abs(high) || 1) * 0.15;
    return [low - pad, high + pad];
  };
  const [x0, x1] = span(rows.map((one) => one.step_cost));
  const [y0, y1] = span(rows.map((one) => one.score));
  const x = (value) => box.left + ((value - x0) / (x1 - x0)) * box.width;
  const y = (value) => box.top + box.height * (1 - (value - y0) / (y1 - y0));
  pen.strokeStyle = style("line");
  pen.strokeRect(box.left + 0.5, box.top + 0.5, box.width, box.height);
  pen.fillStyle = style("quiet");
  pen.textBaseline = "top";
  pen.textAlign = "center";
  for (const tick of niceSteps(x0, x1, Math.max(3, Math.floor(box.width / 90)))) pen.fillText(`${number(tick)}×`, x(tick), box.top + box.height + 5);
  pen.fillText("time of a step, in the incumbent's →", box.left + box.width / 2, box.top + box.height + 24);
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const tick of niceSteps(y0, y1, 5)) pen.fillText(number(tick), box.left - 6, y(tick));
  const taken = [];
  for (const one of rows) {
    const [at, up] = [x(one.step_cost), y(one.score)];
    pen.fillStyle = standingColour(standing(one));
    pen.beginPath();
    pen.arc(at, up, one.chosen ? 8 : 5, 0, 7);
    pen.fill();
    pen.fillStyle = style("text");
    pen.font = `${one.chosen ? "bold " : ""}12px ${style("font")}`;
    const right = at + 12 + pen.measureText(one.name).width < box.left + box.width;
    pen.textAlign = right ? "left" : "right";
    let line = up;
    while (taken.some(([a, b]) => Math.abs(a - at) < 110 && Math.abs(b - line) < 14)) line += 14;
    taken.push([at, line]);
    pen.fillText(shorten(one.name, 24), at + (right ? 11 : -11), line);
  }
  canvas.setAttribute("aria-label", rows.map((one) => `${one.name}: ${score} ${number(one.score)} at ${number(one.step_cost)} times the incumbent's step`).join("; "));
  addTwin(figure, "costs", "Cost against score", () => ({
    columns: ["candidate", score, "time of a step, in the incumbent's"],
    rows: rows.map((one) => [one.name, one.score, one.step_cost]),
  }));
}
