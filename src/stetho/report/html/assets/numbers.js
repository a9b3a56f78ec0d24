// Numbers → the few characters that a report spends on them: the same as numbers.py.

const MISSING = "–";

function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return MISSING;
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const size = Math.abs(value);
  if (!size) return "0";
  if (size < 0.9995e-3 || size >= 999500) return exponent(value);
  if (size >= 999.5) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

function exponent(value) {
  const [mantissa, power] = value.toExponential(2).split("e");
  const sign = power[0] === "-" ? "-" : "+";
  return `${Number(mantissa)}e${sign}${power.slice(1).padStart(2, "0")}`;
}

function percent(share) {
  if (share === null || share === undefined || Number.isNaN(share)) return MISSING;
  const value = 100 * share;
  if (value > 99.9 && value < 100) return ">99.9 %";
  if (Math.abs(value) > 0 && Math.abs(value) < 0.1) return `${number(value)} %`;
  return `${Math.abs(value) < 9.95 ? number(Math.round(value * 10) / 10) : Math.round(value)} %`;
}

function factor(value) {
  const text = number(value);
  return text === MISSING ? text : `${text}×`;
}

// Power of ten for the ticks of a log axis: 1e-9 as 10⁻⁹, 0.01 and 1 as they are.
function decade(power) {
  if (power >= -2 && power <= 3) return String(Number((10 ** power).toPrecision(1)));
  const raised = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
  return `10${[...String(power)].map((sign) => raised[sign]).join("")}`;
}
