// One journey: what broke, its timeline, its handoffs, and why its identifiers are one customer.

import { alertCard } from "./alerts.js";
import { chip, el, identifierChips } from "./dom.js";
import { conflictSides, evidenceList, eventDetails, historyList, linkList } from "./proof.js";
import { drawTimeline, overdueBy } from "./timeline.js";
import { BROKEN, correlation, date, duration, moment, named, outcome, plural } from "./words.js";

const TONES = { open: "info", completed: "good", cancelled: "" };

/** `customer` may be null (merged meanwhile); `fingerprint` is the alert to open; `changed()` as of alertCard. */
export function journeyView(journey, customer, fingerprint, changed) {
  const place = el("div", { class: "timeline", role: "group", "aria-label": "Events by department, left to right" });
  const details = el("div", { "aria-live": "polite" });
  const isAsked = (alert) => alert.fingerprint === fingerprint;
  const view = el(
    "div",
    { class: "journey" },
    head(journey),
    alertSection(journey.alerts.filter(isAsked), fingerprint, changed),
    section("Timeline", "Time runs from left to right; long gaps are shortened. Choose an event to see what it said.", place, details),
    alertSection(journey.alerts.filter((alert) => !isAsked(alert)), fingerprint, changed),
    handoffSection(journey),
    customer ? identitySection(customer) : null,
  );
  drawTimeline(place, journey, (entry) => {
    details.replaceChildren(eventDetails(entry));
    details.scrollIntoView({ block: "nearest", behavior: "smooth" });
  });
  return view;
}

function section(title, advice, ...content) {
  return el("section", { class: "card" }, el("h2", { text: title }), advice ? el("p", { class: "muted", text: advice }) : null, ...content);
}

function head(journey) {
  const all = Object.entries(journey.identifiers).flatMap(([type, values]) => values.map((value) => `${type}:${value}`));
  const ended = journey.ended_at ? `ended ${moment(journey.ended_at)}` : `last heard of ${moment(journey.last_event_at)}`;
  return el(
    "header",
    { class: "journey-head" },
    el("p", { class: "eyebrow", text: named(journey.type) }),
    el("h1", { text: titleOf(journey) }),
    el("p", { class: "chips" },
      chip(named(journey.status), TONES[journey.status]),
      journey.broken.map((kind) => chip(named(kind), "bad")),
      el("span", { class: "muted", text: `Started ${date(journey.started_at)}, ${ended} · ${plural(journey.timeline.length, "event")}` })),
    identifierChips(all),
  );
}

export function titleOf(journey) {
  const text = correlation(journey) || `Customer ${journey.customer.slice(0, 8)}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function alertSection(alerts, fingerprint, changed) {
  if (!alerts.length) return null;
  const settled = (alert) => (alert.status === "open" || alert.status === "acknowledged" ? 0 : 1);
  alerts.sort((a, b) => settled(a) - settled(b));
  return el("section", { class: "journey-alerts", "aria-label": "Alerts of this journey" }, alerts.map((alert) =>
    alertCard(alert, { changed, current: alert.fingerprint === fingerprint, more: [proof(alert, alert.fingerprint === fingerprint)] })));
}

function proof(alert, open) {
  const runbook = /^https?:\/\//.test(alert.runbook ?? "") ? el("a", { href: alert.runbook, rel: "noreferrer", text: "Runbook" }) : null;
  const judged = alert.judged_at
    ? `Judged with ${named(alert.department)} read up to ${moment(alert.judged_at)} · map ${alert.map_version}`
    : `Map ${alert.map_version}`;
  return el(
    "details",
    { class: "proof", open },
    el("summary", { text: "Proof" }),
    el("h3", { text: "Events" }),
    evidenceList(alert.evidence),
    customerProof(alert),
    el("h3", { text: "History" }),
    historyList(alert.history),
    alert.supersedes.length ? el("p", { class: "muted", text: `Goes on for ${plural(alert.supersedes.length, "alert")} from before customers merged or split` }) : null,
    el("p", { class: "muted" }, judged, runbook ? " · " : null, runbook),
  );
}

function customerProof({ conflict, links, weakest_link: weakest }) {
  if (conflict) return conflictSides(conflict);
  return links.length ? [el("h3", { text: "Why these are one customer" }), linkList(links, weakest)] : null;
}

function handoffSection(journey) {
  if (!journey.handoffs.length) return null;
  const rows = journey.handoffs.map((handoff) => {
    const [text, tone] = outcome(handoff);
    const overdue = overdueBy(handoff, journey.alerts);
    return el("tr", { class: BROKEN.has(handoff.status) ? "broken" : "" },
      el("th", { scope: "row" }, named(handoff.handoff), el("span", { class: "route", text: `${named(handoff.from_department)} → ${named(handoff.department)}` })),
      el("td", {}, chip(text, tone), overdue ? el("span", { class: "overdue", text: `${overdue} overdue` }) : null),
      cell("Due", handoff.due_at ? moment(handoff.due_at) : "–"),
      cell("Done", handoff.to_at ? moment(handoff.to_at) : "–"),
      cell("Took", took(handoff.seconds)));
  });
  const heads = ["Handoff", "Outcome", "Due", "Done", "Took"].map((text) => el("th", { scope: "col", text }));
  return section("Handoffs", null, el("table", { class: "handoffs" }, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows)));
}

function took(seconds) {
  if (seconds === null) return "–";
  return seconds < 0 ? `${duration(seconds)} too early` : duration(seconds);
}

function cell(name, text) {
  return el("td", { "data-name": name, text });
}

export function identitySection(customer) {
  const count = Object.values(customer.identifiers).flat().length;
  const advice = customer.links.length
    ? `${plural(count, "identifier")} of one customer: each of these events bears two of them.`
    : "One identifier is all that is known of this customer.";
  const others = customer.unattached ?? [];
  return section("Why this is one customer", advice, linkList(customer.links),
    others.length ? el("p", { class: "muted", text: `${plural(others.length, "more event")} of theirs belong to no journey.` }) : null);
}
