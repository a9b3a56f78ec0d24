// The page's data: what stands in the document, or what the live server sent last.

const page = { data: null, form: null, site: 0, step: null, charts: new Map() };

const WORDS = new Set(["name", "other", "layer", "norm", "model", "function", "severity"]);
const infinite = (value) => (value === "inf" ? Infinity : value === "-inf" ? -Infinity : value);

function load(data) {
  page.data = data;
  for (const site of data.sites) {
    for (const key of Object.keys(site)) if (!WORDS.has(key)) site[key] = infinite(site[key]);
  }
  data.loss.losses = data.loss.losses.map(infinite);
  const count = data.sites.length;
  if (page.site >= count) page.site = 0;
  for (const followed of Object.values(data.followed)) {
    followed.low = floats(followed.low);
    followed.high = followed.high ? floats(followed.high) : followed.low;
  }
  for (const histograms of data.histograms) histograms.rows = null; // unpacked when looked at
}

function bytes(text) {
  const raw = atob(text);
  const array = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) array[i] = raw.charCodeAt(i);
  return array.buffer;
}

function floats(text) {
  return new Float32Array(bytes(text));
}

const logarithmic = (followed) => !["share", "plain"].includes(followed.scale);

// One quantity at a site and a column: [lowest, highest], NaN where it is not known.
function ends(key, site, column) {
  const followed = page.data.followed[key];
  if (!followed) return [NaN, NaN];
  const place = site * page.data.columns.first.length + column;
  const both = [followed.low[place], followed.high[place]];
  return logarithmic(followed) ? both.map((x) => 10 ** x) : both;
}

// Of a column's two ends the one that is worse.
function worst(key, site, column) {
  if (!page.data.followed[key]) return NaN;
  const [low, high] = ends(key, site, column);
  const { scale, middle } = page.data.followed[key];
  if (scale === "low") return low;
  if (scale !== "around") return high;
  return Math.abs(Math.log(low / middle)) > Math.abs(Math.log(high / middle)) ? low : high;
}

// Shares of one histogram of a site: `turn` counts those that the page keeps.
function histogram(site, turn) {
  const kept = page.data.histograms[site];
  if (!kept || !kept.steps.length) return null;
  if (!kept.rows) kept.rows = new Uint16Array(bytes(kept.counts));
  const bins = page.data.edges.length + 1;
  return Array.from(kept.rows.subarray(turn * bins, (turn + 1) * bins), (x) => x / 65535);
}

// The kept histogram of a site that is nearest to a step; the last one for null.
function turnNear(site, step) {
  const steps = page.data.histograms[site]?.steps ?? [];
  if (step === null) return steps.length - 1;
  let best = 0;
  steps.forEach((one, turn) => {
    if (Math.abs(one - step) < Math.abs(steps[best] - step)) best = turn;
  });
  return best;
}

// The step of a column whose histogram to show: where something is at its worst, else the last.
function stepInside(site, column) {
  const { first, last } = page.data.columns;
  const { steps, telling } = page.data.histograms[site] ?? { steps: [], telling: [] };
  const inside = steps.filter((step) => step >= first[column] && step <= last[column]);
  return inside.filter((step) => telling.includes(step)).pop() ?? inside.pop() ?? last[column];
}

function columnOf(step) {
  const { last } = page.data.columns;
  const found = last.findIndex((end) => step <= end);
  return found < 0 ? last.length - 1 : found;
}

function columnName(column) {
  const { first, last } = page.data.columns;
  const [a, b] = [first[column], last[column]].map((step) => step.toLocaleString("en-US"));
  return a === b ? `step ${a}` : `steps ${a} to ${b}`;
}

// "sigmoid#3 (behind layers.3)" where a site's name does not tell where it is.
function siteName(site) {
  const one = page.data.sites[site];
  return one.layer && !one.name.includes("/") ? `${one.name} (behind ${one.layer})` : one.name;
}

function shorten(text, length) {
  if (text.length <= length) return text;
  const head = Math.floor((length - 1) / 3);
  return `${text.slice(0, head)}…${text.slice(text.length - (length - 1 - head))}`;
}

// Short names for axes: the layer that a bare site stands behind, without what all share.
function shortNames(length) {
  const long = page.data.sites.map((site) =>
    site.layer && !site.name.includes("/") ? site.layer : site.name.replace(/\/[^/]*$/, ""),
  );
  const unique = new Set(long).size === long.length;
  const names = unique ? long : page.data.sites.map((site) => site.name);
  let same = names.length > 1 ? names[0].lastIndexOf(".") + 1 : 0;
  while (same && !names.every((name) => name.startsWith(names[0].slice(0, same)))) {
    same = names[0].lastIndexOf(".", same - 2) + 1;
  }
  const cut = names.map((name) => name.slice(same));
  const digits = (name) => /^\d+$/.test(name); // "layers.3" or "3/tanh" where there is but "3"
  const told = cut.every(digits) ? (names.every(digits) ? page.data.sites.map((site) => site.name) : names) : cut;
  return told.map((name) => shorten(name, length));
}
