// How wide the page is, where what is shown depends on it and not only how.
import { signal } from "@preact/signals";

function follow(query: string) {
  const m = matchMedia(query);
  const s = signal(m.matches);
  m.addEventListener("change", () => (s.value = m.matches));
  return s;
}

/** A phone: one column, and what is chosen covers the list. The stylesheet has the same bounds. */
export const phone = follow("(max-width: 720px)");

/** No room for a list of many columns. */
export const narrow = follow("(max-width: 1100px)");
