// Elements are built from nodes: what comes from data enters the page as text, never as markup.
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null));
  return element;
}

function button(attributes, label, onClick) {
  const element = el("button", { type: "button", ...attributes }, label);
  element.addEventListener("click", onClick);
  return element;
}

function badges(day, ...kinds) {
  return kinds.filter((kind) => day[kind])
    .map((kind) => el("span", { class: `badge ${kind}`, title: t(`${kind}_why`) }, t(kind)));
}

function figures(entries) {
  return el("dl", { class: "figures" }, entries.map(([label, value, kind]) =>
    el("div", { class: kind }, el("dt", {}, sentence(label)), el("dd", {}, value))));
}

function card(kind, title, marks, caption, ...body) {
  return el("section", { class: `card ${kind}` },
    el("h3", {}, title, marks), caption ? el("p", { class: "caption" }, caption) : null, ...body);
}

// Only addresses that stand in a text become links; nothing is fetched until one is followed.
function linked(text) {
  return text.split(/(https?:\/\/[^\s,;()（），；。]+)/).map((part, i) =>
    i % 2 ? el("a", { href: part, rel: "noopener noreferrer" }, part) : part);
}
