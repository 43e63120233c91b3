// Dark or light: what the system says until the person chooses.
import { effect, signal } from "@preact/signals";

const key = "rvo.theme";
const system = matchMedia("(prefers-color-scheme: light)");

/** The theme shown. */
export const theme = signal<"dark" | "light">("dark");

const saved = () => localStorage.getItem(key);

function follow(): void {
  const s = saved();
  theme.value = s === "dark" || s === "light" ? s : system.matches ? "light" : "dark";
}

follow();
system.addEventListener("change", follow);
effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});

/** Chooses the other theme. */
export function otherTheme(): void {
  localStorage.setItem(key, theme.value === "dark" ? "light" : "dark");
  follow();
}
