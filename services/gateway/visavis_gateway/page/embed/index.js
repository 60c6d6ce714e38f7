// Served as /embed.js: <script type="module" src="https://avatar.example.org/embed.js"></script> (docs/embed.md).
export * from "./page/embed/element.js";
