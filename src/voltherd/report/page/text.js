// The data of the page, the chosen language, and how numbers and times are written in it.
const report = JSON.parse(document.getElementById("report").textContent);
const labels = JSON.parse(document.getElementById("labels").textContent);

const LANGUAGES = { en: "EN", zh: "中文" };
const LOCALES = { en: "en-GB", zh: "zh-CN" };
const MARKET_OFFSET = 8 * 3600e3;
const QUARTER = 15 * 60e3;

const state = {
  language: startLanguage(), theme: recall("voltherd.theme"), key: keyOfAddress(),
};

function keyOfAddress() {
  return new URLSearchParams(`case=${location.hash.slice(1)}`).get("case");
}

function startLanguage() {
  const wanted = [new URLSearchParams(location.search).get("lang"), recall("voltherd.language"), navigator.language];
  return wanted.map((one) => String(one).slice(0, 2)).find((one) => one in LANGUAGES) ?? "en";
}

// Storage is refused to local files by some browsers; the page then starts anew each time.
function recall(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

function remember(name, value) {
  try { localStorage.setItem(name, value); } catch { /* as above */ }
}

function t(key, values = {}) {
  return labels[key][state.language].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function pick(text) {
  return text[state.language];
}

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function number(value, digits = 0) {
  if (value === null || value === undefined) return "–";
  const shown = value.toLocaleString(LOCALES[state.language], {
    minimumFractionDigits: digits, maximumFractionDigits: digits,
  });
  return /^-0([.]0*)?$/.test(shown) ? shown.slice(1) : shown;
}

// Large fleets are told in MW and MWh: the unit that keeps the highest figure under 10,000.
function scaleOf(unit, ...series) {
  let highest = 0;
  for (const values of series) for (const value of values) highest = Math.max(highest, Math.abs(value ?? 0));
  const [factor, shown] = highest >= 10000 ? [1e-3, unit.replace("k", "M")] : [1, unit];
  const digits = highest * factor >= 1000 ? 0 : highest * factor >= 100 ? 1 : 2;
  return { factor, unit: shown, digits, tell: (value) => `${number(value * factor, digits)} ${shown}` };
}

function price(value) {
  return number(value, 3);
}

// Instants are carried as if the market's time were UTC, so that every viewer sees the market's time.
function marketTime(iso) {
  return Date.parse(iso) + MARKET_OFFSET;
}

function instants(day) {
  const first = marketTime(day.start);
  return Array.from({ length: day.intervals + 1 }, (_, i) => first + i * QUARTER);
}

function clock(instant) {
  return new Date(instant).toISOString().slice(11, 16);
}

function dateAndClock(instant) {
  return new Date(instant).toISOString().slice(5, 16).replace("T", " ");
}

function wholeDate(iso) {
  return new Date(`${iso}T00:00:00Z`).toLocaleDateString(LOCALES[state.language], {
    weekday: "long", year: "numeric", month: "long", day: "numeric", timeZone: "UTC",
  });
}
