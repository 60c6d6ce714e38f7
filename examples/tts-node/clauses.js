"use strict";
// Text as it comes -> clauses of words. Positions count code points of the reply's text, as the protocol wants them.

const LONGEST_CLAUSE = 12; // words
const IS_SPOKEN = /[\p{L}\p{N}]/u;

class Clauses {
  #text = []; // code points
  #taken = 0; // of them, how many are in a clause that was given out

  /** Code points so far. */
  get length() {
    return this.#text.length;
  }

  add(text) {
    this.#text.push(...text);
  }

  /** The next clause as [{text, start, end}], or null; `all`: nothing more comes, or it shall be spoken at once. */
  next(all) {
    const words = [];
    let start = -1;
    for (let at = this.#taken; at <= this.#text.length; at++) {
      const isSpace = at < this.#text.length && /\s/u.test(this.#text[at]);
      const isEnd = isSpace || (at === this.#text.length && all);
      if (!isEnd && start < 0 && at < this.#text.length) start = at;
      if (!isEnd || start < 0) continue;
      const text = this.#text.slice(start, at).join("");
      if (IS_SPOKEN.test(text)) words.push({ text, start, end: at });
      start = -1;
      if (words.length && (/[.,;:!?]$/u.test(text) || words.length === LONGEST_CLAUSE)) return this.#take(words, at);
    }
    return all && words.length ? this.#take(words, this.#text.length) : null;
  }

  #take(words, end) {
    this.#taken = end;
    return words;
  }
}

module.exports = { Clauses };
