// Light and dark: the tokens of tokens.css decide; charts read them as colours of the moment.
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const contrast = matchMedia("(prefers-contrast: more)");
const GROUP_COLOURS = 8;
const probe = document.body.appendChild(el("span", { hidden: "" }));

const SUN = "M12 4V2m0 20v-2M4 12H2m20 0h-2M6.3 6.3 4.9 4.9m14.2 14.2-1.4-1.4m0-11.4 1.4-1.4M4.9 19.1l1.4-1.4M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9z";
const MOON = "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.500 10.500z";

function dark() {
  return state.theme === "dark" || (state.theme !== "light" && systemDark.matches);
}

function applyTheme(theme) {
  document.documentElement.style.colorScheme = theme ?? "light dark";
}

function icon(path) {
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(NAMESPACE, "svg");
  const line = document.createElementNS(NAMESPACE, "path");
  for (const [name, value] of Object.entries({ viewBox: "0 0 24 24", fill: "none", stroke: "currentColor",
    "stroke-width": "1.8", "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" })) {
    svg.setAttribute(name, value);
  }
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

// A custom property is text; the computed colour of an element that uses it is the colour.
function token(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

function channels(name) {
  return token(name).match(/[\d.]+/g).slice(0, 3).map(Number);
}

function faded(name, opacity) {
  return `rgba(${channels(name).join(",")},${opacity})`;
}

function between(low, high, share) {
  const [from, to] = [channels(low), channels(high)];
  return `rgb(${from.map((value, i) => Math.round(value + share * (to[i] - value))).join(",")})`;
}

function groupColour(index) {
  return token(`group-${index % GROUP_COLOURS}`);
}
