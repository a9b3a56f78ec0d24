// Site × step: one quantity at a time. Faint is fine, strong colour is trouble, in every quantity.

const RANGES = {
  slope_factor: [0.02, 1], // strong … pale
  drift: [0.02, 2], // pale … strong
};
const AROUND = { arrives: [-6, 3], update_ratio: [-4, 2] }; // decades below and above the middle
const SHOWN_FIRST = { saturated: "saturated", "dead-units": "dead", "off-centre": "off_centre", "non-finite": "nonfinite", "frozen-layer": "update_ratio" };

function heatRange(key) {
  const { scale, low, high } = page.data.followed[key];
  if (scale === "share") return [0, 1];
  if (RANGES[key]) return RANGES[key].map(Math.log10);
  if (scale === "around") return AROUND[key];
  const finite = [...low, ...high].filter(Number.isFinite);
  const top = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  const bottom = finite.reduce((a, b) => Math.min(a, b), Infinity);
  return [Math.max(Math.min(bottom, top - 3), top - 8), top];
}

// How bad a value is: 0 fine … 1 as bad as it gets; negative for "too small" around a middle.
function badness(key, value, range) {
  const { scale, middle } = page.data.followed[key];
  if (Number.isNaN(value)) return NaN;
  const clip = (x) => Math.max(0, Math.min(1, x));
  if (scale === "share") return clip(value);
  const log = Math.log10(value);
  if (scale === "low") return clip((range[1] - log) / (range[1] - range[0]));
  if (scale === "high") return clip((log - range[0]) / (range[1] - range[0]));
  const off = log - Math.log10(middle);
  return off < 0 ? -clip(off / range[0]) : clip(off / range[1]);
}

function palette() {
  const stops = (name) => style(name).split(/\s+/).map(hex);
  return { warm: stops("heat"), cold: stops("heat-cold"), none: style("heat-none") };
}

function colour(bad, colours) {
  if (Number.isNaN(bad)) return colours.none;
  return bad < 0 ? mix(colours.cold, -bad) : mix(colours.warm, bad);
}

function heatLayout(width) {
  const { sites, columns } = page.data;
  const row = Math.max(3, Math.min(26, Math.floor(420 / sites.length)));
  const names = shortNames(width < 500 ? 12 : 22);
  const left = Math.min(width * 0.35, 14 + 6.6 * Math.max(...names.map((name) => name.length)));
  return { row, names, left, top: 4, bottom: 34, cell: (width - left - 6) / columns.first.length };
}

function drawHeatmap(figure) {
  const { sites, columns, followed } = page.data;
  const keys = Object.keys(followed).filter((key) => followed[key].heatmap);
  const host = figure.querySelector(".plot");
  if (!keys.length) return;
  if (!keys.includes(figure.dataset.key)) {
    const fitting = SHOWN_FIRST[page.data.findings.find((finding) => finding.leading)?.rule];
    figure.dataset.key = keys.includes(fitting) ? fitting : keys[0];
  }
  const key = figure.dataset.key;
  const choose = (chosen) => ((figure.dataset.key = chosen), drawHeatmap(figure));
  choices(figure.querySelector(".choices"), keys.map((one) => [one, followed[one].title]), key, choose, "Quantity");
  figure.querySelector(".about").textContent = followed[key].explanation;
  const layout = heatLayout(Math.max(host.clientWidth, 200));
  const height = layout.top + layout.row * sites.length + layout.bottom;
  const range = heatRange(key);
  const colours = palette();
  const { canvas, pen, width } = canvasIn(host, height, { tabindex: "0", role: "application" });
  for (let site = 0; site < sites.length; site++) {
    for (let column = 0; column < columns.first.length; column++) {
      pen.fillStyle = colour(badness(key, worst(key, site, column), range), colours);
      const x = layout.left + column * layout.cell;
      const gap = layout.cell > 6 && layout.row > 8 ? 1 : 0;
      pen.fillRect(x, layout.top + site * layout.row, layout.cell - gap + (gap ? 0 : 0.6), layout.row - gap);
    }
  }
  heatLabels(pen, layout, width, height);
  heatCursor(figure, pen, layout);
  heatLegend(figure, key, range, colours);
  canvas.setAttribute(
    "aria-label",
    `Heatmap of ${followed[key].title}, ${sites.length} sites by ${columns.first.length} columns of steps. Arrow keys move, Enter shows the histogram.`,
  );
  if (!canvas.dataset.listens) heatListen(figure, canvas);
  addTwin(figure, `heatmap`, "Site by step", () => heatTable(figure.dataset.key));
}

function heatLabels(pen, layout, width, height) {
  const { columns } = page.data;
  pen.fillStyle = style("quiet");
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  const every = Math.ceil(12 / layout.row);
  layout.names.forEach((name, site) => {
    if (site % every === 0) pen.fillText(name, layout.left - 6, layout.top + (site + 0.5) * layout.row);
  });
  const count = Math.max(1, Math.min(columns.first.length, Math.floor((width - layout.left) / 80)));
  pen.textBaseline = "top";
  for (let turn = 0; turn < count; turn++) {
    const column = count === 1 ? 0 : Math.round((turn * (columns.first.length - 1)) / (count - 1));
    const x = layout.left + (column + 0.5) * layout.cell;
    pen.textAlign = turn === 0 ? "left" : turn === count - 1 ? "right" : "center";
    const shift = turn === 0 ? -layout.cell / 2 : turn === count - 1 ? layout.cell / 2 : 0;
    pen.fillText(columns.first[column].toLocaleString("en-US"), x + shift, height - 30);
  }
  pen.textAlign = "center";
  pen.fillText("step →", layout.left + (width - layout.left) / 2, height - 14);
}

function heatCursor(figure, pen, layout) {
  const site = page.site;
  const column = page.step === null ? page.data.columns.first.length - 1 : columnOf(page.step);
  pen.strokeStyle = style("text");
  pen.lineWidth = 2;
  pen.strokeRect(layout.left + column * layout.cell - 1, layout.top + site * layout.row - 1, Math.max(4, layout.cell) + 1, layout.row + 1);
}

function heatLegend(figure, key, range, colours) {
  const { scale, middle, low, high } = page.data.followed[key];
  let host = figure.querySelector(".ramp");
  if (!host) {
    host = element("p", { class: "ramp" });
    figure.querySelector(".about").after(host);
  }
  const bar = (stops) => {
    const made = element("span", { class: "bar", "aria-hidden": "true" });
    made.style.background = `linear-gradient(to right, ${stops.map((stop) => `rgb(${stop.join(",")})`).join(",")})`;
    return made;
  };
  const at = (log) => number(Number((10 ** log).toPrecision(1)));
  const warm = colours.warm;
  if (scale === "share") host.replaceChildren("0 % ", bar(warm), " 100 %");
  else if (scale === "low") host.replaceChildren(`${at(range[1])} `, bar(warm), ` ${at(range[0])} and less`);
  else if (scale === "high") host.replaceChildren(`${at(range[0])} and less `, bar(warm), ` ${at(range[1])} and more`);
  else host.replaceChildren(`${number(middle * 10 ** range[0])} and less `, bar([...colours.cold].reverse()), ` ${number(middle)} `, bar(warm), ` ${number(middle * 10 ** range[1])} and more`);
  const strange = element("span", { class: "bar none", "aria-hidden": "true" });
  const known = [...low, ...high].some(Number.isNaN);
  if (known) host.append("   ", strange, " not measured");
}

function heatCell(figure, event) {
  const canvas = figure.querySelector(".plot canvas");
  const box = canvas.getBoundingClientRect();
  const layout = heatLayout(box.width);
  const site = Math.floor((event.clientY - box.top - layout.top) / layout.row);
  const column = Math.floor((event.clientX - box.left - layout.left) / layout.cell);
  const inside = site >= 0 && site < page.data.sites.length && column >= 0 && column < page.data.columns.first.length;
  return inside ? [site, column] : null;
}

function heatText(key, site, column) {
  const { title, scale } = page.data.followed[key];
  const form = scale === "share" ? percent : number;
  const [low, high] = ends(key, site, column);
  const text = form(low) === form(high) ? form(low) : `${form(low)} to ${form(high)}`;
  return `${title} ${text}`;
}

function heatListen(figure, canvas) {
  canvas.dataset.listens = "yes";
  canvas.addEventListener("mousemove", (event) => {
    const cell = heatCell(figure, event);
    if (!cell) return hideTip();
    showTip(event, [shorten(siteName(cell[0]), 60), columnName(cell[1]), heatText(figure.dataset.key, ...cell), "click: its histogram"]);
  });
  canvas.addEventListener("mouseleave", hideTip);
  canvas.addEventListener("click", (event) => {
    const cell = heatCell(figure, event);
    if (cell) selectSite(cell[0], stepInside(...cell), true);
  });
  canvas.addEventListener("keydown", (event) => {
    const { sites, columns } = page.data;
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const column = page.step === null ? columns.first.length - 1 : columnOf(page.step);
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      return showInspector();
    }
    if (!moves[event.key]) return undefined;
    event.preventDefault();
    const clip = (value, most) => Math.max(0, Math.min(most, value));
    const site = clip(page.site + moves[event.key][0], sites.length - 1);
    const next = clip(column + moves[event.key][1], columns.first.length - 1);
    selectSite(site, stepInside(site, next), false);
    return say(`${siteName(site)}, ${columnName(next)}: ${heatText(figure.dataset.key, site, next)}`);
  });
}

function heatTable(key) {
  const { sites, columns } = page.data;
  const many = columns.first.some((first, column) => first !== columns.last[column]);
  const heads = columns.first.flatMap((_, column) => (many ? [`${columnName(column)}, lowest`, "highest"] : [columnName(column)]));
  const rows = sites.map((site, place) => [
    site.name,
    ...columns.first.flatMap((_, column) => (many ? ends(key, place, column) : [ends(key, place, column)[0]])),
  ]);
  return { columns: [`site (${page.data.followed[key].title})`, ...heads], rows };
}
