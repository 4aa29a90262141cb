// What all charts have in common: mounting, axes of time, steps and lines.
const charts = new Set();
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) echarts.getInstanceByDom(target)?.resize();
});

function place(kind, name) {
  return el("div", { class: `chart ${kind}`, "data-chart": name });
}

function mount(box, key, title, description, option, group) {
  const chart = echarts.init(box, null, { renderer: "canvas", locale: state.language.toUpperCase() });
  chart.setOption({
    ...option,
    legend: { show: false },
    useUTC: true,
    animation: !calm.matches,
    animationDuration: 500,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: em(0.8), color: token("ink") },
    aria: { enabled: true, label: { description: `${title}. ${description}` }, decal: { show: contrast.matches } },
  });
  bindLegend(chart, key);
  if (group) {
    chart.group = group;
    echarts.connect(group);
  }
  charts.add(chart);
  sizes.observe(box);
  return chart;
}

function clearCharts() {
  sizes.disconnect();
  for (const chart of charts) chart.dispose();
  charts.clear();
}

// The frame stays where it is put, so that axes of time one above the other agree to the pixel.
function frame(more) {
  return { left: em(3.4), right: em(1.4), top: em(1.9), bottom: em(1.8), outerBoundsMode: "none", ...more };
}

function em(size) {
  return size * parseFloat(getComputedStyle(document.documentElement).fontSize);
}

function small() {
  return { fontSize: em(0.76), color: token("muted"), fontFamily: getComputedStyle(document.body).fontFamily };
}

function timeAxis(times, more = {}) {
  return {
    type: "time", min: times[0], max: times.at(-1), boundaryGap: false, containShape: false,
    axisLine: { lineStyle: { color: token("line") } }, axisTick: { show: false },
    axisLabel: { ...small(), hideOverlap: true, formatter: hourLabel(times) }, splitLine: { show: false },
    axisPointer: { show: true, snap: false, lineStyle: { color: token("muted"), type: "solid" },
      label: { show: false } },
    ...more,
  };
}

// A horizon of one day ends at 24:00, as people who trade a day say.
function hourLabel(times) {
  const oneDay = times.length <= 97;
  return (instant) => (oneDay && instant === times.at(-1) ? "24:00"
    : !oneDay && clock(instant) === "00:00" ? dateAndClock(instant).slice(0, 5) : clock(instant));
}

function valueAxis(name, digits = 0, more = {}) {
  return {
    type: "value", name, nameGap: em(0.7), nameTextStyle: { ...small(), align: "left", padding: [0, 0, 0, -em(2.4)] },
    axisLabel: { ...small(), formatter: (value) => number(value, Number.isInteger(value) ? 0 : digits) },
    splitLine: { lineStyle: { color: token("grid") } }, axisLine: { show: false }, axisTick: { show: false }, ...more,
  };
}

// A mean over an interval holds until its end: the last value is repeated there.
function steps(times, values, factor) {
  return times.map((time, i) => [time, scaled(values[Math.min(i, values.length - 1)], factor)]);
}

function scaled(value, factor) {
  return value === null ? null : value * factor;
}

function line(name, colour, data, more = {}) {
  return {
    type: "line", name, data, symbol: "none", color: colour, lineStyle: { color: colour, width: 2 },
    emphasis: { disabled: true }, ...more,
  };
}

function stepLine(name, colour, data, more = {}) {
  return line(name, colour, data, { step: "end", ...more });
}

const DASHED = { type: [5, 4], width: 1.8 };
