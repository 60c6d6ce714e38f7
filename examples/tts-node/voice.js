"use strict";
// A demo voice: every letter is a short hum or hiss. It has the rhythm of speech and moves the mouth;
// nobody will understand a word. Put your engine in its place: clause in, samples and exact times out.

const RATE_HZ = 24000;
const CHUNK = 480; // 20 ms
const PITCH_HZ = 170;
const PAUSE_S = 0.2;
const GAP_S = 0.04; // between words
const LONGEST_WORD = 30; // letters that are sounded

// letter -> [viseme, first formant, second formant, seconds]; without formants it is a silent closure.
const VOWELS = {
  a: ["VISEME_AA", 730, 1090, 0.11], e: ["VISEME_E", 530, 1840, 0.09], i: ["VISEME_I", 300, 2290, 0.09],
  o: ["VISEME_O", 570, 840, 0.11], u: ["VISEME_U", 300, 870, 0.1], y: ["VISEME_I", 300, 2290, 0.08],
};
const CONSONANTS = [
  ["pbm", "VISEME_PP", 0, 0], ["fv", "VISEME_FF", 220, 1100], ["td", "VISEME_DD", 0, 0],
  ["kgqcx", "VISEME_KK", 0, 0], ["j", "VISEME_CH", 250, 1900], ["sz", "VISEME_SS", 250, 2600],
  ["nl", "VISEME_NN", 280, 1300], ["r", "VISEME_RR", 420, 1300], ["w", "VISEME_U", 300, 700], ["h", "VISEME_E", 400, 1500],
];

/** The sound of one letter or digit, whatever its alphabet. */
function phone(letter) {
  const plain = letter.normalize("NFD")[0].toLowerCase();
  if (VOWELS[plain]) return VOWELS[plain];
  const found = CONSONANTS.find(([letters]) => letters.includes(plain));
  return found ? [found[1], found[2], found[3], 0.06] : VOWELS.a;
}

/** Appends `seconds` of a hum with two formants (or of silence) to `samples`. */
function hum(samples, first, second, seconds) {
  const count = Math.round(seconds * RATE_HZ);
  const edge = Math.round(0.008 * RATE_HZ);
  for (let i = 0; i < count; i++) {
    const swell = Math.min(1, (i + 1) / edge, (count - i) / edge); // no click where two sounds join
    const t = samples.length / RATE_HZ;
    const buzz = 0.5 + 0.5 * Math.sin(2 * Math.PI * PITCH_HZ * t);
    const tone = 0.7 * Math.sin(2 * Math.PI * first * t) + 0.3 * Math.sin(2 * Math.PI * second * t);
    samples.push(first ? Math.round(7000 * swell * buzz * tone) : 0);
  }
}

/** Microseconds from the first sample of the reply. */
const micros = (sample) => Math.round((sample * 1e6) / RATE_HZ);

/** A stretch of samples as the protocol tells it; two stretches that touch still do so in microseconds. */
const span = (from, to) => ({ offset_us: micros(from), duration_us: micros(to) - micros(from) });

/** Neighbours of the same shape become one cue. */
function addCue(cues, viseme, from, to) {
  const last = cues.at(-1);
  if (to <= from) return;
  if (last?.viseme === viseme) last.to = to;
  else cues.push({ viseme, from, to });
}

/**
 * Speaks one clause. `words`: [{text, start, end}], `firstSample`: where it begins in the reply.
 * Gives {samples, words, cues}; the samples are whole chunks, the cues touch and cover them all.
 */
function speak(words, firstSample, speed = 1) {
  const samples = [];
  const cues = [];
  const times = [];
  const sound = (viseme, first, second, seconds) => {
    const from = firstSample + samples.length;
    hum(samples, first, second, seconds / speed);
    addCue(cues, viseme, from, firstSample + samples.length);
  };
  for (const word of words) {
    sound("VISEME_SIL", 0, 0, GAP_S);
    const from = firstSample + samples.length;
    const letters = word.text.match(/[\p{L}\p{N}]/gu).slice(0, LONGEST_WORD);
    for (const letter of letters) sound(...phone(letter));
    times.push({ text_start: word.start, text_end: word.end, ...span(from, firstSample + samples.length) });
  }
  const length = Math.ceil((samples.length + (PAUSE_S / speed) * RATE_HZ) / CHUNK) * CHUNK;
  addCue(cues, "VISEME_SIL", firstSample + samples.length, firstSample + length);
  const pcm = new Int16Array(length);
  pcm.set(samples);
  return {
    samples: pcm,
    words: times,
    cues: cues.map(({ viseme, from, to }) => ({ viseme, ...span(from, to), intensity: viseme === "VISEME_SIL" ? 0 : 0.8 })),
  };
}

module.exports = { CHUNK, RATE_HZ, speak };
