// The page of a prediction: theory's band by depth, for one function at a time.

const DRAW = { depth: drawPredicted };

function begin() {
  page.others = page.data.others;
}

function drawPredicted(figure) {
  const names = Object.keys(page.others);
  const shown = figure.dataset.shown ?? names[0];
  page.data = { ...page.data, ...page.others[shown] };
  drawDepth(figure);
  if (names.length < 2) return;
  let host = figure.querySelector(".functions");
  if (!host) {
    host = element("div", { class: "choices functions" });
    figure.querySelector(".choices").before(host);
  }
  choices(host, names.map((name) => [name, name]), shown, (name) => ((figure.dataset.shown = name), drawPredicted(figure)), "Function at every site");
}

function selectSite() {}
