// Live pictures of the cameras in sight, over one connection for all of them: a browser opens six to a server, and state and
// events need one. A part of the stream is one JPEG; its headers say of which camera, how old and what was found in it.
import { send } from "./api";
import type { Box } from "./types";

/** A picture that arrived. */
export interface Picture {
  bitmap: ImageBitmap;
  seq: number;
  age: number; // ms between capture and arrival
  at: number; // performance.now() of the arrival
  boxes: (Box & { signal: string })[] | null; // null: the server did not say
}

export interface Watch {
  cameras: string[];
  fps: number;
  width: number;
}

// most is how many cameras the server sends over one connection.
const most = 64;

const end = new TextEncoder().encode("\r\n\r\n");

function find(hay: Uint8Array, needle: Uint8Array, from: number, to: number): number {
  outer: for (let i = from; i + needle.length <= to; i++) {
    for (let k = 0; k < needle.length; k++) if (hay[i + k] !== needle[k]) continue outer;
    return i;
  }
  return -1;
}

// Parts reads multipart bodies whose parts say their length, as those of the server do.
class Parts {
  private have = new Uint8Array(1 << 16);
  private n = 0;

  constructor(private readonly got: (headers: Map<string, string>, body: Uint8Array<ArrayBuffer>) => void) {}

  push(chunk: Uint8Array): void {
    if (this.n + chunk.length > this.have.length) {
      const more = new Uint8Array(Math.max(this.have.length * 2, this.n + chunk.length));
      more.set(this.have.subarray(0, this.n));
      this.have = more;
    }
    this.have.set(chunk, this.n);
    this.n += chunk.length;
    let from = 0;
    for (;;) {
      const head = find(this.have, end, from, this.n);
      if (head < 0) break;
      const headers = new Map<string, string>();
      for (const line of new TextDecoder().decode(this.have.subarray(from, head)).split("\r\n")) {
        const colon = line.indexOf(":");
        if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
      }
      const length = Number(headers.get("content-length"));
      if (!Number.isFinite(length)) throw new Error("a part of the live stream has no length");
      const body = head + end.length;
      if (body + length > this.n) break;
      this.got(headers, this.have.slice(body, body + length));
      from = body + length;
    }
    this.have.copyWithin(0, from, this.n);
    this.n -= from;
  }
}

/** Follows cameras until it is stopped; a picture is given to show, which owns it. While one is decoded a newer one of the same
 * camera replaces the one that waits, so that a slow browser sees fewer pictures, not older ones. */
export function follow(w: Watch, show: (camera: string, p: Picture) => void, failed: (e: unknown) => void): () => void {
  const stop = new AbortController();
  const busy = new Set<string>();
  const waiting = new Map<string, () => void>();

  const decode = async (camera: string, body: Uint8Array<ArrayBuffer>, h: Map<string, string>): Promise<void> => {
    const at = performance.now();
    busy.add(camera);
    try {
      const found = h.get("x-boxes");
      const bitmap = await createImageBitmap(new Blob([body], { type: "image/jpeg" }));
      if (stop.signal.aborted) bitmap.close();
      else show(camera, { bitmap, seq: Number(h.get("x-frame-seq")), age: Number(h.get("x-frame-age-ms")), at, boxes: found ? (JSON.parse(found) as Picture["boxes"]) : null });
    } catch {
      // A picture that cannot be decoded is left out; the next one comes.
    }
    busy.delete(camera);
    const next = waiting.get(camera);
    waiting.delete(camera);
    next?.();
  };

  const run = async (cameras: string[]) => {
    const q = new URLSearchParams({ cameras: cameras.join(","), fps: String(w.fps), width: String(w.width), draw: "found" });
    for (let wait = 500; !stop.signal.aborted; wait = Math.min(wait * 2, 5000)) {
      try {
        const r = await send("GET", `live?${q}`, undefined, stop.signal);
        const parts = new Parts((h, body) => {
          const camera = decodeURIComponent(h.get("x-camera") ?? "");
          wait = 500;
          const go = () => void decode(camera, body, h);
          if (busy.has(camera)) waiting.set(camera, go);
          else go();
        });
        const reader = r.body!.getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          parts.push(value);
        }
      } catch (e) {
        if (stop.signal.aborted) return;
        failed(e);
      }
      await new Promise((done) => setTimeout(done, wait));
    }
  };
  // More than two connections would leave too few for the rest of the page.
  for (const some of [w.cameras.slice(0, most), w.cameras.slice(most, 2 * most)]) if (some.length > 0) void run(some);
  return () => stop.abort();
}
