// The files that a face is drawn from. Their names are hashes, so the browser keeps them from call to call.

const INDEX = "face.json";
const NUMBERS = ".deflate"; // the end of a name: bytes in zlib's format

/**
 * `files`: name -> digest; `base`: the gateway's address. Resolves to {index, pictures}, ImageBitmaps (and the bytes
 * of numbers) by name; rejects when one of them can't be had.
 */
export async function fetchKit(files, { base, token }) {
  const fetchFile = async (name) => {
    const answer = await fetch(`${base}api/faces/${files[name]}`, { headers: { Authorization: `Bearer ${token}` } });
    if (!answer.ok) throw new Error(`the face's ${name} is not there (${answer.status})`);
    return answer;
  };
  const index = await (await fetchFile(INDEX)).json();
  const names = Object.keys(files).filter((name) => name !== INDEX);
  const bitmaps = await Promise.all(names.map(async (name) => {
    const file = await fetchFile(name);
    if (name.endsWith(NUMBERS)) return inflated(file.body);
    const options = { premultiplyAlpha: "premultiply", colorSpaceConversion: "none" };
    return createImageBitmap(await file.blob(), options);
  }));
  return { index, pictures: Object.fromEntries(names.map((name, i) => [name, bitmaps[i]])) };
}

/** The bytes of a stream in zlib's format. */
export function inflated(stream) {
  return new Response(stream.pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
}

/** Whether this browser can read a kit. */
export const canInflate = () => "DecompressionStream" in globalThis;
