// The sheet of settings: who answers, which devices, how it looks. What is chosen is kept.
import { canChooseSpeaker, listDevices, watchDevices } from "./devices.js";
import { element } from "./element.js";
import { prefer, preferred } from "./preferences.js";
import { SIZES, THEMES } from "./words.js";

const find = (id) => document.getElementById(id);

export class Settings {
  /** `on`: {microphone, speaker, announce}: called with what was chosen. */
  constructor(on) {
    this.dialog = find("settings");
    this.people = find("persona");
    this.meter = this.dialog.querySelector(".meter");
    for (const opener of ["open-settings", "quality"]) find(opener).addEventListener("click", () => this.open());
    this.dialog.addEventListener("click", ({ target }) => { if (target === this.dialog) this.dialog.close(); });
    this.#choice("microphone", on.microphone);
    this.#choice("speaker", on.speaker);
    find("speaker").disabled = !canChooseSpeaker;
    this.#pick("theme", THEMES, "system", (value) => setRoot("theme", value === "system" ? "" : value));
    this.#pick("captions-size", SIZES, "medium", (value) => setRoot("captions", value));
    this.#announce(on.announce);
    watchDevices(() => this.listDevices());
  }

  open() {
    this.listDevices();
    this.dialog.showModal();
  }

  setLevel(level) {
    if (this.dialog.open) this.meter.style.setProperty("--level", level.toFixed(2));
  }

  /** Rows of [name, value]. */
  setConnection(rows) {
    const made = rows.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]);
    find("connection").replaceChildren(...made);
  }

  /** {name, why}: which model answers, and why it was chosen, in parts with semicolons between; may be empty. */
  setModel(model) {
    find("model").hidden = !model?.name;
    const reasons = (model?.why || "").split("; ").filter(Boolean);
    find("model-name").textContent = model?.name ?? "";
    find("model-why").replaceChildren(...reasons.map((reason) => element("li", "", reason)));
  }

  async listDevices() {
    const { microphones, speakers } = await listDevices();
    fill(find("microphone"), microphones, preferred("microphone"));
    fill(find("speaker"), speakers, preferred("speaker"));
  }

  #choice(id, onChange) {
    find(id).addEventListener("change", ({ target }) => {
      prefer(id, target.value);
      onChange(target.value);
    });
  }

  #pick(id, names, otherwise, apply) {
    const key = id.split("-")[0];
    const kept = preferred(key, otherwise);
    const group = find(id);
    for (const [value, text] of Object.entries(names)) {
      const label = element("label");
      const input = element("input");
      Object.assign(input, { type: "radio", name: id, value, checked: value === kept });
      label.append(input, element("span", "", text));
      group.append(label);
    }
    group.addEventListener("change", ({ target }) => {
      prefer(key, target.value);
      apply(target.value);
    });
  }

  #announce(onChange) {
    const box = find("announce");
    box.checked = preferred("announce", false);
    onChange(box.checked);
    box.addEventListener("change", () => {
      prefer("announce", box.checked);
      onChange(box.checked);
    });
  }
}

function setRoot(name, value) {
  if (value) document.documentElement.dataset[name] = value;
  else delete document.documentElement.dataset[name];
}

function fill(select, devices, chosen) {
  const [system] = select.options;
  select.replaceChildren(system, ...devices.map(({ id, label }) => new Option(label, id)));
  select.value = devices.some(({ id }) => id === chosen) ? chosen : "";
}
