// A live picture with what is known of it drawn over: zones and masks of the pipeline, boxes of the picture itself.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { span } from "../data/format";
import { graph } from "../data/graph";
import { tick } from "../data/live";
import type { Picture } from "../data/pictures";
import type { Box, Zone } from "../data/types";

export interface Shown {
  boxes: boolean;
  zones: boolean;
  masks: boolean;
}

const points = (z: Zone) => z.polygon.map(([x, y]) => `${x},${y}`).join(" ");

/** Draws polygons and boxes in the picture's own coordinates, 0 to 1. */
export function Overlay({ camera, boxes, shown, small }: { camera: string; boxes: Box[]; shown: Shown; small?: boolean }) {
  const places = graph.value?.cameras?.[camera];
  return (
    <>
      <svg class="overlay" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
        {shown.masks && places?.masks?.map((m, i) => <polygon key={`m${i}`} class="mask" points={points(m)} />)}
        {shown.zones && places?.zones?.map((z, i) => <polygon key={`z${i}`} class="zone" points={points(z)} />)}
        {shown.boxes && boxes.map((b, i) => <rect key={i} class="box" x={b.x} y={b.y} width={b.w} height={b.h} />)}
      </svg>
      <div class="overlay names" aria-hidden="true">
        {!small &&
          shown.zones &&
          places?.zones?.map((z, i) => {
            const x = Math.min(...z.polygon.map((p) => p[0]));
            const y = Math.min(...z.polygon.filter((p) => p[0] <= x + 0.02).map((p) => p[1]));
            return (
              <span key={i} class="zone-name" style={{ left: `${x * 100}%`, top: `${y * 100}%` }}>
                {z.name}
              </span>
            );
          })}
        {shown.boxes &&
          boxes.map((b, i) =>
            b.label || b.track ? (
              <span key={i} class={b.y < 0.06 ? "box-name in" : "box-name"} style={{ left: `${b.x * 100}%`, top: `${b.y * 100}%` }}>
                {b.label ?? ""}
                {b.track ? ` #${b.track}` : ""}
                {!small && b.score != null && b.score < 1 && ` ${Math.round(b.score * 100)}`}
              </span>
            ) : null,
          )}
      </div>
    </>
  );
}

interface LiveProps {
  picture: Picture | undefined;
  name: string;
  ratio: number; // width to height of the camera
  over: ComponentChildren; // in the picture's own coordinates
  children?: ComponentChildren; // over the whole place
}

/** A camera's newest picture on a canvas, as large as its place lets it be. The bitmap is drawn once and stays until the next. */
export function Live({ picture, name, ratio, over, children }: LiveProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const c = canvas.current;
    if (c == null || picture == null) return;
    const { width, height } = picture.bitmap;
    if (width === 0) return; // replaced by a newer one before it was drawn
    if (c.width !== width || c.height !== height) {
      c.width = width;
      c.height = height;
    }
    c.getContext("2d", { alpha: false })?.drawImage(picture.bitmap, 0, 0);
    c.dataset["seq"] = String(picture.seq);
  }, [picture]);
  return (
    <div class="live">
      <div class="frame" style={{ "--r": String(ratio) }}>
        <canvas ref={canvas} role="img" aria-label={`live picture of ${name}`} />
        {over}
      </div>
      {children}
    </div>
  );
}

/** How old the shown picture is. */
export function PictureAge({ picture }: { picture: Picture | undefined }) {
  void tick.value;
  if (picture == null) return <span class="muted">no picture</span>;
  const ms = picture.age + (performance.now() - picture.at);
  return (
    <span class={ms > 2000 ? "age old" : "age"} title="age of the picture shown, from capture until now">
      {span(ms)}
    </span>
  );
}
