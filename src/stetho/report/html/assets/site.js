// One site looked at closely: its histogram at a step, and its distribution through time.

function selectSite(site, step, show) {
  page.site = site;
  page.step = step;
  for (const key of ["site", "heatmap"]) redraw(key);
  markMultiple();
  if (show) showInspector();
}

function showInspector() {
  const section = document.getElementById("site");
  section?.scrollIntoView({ behavior: reducedMotion() ? "auto" : "smooth", block: "start" });
  section?.querySelector("h2").focus({ preventScroll: true });
}

const reducedMotion = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

function inspectorControls(figure) {
  const select = figure.querySelector("select");
  const { sites, histograms } = page.data;
  if (select.options.length !== sites.length || select.dataset.names !== sites.map((s) => s.name).join("\n")) {
    select.replaceChildren(...sites.map((_, site) => element("option", { value: site }, shorten(siteName(site), 80))));
    select.dataset.names = sites.map((s) => s.name).join("\n");
  }
  select.value = String(page.site);
  select.onchange = () => selectSite(Number(select.value), page.step, false);
  const slider = figure.querySelector("input[type=range]");
  const steps = histograms[page.site]?.steps ?? [];
  slider.max = String(Math.max(0, steps.length - 1));
  slider.disabled = steps.length < 2;
  const turn = turnNear(page.site, page.step);
  slider.value = String(turn);
  const told = `step ${(steps[turn] ?? 0).toLocaleString("en-US")}`;
  slider.setAttribute("aria-valuetext", told);
  figure.querySelector("output").textContent = steps.length ? told : "no probe";
  slider.oninput = () => selectSite(page.site, steps[Number(slider.value)], false);
  return turn;
}

function drawSite(figure) {
  const turn = inspectorControls(figure);
  const host = figure.querySelector(".plot");
  const kept = page.data.histograms[page.site];
  const shares = histogram(page.site, turn);
  const { pen, width, height } = canvasIn(host, plotHeight(host), { role: "img" });
  figure.querySelector(".facts").textContent = siteFacts(turn);
  legend(figure, [
    [style("bars"), "z, the pre-activation", "area"],
    [style("slope"), "slope φ' (scale on the right)"],
    [style("signal"), `activation φ = ${page.data.sites[page.site]?.function ?? ""}`, "dashed"],
  ]);
  if (!shares) {
    pen.fillStyle = style("quiet");
    pen.fillText("No histogram of this site was kept.", 10, 20);
    host.querySelector("canvas").setAttribute("aria-label", "No histogram of this site was kept.");
  } else {
    const range = zRange(page.site, [shares]);
    const box = { left: 8, top: 6, width: width - 48, height: height - 34 };
    drawHistogram(pen, box, page.site, shares, range);
    host.querySelector("canvas").setAttribute("aria-label", `Histogram of z at ${siteName(page.site)}: ${siteFacts(turn)}`);
  }
  addTwin(figure, "histogram", "Histogram of z", () => histogramTable(page.site, turnNear(page.site, page.step)));
  const through = document.querySelector("figure[data-chart=through]");
  if (through && kept) drawThrough(through);
}

const plotHeight = (host) => (host.clientWidth < 500 ? 220 : 300);

function siteFacts(turn) {
  const site = page.data.sites[page.site];
  const step = page.data.histograms[page.site]?.steps[turn];
  if (step === undefined) return site ? siteName(page.site) : "";
  const column = columnOf(step);
  const at = (key) => (page.data.followed[key] ? worst(key, page.site, column) : NaN);
  const parts = [`${siteName(page.site)}, step ${step.toLocaleString("en-US")}`];
  parts.push(`mean ${number(at("z_mean"))}, deviation ${number(at("z_std"))}`);
  if (!Number.isNaN(at("saturated"))) parts.push(`saturated ${percent(at("saturated"))}`);
  if (!Number.isNaN(at("dead"))) parts.push(`dead units ${percent(at("dead"))}`);
  parts.push(`slope factor ${factor(at("slope_factor"))}`, `gradient rms ${number(at("gradient"))}`);
  return parts.join(" · ");
}

// Columns of histograms over the steps that were kept, with the mean and one deviation around it.
function drawThrough(figure) {
  const host = figure.querySelector(".plot");
  const steps = page.data.histograms[page.site]?.steps ?? [];
  const rows = steps.map((_, turn) => histogram(page.site, turn));
  const { canvas, pen, width, height } = canvasIn(host, plotHeight(host), { role: "img" });
  canvas.setAttribute("aria-label", `Distribution of z at ${siteName(page.site)} over ${steps.length} probes`);
  if (rows.length) {
    const [low, high] = zRange(page.site, rows);
    const box = { left: 44, top: 6, width: width - 54, height: height - 40 };
    paintThrough(pen, box, rows, low, high);
    throughLines(pen, box, steps, low, high);
    throughAxes(pen, box, steps, low, high);
  }
  canvas.onclick = (event) => {
    const share = (event.clientX - canvas.getBoundingClientRect().left - 44) / (width - 54);
    const turn = Math.floor(share * steps.length);
    if (steps[turn] !== undefined) selectSite(page.site, steps[turn], false);
  };
  legend(figure, [[style("slope"), "mean of z, one deviation to either side"]]);
  addTwin(figure, "through-time", "z of one site through time", throughTable);
}

function paintThrough(pen, box, rows, low, high) {
  const colours = style("density").split(/\s+/).map(hex);
  const cell = box.width / rows.length;
  rows.forEach((shares, turn) => {
    const bars = densityBars(shares, low, high).filter((bar) => bar.to > low && bar.from < high);
    const tallest = Math.max(...bars.map((bar) => bar.height), 1e-12);
    for (const bar of bars) {
      if (!bar.share) continue;
      const y = (z) => box.top + box.height * (1 - (Math.max(low, Math.min(high, z)) - low) / (high - low));
      pen.fillStyle = mix(colours, Math.sqrt(bar.height / tallest));
      pen.fillRect(box.left + turn * cell, y(bar.to), cell + 0.6, y(bar.from) - y(bar.to) + 0.4);
    }
  });
}

function throughLines(pen, box, steps, low, high) {
  const cell = box.width / steps.length;
  const y = (z) => box.top + box.height * (1 - (z - low) / (high - low));
  const line = (of, dash) => {
    pen.beginPath();
    pen.setLineDash(dash);
    steps.forEach((step, turn) => {
      const column = columnOf(step);
      const value = of(worst("z_mean", page.site, column), worst("z_std", page.site, column));
      if (Number.isFinite(value)) pen.lineTo(box.left + (turn + 0.5) * cell, Math.max(box.top, Math.min(box.top + box.height, y(value))));
    });
    pen.stroke();
  };
  pen.save();
  pen.strokeStyle = style("slope");
  pen.lineWidth = 2;
  line((mean) => mean, []);
  pen.lineWidth = 1.2;
  line((mean, std) => mean - std, [4, 4]);
  line((mean, std) => mean + std, [4, 4]);
  const chosen = turnNear(page.site, page.step);
  pen.setLineDash([]);
  pen.strokeStyle = style("text");
  pen.strokeRect(box.left + chosen * cell, box.top, Math.max(cell, 2), box.height);
  pen.restore();
}

function throughAxes(pen, box, steps, low, high) {
  pen.fillStyle = style("quiet");
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const tick of niceSteps(low, high, 5)) pen.fillText(number(tick), box.left - 6, box.top + box.height * (1 - (tick - low) / (high - low)));
  pen.textBaseline = "top";
  const count = Math.max(1, Math.min(steps.length, Math.floor(box.width / 80)));
  for (let turn = 0; turn < count; turn++) {
    const place = count === 1 ? 0 : Math.round((turn * (steps.length - 1)) / (count - 1));
    pen.textAlign = turn === 0 ? "left" : turn === count - 1 ? "right" : "center";
    pen.fillText(steps[place].toLocaleString("en-US"), box.left + ((turn === 0 ? place : turn === count - 1 ? place + 1 : place + 0.5) / steps.length) * box.width, box.top + box.height + 5);
  }
  pen.textAlign = "center";
  pen.fillText("step →", box.left + box.width / 2, box.top + box.height + 20);
}

function throughTable() {
  const { columns } = page.data;
  const rows = columns.first.map((_, column) => [
    columnName(column),
    ...["z_mean", "z_std"].flatMap((key) => ends(key, page.site, column)),
    worst("saturated", page.site, column),
  ]);
  const name = page.data.sites[page.site].name;
  return { columns: [`steps (${name})`, "mean of z, lowest", "highest", "deviation of z, lowest", "highest", "saturated"], rows };
}
