// Line charts by uPlot, in the page's own colours; drawn anew when size or theme changes.

function axis(more = {}) {
  return {
    stroke: style("quiet"),
    font: `12px ${style("font")}`,
    labelFont: `12px ${style("font")}`,
    grid: { stroke: style("line"), width: 1 },
    ticks: { stroke: style("line"), width: 1, size: 4 },
    ...more,
  };
}

function logAxis(more = {}) {
  return axis({
    splits: (u, at, low, high) => decades(low, high, Math.max(2, Math.floor(u.bbox.height / devicePixelRatio / 34))),
    values: (u, splits) => splits.map((value) => decade(Math.round(Math.log10(value)))),
    filter: (u, splits) => splits,
    size: 52,
    ...more,
  });
}

function decades(low, high, most) {
  const [from, to] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const every = Math.max(1, Math.ceil((to - from + 1) / most));
  const powers = [];
  for (let power = to - ((to % every) + every) % every; power >= from; power -= every) powers.unshift(power);
  return powers.map((power) => 10 ** power);
}

// `names` below the axis as far as they have room, slanted where they are long.
function nameAxis(names, width) {
  const longest = Math.max(1, ...names.map((name) => name.length));
  const room = (width - 60) / Math.max(1, names.length);
  const slanted = longest * 7 > room;
  const every = Math.ceil((slanted ? 16 : 1) / room) || 1;
  return axis({
    splits: () => names.map((_, place) => place).filter((place) => place % every === 0 || place === names.length - 1),
    values: (u, splits) => splits.map((place) => names[place] ?? ""),
    rotate: slanted ? -50 : 0,
    size: slanted ? Math.min(96, 22 + longest * 5.4) : 32,
    gap: 4,
    grid: { show: false },
  });
}

// What is positive can stand on a log axis; 0 and NaN are gaps, told apart in the table.
const positive = (values) => values.map((value) => (value > 0 && Number.isFinite(value) ? value : null));

function logRange(rows, atLeast) {
  const logs = rows.flat().filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
  let [low, high] = logs.length ? [Math.min(...logs), Math.max(...logs)] : [-1, 0];
  low = Math.min(Math.floor(low - 0.15), atLeast?.[0] ?? Infinity);
  high = Math.max(Math.ceil(high + 0.15), atLeast?.[1] ?? -Infinity);
  if (high - low < 2) [low, high] = [low - 1, high + 1];
  return [10 ** low, 10 ** high];
}

function lineChart(host, options, columns) {
  host.uplot?.destroy();
  host.replaceChildren();
  const width = Math.max(host.clientWidth, 240);
  const height = options.height ?? host.clientHeight ?? 280;
  host.uplot = new uPlot(
    { width, height, padding: [10, 26, 0, 4], legend: { show: false }, cursor: { drag: { x: false, y: false }, points: { size: 7 } }, ...options },
    columns,
    host,
  );
  return host.uplot;
}

// A tooltip at the pointer: `lines(place)` says what stands there.
function pointing(lines, onClick) {
  return {
    hooks: {
      init: (u) => {
        u.over.addEventListener("mousemove", (event) => {
          const told = u.cursor.idx === null || u.cursor.idx === undefined ? [] : lines(u.cursor.idx);
          if (told.length) showTip(event, told);
          else hideTip();
        });
        u.over.addEventListener("mouseleave", hideTip);
        if (onClick) {
          u.over.style.cursor = "pointer";
          u.over.addEventListener("click", () => {
            if (u.cursor.idx !== null && u.cursor.idx !== undefined) onClick(u.cursor.idx);
          });
        }
      },
    },
  };
}

// Parts of the plane in a tint, with a word in them.
function zones(list) {
  return {
    hooks: {
      drawClear: (u) => {
        const { left, top, width, height } = u.bbox;
        const pen = u.ctx;
        pen.save();
        for (const { from, to, tint, word, below } of list) {
          const high = Math.max(top, Math.min(top + height, u.valToPos(to, "y", true)));
          const low = Math.max(top, Math.min(top + height, u.valToPos(from, "y", true)));
          if (low - high < 1) continue;
          pen.fillStyle = tint;
          pen.fillRect(left, high, width, low - high);
          if (!word || low - high < 18 * devicePixelRatio) continue;
          pen.fillStyle = style("quiet");
          pen.font = `${12 * devicePixelRatio}px ${style("font")}`;
          if (pen.measureText(word).width > width - 12 * devicePixelRatio) continue;
          pen.textBaseline = below ? "bottom" : "top";
          pen.textAlign = "right";
          const edge = 6 * devicePixelRatio;
          pen.fillText(word, left + width - edge, below ? low - edge : high + edge);
        }
        pen.restore();
      },
    },
  };
}

// Points that must be seen, and a few words above the first of them.
function callout(points, words, colour) {
  return {
    hooks: {
      draw: (u) => {
        const ratio = devicePixelRatio;
        const pen = u.ctx;
        const { left, width, top, height } = u.bbox;
        const at = points.map(([place, value]) => [u.valToPos(place, "x", true), Math.min(top + height, u.valToPos(value, "y", true))]);
        pen.save();
        pen.fillStyle = pen.strokeStyle = colour;
        for (const [x, y] of at) {
          pen.beginPath();
          pen.arc(x, y, 6.5 * ratio, 0, 7);
          pen.fill();
        }
        pen.font = `bold ${14 * ratio}px ${style("font")}`;
        const fits = Math.min(1, (width - 8 * ratio) / pen.measureText(words).width);
        pen.font = `bold ${Math.floor(14 * fits) * ratio}px ${style("font")}`;
        const start = Math.max(left + 4 * ratio, Math.min(at[0][0] - 8 * ratio, left + width - pen.measureText(words).width - 4 * ratio));
        const base = Math.max(top + 18 * ratio, at[0][1] - 46 * ratio);
        pen.lineWidth = 1.5 * ratio;
        pen.beginPath();
        pen.moveTo(at[0][0], base + 3 * ratio);
        pen.lineTo(...at[0]);
        pen.stroke();
        pen.strokeStyle = style("card");
        pen.lineWidth = 5 * ratio;
        pen.lineJoin = "round";
        pen.textAlign = "left";
        pen.textBaseline = "bottom";
        pen.strokeText(words, start, base);
        pen.fillText(words, start, base);
        pen.restore();
      },
    },
  };
}

function legend(figure, entries) {
  let list = figure.querySelector("ul.legend");
  if (!list) {
    list = element("ul", { class: "legend" });
    figure.querySelector(".plot").before(list);
  }
  list.replaceChildren(
    ...entries.map(([colour, text, kind]) => {
      const key = element("span", { class: `key ${kind ?? "line"}`, "aria-hidden": "true" });
      key.style.setProperty("--key", colour);
      return element("li", {}, key, text);
    }),
  );
}
