// A journey as lanes, one per department: dots are events, arrows are handoffs, red is what broke.

import { el, svg } from "./dom.js";
import { stackLabels, timeScale } from "./scale.js";
import { BROKEN, clock, day, duration, moment, named } from "./words.js";

const HEAD = 34; // height of a lane above its dots' centres
const BELOW = 16; // from a dot's centre to its first label
const TITLE = 18; // height of a label's title, and of each line under it
const LINE = 16;
const SPARE = 10; // below a lane's last label
const AXIS = 46;
const MARGIN = 64;
const EDGE = 12;
const EVENT_SPACE = 62;
const MARKED = new Set(["contradictory", "out_of_order", "duplicated", "unrecognised_caller", "repeat_contact"]);

const pen = document.createElement("canvas").getContext("2d");

/** Draws `journey` into `place` and redraws it when its width changes; `choose(entry)` is called for a chosen event. */
export function drawTimeline(place, journey, choose) {
  const marks = marksOf(journey);
  let drawn = 0;
  new ResizeObserver(([{ contentRect }]) => {
    const width = Math.floor(contentRect.width);
    if (width === drawn || width === 0) return;
    drawn = width;
    const scrolled = place.scrollLeft;
    const first = !place.firstChild;
    place.replaceChildren(canvas(journey, marks, width, choose));
    place.scrollLeft = first ? Math.max(firstBroken(marks) - width / 2, 0) : scrolled;
  }).observe(place);
  place.addEventListener("keydown", walk);
}

function walk(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const dots = [...event.currentTarget.querySelectorAll("button.event")];
  const next = dots[dots.indexOf(document.activeElement) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function firstBroken({ events, deadlines }) {
  const places = [...events, ...deadlines].filter(({ tone }) => tone === "bad").map(({ x }) => x);
  return places.length ? Math.min(...places) : 0;
}

/** Everything that has a place in a lane: events, and the deadlines that matter. */
function marksOf(journey) {
  const events = journey.timeline.map((entry) => ({
    entry,
    at: Date.parse(entry.at),
    lane: entry.department,
    title: named(entry.type),
    lines: [clock(entry.at)],
    tone: "",
  }));
  const find = (type, at) => events.find((mark) => mark.entry.type === type && mark.entry.at === at);
  const deadlines = [];
  const arrows = [];
  for (const handoff of journey.handoffs) {
    const from = find(handoff.from, handoff.from_at);
    const to = find(handoff.to, handoff.to_at) ?? brokenBy(handoff, journey.alerts, events);
    if (handoff.status === "late" && to) {
      to.tone = "bad";
      if (handoff.late_by_seconds) to.lines.push(`${duration(handoff.late_by_seconds)} late`);
    }
    const due = deadline(handoff, to, journey.alerts);
    if (due) deadlines.push(due);
    const end = to ?? due;
    if (from && end) arrows.push({ handoff, from, to: end, overdue: to && due ? due : null });
  }
  for (const alert of journey.alerts.filter((alert) => MARKED.has(alert.kind))) mark(alert, events);
  return { events, deadlines, arrows };
}

/** The event that a failed or stuck handoff ended at, as its alert cites it. */
function brokenBy(handoff, alerts, events) {
  if (handoff.status !== "failed" && handoff.status !== "stuck") return undefined;
  const cited = alerts.find((alert) => alert.handoff === handoff.handoff && alert.kind === handoff.status)?.evidence.at(-1);
  const event = cited && events.find(({ entry }) => entry.source === cited.source && entry.id === cited.id);
  if (event) Object.assign(event, { tone: "bad", lines: [...event.lines, named(handoff.status)] });
  return event;
}

function deadline(handoff, to, alerts) {
  if (!handoff.due_at || (to && handoff.status !== "late")) return null;
  if (!BROKEN.has(handoff.status) && handoff.status !== "waiting") return null;
  const mark = { at: Date.parse(handoff.due_at), lane: handoff.department, handoff };
  if (to) return { ...mark, title: "", lines: [`due ${moment(handoff.due_at)}`], tone: "due" };
  const [word, tone] = handoff.status === "waiting" ? ["waiting", "wait"] : [handoff.status, "bad"];
  const lines = [`due ${moment(handoff.due_at)}`];
  const overdue = overdueBy(handoff, alerts);
  if (overdue) lines.push(`${overdue} overdue`);
  return { ...mark, title: `${named(handoff.to)}: ${word}`, lines, tone, ghost: true };
}

/** How late it is by now: by the department's own events, never by this computer's clock. */
export function overdueBy(handoff, alerts) {
  const judged = alerts.find((alert) => alert.handoff === handoff.handoff && alert.kind === handoff.status)?.judged_at;
  const late = judged ? (Date.parse(judged) - Date.parse(handoff.due_at)) / 1000 : 0;
  return handoff.status === "missing" && late > 0 ? duration(late) : null;
}

function mark(alert, events) {
  const cited = alert.evidence
    .map(({ source, id }) => events.find(({ entry }) => entry.source === source && entry.id === id))
    .filter(Boolean);
  for (const event of cited) event.tone = "bad";
  cited.at(-1)?.lines.push(named(alert.kind).toLowerCase());
}

function canvas(journey, { events, deadlines, arrows }, available, choose) {
  const marks = [...events, ...deadlines];
  const width = Math.max(available, 2 * MARGIN + EVENT_SPACE * new Set(marks.map(({ at }) => at)).size);
  const scale = timeScale(marks.map(({ at }) => at), width, MARGIN);
  const lanes = lanesOf(journey, marks);
  let y = AXIS;
  for (const lane of lanes) {
    for (const mark of lane.marks) Object.assign(mark, { x: scale.x(mark.at), width: labelWidth(mark) });
    lane.top = y;
    const row = TITLE + LINE * Math.max(1, ...lane.marks.map(({ lines }) => lines.length)) + 4;
    lane.height = HEAD + BELOW + Math.max(stackLabels(lane.marks, width, EDGE), 1) * row + SPARE;
    for (const mark of lane.marks) Object.assign(mark, { y: y + HEAD, drop: BELOW + mark.row * row });
    y += lane.height;
  }
  const chosen = (button, entry) => {
    for (const other of button.closest(".canvas").querySelectorAll(".event")) other.removeAttribute("aria-current");
    button.setAttribute("aria-current", "true");
    choose(entry);
  };
  return el(
    "div",
    { class: "canvas", style: { width: `${width}px`, height: `${y}px` } },
    axis(scale, width),
    lanes.map(laneBand),
    drawing(width, y, scale, marks, arrows),
    deadlines.map(deadlineLabel),
    [...events].sort((a, b) => a.at - b.at).map((event) => eventButton(event, chosen)),
  );
}

function lanesOf(journey, marks) {
  const owing = journey.handoffs.flatMap((handoff) => [handoff.from_department, handoff.department]);
  const names = new Set([...journey.timeline.map((entry) => entry.department), ...owing]);
  return [...names].map((name) => ({ name, marks: marks.filter((mark) => mark.lane === name) }));
}

function labelWidth({ title, lines }) {
  pen.font = "600 13px Inter, system-ui, sans-serif";
  const widest = Math.max(pen.measureText(title).width, ...lines.map((line) => pen.measureText(line).width * 0.93));
  return Math.ceil(widest) + 12;
}

function axis(scale, width) {
  const row = el("div", { class: "axis", "aria-hidden": "true", style: { width: `${width}px` } });
  let free = 0;
  let shown = "";
  scale.instants.forEach((instant, index) => {
    const x = scale.x(instant);
    const text = day(instant);
    if (text !== shown && x - 30 >= free) {
      row.append(el("span", { class: "day", text, style: { left: `${Math.max(x - 30, EDGE)}px` } }));
      free = x + 62;
      shown = text;
    }
    const next = scale.instants[index + 1];
    const space = next === undefined ? 0 : scale.x(next) - x;
    if (space >= 62) {
      const style = { left: `${x}px`, width: `${space}px` };
      row.append(el("span", { class: "gap", text: duration((next - instant) / 1000), style }));
    }
  });
  return row;
}

function laneBand({ name, top, height }) {
  return el(
    "div",
    { class: "lane", style: { top: `${top}px`, height: `${height}px` } },
    el("span", { class: "lane-name", text: named(name) }),
  );
}

function drawing(width, height, scale, marks, arrows) {
  const head = (id) =>
    svg("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto-start-reverse" },
      svg("path", { d: "M0 0.5 8 4 0 7.5z", class: id }));
  const root = svg("svg", { class: "drawing", width, height, "aria-hidden": "true" }, svg("defs", {}, ["ok", "bad", "wait"].map(head)));
  for (const instant of scale.instants) {
    const x = scale.x(instant);
    root.append(svg("line", { x1: x, x2: x, y1: AXIS - 8, y2: height, class: "instant" }));
  }
  for (const arrow of arrows) root.append(...drawArrow(arrow));
  for (const mark of marks.filter(({ row }) => row > 0)) {
    root.append(svg("line", { x1: mark.x, x2: mark.x, y1: mark.y, y2: mark.y + mark.drop, class: `leader ${mark.tone}` }));
  }
  for (const mark of marks.filter(({ entry }) => !entry)) root.append(deadlineMark(mark));
  return root;
}

function drawArrow({ handoff, from, to, overdue }) {
  const tone = BROKEN.has(handoff.status) ? "bad" : handoff.status === "waiting" ? "wait" : "ok";
  const title = svg("title", { text: `${named(handoff.handoff)}: ${handoff.status}` });
  const shapes = [svg("path", { d: arrowPath(from, to), class: `handoff ${tone} ${to.ghost ? "open" : ""}`, "marker-end": `url(#${tone})` }, title)];
  if (overdue) shapes.push(svg("line", { x1: overdue.x, x2: to.x, y1: to.y, y2: to.y, class: "overrun" }));
  return shapes;
}

/** From dot to dot, stopping short of both; within a lane it bows above the dots. */
function arrowPath(from, to) {
  const radius = 11;
  if (from.y === to.y) {
    const lift = Math.min(20, 8 + Math.abs(to.x - from.x) / 10);
    return `M${from.x} ${from.y - radius}C${from.x} ${from.y - lift - radius} ${to.x} ${to.y - lift - radius} ${to.x} ${to.y - radius}`;
  }
  const ahead = to.x >= from.x ? 1 : -1;
  const [start, end] = [from.x + ahead * radius, to.x - ahead * radius];
  const reach = ahead * Math.max(Math.abs(end - start) * 0.6, 30);
  return `M${start} ${from.y}C${start + reach} ${from.y} ${end - reach} ${to.y} ${end} ${to.y}`;
}

function deadlineMark({ x, y, tone, ghost }) {
  if (ghost) return svg("circle", { cx: x, cy: y, r: 8, class: `ghost ${tone}` });
  return svg("line", { x1: x, x2: x, y1: y - 9, y2: y + 9, class: "due-tick" });
}

function label({ x, left, drop, width, title, lines }) {
  return el(
    "span",
    { class: "label", style: { left: `${left - x}px`, top: `${drop}px`, width: `${width}px` } },
    title ? el("strong", { text: title }) : null,
    lines.map((text) => el("span", { text })),
  );
}

function deadlineLabel(mark) {
  const name = mark.ghost ? "ghost-label" : "due-label";
  return el("div", { class: `at ${name} ${mark.tone}`, style: { left: `${mark.x}px`, top: `${mark.y}px` } }, label(mark));
}

function eventButton(event, chosen) {
  const { entry, x, y, tone } = event;
  return el(
    "button",
    {
      type: "button",
      class: `at event ${tone}`,
      style: { left: `${x}px`, top: `${y}px` },
      "data-event": `${entry.source} ${entry.id}`,
      "aria-label": `${named(entry.department)}: ${event.title}, ${moment(entry.at)}. ${event.lines.slice(1).join(", ")}`,
      onclick: ({ currentTarget }) => chosen(currentTarget, entry),
    },
    el("span", { class: "dot" }),
    label(event),
  );
}
