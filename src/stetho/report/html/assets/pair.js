// Two runs side by side: their losses, and their gradients by depth.

const DRAW = { losses: drawLosses, depths: drawDepths };

function begin() {}

function selectSite() {}

// Two curves with steps of their own on one axis.
function drawLosses(figure) {
  const { a, b } = page.data.curves;
  const host = figure.querySelector(".plot");
  const steps = [...new Set([...a.steps, ...b.steps])].sort((x, y) => x - y);
  const place = new Map(steps.map((step, turn) => [step, turn]));
  const spread = ({ steps: own, losses }) => {
    const made = new Array(steps.length).fill(undefined); // undefined: joined; null: a gap
    own.forEach((step, turn) => (made[place.get(step)] = typeof losses[turn] === "number" ? losses[turn] : null));
    return made;
  };
  const rows = [spread(a), spread(b)];
  const finite = rows.flat().filter((value) => Number.isFinite(value));
  const colours = [style("slope"), style("gradient")];
  legend(figure, [[colours[0], "A"], [colours[1], "B"]]);
  const [low, high] = [Math.min(0, ...finite), Math.max(1e-12, ...finite)];
  lineChart(
    host,
    {
      scales: { x: { time: false }, y: { range: [low, high + (high - low) * 0.06] } },
      axes: [axis({ values: (u, splits) => splits.map((step) => step.toLocaleString("en-US")) }), axis({ size: 56, values: (u, splits) => splits.map(number) })],
      series: [{}, ...colours.map((stroke) => ({ stroke, width: 1.6, points: { show: false } }))],
      plugins: [pointing((turn) => [`step ${steps[turn].toLocaleString("en-US")}`, `A: ${number(rows[0][turn])}`, `B: ${number(rows[1][turn])}`])],
    },
    [steps, ...rows],
  );
  addTwin(figure, "losses", "Loss of both by step", () => ({
    columns: ["step", "loss of A", "loss of B"],
    rows: steps.map((step, turn) => [step, rows[0][turn] ?? null, rows[1][turn] ?? null]),
  }));
}

function drawDepths(figure) {
  const { sites, arrives } = page.data;
  const host = figure.querySelector(".plot");
  const rows = [positive(arrives.a.map(infinite)), positive(arrives.b.map(infinite))];
  const range = logRange(rows, [-3.6, 1]);
  const colours = [style("slope"), style("gradient")];
  legend(figure, [[colours[0], "A"], [colours[1], "B"]]);
  lineChart(
    host,
    {
      scales: { x: { time: false, range: [-0.4, sites.length - 0.6] }, y: { distr: 3, range } },
      axes: [nameAxis(shortNames(16), host.clientWidth), logAxis()],
      series: [{}, ...colours.map((stroke) => ({ stroke, width: 2.6, points: { show: sites.length < 80, size: 6, fill: stroke } }))],
      plugins: [
        zones([
          { from: range[0], to: 1e-3, tint: style("bad"), word: "vanishing: less than a thousandth arrives", below: true },
          { from: 1e3, to: range[1], tint: style("bad"), word: "exploding: over a thousand times" },
        ]),
        pointing((turn) => [pairName(turn), `A: ${number(arrives.a[turn])}`, `B: ${number(arrives.b[turn])}`]),
      ],
    },
    [sites.map((_, turn) => turn), ...rows],
  );
  addTwin(figure, "depths", "Gradient of both by depth", () => ({
    columns: ["site of A", "site of B", "arrives in A", "arrives in B"],
    rows: sites.map((site, turn) => [arrives.a[turn] === null && site.other ? "" : site.name, site.other ?? "", arrives.a[turn], arrives.b[turn]]),
  }));
}

function pairName(turn) {
  const { name, other } = page.data.sites[turn];
  return shorten(other && other !== name ? `${name} / ${other}` : name, 60);
}
