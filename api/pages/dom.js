// Elements from data. Text is only ever set as text, so nothing a department sends can become markup.

import { words } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

/** An element: `class`, `text`, `on…` handlers and `style` (an object) are understood, all else is an attribute. */
export function el(name, properties = {}, ...children) {
  return fill(document.createElement(name), properties, children);
}

export function svg(name, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, name), properties, children);
}

function fill(node, properties, children) {
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "text") node.textContent = value;
    else if (key === "style") Object.assign(node.style, value);
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(2).filter((child) => child !== null && child !== undefined));
  return node;
}

export function chip(text, tone = "") {
  return el("span", { class: `chip ${tone}`, text });
}

export function empty(title, advice, tone = "") {
  return el("div", { class: `empty ${tone}` }, el("h2", { text: title }), el("p", { text: advice }));
}

/** Identifiers as links that search for them. */
export function identifierChips(identifiers) {
  const links = identifiers.map((identifier) => {
    const colon = identifier.indexOf(":");
    return el(
      "a",
      { class: "identifier", href: `#search=${encodeURIComponent(identifier)}` },
      el("span", { class: "kind", text: words(identifier.slice(0, colon)) }),
      el("span", { text: identifier.slice(colon + 1) }),
    );
  });
  return el("span", { class: "identifiers" }, links);
}

