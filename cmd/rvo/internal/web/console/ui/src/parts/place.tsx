// Where in the files a node is written, as a way to it in the pipeline view.
import { href } from "../data/route";
import type { Place } from "../data/types";
import { Icon } from "./icons";

/** file:line, leading to the node. */
export function PlaceLink({ id, place }: { id: string; place: Place | undefined }) {
  if (place == null || !place.file) return null;
  return (
    <a class="btn place" href={href("pipeline", { sel: id })} title={`${place.file}:${place.line}`}>
      <Icon name="pipeline" />
      <span class="one-line mono">
        {place.file.split("/").pop()}:{place.line}
      </span>
    </a>
  );
}
