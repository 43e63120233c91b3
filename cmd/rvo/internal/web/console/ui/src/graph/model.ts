// What the picture of the graph shows: cameras, detectors, events and where their records go, with how they do. Cameras that
// nothing tells apart are one node when there are many.
import { rate } from "../data/format";
import { cameras, detectors, machines, state } from "../data/live";
import { rateOf } from "../data/rates";
import type { Graph, GraphNode } from "../data/types";
import type { Mark } from "../parts/icons";
import { machineMark, markOf } from "../parts/status";

export interface Drawn {
  id: string;
  role: string;
  name: string;
  sub: string;
  mark: Mark;
  word: string;
  members: GraphNode[]; // what it stands for
}

export interface Wire {
  from: string;
  to: string;
  label: string;
}

const roles = new Set(["camera", "detector", "event", "evidence", "sink"]);
const ends = new Set(["evidence", "sink"]);

// drawable are the nodes that are shown. What a detector shares between its cameras is no node of its own to a person.
function drawable(g: Graph): Map<string, GraphNode> {
  const instances = new Set(g.nodes.filter((n) => n.role === "detector" && n.camera).map((n) => n.name));
  return new Map(g.nodes.filter((n) => roles.has(n.role) && !(n.role === "detector" && !n.camera && instances.has(n.name))).map((n) => [n.id, n]));
}
const few = 24;

// Signals and rings stand between what is drawn: an edge through them is an edge of what they join. Events are made after the
// sinks and policies they need; a picture shows the way of what flows.
function joined(g: Graph, drawn: Map<string, GraphNode>): { from: string; to: string }[] {
  const out = new Map<string, string[]>();
  const add = (from: string, to: string) => {
    const list = out.get(from);
    if (list) list.push(to);
    else out.set(from, [to]);
  };
  for (const e of g.edges) ends.has(drawn.get(e.from)?.role ?? "") ? add(e.to, e.from) : add(e.from, e.to);
  const edges: { from: string; to: string }[] = [];
  const seen = new Set<string>();
  for (const n of drawn.values()) {
    const todo = [...(out.get(n.id) ?? [])];
    const been = new Set<string>();
    for (let to = todo.pop(); to != null; to = todo.pop()) {
      if (been.has(to)) continue;
      been.add(to);
      if (!drawn.has(to)) todo.push(...(out.get(to) ?? []));
      else if (!seen.has(`${n.id}\n${to}`)) {
        seen.add(`${n.id}\n${to}`);
        edges.push({ from: n.id, to });
      }
    }
  }
  return edges;
}

const rank: Mark[] = ["ok", "idle", "pending", "active", "active-warn", "active-bad", "unknown", "warn", "bad"];
const worst = (marks: Mark[]): Mark => marks.reduce((a, b) => (rank.indexOf(b) > rank.indexOf(a) ? b : a), "ok" as Mark);

/** The key of the state's sections for a node: "person@gate". */
export function stateKey(n: GraphNode): string {
  return n.id.slice(n.id.indexOf("/") + 1);
}

/** How a node does: its mark and the word for it. */
export function health(n: GraphNode): { mark: Mark; word: string } {
  const s = state.value;
  const key = stateKey(n);
  let word = "";
  switch (n.role) {
    case "camera":
      word = cameras.value[key]?.state ?? "";
      break;
    case "detector":
      word = detectors.value[key]?.health ?? "";
      break;
    case "event": {
      const m = machines.value[key];
      return { mark: machineMark(m?.state ?? "idle", m?.severity), word: m?.state ?? "" };
    }
    case "sink":
      word = s?.sinks[key] ? (s.sinks[key].error ? "error" : "ok") : "";
      break;
    case "evidence":
      word = s?.evidence[key] ? (s.evidence[key].error ? "error" : "ok") : "";
      break;
  }
  return { mark: word === "" ? "idle" : markOf(word), word };
}

function rateFrom(n: GraphNode): number | null {
  const key = stateKey(n);
  if (n.role === "camera") return rateOf(`camera/${key} frames`);
  if (n.role === "detector" && detectors.value[key]?.doing === "told") return null; // from outside: it has no runs
  if (n.role === "detector") return rateOf(`detector/${key} runs`);
  return null;
}

/** The nodes and edges to draw. Instances of one detector or event are one node each where there are more than a few cameras. */
export function model(g: Graph): { nodes: Drawn[]; wires: Wire[] } {
  const drawn = drawable(g);
  const many = [...drawn.values()].filter((n) => n.role === "camera").length > few || drawn.size > 4 * few;
  const edges = joined(g, drawn);
  // A camera's group is what it feeds.
  const feeds = new Map<string, Set<string>>();
  const nameOf = new Map(g.nodes.map((n) => [n.id, `${n.role}/${n.name}`]));
  for (const e of edges) feeds.set(e.from, (feeds.get(e.from) ?? new Set()).add(nameOf.get(e.to) ?? e.to));
  const groupOf = (n: GraphNode): string => {
    if (!many) return n.id;
    if (n.role === "camera") return `cameras/${[...(feeds.get(n.id) ?? [])].sort().join("+")}`;
    return `${n.role}/${n.name}`;
  };
  const groups = new Map<string, GraphNode[]>();
  const of = new Map<string, string>();
  for (const n of drawn.values()) {
    const k = groupOf(n);
    of.set(n.id, k);
    const list = groups.get(k);
    if (list) list.push(n);
    else groups.set(k, [n]);
  }
  const nodes: Drawn[] = [];
  for (const [id, members] of groups) {
    const n = members[0]!;
    const all = members.map(health);
    const mark = worst(all.map((h) => h.mark));
    const ill = all.filter((h) => h.mark === "bad" || h.mark === "warn").length;
    const active = all.filter((h) => h.word === "confirmed").length;
    const lots = members.length > 1;
    nodes.push({
      id,
      role: n.role,
      name: lots && n.role === "camera" ? `${members.length} cameras` : (n.name ?? n.id),
      sub: lots ? (n.role === "camera" ? `${members[0]!.name} … ${members[members.length - 1]!.name}` : `on ${members.length} cameras`) : [n.kind, n.role !== "camera" ? n.camera : ""].filter(Boolean).join(" · "),
      mark,
      word: lots ? (active > 0 ? `${active} of ${members.length} active` : ill > 0 ? `${ill} of ${members.length} not well` : "") : all[0]!.word,
      members,
    });
  }
  const sums = new Map<string, { from: string; to: string; sum: number | null }>();
  const once = new Set<string>();
  const byID = new Map(g.nodes.map((n) => [n.id, n]));
  for (const e of edges) {
    const from = of.get(e.from);
    const to = of.get(e.to);
    if (from == null || to == null || from === to) continue;
    const k = `${from}\n${to}`;
    const w = sums.get(k) ?? { from, to, sum: null };
    sums.set(k, w);
    if (once.has(`${e.from}\n${to}`)) continue;
    once.add(`${e.from}\n${to}`);
    const r = rateFrom(byID.get(e.from)!);
    if (r != null) w.sum = (w.sum ?? 0) + r;
  }
  return { nodes, wires: [...sums.values()].map((w) => ({ from: w.from, to: w.to, label: w.sum == null ? "" : `${rate(w.sum)}/s` })) };
}
