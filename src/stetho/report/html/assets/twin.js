// Every chart's table: shown when it is opened, saved as CSV or JSON.

// A spreadsheet takes a text that begins so for a formula and runs it.
const FORMULA = /^[=+\-@\t\r]/;

function csvCell(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csv(table) {
  return [table.columns, ...table.rows].map((row) => row.map(csvCell).join(",")).join("\r\n") + "\r\n";
}

function save(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = element("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

const plainNumber = (key, value) =>
  typeof value === "number" && !Number.isFinite(value) ? (Number.isNaN(value) ? null : value > 0 ? "inf" : "-inf") : value;

function saveTable(name, table, form) {
  if (form === "csv") save(`${name}.csv`, csv(table), "text/csv");
  else save(`${name}.json`, JSON.stringify({ columns: table.columns, rows: table.rows }, plainNumber, 1), "application/json");
}

function tableElement(table, caption) {
  const show = (cell) => (typeof cell === "number" || cell === null || cell === undefined ? number(cell) : cell);
  const head = element("tr", {}, ...table.columns.map((title) => element("th", { scope: "col" }, title)));
  const body = table.rows.map((row) =>
    element(
      "tr",
      {},
      ...row.map((cell, place) =>
        place === 0 ? element("th", { scope: "row" }, show(cell)) : element("td", {}, show(cell)),
      ),
    ),
  );
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": `${caption}, as a table` },
    element("table", {}, element("caption", {}, caption), element("thead", {}, head), element("tbody", {}, ...body)),
  );
}

// Below a figure: the same as a table. `make` gives {columns, rows} when it is wanted.
function addTwin(figure, key, title, make) {
  let twin = figure.querySelector("details.twin");
  if (!twin) {
    twin = element("details", { class: "twin" }, element("summary", {}, "As a table"));
    const buttons = ["csv", "json"].map((form) =>
      element("button", { type: "button", "data-save": form, onclick: () => saveTable(`stetho-${key}`, twin.make(), form) }, `Save as ${form.toUpperCase()}`),
    );
    twin.append(element("p", { class: "saves" }, ...buttons), element("div", { class: "table" }));
    twin.addEventListener("toggle", () => fillTwin(twin, title));
    figure.append(twin);
  }
  twin.make = make;
  fillTwin(twin, title);
}

function fillTwin(twin, title) {
  const place = twin.querySelector(".table");
  place.replaceChildren(...(twin.open ? [tableElement(twin.make(), title)] : []));
}
