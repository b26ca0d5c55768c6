// When a plate came: a square a day, and at which hours.

import { get } from "../../lib/api.js";
import { h, s } from "../../lib/dom.js";

const WEEKS = 26;
const CELL = 15;
const SIZE = 12;
const MOST_PAGES = 4;
const DAY_NAMES = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTH = new Intl.DateTimeFormat("en-GB", { month: "short" });
const LONG = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric" });

/** The times of the plate's events of the last half year. */
export async function readHistory(plate, signal) {
  const since = firstDay().toISOString();
  const times = [];
  let cursor = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const found = await get("/events", { plate, since, limit: 500, cursor }, signal);
    times.push(...found.events.map(({ event }) => new Date(event.read_at)));
    cursor = found.next;
    if (!cursor) break;
  }
  return times;
}

/** The elements that show them. */
export function history(times, plate) {
  const days = new Map();
  const hours = Array(24).fill(0);
  for (const time of times) {
    const key = dayKey(time);
    days.set(key, (days.get(key) ?? 0) + 1);
    hours[time.getHours()] += 1;
  }
  const words =
    `${times.length} ${times.length === 1 ? "event" : "events"} on ` +
    `${days.size} ${days.size === 1 ? "day" : "days"} of the last ${WEEKS} weeks`;
  return [
    h("p", { class: "muted small" }, `${words}.`),
    h("div", { class: "calendar-and-hours" },
      h("div", { class: "calendar-scroll" }, calendar(days, plate, words)),
      h("div", { class: "hours-box" }, h("h3", null, "By hour"), hourBars(hours))),
  ];
}

/** The Monday with which the half year begins. */
function firstDay() {
  const today = new Date();
  const monday = (today.getDay() + 6) % 7;
  return new Date(today.getFullYear(), today.getMonth(), today.getDate() - monday - 7 * (WEEKS - 1));
}

function dayKey(day) {
  return `${day.getFullYear()}-${day.getMonth()}-${day.getDate()}`;
}

function calendar(days, plate, words) {
  const begin = firstDay();
  const most = Math.max(1, ...days.values());
  const marks = [];
  for (let index = 0; index < WEEKS * 7; index += 1) {
    const day = new Date(begin.getFullYear(), begin.getMonth(), begin.getDate() + index);
    if (day > new Date()) break;
    marks.push(square(day, index, days.get(dayKey(day)) ?? 0, most, plate));
    if (day.getDate() === 1) {
      marks.push(s("text", { x: 28 + Math.floor(index / 7) * CELL, y: 10 }, MONTH.format(day)));
    }
  }
  const names = DAY_NAMES.map((name, row) => row % 2 === 0 &&
    s("text", { x: 0, y: 16 + row * CELL + 10 }, name));
  return s("svg", { class: "calendar", role: "group", "aria-label": words,
    width: 28 + WEEKS * CELL, height: 16 + 7 * CELL }, names, marks);
}

function square(day, index, count, most, plate) {
  const rect = s("rect", { x: 28 + Math.floor(index / 7) * CELL, y: 16 + (index % 7) * CELL,
    width: SIZE, height: SIZE, rx: 2.5, class: count ? `day level-${Math.ceil((count / most) * 4)}` : "day" });
  if (!count) return rect;
  const label = `${LONG.format(day)}: ${count} ${count === 1 ? "event" : "events"}`;
  const next = new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1);
  const search = new URLSearchParams({ plate, since: day.toISOString(), until: next.toISOString() });
  return s("a", { href: `/events?${search}`, "aria-label": label }, s("title", null, label), rect);
}

function hourBars(hours) {
  const most = Math.max(1, ...hours);
  return h("div", { class: "hours", role: "img", "aria-label": busiest(hours) },
    hours.map((count, hour) => h("span", { class: "hour", title: `${hour}:00 to ${hour + 1}:00: ${count}` },
      h("span", { class: "hour-bar", style: { height: `${Math.round((count / most) * 100)}%` } }),
      h("span", { class: "hour-name" }, hour % 6 === 0 ? `${hour}` : ""))));
}

function busiest(hours) {
  const most = Math.max(...hours);
  if (!most) return "No events";
  return `Events by hour of the day; most, ${most}, after ${hours.indexOf(most)} o'clock`;
}
