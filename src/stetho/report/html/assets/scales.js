// Colours between colours, and round numbers for an axis.

function mix(stops, share) {
  const at = share * (stops.length - 1);
  const place = Math.min(stops.length - 2, Math.floor(at));
  const part = at - place;
  const [a, b] = [stops[place], stops[place + 1]];
  return `rgb(${a.map((x, i) => Math.round(x + (b[i] - x) * part)).join(",")})`;
}

const hex = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));

function tinted(colour) {
  const [r, g, b] = hex(colour);
  return `rgba(${r}, ${g}, ${b}, 0.14)`;
}

function niceSteps(low, high, most) {
  const raw = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const ticks = [];
  for (let turn = Math.ceil(low / step); turn * step <= high + step / 1e6; turn++) {
    ticks.push(Number((turn * step).toPrecision(6)) + 0); // no -0
  }
  return ticks;
}
