// Places the nodes of a graph with dagre, away from the page: a thousand nodes take longer than a page may stand still.
import dagre from "@dagrejs/dagre";
import type { Ask, Placed } from "./layout";

addEventListener("message", (e: MessageEvent<Ask>) => {
  const { id, nodes, edges, down } = e.data;
  const g = new dagre.graphlib.Graph();
  g.setGraph({ rankdir: down ? "TB" : "LR", nodesep: 14, ranksep: 64, marginx: 16, marginy: 16 });
  g.setDefaultEdgeLabel(() => ({}));
  for (const n of nodes) g.setNode(n.id, { width: n.width, height: n.height });
  for (const d of edges) g.setEdge(d.from, d.to);
  dagre.layout(g);
  const placed: Placed = { id, width: g.graph().width ?? 0, height: g.graph().height ?? 0, nodes: {}, edges: [] };
  for (const n of nodes) {
    const at = g.node(n.id);
    placed.nodes[n.id] = { x: at.x - n.width / 2, y: at.y - n.height / 2 };
  }
  for (const d of edges) placed.edges.push({ from: d.from, to: d.to, points: (g.edge(d.from, d.to) as { points: { x: number; y: number }[] }).points });
  postMessage(placed);
});
