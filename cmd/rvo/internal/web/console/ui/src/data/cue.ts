// A node's CUE as fields that can be edited one by one, and back. Only the outermost fields are taken apart: what a field says
// stays text, for the server to judge.

export interface Field {
  name: string;
  value: string;
}

// scan walks over text and calls at with the offset of every character that is outside of strings, comments and brackets.
function scan(text: string, at: (i: number) => void): void {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    const string = /^(#*)("""|'''|"|')/.exec(text.slice(i, i + 16));
    if (string) {
      const [open, hashes = "", quote = ""] = string;
      const close = quote + hashes;
      let k = i + open.length;
      while (k < text.length && !text.startsWith(close, k)) k += text[k] === "\\" && hashes === "" ? 2 : 1;
      i = k + close.length - 1;
      continue;
    }
    if (c === "/" && text[i + 1] === "/") {
      while (i + 1 < text.length && text[i + 1] !== "\n") i++;
      continue;
    }
    if (c === "{" || c === "[" || c === "(") depth++;
    else if (c === "}" || c === "]" || c === ")") depth--;
    else if (depth === 0) at(i);
  }
}

/** The fields of a struct, in the order written. */
export function fieldsOf(cue: string): Field[] {
  const text = cue.trim();
  if (!text.startsWith("{") || !text.endsWith("}")) return [];
  const inside = text.slice(1, -1);
  const ends: number[] = [];
  scan(inside, (i) => {
    if (inside[i] === "\n" || inside[i] === ",") ends.push(i);
  });
  const fields: Field[] = [];
  let from = 0;
  for (const end of [...ends, inside.length]) {
    const part = inside.slice(from, end).trim();
    from = end + 1;
    const m = /^("?)([\w#$-]+)\1[?!]?:\s*([\s\S]*)$/.exec(part);
    if (m) fields.push({ name: m[2]!, value: m[3]!.replace(/\n\t/g, "\n") });
    else if (part !== "" && fields.length > 0) fields[fields.length - 1]!.value += `\n${part}`;
  }
  return fields;
}

/** One node in CUE, and the line that each field begins at, from 1: where a fault in the text is, is known by its line. */
export function cueOf(collection: string, name: string, fields: Field[]): { text: string; lines: number[] } {
  const lines: number[] = [];
  let text = `${collection}: ${JSON.stringify(name)}: {\n`;
  let line = 2;
  for (const f of fields) {
    const one = `\t${/^[A-Za-z_]\w*$/.test(f.name) ? f.name : JSON.stringify(f.name)}: ${f.value.trim()}\n`;
    lines.push(line);
    line += one.split("\n").length - 1;
    text += one;
  }
  return { text: `${text}}\n`, lines };
}
