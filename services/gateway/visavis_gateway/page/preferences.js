// What the user chose, kept in this browser. Without storage it lasts as long as the page.

const KEY = "visavis";

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return kept && typeof kept === "object" ? kept : {};
  } catch {
    return {};
  }
}

const values = read();

export function preferred(name, otherwise = "") {
  return typeof values[name] === typeof otherwise ? values[name] : otherwise;
}

export function prefer(name, value) {
  values[name] = value;
  try {
    localStorage.setItem(KEY, JSON.stringify(values));
  } catch { /* forbidden or full: this time it is not kept */ }
}
