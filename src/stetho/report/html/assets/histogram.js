// Histograms of z, with the activation function and its slope drawn over them.

// Neighbouring bins joined until each is wide enough to see; height is share per unit of z.
function densityBars(shares, low, high) {
  const inner = page.data.edges;
  const outer = inner[inner.length - 1] * Math.SQRT2;
  const edges = [-outer, ...inner, outer];
  const least = (high - low) / 56;
  const bars = [];
  let open = null;
  for (let bin = 0; bin < shares.length; bin++) {
    const [from, to] = [edges[bin], edges[bin + 1]];
    open ??= { from, share: 0 };
    open.share += shares[bin];
    if (to - open.from >= least || bin === shares.length - 1) {
      bars.push({ from: open.from, to, share: open.share, height: open.share / (to - open.from) });
      open = null;
    }
  }
  return bars;
}

// Where nearly all of z lies; never so narrow that the function's shape cannot be seen.
function zRange(site, rows) {
  const inner = page.data.edges;
  let [low, high] = [-1.5, 1.5];
  for (const shares of rows) {
    let sum = 0;
    for (let bin = 0; bin < shares.length; bin++) {
      const before = sum;
      sum += shares[bin];
      if (before < 0.004 && sum >= 0.004) low = Math.min(low, inner[Math.max(0, bin - 1)]);
      if (before < 0.996 && sum >= 0.996) high = Math.max(high, inner[Math.min(inner.length - 1, bin)]);
    }
  }
  const { below, above } = page.data.functions[page.data.sites[site].function] ?? {};
  if (below !== null && below !== undefined && below < low && below > 2.2 * low) low = 1.15 * below;
  if (above !== null && above !== undefined && above > high && above < 2.2 * high) high = 1.15 * above;
  return [low, high];
}

function interpolated(curve, key, z) {
  const at = curve.z;
  let [a, b] = [0, at.length - 1];
  while (b - a > 1) {
    const middle = (a + b) >> 1;
    if (at[middle] <= z) a = middle;
    else b = middle;
  }
  const part = (z - at[a]) / (at[b] - at[a] || 1);
  return curve[key][a] + part * (curve[key][b] - curve[key][a]);
}

function curvePoints(curve, key, low, high) {
  const inside = curve.z.filter((z) => z > low && z < high);
  return [low, ...inside, high].map((z) => [z, interpolated(curve, key, z)]);
}

// The large histogram of one site.
function drawHistogram(pen, box, site, shares, [low, high]) {
  const x = (z) => box.left + ((z - low) / (high - low)) * box.width;
  const floor = box.top + box.height;
  const curve = page.data.functions[page.data.sites[site].function];
  saturatedZones(pen, box, curve, x, low, high);
  const bars = densityBars(shares, low, high).filter((bar) => bar.to > low && bar.from < high);
  const tallest = Math.max(...bars.map((bar) => bar.height), 1e-12);
  pen.fillStyle = style("bars");
  for (const bar of bars) {
    const [a, b] = [Math.max(bar.from, low), Math.min(bar.to, high)];
    const height = (bar.height / tallest) * box.height * 0.94;
    pen.fillRect(x(a), floor - height, Math.max(1, x(b) - x(a) - 0.5), height);
  }
  pen.strokeStyle = style("line");
  pen.strokeRect(box.left + 0.5, box.top + 0.5, box.width - 1, box.height - 1);
  if (curve?.z.length) overlay(pen, box, curve, x, low, high);
  pen.fillStyle = style("quiet");
  pen.textAlign = "center";
  pen.textBaseline = "top";
  for (const tick of niceSteps(low, high, Math.max(3, Math.floor(box.width / 70)))) pen.fillText(number(tick), x(tick), floor + 5);
  return bars;
}

function saturatedZones(pen, box, curve, x, low, high, word = "slope almost 0") {
  pen.save();
  pen.font = `11px ${style("font")}`;
  pen.textBaseline = "top";
  const { below, above } = curve ?? {};
  const zone = (from, to, align, at) => {
    pen.fillStyle = style("bad");
    pen.fillRect(from, box.top, to - from, box.height);
    if (to - from < 70 || !word) return;
    pen.fillStyle = style("quiet");
    pen.textAlign = align;
    pen.fillText(word, at, box.top + 5);
  };
  if (below !== null && below !== undefined && below > low) zone(box.left, Math.min(x(below), box.left + box.width), "left", box.left + 6);
  if (above !== null && above !== undefined && above < high) zone(Math.max(x(above), box.left), box.left + box.width, "right", box.left + box.width - 6);
  pen.restore();
}

// φ' on a fixed scale (0 to its own top, at least 1), φ on one of its own; both named at the edge.
function overlay(pen, box, curve, x, low, high) {
  const slope = curvePoints(curve, "slope", low, high);
  const phi = curvePoints(curve, "phi", low, high);
  const top = Math.max(1, ...slope.map((point) => point[1]));
  const bottom = Math.min(0, ...slope.map((point) => point[1]));
  const values = phi.map((point) => point[1]);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const draw = (points, from, to, colour, dash) => {
    pen.save();
    pen.strokeStyle = colour;
    pen.lineWidth = 2.2;
    pen.setLineDash(dash);
    pen.beginPath();
    for (const [z, value] of points) pen.lineTo(x(z), box.top + box.height * (0.995 - 0.94 * ((value - from) / (to - from || 1))));
    pen.stroke();
    pen.restore();
  };
  draw(phi, least, most, style("signal"), [6, 4]);
  draw(slope, bottom, top, style("slope"), []);
  pen.fillStyle = style("slope");
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  const right = box.left + box.width + 5;
  for (const tick of [0, top]) pen.fillText(number(tick), right, box.top + box.height * (0.995 - 0.94 * ((tick - bottom) / (top - bottom))));
}

function histogramTable(site, turn) {
  const shares = histogram(site, turn) ?? [];
  const inner = page.data.edges;
  const curve = page.data.functions[page.data.sites[site].function];
  const rows = [];
  shares.forEach((share, bin) => {
    if (!share) return;
    const [from, to] = [bin ? inner[bin - 1] : -Infinity, bin < inner.length ? inner[bin] : Infinity];
    const middle = Number.isFinite(from) && Number.isFinite(to) ? (from + to) / 2 : Number.isFinite(from) ? from : to;
    const known = curve?.z.length;
    rows.push([from, to, share, known ? interpolated(curve, "phi", middle) : null, known ? interpolated(curve, "slope", middle) : null]);
  });
  return { columns: ["z from", "z to", "share of elements", "φ in the middle", "slope in the middle"], rows };
}
