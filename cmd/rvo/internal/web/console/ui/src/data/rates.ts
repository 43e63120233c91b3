// Counters become rates: the server tells totals, the difference over the last ten seconds is what a person asks for. A short
// history of a few of them feeds the curves.
import { signal } from "@preact/signals";
import type { State } from "./types";

interface Point {
  t: number;
  v: number;
}

// window is long enough for a detector of one frame a second to have a steady rate.
const window = 10_000;
const counters = new Map<string, Point[]>();

/** How a thing's counters are named: "camera/front frames". */
export function rateOf(key: string): number | null {
  const ps = counters.get(key);
  if (ps == null || ps.length < 2) return null;
  const a = ps[0]!;
  const b = ps[ps.length - 1]!;
  return b.t > a.t ? Math.max(0, ((b.v - a.v) * 1000) / (b.t - a.t)) : null;
}

function put(key: string, t: number, v: number | undefined): void {
  if (v == null) return;
  let ps = counters.get(key);
  const last = ps?.[ps.length - 1];
  if (ps == null || (last != null && v < last.v)) counters.set(key, (ps = [])); // a counter that fell was started anew
  ps.push({ t, v });
  while (ps.length > 2 && ps[0]!.t < t - window) ps.shift();
}

const sum = (m: Record<string, number> | undefined) => Object.values(m ?? {}).reduce((a, b) => a + b, 0);

/** What the curves of the load view show, one point a second for ten minutes. */
export interface Trend {
  t: number[];
  frames: (number | null)[];
  runs: (number | null)[];
  dropped: (number | null)[];
  age: (number | null)[];
}

export const trend = signal<Trend>({ t: [], frames: [], runs: [], dropped: [], age: [] });
const kept = 600;
let generation = 0;

/** Takes the counters of a state. */
export function observe(s: State): void {
  const t = s.time_ms;
  if (s.generation !== generation) {
    generation = s.generation;
    for (const k of counters.keys()) if (!alive(k, s)) counters.delete(k);
  }
  let frames = 0;
  let dropped = 0;
  let oldest = 0;
  for (const [id, c] of Object.entries(s.cameras)) {
    put(`camera/${id} frames`, t, c.frames);
    put(`camera/${id} dropped`, t, sum(c.dropped));
    frames += c.frames;
    dropped += sum(c.dropped);
    if (c.captured_ms && c.state === "up") oldest = Math.max(oldest, t - c.captured_ms);
  }
  let runs = 0;
  for (const [id, d] of Object.entries(s.detectors)) {
    put(`detector/${id} runs`, t, d.runs);
    put(`detector/${id} skips`, t, sum(d.skips));
    runs += d.runs;
  }
  for (const [id, q] of Object.entries(s.queues)) {
    put(`queue/${id} dropped`, t, q.dropped);
    if (!id.startsWith("frame/")) dropped += q.dropped; // what a camera's place lost its camera counted
  }
  for (const [id, k] of Object.entries(s.sinks)) put(`sink/${id} written`, t, k.written);
  for (const [id, p] of Object.entries(s.evidence)) {
    put(`evidence/${id} clips`, t, p.clips);
    dropped += sum(p.dropped);
  }
  put("all frames", t, frames);
  put("all runs", t, runs);
  put("all dropped", t, dropped);
  put("all ticks", t, s.ticks);
  put("all events", t, s.events_total.confirmed);

  const old = trend.value;
  const last = old.t[old.t.length - 1] ?? 0;
  if (t / 1000 - last < 0.9) return;
  const add = <T>(xs: T[], v: T): T[] => [...xs.slice(1 - kept), v];
  trend.value = {
    t: add(old.t, t / 1000),
    frames: add(old.frames, rateOf("all frames")),
    runs: add(old.runs, rateOf("all runs")),
    dropped: add(old.dropped, rateOf("all dropped")),
    age: add(old.age, oldest || null),
  };
}

function alive(key: string, s: State): boolean {
  const [node = ""] = key.split(" ", 1);
  const [role, ...rest] = node.split("/");
  const id = rest.join("/");
  switch (role) {
    case "camera":
      return id in s.cameras;
    case "detector":
      return id in s.detectors;
    case "queue":
      return id in s.queues;
    case "sink":
      return id in s.sinks;
    case "evidence":
      return id in s.evidence;
  }
  return true;
}
