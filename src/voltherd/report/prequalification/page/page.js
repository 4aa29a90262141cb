// The page: switches, verdict, charts and tables, drawn anew whenever language or colours change.
function drawPage() {
  document.documentElement.lang = LOCALES[state.language];
  document.title = pick(report.title);
  document.getElementById("title").textContent = pick(report.title);
  drawSwitches();
  clearCharts();
  const whole = curveChart(report.whole, "whole", t("whole_title"), t("whole_caption"), { zoom: true });
  const close = curveChart(report.close, "close", t("close_title"), t("close_caption"));
  const steps = report.steps.map((step, i) => stepChart(step, `step-${i}`));
  const indices = indicesChart();
  const drawn = [whole, close, indices, ...steps];
  document.getElementById("cases").replaceChildren(el("article", { class: "case" },
    lead(), headline(), checksTable(), whole.element, close.element, indices.element,
    steps.map((one) => one.element),
    el("section", { class: "card" }, el("h3", {}, t("notes_title")),
      el("div", { class: "remarks" }, el("ul", {}, report.notes.map((note) => el("li", {}, linked(pick(note))))))),
    headsTable()));
  for (const one of drawn) one.draw();
  document.getElementById("foot").replaceChildren(
    el("p", {}, `Voltherd ${report.version} · ${pick(report.made_from)}`),
    el("p", {}, t("echarts_notice", { version: echarts.version })));
}

function lead() {
  const kind = report.passed ? "passed" : "failed";
  return el("div", { class: "lead" },
    el("p", { class: "day" }, `${t("market_day")} ${wholeDate(report.day)} · ${t("market_time")}`),
    el("h2", {}, pick(report.title), badges({ synthetic: true }, "synthetic"),
      el("span", { class: `verdict ${kind}` }, (report.passed ? "✓ " : "✗ ") + t(kind))),
    el("p", {}, pick(report.summary)));
}

function headline() {
  return el("section", { class: "headline" },
    el("h3", {}, t("headline"), badges({ synthetic: true }, "synthetic")),
    el("dl", {}, report.headline.map(([name, value]) => el("div", {}, el("dt", {}, pick(name)), el("dd", {}, value)))));
}

function drawSwitches() {
  const languages = document.getElementById("languages");
  languages.setAttribute("aria-label", t("language"));
  languages.replaceChildren(...Object.entries(LANGUAGES).map(([language, name]) =>
    button({ "aria-pressed": String(language === state.language), lang: LOCALES[language] }, name, () => {
      state.language = language;
      remember("voltherd.language", language);
      drawPage();
    })));
  const theme = document.getElementById("theme");
  const label = t(dark() ? "theme_light" : "theme_dark");
  theme.setAttribute("aria-label", label);
  theme.title = label;
  theme.replaceChildren(icon(dark() ? SUN : MOON));
}

document.getElementById("theme").addEventListener("click", () => {
  state.theme = dark() ? "light" : "dark";
  remember("voltherd.theme", state.theme);
  applyTheme(state.theme);
  drawPage();
});

systemDark.addEventListener("change", () => drawPage());
addEventListener("beforeprint", () => {
  document.documentElement.classList.add("paper");
  applyTheme("light");
  drawPage();
});
addEventListener("afterprint", () => {
  document.documentElement.classList.remove("paper");
  applyTheme(state.theme);
  drawPage();
});

applyTheme(state.theme);
drawPage();
