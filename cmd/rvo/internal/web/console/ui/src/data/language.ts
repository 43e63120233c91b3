// The language as the running program knows it, from its JSON Schema: which fields there are and what they mean.
import { signal } from "@preact/signals";
import { byName } from "./format";

interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  type?: string;
  $ref?: string;
  $defs?: Record<string, Schema>;
}

const whole = signal<Schema | null>(null);
let asked = false;

/** Reads the language, once. */
export async function learnLanguage(): Promise<void> {
  if (asked) return;
  asked = true;
  try {
    const r = await fetch("console/schema.json");
    if (r.ok) whole.value = (await r.json()) as Schema;
  } catch {
    asked = false;
  }
}

export interface Known {
  name: string;
  doc: string;
  kind: boolean; // it names the node's kind, and holds its options
  words: string[]; // what it may say, where that is a list
}

function resolved(s: Schema | undefined): Schema | undefined {
  const ref = s?.$ref?.split("/").pop();
  return ref ? whole.value?.$defs?.[ref] : s;
}

function known(of: Schema | undefined, role: string): Known[] {
  return Object.entries(of?.properties ?? {}).map(([name, s]) => {
    const full = resolved(s);
    return {
      name,
      doc: (s.description ?? full?.description ?? "").replaceAll("\n", " "),
      kind: new RegExp(`[a-z0-9]${role}$`, "i").test(s.$ref ?? "") && !(s.$ref ?? "").endsWith(`/${role}`),
      words: (full?.enum ?? []).map((w) => JSON.stringify(w)),
    };
  });
}

const definitions: Record<string, string> = { camera: "Camera", detector: "Detector", event: "Event", evidence: "Evidence", sink: "Sink" };

/** The fields that a node of a role may have, kinds first. */
export function fieldsFor(role: string): Known[] {
  const name = definitions[role];
  if (name == null) return [];
  return known(whole.value?.$defs?.[name], name).sort((a, b) => Number(b.kind) - Number(a.kind) || byName(a.name, b.name));
}

/** The options of a kind. */
export function optionsOf(role: string, kind: string): Known[] {
  const def = whole.value?.$defs?.[definitions[role] ?? ""]?.properties?.[kind];
  return known(resolved(def), "");
}
