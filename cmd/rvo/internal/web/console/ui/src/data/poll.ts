// Asking again and again for what the stream does not carry, while somebody looks at it.
import { useEffect, useState } from "preact/hooks";
import { get, reason } from "./api";

export interface Polled<T> {
  value: T | null;
  why: string; // why the last question had no answer
  again: () => void;
}

/** GETs path now and every so many milliseconds (0: once), while the page is in sight. An empty path asks nothing. */
export function usePoll<T>(path: string, every: number): Polled<T> {
  const [got, set] = useState<{ path: string; value: T | null; why: string }>({ path, value: null, why: "" });
  const [n, setN] = useState(0);
  useEffect(() => {
    if (path === "") return;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      if (!document.hidden) {
        try {
          const value = await get<T>(path, stop.signal);
          set({ path, value, why: "" });
        } catch (e) {
          if (stop.signal.aborted) return;
          set((old) => ({ path, value: old.path === path ? old.value : null, why: reason(e) }));
        }
      }
      if (every > 0 && !stop.signal.aborted) timer = setTimeout(() => void ask(), every);
    };
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [path, every, n]);
  const mine = got.path === path;
  return { value: mine ? got.value : null, why: mine ? got.why : "", again: () => setN((x) => x + 1) };
}
