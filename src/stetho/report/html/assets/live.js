// A run that goes on: the server says that something changed, the page fetches it and keeps what
// the reader has chosen, opened and scrolled to.

function follow() {
  const address = document.body.dataset.live;
  if (!address) return;
  const state = element("span", { class: "badge note", id: "live" }, "live");
  document.getElementById("status").after(state);
  let busy = false;
  let again = false;
  const fetchNews = async () => {
    if (busy) return void (again = true);
    busy = true;
    const start = performance.now();
    try {
      const answer = await fetch(address.replace("/events/", "/data/"), { credentials: "same-origin" });
      if (!answer.ok) throw new Error(await answer.text());
      const news = await answer.json();
      takeIn(news);
      state.textContent = news.finished ? "ended" : "live";
    } catch (error) {
      state.textContent = "no news";
      state.title = error.message;
    }
    // The more a page costs to make, the more rarely it is made: a quarter of the time at most.
    setTimeout(
      () => {
        busy = false;
        if (again) ((again = false), fetchNews());
      },
      3 * (performance.now() - start),
    );
  };
  const events = new EventSource(address);
  events.addEventListener("changed", fetchNews);
  events.onerror = () => (state.textContent = "no connection");
}

function takeIn(news) {
  const main = document.getElementById("content");
  const open = new Set([...main.querySelectorAll("details[open]")].map(foldName));
  const figures = new Map([...main.querySelectorAll("figure[data-chart]")].map((figure) => [figure.dataset.chart, figure]));
  const focused = document.activeElement?.closest?.("figure") ? document.activeElement : null;
  const fresh = document.createElement("template");
  fresh.innerHTML = news.main; // made by this package's own server, which escapes every name
  for (const figure of fresh.content.querySelectorAll("figure[data-chart]")) {
    const known = figures.get(figure.dataset.chart);
    if (known) figure.replaceWith(known);
  }
  for (const fold of fresh.content.querySelectorAll("details")) if (open.has(foldName(fold))) fold.open = true;
  main.replaceChildren(fresh.content);
  document.querySelector("nav").innerHTML = news.navigation;
  document.getElementById("status").innerHTML = news.status;
  document.getElementById("facts").textContent = news.facts;
  document.getElementById("report-json").textContent = JSON.stringify(news.form);
  const nothing = !page.data.sites.length;
  load(news.data);
  if (nothing) begin();
  redrawAll();
  focused?.focus({ preventScroll: true });
}

function foldName(fold) {
  const place = fold.closest("[data-rule], figure, section");
  return `${place?.dataset.rule ?? place?.dataset.chart ?? place?.id}/${fold.className}`;
}
