// By depth: what arrives of gradient and signal, and who takes it away.

const VANISHING = 1e-3; // limit `total` of the rule vanishing-gradient
const EXPLODING = 1e3; // its counterpart

// Places of an axis: every site, and nothing between the sites of two models.
function slots() {
  return page.data.sites.flatMap((site, place, all) => (place && all[place - 1].model !== site.model ? [null, place] : [place]));
}

const inSlots = (places, values, none) => places.map((place) => (place === null ? none : values[place]));

// For each site the last hidden one of its model, where the gradient comes in.
function lastHidden() {
  const { sites } = page.data;
  return sites.map((site) => {
    let last = null;
    sites.forEach((other, place) => {
      if (other.model === site.model && !other.output) last = place;
    });
    return last;
  });
}

function firstHidden() {
  const { sites } = page.data;
  return sites.map((site) => sites.findIndex((other) => other.model === site.model && !other.output));
}

function depthColumns(relative) {
  const { sites, first, predicted } = page.data;
  const last = lastHidden();
  const begin = firstHidden();
  const band = (key, turn) => predicted?.map((one) => one?.[key]?.[turn] ?? null);
  const columns = {
    gradient: sites.map((site) => site.gradient),
    signal: sites.map((site) => site.signal),
    gradientFirst: first?.gradient ?? null,
    predicted: predicted?.map((one) => one?.gradient ?? null) ?? null,
    low: band("gradient_band", 0) ?? null,
    high: band("gradient_band", 1) ?? null,
  };
  if (!relative) return columns;
  const measured = sites.some((site) => site.upstream > 0);
  const source = (place) => (last[place] === null ? null : measured ? sites[last[place]].upstream : predicted?.[last[place]]?.gradient);
  const over = (values, of) => values && values.map((value, place) => (value === 0 ? 0 : value === null || !(of(place) > 0) ? null : value / of(place)));
  const firstSource = (place) => first?.gradient[last[place]] / (sites[last[place]]?.slope || NaN);
  return {
    gradient: over(columns.gradient, source),
    signal: over(columns.signal, (place) => sites[begin[place]]?.signal),
    gradientFirst: over(columns.gradientFirst, firstSource),
    predicted: over(columns.predicted, source),
    low: over(columns.low, source),
    high: over(columns.high, source),
  };
}

function drawDepth(figure) {
  const host = figure.querySelector(".plot");
  const relative = (figure.dataset.scale ?? "relative") === "relative";
  const { sites, predicted, first } = page.data;
  const c = depthColumns(relative);
  const measured = sites.some((site) => site.gradient !== null && site.gradient !== undefined);
  const known = (values) => values ?? sites.map(() => null);
  const rows = [c.gradient, c.signal, known(c.gradientFirst), known(c.predicted), known(c.low), known(c.high)].map(positive);
  const shown = measured ? rows : [rows[3], rows[4], rows[5]];
  const range = logRange(shown, relative ? [-3.6, 1] : undefined);
  const blue = style("gradient");
  const point = { show: sites.length < 80, size: 7, fill: blue };
  const places = slots();
  const columns = [places.map((_, slot) => slot), ...[1, 4, 5, 3, 2, 0].map((row) => inSlots(places, rows[row], null))];
  const toggle = figure.querySelector(".choices:not(.functions)");
  const choose = (key) => ((figure.dataset.scale = key), drawDepth(figure));
  choices(toggle, [["relative", "relative to the source"], ["absolute", "rms"]], relative ? "relative" : "absolute", choose, "Scale of the chart");
  const entries = [];
  if (measured) entries.push([blue, "gradient: flows back, from right to left"], [style("signal"), "signal: flows forward"]);
  if (first && measured) entries.push([blue, `gradient at step ${first.step.toLocaleString("en-US")}`, "dashed"]);
  if (predicted) entries.push([style("band"), "theory: 95 % band", "area"]);
  legend(figure, entries);
  lineChart(
    host,
    {
      scales: { x: { time: false, range: [-0.4, places.length - 0.6] }, y: { distr: 3, range } },
      axes: [nameAxis(inSlots(places, shortNames(16), ""), host.clientWidth), logAxis()],
      series: [
        {},
        { stroke: style("signal"), width: 2, points: { show: sites.length < 80, size: 5, fill: style("signal") } },
        { stroke: style("band-line"), width: 0, points: { show: false } },
        { stroke: style("band-line"), width: 0, points: { show: false } },
        { stroke: style("band-line"), width: 1.5, dash: [2, 3], points: { show: false } },
        { stroke: blue, width: 1.2, dash: [6, 5], points: { show: false } },
        { stroke: blue, width: 3, fill: style("gradient-fill"), fillTo: range[0], points: point },
      ],
      bands: [{ series: [3, 2], fill: style("band") }],
      plugins: [
        ...(relative
          ? [
              zones([
                { from: range[0], to: VANISHING, tint: style("bad"), word: "vanishing: less than a thousandth arrives", below: true },
                { from: EXPLODING, to: range[1], tint: style("bad"), word: "exploding: over a thousand times" },
              ]),
            ]
          : []),
        ...(relative && measured ? gradientCallout(inSlots(places, c.gradient, null), range[0]) : []),
        pointing(
          (slot) => (places[slot] === null ? [] : depthTip(places[slot], c, relative)),
          (slot) => places[slot] !== null && selectSite(places[slot], null, true),
        ),
      ],
    },
    columns,
  );
  addTwin(figure, "depth", "Gradient and signal by depth", depthTable);
}

// Sites that no gradient reaches; else the one where it is furthest from its source.
function gradientCallout(gradient, floor) {
  const none = gradient.flatMap((value, place) => (value === 0 ? [[place, floor]] : []));
  if (none.length) return [callout(none, `no gradient at ${none.length} of ${page.data.sites.length} sites`, style("fault"))];
  const logs = gradient.map((value) => (value > 0 && Number.isFinite(value) ? Math.log10(value) : 0));
  let place = 0;
  logs.forEach((value, turn) => {
    if (Math.abs(value) > Math.abs(logs[place])) place = turn;
  });
  if (logs[place] > Math.log10(VANISHING) && logs[place] < Math.log10(EXPLODING)) return [];
  const value = gradient[place];
  const words = value < 1 ? `only ${number(value)} of the gradient arrives` : `the gradient grows ${number(value)}-fold`;
  return [callout([[place, value]], words, style("fault"))];
}

function depthTip(place, c, relative) {
  const site = page.data.sites[place];
  const lines = [shorten(siteName(place), 60)];
  if (site.gradient !== undefined) {
    lines.push(`gradient rms ${number(site.gradient)}${relative ? `, ${factor(c.gradient[place])} the source` : ""}`);
    lines.push(`signal rms ${number(site.signal)}`);
    lines.push(`slope factor ${factor(site.slope)}, weight factor ${factor(site.weight)}`);
  }
  const theory = page.data.predicted?.[place];
  if (theory) lines.push(`theory: gradient ${number(theory.gradient)} (${number(theory.gradient_band[0])} to ${number(theory.gradient_band[1])})`);
  if (theory && !theory.valid) lines.push(`theory is doubtful here: ${theory.why}`);
  return lines;
}

function depthTable() {
  const { sites, predicted, first } = page.data;
  const c = depthColumns(true);
  const columns = ["site", "layer", "gradient rms", "gradient, relative to its source", "signal rms", "slope factor", "weight factor"];
  if (first) columns.push(`gradient rms at step ${first.step}`);
  if (predicted) columns.push("predicted gradient", "lower end of band", "upper end of band", "theory valid");
  const rows = sites.map((site, place) => {
    const row = [site.name, site.layer ?? "", site.gradient, c.gradient[place], site.signal, site.slope, site.weight];
    if (first) row.push(first.gradient[place]);
    if (predicted) {
      const one = predicted[place];
      row.push(one?.gradient, one?.gradient_band[0], one?.gradient_band[1], one ? (one.valid ? "yes" : one.why) : "");
    }
    return row;
  });
  return { columns, rows };
}

// Products of the factors from the last hidden site back to each site.
function cumulated() {
  const { sites } = page.data;
  const made = { slope: [], weight: [], both: [] };
  const running = new Map();
  for (let place = sites.length - 1; place >= 0; place--) {
    const site = sites[place];
    if (site.output) {
      for (const key of Object.keys(made)) made[key][place] = null;
      continue;
    }
    const after = running.get(site.model);
    const weight = after === undefined ? 1 : after.weight * (site.weight ?? NaN);
    const slope = (after?.slope ?? 1) * (site.slope ?? NaN);
    running.set(site.model, { slope, weight });
    [made.slope[place], made.weight[place], made.both[place]] = [slope, weight, slope * weight];
  }
  return made;
}

function drawParts(figure) {
  const host = figure.querySelector(".plot");
  const { sites } = page.data;
  const made = cumulated();
  const rows = [made.slope, made.weight, made.both].map(positive);
  const places = slots();
  const range = logRange(rows, [-1, 1]);
  const colours = [style("slope"), style("weight"), style("gradient")];
  legend(figure, [
    [colours[0], "the functions' slopes alone"],
    [colours[1], "the weights alone"],
    [colours[2], "both: what arrives of the gradient", "dashed"],
  ]);
  lineChart(
    host,
    {
      scales: { x: { time: false, range: [-0.4, places.length - 0.6] }, y: { distr: 3, range } },
      axes: [nameAxis(inSlots(places, shortNames(16), ""), host.clientWidth), logAxis()],
      series: [
        {},
        { stroke: colours[0], width: 2.5, fill: style("slope-fill"), fillTo: 1, points: { show: sites.length < 80, size: 5, fill: colours[0] } },
        { stroke: colours[1], width: 2.5, fill: style("weight-fill"), fillTo: 1, points: { show: sites.length < 80, size: 5, fill: colours[1] } },
        { stroke: colours[2], width: 1.5, dash: [6, 4], points: { show: false } },
      ],
      plugins: [
        pointing(
          (slot) => (places[slot] === null ? [] : partsTip(places[slot], made)),
          (slot) => places[slot] !== null && selectSite(places[slot], null, true),
        ),
      ],
    },
    [places.map((_, slot) => slot), ...rows.map((row) => inSlots(places, row, null))],
  );
  addTwin(figure, "parts", "Slope and weight parts of the gradient's change", () => ({
    columns: ["site", "slope factor", "weight factor", "slopes from the last site to here", "weights from the last site to here", "both"],
    rows: sites.map((site, place) => [site.name, site.slope, site.weight, made.slope[place], made.weight[place], made.both[place]]),
  }));
}

function partsTip(place, made) {
  return [
    shorten(siteName(place), 60),
    `slopes from the last site to here ${factor(made.slope[place])}`,
    `weights ${factor(made.weight[place])}`,
    `both ${factor(made.both[place])}`,
  ];
}
