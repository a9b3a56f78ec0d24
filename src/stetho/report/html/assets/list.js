// The list of runs: follows the folder, and lets two runs be chosen to compare.

const DRAW = {};

function selectSite() {}

function begin() {
  document.getElementById("save-json")?.remove();
  document.addEventListener("change", offerCompare);
  document.addEventListener("click", (event) => {
    if (event.target.id !== "compare") return;
    const [a, b] = chosen();
    location.href = `/compare?a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`;
  });
  new EventSource(document.body.dataset.live).addEventListener("changed", refresh);
}

const chosen = () => ["A", "B"].map((side) => document.querySelector(`input[name=${side}]:checked`)?.value);

function offerCompare() {
  const [a, b] = chosen();
  const button = document.getElementById("compare");
  if (button) button.disabled = !a || !b || a === b;
}

async function refresh() {
  const kept = chosen();
  const answer = await fetch("/list", { credentials: "same-origin" });
  if (!answer.ok) return;
  document.getElementById("runs").innerHTML = await answer.text(); // escaped by this package's server
  ["A", "B"].forEach((side, turn) => {
    for (const input of document.querySelectorAll(`input[name=${side}]`)) input.checked = input.value === kept[turn];
  });
  offerCompare();
}
