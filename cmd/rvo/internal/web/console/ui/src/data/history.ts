// The last minutes of signals: read once from the server, which samples them every second, and carried on from the state.
import { signal } from "@preact/signals";
import { get } from "./api";
import { now, signals, state } from "./live";
import type { History, Signal } from "./types";

/** Samples of a signal, one a second, the newest last. NaN: there was no value; fresh: whether it might decide. */
export interface Series {
  t: number[]; // seconds since 1970
  v: (number | null)[];
  fresh: boolean[];
  words: string[]; // of a label, what its numbers mean
}

const kept = 300;
const known = new Map<string, Series>();
const asked = new Set<string>();

/** Counts the samplings, for who draws. */
export const sampled = signal(0);

/** The samples of a signal so far. */
export function seriesOf(id: string): Series | undefined {
  return known.get(id);
}

function numberOf(s: Signal, words: string[]): number | null {
  const v = s.value;
  if (v == null || !s.captured_ms) return null;
  if (typeof v === "boolean") return v ? 1 : 0;
  if (typeof v === "number") return v;
  if (Array.isArray(v)) return v.length;
  const w = String(v);
  const i = words.indexOf(w);
  return i >= 0 ? i : words.push(w) - 1;
}

/** Makes sure that these are sampled from now on, with their past. */
export async function want(ids: string[]): Promise<void> {
  const fresh = ids.filter((id) => !asked.has(id));
  // Forty names fit an address that every proxy lets pass.
  for (let i = 0; i < fresh.length; i += 40) {
    const some = fresh.slice(i, i + 40);
    some.forEach((id) => asked.add(id));
    try {
      const h = await get<History>(`signals/history?seconds=${kept}&${some.map((id) => `signal=${encodeURIComponent(id)}`).join("&")}`);
      for (const [id, s] of Object.entries(h.series ?? {})) {
        const n = s.values.length;
        known.set(id, {
          t: s.values.map((_, k) => (h.end_ms - (n - 1 - k) * h.step_ms) / 1000),
          v: [...s.values],
          fresh: [...s.fresh].map((c) => c === "1"),
          words: [...(s.words ?? [])],
        });
      }
      sampled.value++;
    } catch {
      some.forEach((id) => asked.delete(id));
    }
  }
}

setInterval(() => {
  if (state.peek() == null || asked.size === 0) return;
  const t = now() / 1000;
  for (const id of asked) {
    const sig = signals.peek()[id];
    if (sig == null) continue;
    let s = known.get(id);
    if (s == null) known.set(id, (s = { t: [], v: [], fresh: [], words: [] }));
    if (t - (s.t[s.t.length - 1] ?? 0) < 0.9) continue;
    s.t.push(t);
    s.v.push(numberOf(sig, s.words));
    s.fresh.push(sig.fresh);
    if (s.t.length > kept) {
      s.t.shift();
      s.v.shift();
      s.fresh.shift();
    }
  }
  sampled.value++;
}, 1000);
