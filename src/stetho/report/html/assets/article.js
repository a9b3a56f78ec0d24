// The article's claims: one line or point chart a picture.

const DRAW = { picture: drawPicture };
const PICTURE_COLOURS = ["gradient", "slope", "signal", "weight", "fault", "warning", "note", "quiet"];

function begin() {}

function selectSite() {}

const drawable = (value, log) => (typeof value === "number" && Number.isFinite(value) && (!log || value > 0) ? value : null);

function drawPicture(figure) {
  const picture = page.data.pictures[Number(figure.dataset.place)];
  const xs = [...new Set(picture.series.flatMap((one) => one.x))].sort((a, b) => a - b);
  const row = new Map(xs.map((x, place) => [x, place]));
  const spread = (one, values) => {
    const column = xs.map(() => null);
    one.x.forEach((x, place) => (column[row.get(x)] = drawable(values[place], picture.log_y)));
    return column;
  };
  const [columns, series, bands] = [[xs], [{}], []];
  picture.series.forEach((one, turn) => {
    const stroke = style(PICTURE_COLOURS[turn % PICTURE_COLOURS.length]);
    const first = series.length;
    if (one.low.length && !one.points) {
      const edge = { stroke: "transparent", points: { show: false }, spanGaps: true };
      series.push(edge, edge);
      columns.push(spread(one, one.low), spread(one, one.high));
      bands.push({ series: [first + 1, first], fill: tinted(stroke) });
    }
    const dots = { show: one.points || one.x.length < 2, size: 7, fill: stroke };
    series.push({ stroke, width: 2, spanGaps: true, points: dots, paths: one.points ? () => null : undefined, dash: turn >= PICTURE_COLOURS.length ? [6, 4] : undefined });
    columns.push(spread(one, one.y));
  });
  const host = figure.querySelector(".plot");
  lineChart(host, { height: 260, scales: pictureScales(picture, columns), axes: pictureAxes(picture, host), series, bands, plugins: [whiskers(picture), pointing((place) => pictureTip(picture, xs[place]))] }, columns);
  host.setAttribute("role", "img");
  host.setAttribute("aria-label", `${picture.title}. ${picture.caption}`);
  if (picture.series.length > 1 || picture.series[0].name) {
    legend(figure, picture.series.map((one, turn) => [style(PICTURE_COLOURS[turn % PICTURE_COLOURS.length]), one.name]));
  }
  addTwin(figure, `picture-${figure.dataset.place}`, picture.title, () => pictureTable(picture, xs));
}

// Intervals of single points: an upright line each.
function whiskers(picture) {
  return {
    hooks: {
      draw: (u) => {
        const pen = u.ctx;
        pen.save();
        pen.lineWidth = 2 * devicePixelRatio;
        picture.series.forEach((one, turn) => {
          if (!one.points) return;
          pen.strokeStyle = style(PICTURE_COLOURS[turn % PICTURE_COLOURS.length]);
          one.x.forEach((x, place) => {
            const ends = [one.low[place], one.high[place]].map((value) => drawable(value, picture.log_y));
            if (ends.includes(null) || ends.includes(undefined)) return;
            pen.beginPath();
            for (const end of ends) pen.lineTo(u.valToPos(x, "x", true), u.valToPos(end, "y", true));
            pen.stroke();
          });
        });
        pen.restore();
      },
    },
  };
}

function pictureScales(picture, columns) {
  const intervals = picture.series.flatMap((one) => (one.points ? [...one.low, ...one.high] : []));
  const values = [...columns.slice(1).flat(), ...intervals.map((value) => drawable(value, picture.log_y))].filter((value) => value !== null);
  const xs = columns[0];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = (high - low || Math.abs(high) || 1) * 0.06;
  const aside = picture.ticks.length || xs.length === 1 ? 0.5 : (xs[xs.length - 1] - xs[0]) * 0.015;
  return {
    x: { time: false, distr: picture.log_x ? 3 : 1, range: picture.log_x ? [xs[0] / 1.1, xs[xs.length - 1] * 1.1] : [xs[0] - aside, xs[xs.length - 1] + aside] },
    y: { distr: picture.log_y ? 3 : 1, range: picture.log_y ? logRange([values]) : [low - pad, high + pad] },
  };
}

function pictureAxes(picture, host) {
  const named = { label: picture.x, labelSize: 18, labelGap: 0 };
  const width = Math.max(host.clientWidth, 240);
  const across = picture.ticks.length
    ? { ...nameAxis(picture.ticks, width), ...named }
    : picture.log_x
      ? axis({ ...named, size: 30, splits: (u, at, low, high) => decades(low, high, width / 70), values: (u, splits) => splits.map((x) => decade(Math.round(Math.log10(x)))), filter: (u, splits) => splits })
      : axis({ ...named, size: 30, values: (u, splits) => splits.map(number) });
  return [across, picture.log_y ? logAxis() : axis({ size: 58, values: (u, splits) => splits.map(number) })];
}

function pictureTip(picture, x) {
  const at = picture.ticks[x] ?? `${picture.x} ${number(x)}`;
  const told = picture.series.filter((one) => one.x.includes(x)).map((one) => `${one.name || picture.y}: ${number(one.y[one.x.indexOf(x)])}`);
  return told.length ? [at, ...told] : [];
}

function pictureTable(picture, xs) {
  const heads = picture.series.flatMap((one) => [one.name || picture.y, ...(one.low.length ? [`${one.name} from`, `${one.name} to`] : [])]);
  const cells = (one, x) => {
    const place = one.x.indexOf(x);
    return place < 0 ? [null, ...(one.low.length ? [null, null] : [])] : [one.y[place], ...(one.low.length ? [one.low[place], one.high[place]] : [])];
  };
  return { columns: [picture.x, ...heads], rows: xs.map((x) => [picture.ticks[x] ?? x, ...picture.series.flatMap((one) => cells(one, x))]) };
}
