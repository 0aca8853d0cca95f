// Where everybody starts: how each handoff is doing, the latest journeys; and what a search found.

import { chip, el, empty, identifierChips } from "./dom.js";
import { identitySection, titleOf } from "./journey.js";
import { BROKEN, duration, moment, named, plural } from "./words.js";

export function overview(departments, handoffs, page, older) {
  if (!handoffs.length && !page.journeys.length) {
    return empty("No journeys yet", "Send events to POST /v1/events or to the departments’ topics; journeys appear here within seconds.");
  }
  return el("div", {},
    silences(departments.filter((department) => department.silent_since)),
    handoffs.length ? el("section", { class: "card" }, el("h2", { text: "Handoffs between departments" }), figures(handoffs)) : null,
    el("section", { class: "card" }, el("h2", { text: "Latest journeys" }), journeyList(page, older)));
}

function silences(silent) {
  if (!silent.length) return null;
  return el("section", { class: "card" }, el("h2", { text: "Silent departments" }),
    el("ul", { class: "silences" }, silent.map(({ department, silent_since: since, withheld }) =>
      el("li", {}, el("strong", { text: named(department) }),
        ` silent since ${moment(since)}: ${plural(withheld, "handoff")} it owes ${withheld === 1 ? "is" : "are"} due, and judged when it is heard again`))));
}

export function found(text, page, customers, older) {
  if (!page.journeys.length && !customers.length) {
    return empty(`Nobody is known as “${text}”`, "Try the order number, an e-mail address or a phone number, with or without country code. An event shows up a few seconds after it was sent.");
  }
  const known = customers.filter((customer) => !customer.journeys.length);
  return el("div", {},
    page.journeys.length
      ? el("section", { class: "card" }, el("h2", { text: `${page.next ? "The latest" : ""} ${plural(page.journeys.length, "journey")} of “${text}”`.trim() }), journeyList(page, older))
      : empty("Known, but on no journey", `“${text}” is a customer’s, but none of their events belongs to a journey.`),
    known.map(identitySection));
}

/** `older(cursor)` gives the next page. */
function journeyList(page, older) {
  const list = el("ul", { class: "journeys" });
  const more = el("button", { type: "button", class: "button", text: "Show older" });
  const add = ({ journeys, next }) => {
    list.append(...journeys.map(journeyRow));
    more.hidden = !next;
    more.onclick = async () => add(await older(next));
  };
  add(page);
  return el("div", {}, list, more);
}

function journeyRow(journey) {
  const identifiers = Object.entries(journey.identifiers).flatMap(([type, values]) => values.map((value) => `${type}:${value}`));
  const others = identifiers.filter((identifier) => identifier !== journey.correlates).slice(0, 4);
  return el("li", { class: journey.broken.length ? "broken" : "" },
    el("a", { class: "title", href: `#journey=${encodeURIComponent(journey.id)}` },
      el("strong", { text: titleOf(journey) }), el("span", { class: "muted", text: named(journey.type) })),
    el("span", { class: "chips" },
      journey.broken.length ? journey.broken.map((kind) => chip(named(kind), "bad")) : chip(named(journey.status), journey.status === "completed" ? "good" : "")),
    el("time", { class: "muted", datetime: journey.started_at, text: moment(journey.started_at) }),
    identifierChips(others));
}

function figures(handoffs) {
  const worstFirst = handoffs
    .map((figure) => ({ ...figure, parts: partsOf(figure.statuses) }))
    .map((figure) => ({ ...figure, share: Math.round((100 * count(figure.parts, "bad")) / figure.total) }))
    .sort((a, b) => b.share - a.share);
  return el("ul", { class: "figures" }, worstFirst.map(({ parts, share, ...figure }) => {
    const took = figure.p50_seconds === null ? "none done yet" : `half within ${duration(figure.p50_seconds)}, 95 % within ${duration(figure.p95_seconds)}`;
    return el("li", {},
      el("p", { class: "figure-head" },
        el("strong", { text: named(figure.handoff) }),
        el("span", { class: "route", text: `${named(figure.from_department)} → ${named(figure.department)}` }),
        el("span", { class: `share ${share ? "bad" : ""}`, text: `${share} % broken` })),
      el("div", { class: "stack", "aria-hidden": "true" }, parts.map(({ tone, number }) =>
        el("span", { class: `part ${tone}`, style: { flexGrow: String(number) } }))),
      el("p", { class: "muted", text: `${parts.map(({ number, name }) => `${number.toLocaleString("en-GB")} ${name}`).join(" · ")} · ${took}` }));
  }));
}

function partsOf(statuses) {
  const order = ["done", "waiting", "unpromised", "cancelled", "late", "failed", "stuck", "missing"];
  const tone = (status) => (BROKEN.has(status) ? "bad" : { done: "good", waiting: "wait" }[status] ?? "");
  const names = { done: "in time", unpromised: "without a deadline" };
  return Object.entries(statuses)
    .sort(([a], [b]) => order.indexOf(a) - order.indexOf(b))
    .map(([status, number]) => ({ tone: `${tone(status)} ${status}`, number, name: names[status] ?? status }));
}

const count = (parts, tone) => parts.filter((part) => part.tone.startsWith(tone)).reduce((sum, { number }) => sum + number, 0);
