// What the words of the engine mean to a person: a mark, and the word itself.
import type { ComponentChildren } from "preact";
import { type Mark, MarkIcon } from "./icons";

const meanings: Record<string, Mark> = {
  // cameras
  up: "ok",
  starting: "idle",
  frozen: "warn",
  stalled: "bad",
  down: "bad",
  ended: "idle",
  // detectors
  ok: "ok",
  degraded: "warn",
  broken: "bad",
  probing: "warn",
  // answers
  yes: "ok",
  no: "idle",
  unknown: "unknown",
  // findings
  error: "bad",
  warning: "warn",
  info: "idle",
  critical: "bad",
};

/** The mark of a word of the engine. */
export function markOf(word: string): Mark {
  return meanings[word] ?? "idle";
}

/** A word with its mark. */
export function Status({ word, mark, children }: { word: string; mark?: Mark; children?: ComponentChildren }) {
  const m = mark ?? markOf(word);
  return (
    <span class={`status ${m}`}>
      <MarkIcon mark={m} />
      <span>{children ?? word}</span>
    </span>
  );
}

/** The same in a box, where it stands among other text. */
export function Badge({ word, mark, children }: { word: string; mark?: Mark; children?: ComponentChildren }) {
  const m = mark ?? markOf(word);
  return (
    <span class={`badge ${m}`}>
      <MarkIcon mark={m} />
      <span>{children ?? word}</span>
    </span>
  );
}

/** The state of an event's machine. Confirmed is what the event is for, not a fault: its weight is the event's severity. */
export function machineMark(state: string, severity: string | undefined): Mark {
  if (state === "confirmed") return severity === "critical" ? "active-bad" : severity === "warning" ? "active-warn" : "active";
  return state === "potential" ? "pending" : "idle";
}
