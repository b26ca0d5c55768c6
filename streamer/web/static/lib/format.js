// How things are written: times in the browser's zone, the day before the month, 24 hours.

const TIME = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const DAY_YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** 14:05:09 */
export function time(iso) {
  return iso ? TIME.format(new Date(iso)) : "";
}

/** Today, Yesterday, 28 Nov, 28 Nov 2025 */
export function date(iso) {
  if (!iso) return "";
  const day = new Date(iso);
  const now = new Date();
  const days = Math.round((midnight(now) - midnight(day)) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return (day.getFullYear() === now.getFullYear() ? DAY : DAY_YEAR).format(day);
}

/** 28 Nov 2026, 14:05:09 */
export function moment(iso) {
  return iso ? `${DAY_YEAR.format(new Date(iso))}, ${time(iso)}` : "";
}

/** just now, 20 s ago, 5 min ago, 3 h ago, 2 days ago */
export function ago(iso) {
  const seconds = (Date.now() - new Date(iso)) / 1000;
  if (seconds < 5) return "just now";
  return `${duration(seconds)} ago`;
}

/** 0.98 → 98 %; nearly certain is not certain: 99.9 % */
export function percent(share) {
  if (share === null || share === undefined) return "";
  const exact = share * 100;
  if (exact > 99 && exact < 99.95) return `${exact.toFixed(1)} %`;
  return `${exact.toFixed(exact > 0 && exact < 1 ? 1 : 0)} %`;
}

/** 12 s, 5 min, 3 h 20 min, 2 days 4 h */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  const rest = hours % 24 ? ` ${hours % 24} h` : "";
  return `${days} ${days === 1 ? "day" : "days"}${rest}`;
}

/** 512 B, 1.5 kB, 20 MB, 3.2 GB */
export function bytes(count) {
  if (count === null || count === undefined) return "";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

function midnight(day) {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
}
