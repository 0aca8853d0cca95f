// Why we say so: the events an alert rests on, and the chain of events that makes identifiers one customer.

import { el, identifierChips } from "./dom.js";
import { moment, named } from "./words.js";

export function evidenceList(evidence) {
  const items = evidence.map((event) =>
    el("li", {},
      el("strong", { text: named(event.type) }),
      el("span", { class: "muted", text: ` ${moment(event.at)} · ${event.source} · ${event.id}` }),
      event.topic ? el("code", { text: `${event.topic}/${event.partition}@${event.offset}` }) : null));
  return el("ul", { class: "evidence" }, items);
}

/** Each link is an event that bears both identifiers; `weakest`, if given, is pointed out. */
export function linkList(links, weakest) {
  const same = (link) => weakest && link.a === weakest.a && link.b === weakest.b && link.id === weakest.id;
  const items = links.map((link) =>
    el("li", { class: same(link) ? "weakest" : "" },
      identifierChips([link.a]),
      el("span", { class: "joint", text: "same customer as" }),
      identifierChips([link.b]),
      el("span", { class: "muted", text: `by ${named(link.type).toLowerCase()}, ${moment(link.at)}` }),
      same(link) ? el("span", { class: "chip wait", text: "weakest link" }) : null));
  return el("ul", { class: "links" }, items);
}

/** What can not both be true: the rule that decided, and what either side rests on. */
export function conflictSides({ rule, refused, sides }) {
  return [
    el("p", { class: "rule", text: `${rule.charAt(0).toUpperCase()}${rule.slice(1)}.` }),
    sides.map((side) => el("div", { class: "side" },
      el("h3", {}, "What ", identifierChips([side.identifier]), " rests on"),
      side.links.length ? linkList(side.links, refused) : el("p", { class: "muted", text: "It is itself what both claim." }))),
  ];
}

/** What an alert was since when, and what made it so. */
export function historyList(history) {
  const items = history.map(({ at, kind, status, cause }) =>
    el("li", {},
      el("time", { datetime: at, text: moment(at) }),
      el("strong", { text: ` ${named(kind)}, ${status}` }),
      cause ? el("span", { class: "muted", text: `by ${named(cause.type).toLowerCase()}${cause.by ? ` of ${cause.by}` : ""}` }) : null,
      cause?.reason ? el("q", { text: cause.reason }) : null));
  return el("ol", { class: "history" }, items);
}

/** What a chosen event said, and where the log has it. */
export function eventDetails(entry) {
  const row = (name, ...value) => [el("dt", { text: name }), el("dd", {}, ...value)];
  const fields = Object.entries(entry.fields).flatMap(([name, value]) =>
    row(named(name), typeof value === "string" ? value : JSON.stringify(value)));
  const place = entry.topic ? `${entry.topic}, partition ${entry.partition}, offset ${entry.offset}` : null;
  return el("section", { class: "card details", id: "event-details" },
    el("h3", { text: named(entry.type) }),
    el("p", { class: "muted", text: `${named(entry.department)}, ${moment(entry.at)}` }),
    el("dl", {},
      fields,
      row("Identifiers", identifierChips(entry.identifiers)),
      row("Event", el("code", { text: entry.id }), el("span", { class: "muted", text: ` from ${entry.source}` })),
      place ? row("In the log", el("code", { text: place })) : []));
}
