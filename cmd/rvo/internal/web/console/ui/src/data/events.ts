// The event records that are known here, as occurrences: what was confirmed, updated and ended under one id is one line.
import { signal } from "@preact/signals";
import { get } from "./api";
import type { Rec } from "./types";

/** One occurrence of an event. */
export interface Occurrence {
  id: string;
  event: string;
  camera: string;
  severity: string;
  since: number;
  confirmed: number;
  ended: number; // 0: it goes on
  reason: string;
  evidence: string;
  last: Rec;
  first: Rec;
}

/** Occurrences, newest first, and how many records the server holds. */
export const occurrences = signal<Occurrence[]>([]);

/** How many records the server no longer has. */
export const forgotten = signal(0);

const kept = 10_000;
const byID = new Map<string, Occurrence>();

function fold(r: Rec): void {
  const o = byID.get(r.id);
  const t = Date.parse(r.time);
  if (o == null) {
    byID.set(r.id, {
      id: r.id,
      event: r.event,
      camera: r.camera ?? "",
      severity: r.severity ?? "",
      since: Date.parse(r.since),
      confirmed: Date.parse(r.confirmed),
      ended: r.state === "ended" ? t : 0,
      reason: r.reason ?? "",
      evidence: r.evidence ?? "",
      last: r,
      first: r,
    });
    return;
  }
  const newer = t >= Date.parse(o.last.time);
  byID.set(r.id, {
    ...o,
    ended: r.state === "ended" ? t : o.ended,
    reason: r.state === "ended" ? (r.reason ?? "") : o.reason,
    evidence: r.evidence ?? o.evidence,
    last: newer ? r : o.last,
    first: r.state === "confirmed" ? r : o.first,
  });
}

/** Takes records, in any order. */
export function keepEvents(records: Rec[]): void {
  if (records.length === 0) return;
  for (const r of records) fold(r);
  const all = [...byID.values()].sort((a, b) => b.confirmed - a.confirmed);
  for (const o of all.splice(kept)) byID.delete(o.id);
  occurrences.value = all;
}

/** Fetches what happened before this page was opened, newest first, page by page until the ring is read or the bound is met. */
export async function loadEvents(): Promise<void> {
  let before = "";
  for (let have = 0; have < kept; ) {
    const page = await get<{ records: Rec[] | null; next?: string; total?: number; dropped?: number }>(
      `events?limit=1000${before && `&before=${encodeURIComponent(before)}`}`,
    );
    const records = page.records ?? [];
    keepEvents(records);
    forgotten.value = page.dropped ?? 0;
    have += records.length;
    if (!page.next || records.length === 0) return;
    before = page.next;
  }
}
