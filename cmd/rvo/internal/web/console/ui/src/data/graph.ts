// The running pipeline's graph, fetched again when another pipeline runs.
import { effect, signal } from "@preact/signals";
import { get } from "./api";
import { state } from "./live";
import type { Graph, GraphNode } from "./types";

/** The graph of what runs; null before it is known. */
export const graph = signal<Graph | null>(null);

/** Its nodes by id. */
export const nodes = signal<Map<string, GraphNode>>(new Map());

let known = "";
effect(() => {
  const s = state.value;
  if (s == null) return;
  const now = `${s.run} ${s.generation} ${s.revision}`;
  if (now === known) return;
  known = now;
  get<Graph>("graph").then(
    (g) => {
      graph.value = g;
      nodes.value = new Map(g.nodes.map((n) => [n.id, n]));
    },
    () => (known = ""), // the next state asks again
  );
});
