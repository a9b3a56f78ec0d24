// The page comes to life: charts, themes, links to sites. DRAW and `begin` are the page's own.

function redraw(key) {
  for (const figure of document.querySelectorAll(`figure[data-chart="${key}"]`)) {
    try {
      DRAW[key](figure);
    } catch (error) {
      console.error(error);
      figure.querySelector(".plot").textContent = `This chart could not be drawn: ${error.message}`;
    }
  }
}

function redrawAll() {
  for (const key of Object.keys(DRAW)) redraw(key);
}

// What is far below is drawn when it comes near, so that a large page opens at once.
function drawWhenNear() {
  const waiting = new Set(document.querySelectorAll("figure[data-chart]"));
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting || !waiting.delete(target)) continue;
        near.unobserve(target);
        if (DRAW[target.dataset.chart]) DRAW[target.dataset.chart](target);
      }
    },
    { rootMargin: "600px" },
  );
  for (const figure of waiting) near.observe(figure);
  const rest = () => {
    for (const figure of waiting) if (DRAW[figure.dataset.chart]) DRAW[figure.dataset.chart](figure);
    waiting.clear();
  };
  window.addEventListener("beforeprint", rest);
  (window.requestIdleCallback ?? ((run) => setTimeout(run, 300)))(rest, { timeout: 3000 });
}

function themes() {
  const button = document.getElementById("theme");
  const dark = () => (document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches);
  const show = () => (button.textContent = dark() ? "Light" : "Dark");
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    show();
    redrawAll();
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (show(), redrawAll()));
  show();
}

// Paper is white: what is drawn is drawn again in the light colours for it.
function printing() {
  const root = document.documentElement;
  let kept = null;
  window.addEventListener("beforeprint", () => {
    kept = root.dataset.theme ?? "";
    root.dataset.theme = "light";
    redrawAll();
  });
  window.addEventListener("afterprint", () => {
    if (kept) root.dataset.theme = kept;
    else delete root.dataset.theme;
    redrawAll();
  });
}

// Links to sites: from findings, tables and answers.
function siteLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-site]");
    if (!link) return;
    event.preventDefault();
    const step = link.dataset.step;
    selectSite(Number(link.dataset.site), step ? Number(step) : null, true);
  });
}

function resizing() {
  let width = window.innerWidth;
  let timer = null;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    clearTimeout(timer);
    timer = setTimeout(redrawAll, 120);
  });
}

function saving() {
  document.getElementById("save-json")?.addEventListener("click", () => {
    save("stetho-report.json", document.getElementById("report-json").textContent, "application/json");
  });
}

load(JSON.parse(document.getElementById("chart-data").textContent));
begin();
themes();
siteLinks();
resizing();
printing();
saving();
drawWhenNear();
