// The files that a face is drawn from. Their names are hashes, so the browser keeps them from call to call.

const INDEX = "face.json";

/** `files`: name -> digest; `base`: the gateway's address. Resolves to {index, pictures}; rejects when one of them can't be had. */
export async function fetchKit(files, { base, token }) {
  const fetchFile = async (name) => {
    const answer = await fetch(`${base}api/faces/${files[name]}`, { headers: { Authorization: `Bearer ${token}` } });
    if (!answer.ok) throw new Error(`the face's ${name} is not there (${answer.status})`);
    return answer;
  };
  const index = await (await fetchFile(INDEX)).json();
  const names = Object.keys(files).filter((name) => name !== INDEX);
  const bitmaps = await Promise.all(names.map(async (name) => {
    const blob = await (await fetchFile(name)).blob();
    return createImageBitmap(blob, { premultiplyAlpha: "premultiply", colorSpaceConversion: "none" });
  }));
  return { index, pictures: Object.fromEntries(names.map((name, i) => [name, bitmaps[i]])) };
}
