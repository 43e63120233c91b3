// The one connection that everything shown lives on: the whole state at first, then what changed, event records as they come and
// the log. It is opened again when it breaks, with the last state left on the screen and said to be old.
import { batch, computed, signal } from "@preact/signals";
import { asking, learnSession, Refused, send } from "./api";
import { keepEvents } from "./events";
import { observe } from "./rates";
import { readEvents } from "./sse";
import type { LogLine, Rec, State } from "./types";

/** The newest state; null before the first. */
export const state = signal<State | null>(null);

/** Whether the stream is open, and what was wrong when it was last not. */
export const link = signal<{ open: boolean; why: string; since: number }>({ open: false, why: "", since: Date.now() });

/** The newest lines of the log, oldest first. */
export const log = signal<LogLine[]>([]);

/** Messages that the server did not send because this browser read too slowly. */
export const lost = signal(0);

const keptLines = 1000;

// arrived are records that are shown with the next batch: a hundred a second are sorted in twenty times.
const arrived: Rec[] = [];

// ahead is how much later the server's clock is than this one, so that ages can be told between two states.
let ahead = 0;

/** Now, by the server's clock. */
export function now(): number {
  return Date.now() + ahead;
}

/** A moment that moves twice a second, for ages on the screen. */
export const tick = signal(Date.now());
setInterval(() => {
  if (!document.hidden) tick.value = Date.now();
}, 500);

/** How long ago a moment of the server's was; null: never. */
export function age(ms: number | undefined): number | null {
  void tick.value;
  return ms ? Math.max(0, now() - ms) : null;
}

export const cameras = computed(() => state.value?.cameras ?? {});
export const detectors = computed(() => state.value?.detectors ?? {});
export const signals = computed(() => state.value?.signals ?? {});
export const machines = computed(() => state.value?.events ?? {});

const sections = ["cameras", "detectors", "signals", "events", "queues", "sinks", "evidence"] as const;

// merge applies a delta: the scalars that are there, and of each section the things that changed, each whole; null: gone.
function merge(old: State, delta: Partial<State>): State {
  const next: Record<string, unknown> = { ...old, ...delta };
  for (const s of sections) {
    const changed = delta[s] as Record<string, unknown> | undefined;
    if (changed == null) {
      next[s] = old[s];
      continue;
    }
    const all: Record<string, unknown> = { ...old[s] };
    for (const [id, v] of Object.entries(changed)) v === null ? delete all[id] : (all[id] = v);
    next[s] = all;
  }
  return next as unknown as State;
}

function whole(s: State): State {
  const next: Record<string, unknown> = { ...s, reasons: s.reasons ?? [] };
  for (const k of sections) next[k] = s[k] ?? {};
  return next as unknown as State;
}

function take(name: string, data: string): void {
  const v: unknown = JSON.parse(data);
  batch(() => {
    switch (name) {
      case "state":
      case "delta": {
        const old = state.value;
        const next = name === "state" || old == null ? whole(v as State) : whole(merge(old, v as Partial<State>));
        ahead = next.time_ms - Date.now();
        state.value = next;
        observe(next);
        break;
      }
      case "event":
        arrived.push(v as Rec);
        if (arrived.length === 1) setTimeout(() => keepEvents(arrived.splice(0)), 50);
        break;
      case "log":
        log.value = [...log.value.slice(1 - keptLines), v as LogLine];
        break;
      case "lost":
        lost.value += (v as { messages?: number }).messages ?? 0;
        break;
    }
  });
}

// What nobody sees is not fetched: a page in the background gives its connection back after half a minute, and takes the whole
// state again when it is looked at.
const patience = 30_000;

function whileSeen(): AbortController {
  const stop = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => stop.abort(), patience);
  };
  document.addEventListener("visibilitychange", look, { signal: stop.signal });
  look();
  return stop;
}

function seen(): Promise<void> {
  return new Promise((done) => {
    if (!document.hidden) return done();
    const look = () => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", look);
      done();
    };
    document.addEventListener("visibilitychange", look);
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** Keeps the stream open for as long as the page is. */
export async function follow(): Promise<never> {
  for (let wait = 250; ; wait = Math.min(wait * 2, 5000)) {
    let why = "The connection ended.";
    try {
      await learnSession();
      if (asking.value) why = "The token is needed.";
      else {
        await seen();
        const watched = whileSeen();
        const r = await send("GET", "stream?topics=state,event,log", undefined, watched.signal);
        link.value = { open: true, why: "", since: Date.now() };
        wait = 250;
        try {
          await readEvents(r, take);
        } finally {
          if (watched.signal.aborted) why = "The page was in the background.";
          watched.abort();
        }
      }
    } catch (e) {
      if (!(e instanceof DOMException && e.name === "AbortError")) why = e instanceof Refused ? e.message : "The server does not answer.";
    }
    if (link.value.open || link.value.why !== why) link.value = { open: false, why, since: Date.now() };
    await (asking.value ? asked() : pause(wait));
  }
}

// asked waits until the person has given the token.
function asked(): Promise<void> {
  return new Promise((done) => {
    const stop = asking.subscribe((a) => {
      if (!a) {
        queueMicrotask(() => stop());
        done();
      }
    });
  });
}
