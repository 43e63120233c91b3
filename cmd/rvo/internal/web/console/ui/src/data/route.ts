// Where the person is, kept in the address: what is open, chosen and searched for survives a reload and can be sent to
// somebody else as a link. The form is #/view?key=value.
import { computed, signal } from "@preact/signals";

const hash = signal(location.hash);
addEventListener("hashchange", () => (hash.value = location.hash));

const parts = computed(() => {
  const [path = "", query = ""] = hash.value.replace(/^#\/?/, "").split("?", 2);
  return { view: path === "" ? "cameras" : path, params: new URLSearchParams(query) };
});

/** The name of the open view. */
export const view = computed(() => parts.value.view);

/** What the address says of a key; empty: nothing. */
export function param(key: string): string {
  return parts.value.params.get(key) ?? "";
}

/** The address of a view, for links. */
export function href(to: string, params: Record<string, string> = {}): string {
  const q = new URLSearchParams(Object.entries(params).filter(([, v]) => v !== ""));
  return `#/${to}${q.size > 0 ? `?${q}` : ""}`;
}

/** Changes keys of the open view's address. A choice is a step of the browser's history, a search as it is typed is not. */
export function setParams(change: Record<string, string>, step = true): void {
  const q = new URLSearchParams(parts.value.params);
  for (const [k, v] of Object.entries(change)) v === "" ? q.delete(k) : q.set(k, v);
  const to = href(view.value, Object.fromEntries(q));
  if (to === location.hash) return;
  if (step) location.hash = to;
  else {
    history.replaceState(null, "", to);
    hash.value = to;
  }
}
