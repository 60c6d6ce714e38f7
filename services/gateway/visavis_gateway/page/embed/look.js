// How the element looks; a page changes it by the custom properties at the top.

const CSS = `
:host {
  --accent: var(--visavis-accent, light-dark(#0c5f58, #86d8c6));
  --on-accent: var(--visavis-on-accent, light-dark(#ffffff, #0c211e));
  --ground: var(--visavis-ground, light-dark(#f6f2ea, #1f211e));
  --ink: var(--visavis-ink, light-dark(#23201b, #efece4));
  --soft: var(--visavis-soft, light-dark(#655f54, #a9a599));
  display: grid;
  width: 20rem;
  max-width: 100%;
  gap: .6rem;
  color: var(--ink);
  font: 1rem/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; }
.portrait { position: relative; aspect-ratio: 1; border-radius: var(--visavis-radius, 10%); overflow: hidden; background: var(--ground); }
img, video { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover; }
video { opacity: 0; transition: opacity .35s; }
.seen video { opacity: 1; }
.act { position: absolute; left: 50%; bottom: 1rem; translate: -50%; display: flex; gap: .5rem; }
button { min-height: 2.75rem; padding: .4rem 1.2rem; border: 0; border-radius: 2rem; font: inherit; font-weight: 600; white-space: nowrap; cursor: pointer; background: var(--accent); color: var(--on-accent); box-shadow: 0 2px 10px #0004; }
button.quiet { background: var(--ground); color: var(--ink); }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
.talking .act { opacity: 0; transition: opacity .2s; }
.talking:is(:hover, :focus-within) .act { opacity: 1; }
@media (hover: none) { .talking .act { opacity: 1; } }
p { margin: 0; }
.words { min-height: 2.9em; font-size: 1.0625rem; }
.ahead, .note { color: var(--soft); }
.note { font-size: .8125rem; }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
`;

const sheet = new CSSStyleSheet();
sheet.replaceSync(CSS);

export { sheet };
