// The JSON of /api/v1 as far as the console reads it: see api/openapi.yaml beside the server. Moments are milliseconds since
// 1970 by the server's clock, 0 or absent for never.

export interface Camera {
  state: string;
  error?: string;
  width: number;
  height: number;
  fps: number;
  frames: number;
  dropped?: Record<string, number>;
  reconnects: number;
  stalls: number;
  captured_ms?: number;
  buffers?: number;
  buffers_capacity?: number;
  ring_bytes?: number;
  ring_capacity?: number;
  watchers?: number;
}

export interface Detector {
  detector: string;
  camera: string;
  health: string;
  error?: string;
  doing: string;
  cause?: string;
  missing?: string;
  since_ms?: number;
  until_ms?: number;
  offers: number;
  runs: number;
  ok: number;
  failed: number;
  panics: number;
  timeouts: number;
  missed: number;
  skips?: Record<string, number>;
  cost_ms?: number;
  declared_ms?: number;
  mean_ms?: number;
  fps?: number;
  fps_limit?: number;
  timeout_ms?: number;
  priority?: string;
  restarts?: number;
}

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
  score?: number;
  label?: string;
  track?: number;
}

export interface Signal {
  signal: string;
  camera: string;
  type: string;
  value?: unknown;
  fresh: boolean;
  captured_ms?: number;
  frame?: number;
  ttl_ms?: number;
}

export interface Machine {
  event: string;
  camera?: string;
  state: string;
  answer: string;
  since_ms?: number;
  confirmed_ms?: number;
  seq?: number;
  severity?: string;
  muted_until_ms?: number;
}

export interface Queue {
  depth: number;
  capacity: number;
  policy: string;
  dropped: number;
}

export interface Sink {
  error?: string;
  written: number;
  dropped: number;
  retried?: number;
  waiting: number;
}

export interface Policy {
  dir: string;
  error?: string;
  clips: number;
  merged?: number;
  pending?: number;
  bytes?: number;
  dropped?: Record<string, number>;
  short?: Record<string, number>;
}

export interface State {
  time_ms: number;
  run: string;
  pipeline: string;
  revision: string;
  generation: number;
  uptime_ms: number;
  started: boolean;
  stopping: boolean;
  ready: boolean;
  reasons: { node: string; why: string }[];
  ticks: number;
  memory?: { bytes: number; limit: number };
  events_total: { confirmed: number; updated: number; ended: number };
  cameras: Record<string, Camera>;
  detectors: Record<string, Detector>;
  signals: Record<string, Signal>;
  events: Record<string, Machine>;
  queues: Record<string, Queue>;
  sinks: Record<string, Sink>;
  evidence: Record<string, Policy>;
  clients?: { subscribers: number; watchers: number; dropped: number };
}

export interface Leaf {
  path: string;
  camera?: string;
  signal: string;
  test?: string;
  answer: string;
  value?: unknown;
  age?: string;
  frame?: number;
}

/** An event record, as sinks get it. */
export interface Rec {
  id: string;
  event: string;
  camera?: string;
  state: string;
  reason?: string;
  severity?: string;
  time: string;
  since: string;
  confirmed: string;
  capture?: string;
  duration?: string;
  seq: number;
  labels?: Record<string, string>;
  leaves?: Leaf[];
  evidence?: string;
  run?: string;
  revision?: string;
  generation?: number;
  models?: Record<string, string>;
}

export interface Tree {
  path: string;
  op: string;
  answer: string;
  decided?: boolean;
  signal?: string;
  camera?: string;
  test?: string;
  value?: unknown;
  captured_ms?: number;
  frame?: number;
  fresh?: boolean;
  ttl_ms?: number;
  for_ms?: number;
  within_ms?: number;
  unknown?: string;
  n?: number;
  of?: Tree[];
}

export interface Why extends Machine {
  hold_ms?: number;
  grace_ms?: number;
  unknown_grace_ms?: number;
  cooldown_ms?: number;
  tree?: Tree;
}

export interface Place {
  file: string;
  line: number;
  col?: number;
}

export interface GraphNode {
  id: string;
  role: string;
  name: string;
  camera?: string;
  kind?: string;
  doc?: string;
  own?: string;
  wired?: string;
  place?: Place;
  inputs?: string[];
  fields?: Record<string, unknown>;
}

export interface Zone {
  name?: string;
  polygon: [number, number][];
}

export interface Graph {
  pipeline: string;
  revision: string;
  generation: number;
  nodes: GraphNode[];
  edges: { from: string; to: string }[];
  cameras?: Record<string, { zones?: Zone[]; masks?: Zone[]; labels?: Record<string, string> }>;
}

export interface History {
  step_ms: number;
  end_ms: number;
  series: Record<string, { values: (number | null)[]; fresh: string; words?: string[] }>;
}

export interface Clip {
  policy: string;
  clip: string;
  camera: string;
  created: string;
  bytes: number;
  frames: number;
  from?: string;
  to?: string;
  short?: string[];
  gap_ms?: number;
  events: { id: string; event: string; severity?: string }[];
  snapshot?: string;
}

export interface Session {
  authorized: boolean;
  needed: "nothing" | "changes" | "everything";
  token: boolean;
}

export interface LogLine {
  time_ms: number;
  level: string;
  message: string;
  attrs?: Record<string, string>;
}
