// What the server says of an edit: its findings and its plan, and what became of it.
import type { Place } from "./types";

export interface NodeText {
  id: string;
  role: string;
  name: string;
  kind?: string;
  place: Place;
  source: string; // file, or api: it was edited over HTTP
  cue: string;
}

export interface Finding {
  code: string;
  severity: string;
  message: string;
  path?: string;
  place?: Place;
  hint?: string;
}

export interface Change {
  id: string;
  action: string;
  exclusive?: boolean;
  why?: string;
  fields?: { name: string; old?: unknown; new?: unknown; class?: string; unit?: string }[];
}

export interface Plan {
  counts?: Record<string, number>;
  changes?: Change[];
  pools?: { name: string; old?: Pool; new?: Pool }[];
  memory?: { old: number; new: number; both?: number };
}

interface Pool {
  slots: number;
  wanted: number;
  overloaded: boolean;
}

export interface Outcome {
  result: string;
  trigger?: string;
  at?: string;
  generation?: number;
  revision?: string;
  findings?: Finding[] | null;
  error?: string;
  node?: string;
  step?: string;
  plan?: Plan | null;
  changes?: Change[] | null;
  seconds?: Record<string, number>;
}

export interface Reloads {
  generation: number;
  revision: string;
  watching: boolean;
  files: string[] | null;
  probation: { generation?: number; until?: string } | null;
  rejected: Outcome | null;
  reloads: Outcome[] | null;
}

export const collections: Record<string, string> = { camera: "cameras", detector: "detectors", event: "events", evidence: "evidence", sink: "sinks" };
