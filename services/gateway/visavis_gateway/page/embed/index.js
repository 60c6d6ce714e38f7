export * from "./page/embed/element.js";
