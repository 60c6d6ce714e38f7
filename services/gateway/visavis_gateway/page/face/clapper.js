// The test signal: dark, and white exactly while an `aa` cue sounds.

export class ClapperRenderer {
  constructor(canvas, index, pictures) {
    this.canvas = canvas;
    this.index = index;
    this.label = pictures[index.label.file];
    this.pen = canvas.getContext("2d");
  }

  draw({ sounding }) {
    const level = sounding === "aa" ? this.index.white : this.index.dark;
    if (level === this.level) return false;
    this.level = level;
    const { pen, canvas: { width: size } } = this;
    pen.fillStyle = `rgb(${level} ${level} ${level})`;
    pen.fillRect(0, 0, size, size);
    const [x0, y0, x1, y1] = this.index.label.box.map((share) => share * size);
    pen.drawImage(this.label, x0, y0, x1 - x0, y1 - y0);
    return true;
  }

  resize(size) {
    if (this.canvas.width === size) return;
    this.canvas.width = this.canvas.height = size;
    this.level = null;
  }

  restore() {}

  close() {}
}
