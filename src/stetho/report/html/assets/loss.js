// The loss, with what a constant answer gets and the first step of each finding.

function drawLoss(figure) {
  const { loss, findings } = page.data;
  const host = figure.querySelector(".plot");
  const finite = loss.losses.filter((value) => typeof value === "number" && Number.isFinite(value));
  const wide = finite.length && Math.min(...finite) > 0 && Math.max(...finite) / Math.min(...finite) > 50;
  figure.dataset.scale ??= wide ? "log" : "linear";
  const log = figure.dataset.scale === "log";
  const choose = (key) => ((figure.dataset.scale = key), drawLoss(figure));
  choices(figure.querySelector(".choices"), [["linear", "linear"], ["log", "log"]], figure.dataset.scale, choose, "Scale of the loss");
  const baseline = loss.baseline;
  const values = loss.losses.map((value) => (typeof value === "number" && Number.isFinite(value) && (!log || value > 0) ? value : null));
  const entries = [[style("gradient"), "loss"]];
  if (baseline !== null) entries.push([style("quiet"), `best constant answer: ${number(baseline)}`, "dashed"]);
  legend(figure, entries);
  const low = Math.min(log ? Infinity : 0, ...finite, baseline ?? Infinity);
  const high = Math.max(...finite, baseline ?? -Infinity);
  const range = log ? logRange([finite, [baseline ?? NaN]]) : [low, high + (high - low) * 0.06 || 1];
  lineChart(
    host,
    {
      scales: { x: { time: false }, y: { distr: log ? 3 : 1, range } },
      axes: [axis({ values: (u, splits) => splits.map((step) => step.toLocaleString("en-US")) }), log ? logAxis() : axis({ size: 56, values: (u, splits) => splits.map(number) })],
      series: [{}, { stroke: style("gradient"), width: 1.6, points: { show: values.length < 3 } }, { stroke: style("quiet"), width: 1.4, dash: [6, 4], points: { show: false } }],
      plugins: [
        marks(lossMarks(loss, findings)),
        pointing((place) => [`step ${loss.steps[place].toLocaleString("en-US")}`, `loss ${number(loss.losses[place])}`]),
      ],
    },
    [loss.steps, values, loss.steps.map(() => (log && !(baseline > 0) ? null : baseline))],
  );
  addTwin(figure, "loss", "Loss by step", () => ({
    columns: ["step", "loss", "a finding begins"],
    rows: loss.steps.map((step, place) => [step, loss.losses[place], beginning(step, place)]),
  }));
}

function beginning(step, place) {
  const { loss, findings } = page.data;
  const next = loss.steps[place + 1] ?? Infinity;
  return findings.filter(({ since }) => since !== null && since >= step && since < next).map(({ rule, since }) => `${rule} (step ${since})`).join("; ");
}

function lossMarks(loss, findings) {
  const made = findings.filter(({ since }) => since !== null).map(({ rule, since, severity }) => ({ step: since, word: rule, colour: style(severity) }));
  if (loss.first_nonfinite !== null) made.push({ step: loss.first_nonfinite, word: "NaN or Inf", colour: style("fault") });
  for (const step of loss.spikes) made.push({ step, word: "jump", colour: style("quiet") });
  return made.sort((a, b) => a.step - b.step);
}

// Upright lines with a word; each word in the first row where it has room.
function marks(list) {
  return {
    hooks: {
      draw: (u) => {
        const ratio = devicePixelRatio;
        const pen = u.ctx;
        pen.save();
        pen.font = `${11.5 * ratio}px ${style("font")}`;
        pen.textBaseline = "top";
        const rows = [];
        for (const { step, word, colour } of list) {
          const x = u.valToPos(step, "x", true);
          const { left, width, top, height } = u.bbox;
          pen.strokeStyle = pen.fillStyle = colour;
          pen.lineWidth = 1.5 * ratio;
          pen.setLineDash([4 * ratio, 3 * ratio]);
          pen.beginPath();
          pen.moveTo(x, top);
          pen.lineTo(x, top + height);
          pen.stroke();
          const long = pen.measureText(word).width + 10 * ratio;
          const flip = x + long > left + width;
          const [from, to] = flip ? [x - long, x] : [x, x + long];
          let row = rows.findIndex((taken) => taken.every(([a, b]) => to < a || from > b));
          if (row < 0) row = rows.push([]) - 1;
          rows[row].push([from, to]);
          pen.textAlign = flip ? "right" : "left";
          pen.fillText(word, x + (flip ? -5 : 5) * ratio, top + (4 + row * 15) * ratio);
        }
        pen.restore();
      },
    },
  };
}
