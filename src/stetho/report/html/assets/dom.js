// Small pieces of a document. Text is set as text, never as markup.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function style(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function say(text) {
  document.getElementById("announcer").textContent = text;
}

// A canvas as sharp as the screen; drawing happens in CSS pixels.
function canvasIn(host, height, attributes = {}) {
  let canvas = host.querySelector("canvas");
  if (!canvas) {
    canvas = element("canvas", attributes);
    host.append(canvas);
  }
  const width = Math.max(host.clientWidth, 200);
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = `12px ${style("font")}`;
  return { canvas, pen, width, height };
}

let tip = null;

function showTip(event, lines) {
  tip ??= document.body.appendChild(element("div", { class: "tip", "aria-hidden": "true" }));
  tip.replaceChildren(...lines.map((line) => element("div", {}, line)));
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const left = Math.min(event.clientX + 14, window.innerWidth - box.width - 8);
  const below = event.clientY + 18 + box.height < window.innerHeight;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${below ? event.clientY + 18 : event.clientY - box.height - 12}px`;
}

function hideTip() {
  if (tip) tip.hidden = true;
}

// A row of buttons of which one is pressed.
function choices(host, options, chosen, onChoose, label) {
  host.replaceChildren(
    ...options.map(([key, title]) =>
      element(
        "button",
        { type: "button", "aria-pressed": String(key === chosen), "data-key": key, onclick: () => onChoose(key) },
        title,
      ),
    ),
  );
  host.setAttribute("role", "group");
  host.setAttribute("aria-label", label);
}
