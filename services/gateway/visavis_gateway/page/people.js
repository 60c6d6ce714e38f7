// Personas to choose from: a group of radio buttons, each with its face.
import { element } from "./element.js";

/** "Ada, who explains things" -> ["Ada", "who explains things"]. */
export function nameOf(title) {
  const [name, ...rest] = title.split(/,\s*/);
  return [name, rest.join(", ")];
}

/** Fills a fieldset; calls `onChoose` with a persona's name. */
export class People {
  constructor(fieldset, pictureOf, onChoose) {
    this.fieldset = fieldset;
    this.pictureOf = pictureOf;
    fieldset.addEventListener("change", ({ target }) => onChoose(target.value));
  }

  show(personas, chosen) {
    const legend = this.fieldset.querySelector("legend");
    this.fieldset.replaceChildren(legend, ...personas.map((persona) => this.#one(persona)));
    this.choose(chosen);
  }

  choose(name) {
    for (const input of this.fieldset.querySelectorAll("input")) input.checked = input.value === name;
  }

  #one({ name, title }) {
    const label = element("label");
    const input = element("input");
    Object.assign(input, { type: "radio", name: this.fieldset.id, value: name });
    const picture = element("img", "thumb");
    picture.alt = "";
    picture.addEventListener("error", () => picture.removeAttribute("src"), { once: true });
    picture.src = this.pictureOf(name);
    const [short, about] = nameOf(title || name);
    label.append(input, picture, element("span", "", short));
    if (about) label.append(element("small", "", about));
    return label;
  }
}
