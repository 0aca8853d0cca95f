// The page: shows what the address asks for, and keeps it and the open alerts up to date.

import { alertPanel, openAlerts } from "./alerts.js";
import { el, empty } from "./dom.js";
import { journeyView } from "./journey.js";
import { found, overview } from "./overview.js";
import { ask } from "./server.js";
import { clock, named, zone } from "./words.js";

const REFRESH_EVERY = 5000; // ms
const byId = (id) => document.getElementById(id);

const VIEWS = { journey: showJourney, alert: showAlert, search: showSearch };
let shown = { main: "", alerts: "" };

/** What the address asks for: `#journey=…`, `#alert=…`, `#search=…`, or nothing. */
function asked() {
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
    if (name in VIEWS && value) return { name, value };
  }
  return { name: "overview", value: "" };
}

async function showOverview() {
  const [{ departments }, { handoffs }, page] = await Promise.all(
    [ask("/v1/departments"), ask("/v1/handoffs"), ask("/v1/journeys", { limit: 20 })]);
  return { title: "Baton", data: [departments, handoffs, page], draw: () => overview(departments, handoffs, page, (cursor) => ask("/v1/journeys", { cursor, limit: 20 })) };
}

async function showSearch(text) {
  const query = { identifier: text, limit: 20 };
  const [page, { customers }] = await Promise.all([ask("/v1/journeys", query), ask("/v1/customers", query)]);
  if (page.journeys.length === 1 && byId("identifier").dataset.asked === text) {
    delete byId("identifier").dataset.asked;
    location.replace(`#journey=${encodeURIComponent(page.journeys[0].id)}`);
  }
  return { title: text, data: [page, customers], draw: () => found(text, page, customers, (cursor) => ask("/v1/journeys", { ...query, cursor })) };
}

async function showJourney(id, fingerprint = null) {
  const journey = await ask(`/v1/journeys/${encodeURIComponent(id)}`);
  const customer = await ask(`/v1/customers/${encodeURIComponent(journey.customer)}`).catch((error) => {
    if (error.status === 404) return null;
    throw error;
  });
  const title = `${journey.correlates ?? journey.id} – ${named(journey.type)}`;
  return { title, data: [journey, customer], draw: () => journeyView(journey, customer, fingerprint, refresh) };
}

async function showAlert(fingerprint) {
  const alert = await ask(`/v1/alerts/${encodeURIComponent(fingerprint)}`);
  if (alert.journey) return showJourney(alert.journey, fingerprint);
  const draw = () => journeyView(journeyless(alert), null, fingerprint, refresh);
  return { title: alert.summary, data: alert, draw };
}

/** An alert of no journey, such as an identity conflict, shown as a journey of the events that it cites. */
function journeyless(alert) {
  const timeline = alert.evidence.map((event) => ({ ...event, department: event.type.split(".")[0], fields: {}, identifiers: [] }));
  return {
    type: alert.kind, status: "open", customer: alert.customer, correlates: null, started_at: alert.opened_at,
    last_event_at: alert.opened_at, ended_at: null, identifiers: alert.identifiers, broken: [alert.kind],
    handoffs: [], timeline, alerts: [alert],
  };
}

/** Draws main anew only if what it shows has changed, so that nobody loses their place to a refresh. */
async function drawMain(fresh = false) {
  const { name, value } = asked();
  let view;
  try {
    view = await (VIEWS[name] ?? showOverview)(value);
  } catch (error) {
    const title = error.status === 404 ? "Not here" : "That did not work";
    view = { title: "Baton", data: error.message, draw: () => empty(title, sentence(error.message), "bad") };
  }
  if (asked().name !== name || asked().value !== value) return;
  const content = JSON.stringify([name, value, view.data]);
  if (content === shown.main || (!fresh && byId("main").querySelector("form, [open]"))) return;
  shown.main = content;
  document.title = view.title === "Baton" ? view.title : `${view.title} – Baton`;
  byId("layout").dataset.view = name;
  byId("main").replaceChildren(view.draw());
  if (fresh) byId("main").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

async function drawAlerts(fresh = false) {
  const panel = byId("alerts");
  try {
    const alerts = await openAlerts(byId("department").value);
    const { name, value } = asked();
    const content = JSON.stringify([alerts, name === "alert" ? value : ""]);
    live(true, `Up to date at ${clock(Date.now())}`);
    if (content === shown.alerts || (!fresh && panel.querySelector("form"))) return;
    shown.alerts = content;
    const opened = panel.querySelector("details")?.open ?? false;
    panel.replaceChildren(...alertPanel(alerts, name === "alert" ? value : "", refresh));
    panel.querySelector("details")?.toggleAttribute("open", opened);
    byId("alerts-count").textContent = alerts.open.length + (alerts.more ? "+" : "");
    byId("alerts-count").classList.toggle("none", alerts.open.length === 0);
  } catch (error) {
    live(false, sentence(error.message));
    if (!shown.alerts) panel.replaceChildren(empty("Alerts can’t be shown", sentence(error.message), "bad"));
  }
}

function live(up, text) {
  byId("live").classList.toggle("down", !up);
  if (byId("live-text").textContent !== text) byId("live-text").textContent = text;
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? "" : "."}`;

const refresh = () => Promise.all([drawMain(true), drawAlerts(true)]);

async function offerDepartments() {
  const { handoffs } = await ask("/v1/handoffs").catch(() => ({ handoffs: [] }));
  const names = [...new Set(handoffs.flatMap((figure) => [figure.from_department, figure.department]))].sort();
  const offered = new Set([...byId("department").options].map((option) => option.value));
  byId("department").append(...names.filter((name) => !offered.has(name)).map((name) => el("option", { value: name, text: named(name) })));
}

byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = byId("identifier");
  const text = field.value.trim();
  field.dataset.asked = text;
  location.hash = text ? `search=${encodeURIComponent(text)}` : "";
});
byId("department").addEventListener("change", () => drawAlerts(true));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("main").focus();
});
addEventListener("hashchange", async () => {
  await refresh();
  scrollTo({ top: 0 });
});

byId("zone").textContent = zone();
await Promise.all([refresh(), offerDepartments()]);
setInterval(() => {
  if (!document.hidden) Promise.all([drawMain(), drawAlerts(), offerDepartments()]);
}, REFRESH_EVERY);
