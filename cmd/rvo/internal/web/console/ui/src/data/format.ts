// How numbers, spans and moments are written: short, the same everywhere, and of equal width where they change.

/** A span in milliseconds, as a person says it: 8 ms, 1.4 s, 3 m 20 s, 5 h 12 m, 3 d 4 h. */
export function span(ms: number | null | undefined): string {
  if (ms == null || !Number.isFinite(ms)) return "–";
  if (ms < 0) return `−${span(-ms)}`;
  if (ms < 1) return ms === 0 ? "0 ms" : `${Math.max(1, Math.round(ms * 1000))} µs`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 60) return `${s.toFixed(1)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m ${Math.floor(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} m`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** A count: 950, 12 400, 1.24 M. */
export function count(n: number | null | undefined): string {
  if (n == null) return "–";
  if (n < 1e6) return Math.round(n).toLocaleString("en").replaceAll(",", "\u202f");
  if (n < 1e9) return `${(n / 1e6).toFixed(2)} M`;
  return `${(n / 1e9).toFixed(2)} G`;
}

/** A rate a second. */
export function rate(n: number | null | undefined): string {
  if (n == null || !Number.isFinite(n)) return "–";
  if (n === 0) return "0";
  if (n < 0.1) return n.toFixed(2);
  if (n < 100) return n.toFixed(1);
  return count(n);
}

/** Bytes in binary units. */
export function bytes(n: number | null | undefined): string {
  if (n == null) return "–";
  if (n < 1024) return `${n} B`;
  for (const u of ["KiB", "MiB", "GiB"]) {
    n /= 1024;
    if (n < 1024) return `${n < 10 ? n.toFixed(1) : Math.round(n)} ${u}`;
  }
  return `${(n / 1024).toFixed(1)} TiB`;
}

/** A share between 0 and 1. */
export function percent(x: number | null | undefined): string {
  if (x == null || !Number.isFinite(x)) return "–";
  const p = x * 100;
  return `${p !== 0 && p < 10 ? p.toFixed(1) : Math.round(p)} %`;
}

const two = (n: number) => String(n).padStart(2, "0");

/** The time of day here, with milliseconds if asked. */
export function clock(t: number | string | undefined, ms = false): string {
  if (t == null || t === "") return "–";
  const d = new Date(t);
  if (Number.isNaN(d.getTime())) return "–";
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}${ms ? `.${String(d.getMilliseconds()).padStart(3, "0")}` : ""}`;
}

/** Day and time of day here; the day is left out today. */
export function moment(t: number | string | undefined): string {
  if (t == null || t === "") return "–";
  const d = new Date(t);
  if (Number.isNaN(d.getTime())) return "–";
  const day = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  return d.toDateString() === new Date().toDateString() ? clock(t) : `${day} ${clock(t)}`;
}

/** A signal's value. */
export function plain(v: unknown): string {
  if (v == null) return "–";
  if (typeof v === "boolean") return v ? "true" : "false";
  if (typeof v === "number") return Number.isInteger(v) ? String(v) : String(Number(v.toPrecision(4)));
  if (Array.isArray(v)) return v.length === 1 ? "1 box" : `${v.length} boxes`;
  if (typeof v === "object") return JSON.stringify(v);
  return String(v);
}

const signs: Record<string, string> = { eq: "=", ne: "≠", gt: ">", gte: "≥", lt: "<", lte: "≤" };

/** What a leaf compares: "gte 0.005" is ≥ 0.005. */
export function comparison(test: string | undefined): string {
  return (test ?? "").replace(/^(eq|ne|gte?|lte?)\b/, (w) => signs[w] ?? w);
}

const names = new Intl.Collator("en", { numeric: true });

/** The order of names: cam-2 before cam-10. */
export function byName(a: string, b: string): number {
  return names.compare(a, b);
}
