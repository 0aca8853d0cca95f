// Open alerts: the panel that refreshes itself, and an alert's card with its acknowledgement.

import { chip, el, empty } from "./dom.js";
import { acknowledge, ask, takeBack } from "./server.js";
import { moment, named } from "./words.js";

const AT_MOST = 100;
const SEVERITIES = ["critical", "warning", "info"];
const MY_NAME = "baton-my-name";

/** Asks for the open alerts of a department (all: ""), the gravest first, then the latest. */
export async function openAlerts(department) {
  const pages = await Promise.all(
    ["open", "acknowledged"].map((status) => ask("/v1/alerts", { status, department, limit: AT_MOST })),
  );
  const [open, acknowledged] = pages.map(({ alerts }) =>
    alerts.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)));
  return { open, acknowledged, more: pages.some(({ next }) => next) };
}

export function alertPanel({ open, acknowledged, more }, current, changed) {
  const cards = (alerts) => el("ul", { class: "alert-list" }, alerts.map((alert) =>
    el("li", {}, alertCard(alert, { current: alert.fingerprint === current, changed, linked: true }))));
  return [
    open.length ? cards(open) : empty("Nothing waits for you", "Every handoff is in time, or somebody has taken it on."),
    more ? el("p", { class: "muted more", text: `Only the latest ${AT_MOST} are shown; choose a department to see its own.` }) : null,
    acknowledged.length
      ? el("details", { class: "acknowledged" }, el("summary", { text: `Acknowledged (${acknowledged.length})` }), cards(acknowledged))
      : null,
  ].filter(Boolean);
}

/** One alert; `linked` leads to its journey, `changed()` is called after an acknowledgement, `more` are elements below. */
export function alertCard(alert, { current = false, linked = false, changed, more = [] }) {
  const foot = el("div", { class: "alert-foot" });
  const show = (...parts) => foot.replaceChildren(...parts.filter(Boolean));
  const form = () => {
    const asked = ackForm(alert, changed, idle);
    show(asked);
    asked.querySelector(localStorage.getItem(MY_NAME) ? "[name=note]" : "[name=by]").focus();
  };
  const idle = () => show(...footOf(alert, form, changed));
  idle();
  const summary = linked
    ? el("a", { class: "summary", href: `#alert=${encodeURIComponent(alert.fingerprint)}`, text: alert.summary })
    : el("p", { class: "summary", text: alert.summary });
  return el(
    "article",
    { class: `alert ${alert.severity} ${alert.status}`, "aria-current": current, "data-alert": alert.fingerprint },
    el("p", { class: "alert-head" },
      chip(named(alert.kind), alert.status === "resolved" || alert.status === "withdrawn" ? "" : "bad"),
      el("span", { class: `severity ${alert.severity}`, text: alert.severity }),
      el("time", { datetime: alert.opened_at, text: `since ${moment(alert.opened_at)}` })),
    summary,
    el("div", { class: "alert-body" }, el("p", { class: "muted", text: owedBy(alert) }), foot),
    ...more,
  );
}

function owedBy({ department, owner, due_at: due }) {
  const who = owner && owner !== department ? `${named(department)} · ${owner}` : named(department);
  return due ? `${who} · was due ${moment(due)}` : who;
}

function footOf(alert, form, changed) {
  if (alert.status === "open") {
    return [el("button", { type: "button", class: "button small", text: "Acknowledge", onclick: form })];
  }
  if (alert.status === "resolved") {
    return [el("p", { class: "settled", text: `Resolved ${alert.resolved_at ? moment(alert.resolved_at) : ""}` })];
  }
  if (alert.status !== "acknowledged") return [el("p", { class: "settled", text: named(alert.status) })];
  const { by, note, at } = alert.acknowledgement;
  const undo = async () => {
    await takeBack(alert.fingerprint);
    changed();
  };
  return [
    el("p", { class: "taken" }, el("strong", { text: by }), ` took it on, ${moment(at)}`, note ? el("q", { text: note }) : null),
    el("button", { type: "button", class: "button quiet small", text: "Take back", onclick: undo }),
  ];
}

function ackForm(alert, changed, cancel) {
  const problem = el("p", { class: "problem", role: "alert" });
  const send = async (event) => {
    event.preventDefault();
    const { by, note } = event.currentTarget.elements;
    localStorage.setItem(MY_NAME, by.value);
    try {
      await acknowledge(alert.fingerprint, by.value, note.value);
      form.remove();
      changed();
    } catch (error) {
      problem.textContent = error.message;
    }
  };
  const form = el(
    "form",
    { class: "ack", onsubmit: send },
    el("label", {}, "Your name", el("input", { name: "by", required: true, maxlength: 200, autocomplete: "name", value: localStorage.getItem(MY_NAME) ?? "" })),
    el("label", {}, "Note, if you like", el("input", { name: "note", maxlength: 2000, autocomplete: "off" })),
    problem,
    el("div", { class: "buttons" },
      el("button", { type: "submit", class: "button primary small", text: "Take it on" }),
      el("button", { type: "button", class: "button quiet small", text: "Cancel", onclick: cancel })),
  );
  return form;
}
