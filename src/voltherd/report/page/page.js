// The page: switches, tabs, and drawing anew whenever one of them changes.
function drawPage(days = [chosen()]) {
  document.documentElement.lang = LOCALES[state.language];
  document.title = pick(report.title);
  document.getElementById("title").textContent = pick(report.title);
  drawSwitches();
  drawTabs();
  clearCharts();
  const panels = days.map(casePanel);
  document.getElementById("cases").replaceChildren(...panels.map((panel) => panel.element));
  for (const panel of panels) panel.draw();
  document.getElementById("foot").replaceChildren(
    el("p", {}, `Voltherd ${report.version} · ${pick(report.made_from)}`),
    el("p", {}, t("echarts_notice", { version: echarts.version })));
}

function chosen() {
  return report.cases.find((day) => day.key === state.key) ?? report.cases[0];
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

function drawTabs() {
  const tabs = document.getElementById("tabs");
  tabs.setAttribute("aria-label", t("cases"));
  tabs.replaceChildren(...report.cases.map((day) => {
    const selected = day === chosen();
    const marks = badges(day, "synthetic", "foreign_prices");
    return button({ role: "tab", "aria-selected": String(selected),
      "aria-controls": selected ? `case-${day.key}` : null,
      tabindex: selected ? "0" : "-1", "data-tab": day.key }, [pick(day.title), ...marks], () => show(day));
  }));
}

function show(day) {
  state.key = day.key;
  history.replaceState(null, "", `#${encodeURIComponent(day.key)}`);
  drawPage();
}

document.getElementById("tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const at = report.cases.indexOf(chosen());
  show(report.cases[(at + step + report.cases.length) % report.cases.length]);
  document.querySelector('#tabs [aria-selected="true"]').focus();
});

document.getElementById("theme").addEventListener("click", () => {
  state.theme = dark() ? "light" : "dark";
  remember("voltherd.theme", state.theme);
  applyTheme(state.theme);
  drawPage();
});

addEventListener("hashchange", () => {
  state.key = keyOfAddress();
  drawPage();
});

systemDark.addEventListener("change", () => drawPage());

// Paper takes every case, on white.
addEventListener("beforeprint", () => {
  document.documentElement.classList.add("paper");
  applyTheme("light");
  drawPage(report.cases);
});
addEventListener("afterprint", () => {
  document.documentElement.classList.remove("paper");
  applyTheme(state.theme);
  drawPage();
});

applyTheme(state.theme);
drawPage();
