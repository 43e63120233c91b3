// How long the page kept the browser from answering: counted from the start, and shown in the log view, so that a console that
// becomes slow with many cameras says so itself.
import { signal } from "@preact/signals";

/** Tasks of more than 50 ms since the page was opened, and the longest, in milliseconds. */
export const longTasks = signal({ n: 0, longest: 0 });

/** Begins to count. */
export function watchLongTasks(): void {
  if (!PerformanceObserver.supportedEntryTypes.includes("longtask")) return;
  new PerformanceObserver((list) => {
    let { n, longest } = longTasks.value;
    for (const e of list.getEntries()) {
      n++;
      longest = Math.max(longest, e.duration);
    }
    longTasks.value = { n, longest };
  }).observe({ type: "longtask", buffered: true });
}
