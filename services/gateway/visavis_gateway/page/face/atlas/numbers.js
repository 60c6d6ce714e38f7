// Arrays of face.json: 16 bits for each number, one after the other.

/** `table`: name -> {at, count, low, step}; the numbers are low + step * bits. */
export function unpack(buffer, table) {
  const bits = new Uint16Array(buffer);
  return Object.fromEntries(Object.entries(table).map(([name, { at, count, low, step }]) => (
    [name, Float32Array.from(bits.subarray(at, at + count), (each) => low + step * each)]
  )));
}
