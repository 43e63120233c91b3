// Asking the worker where the nodes of a graph go.
import { useEffect, useState } from "preact/hooks";

export interface Ask {
  id: number;
  nodes: { id: string; width: number; height: number }[];
  edges: { from: string; to: string }[];
  down: boolean; // from above to below, on narrow pages
}

export interface Placed {
  id: number;
  width: number;
  height: number;
  nodes: Record<string, { x: number; y: number }>;
  edges: { from: string; to: string; points: { x: number; y: number }[] }[];
}

let worker: Worker | null = null;
let asks = 0;

/** Where the nodes go; null until it is known. It is asked again when nodes or edges change, not when what they show does. */
export function useLayout(nodes: Ask["nodes"], edges: Ask["edges"], down: boolean): Placed | null {
  const [placed, setPlaced] = useState<Placed | null>(null);
  const key = JSON.stringify([nodes, edges, down]);
  useEffect(() => {
    worker ??= new Worker("console/layout.js", { type: "module" });
    const id = ++asks;
    const got = (e: MessageEvent<Placed>) => {
      if (e.data.id === id) setPlaced(e.data);
    };
    worker.addEventListener("message", got);
    worker.postMessage({ id, nodes, edges, down } satisfies Ask);
    return () => worker?.removeEventListener("message", got);
  }, [key]);
  return placed;
}
