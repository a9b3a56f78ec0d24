// The page of one run: its charts, and the site that it begins with.

const DRAW = {
  depth: drawDepth,
  parts: drawParts,
  heatmap: drawHeatmap,
  site: drawSite,
  multiples: drawMultiples,
  loss: drawLoss,
};

function begin() {
  if (!page.followed) follow();
  page.followed = true;
  const { findings } = page.data;
  const leading = findings.find((finding) => finding.leading) ?? findings.find(({ sites }) => sites.length);
  page.site = leading?.sites[0] ?? 0;
}
