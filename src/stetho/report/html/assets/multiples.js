// One small histogram a site, by depth: click one to look closer.

const SMALL = 60; // sites shown at once; the others when they are asked for

function drawMultiples(figure) {
  const host = figure.querySelector(".plot");
  const { sites, histograms } = page.data;
  const all = figure.dataset.all === "yes";
  const places = sites.map((_, place) => place).filter((place) => histograms[place]?.steps.length);
  const shown = all || places.length <= SMALL ? places : places.filter((_, turn) => turn % Math.ceil(places.length / SMALL) === 0);
  const names = shortNames(20);
  host.replaceChildren(
    ...shown.map((site) => {
      const button = element("button", { type: "button", class: "small", "data-site": site, "aria-pressed": String(site === page.site), title: siteName(site), onclick: () => selectSite(site, null, true) });
      button.append(element("span", { class: "name" }, names[site]), element("span", { class: "canvas" }));
      return button;
    }),
  );
  for (const button of host.children) paintSmall(button);
  const more = figure.querySelector(".more");
  more.hidden = shown.length === places.length;
  more.textContent = `Show all ${places.length} sites`;
  more.onclick = () => ((figure.dataset.all = "yes"), drawMultiples(figure));
  addTwin(figure, "distributions", "z by depth", multiplesTable);
}

function paintSmall(button) {
  const site = Number(button.dataset.site);
  const shares = histogram(site, turnNear(site, null));
  const { canvas, pen, width, height } = canvasIn(button.querySelector(".canvas"), 62, { "aria-hidden": "true" });
  canvas.style.pointerEvents = "none";
  const [low, high] = zRange(site, [shares]);
  const x = (z) => ((z - low) / (high - low)) * width;
  const curve = page.data.functions[page.data.sites[site].function];
  saturatedZones(pen, { left: 0, top: 0, width, height: height - 12 }, curve, x, low, high, null);
  const bars = densityBars(shares, low, high).filter((bar) => bar.to > low && bar.from < high);
  const tallest = Math.max(...bars.map((bar) => bar.height), 1e-12);
  pen.fillStyle = style("bars");
  for (const bar of bars) {
    const tall = (bar.height / tallest) * (height - 14);
    pen.fillRect(x(Math.max(bar.from, low)), height - 12 - tall, Math.max(1, x(Math.min(bar.to, high)) - x(Math.max(bar.from, low)) - 0.4), tall);
  }
  pen.fillStyle = style("quiet");
  pen.font = `10px ${style("font")}`;
  pen.textBaseline = "bottom";
  pen.fillText(number(Number(low.toPrecision(2))), 0, height);
  pen.textAlign = "right";
  pen.fillText(number(Number(high.toPrecision(2))), width, height);
  pen.textAlign = "center";
  if (low < 0 && high > 0) pen.fillText("0", x(0), height);
}

function markMultiple() {
  for (const button of document.querySelectorAll("button.small")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.site) === page.site));
  }
}

function multiplesTable() {
  return {
    columns: ["site", "function", "mean of z", "deviation of z", "saturated", "dead units"],
    rows: page.data.sites.map((site) => [site.name, site.function, site.z_mean, site.z_std, site.saturated, site.dead]),
  };
}
