// The console: one page over /api/v1. It keeps nothing of its own but the theme; where the person is stands in the address.
import { render } from "preact";
import { App } from "./app";
import { loadEvents } from "./data/events";
import { follow, link } from "./data/live";
import { watchLongTasks } from "./data/longtasks";
import "./data/theme";

watchLongTasks();
render(<App />, document.getElementById("app")!);
void follow();

// What happened before is read whenever the connection stands again: nothing that was missed stays missing.
link.subscribe((l) => {
  if (l.open) loadEvents().catch(() => undefined); // the next connection tries again
});
