// Names, times and durations as people read them.

export const BROKEN = new Set(["late", "missing", "failed", "stuck"]);

const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const MOMENT = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });

export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
export const day = (at) => DAY.format(new Date(at));
export const clock = (at) => CLOCK.format(new Date(at));
export const moment = (at) => MOMENT.format(new Date(at));
export const date = (at) => DATE.format(new Date(at));

const ABBREVIATION = /\b(sim|esim|crm|iccid|imei|msisdn|sms|id)\b/g;

/** `order_id` → `order ID`. */
export const words = (name) => name.replaceAll(/[_.]/g, " ").trim().replaceAll(ABBREVIATION, (word) => word.toUpperCase());

/** `shop.order_placed` → `Order placed`; a department or a kind of alert likewise. */
export function named(name) {
  const text = words(name.slice(name.indexOf(".") + 1)) || name;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Seconds as the two largest units that matter: `14 h 38 min`. */
export function duration(seconds) {
  const total = Math.round(Math.abs(seconds));
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, size]) => total >= size);
  if (first === -1) return "0 s";
  const parts = [];
  let rest = total;
  for (const [unit, size] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ");
}

/** `order:A1` → `order A1`; a journey without one is known by its customer alone. */
export function correlation(journey) {
  if (!journey.correlates) return "";
  const colon = journey.correlates.indexOf(":");
  return `${words(journey.correlates.slice(0, colon))} ${journey.correlates.slice(colon + 1)}`;
}

export function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en-GB")} ${count === 1 ? one : many}`;
}

/** How a handoff went, and the tone to say it in. */
export function outcome(handoff) {
  const late = handoff.late_by_seconds ? `${duration(handoff.late_by_seconds)} late` : "late";
  const said = {
    done: ["In time", "good"],
    late: [late.charAt(0).toUpperCase() + late.slice(1), "bad"],
    missing: ["Missing", "bad"],
    failed: ["Failed", "bad"],
    stuck: ["Stuck", "bad"],
    waiting: ["Waiting", "wait"],
    unpromised: ["No deadline", ""],
    cancelled: ["Cancelled", ""],
  };
  return said[handoff.status] ?? [named(handoff.status), ""];
}
