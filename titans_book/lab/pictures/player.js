// Plays the frames of one PNG sheet. The sheet is the last image before the player on the page.
(() => {
  const ICONS = {
    play: "M3 1.5v11l9-5.5z",
    pause: "M3 1.5h3v11H3zM8 1.5h3v11H8z",
    back: "M11.5 1.5v11L5 7zM2.5 1.5h2v11h-2z",
    next: "M2.5 1.5v11L9 7zM9.5 1.5h2v11h-2z",
  };
  const icon = (name) =>
    `<svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const colour = (table, i) => (table[3 * i] << 16) | (table[3 * i + 1] << 8) | table[3 * i + 2];

  // A page whose letters are light is a dark page, whatever made it so.
  function isDark(root) {
    const [red, green, blue] = getComputedStyle(root).color.match(/[\d.]+/g).map(Number);
    return 0.3 * red + 0.59 * green + 0.11 * blue > 140;
  }

  function findSheet(root, film, found, tries = 100) {
    const fits = (image) =>
      image.naturalWidth === film.sheet[0] && image.naturalHeight === film.sheet[1] &&
      image.compareDocumentPosition(root) & Node.DOCUMENT_POSITION_FOLLOWING;
    const sheet = [...document.images].filter(fits).pop();
    if (sheet) found(sheet);
    else if (tries) setTimeout(findSheet, 50, root, film, found, tries - 1);
  }

  // The sheet's pixels as levels of the scale, or null where the browser guards them.
  function readLevels(sheet, light) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [sheet.naturalWidth, sheet.naturalHeight];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(sheet, 0, 0);
    const level = new Map();
    for (let i = 0; i < light.length / 3; i++) level.set(colour(light, i), i);
    try {
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      return { canvas, context, data, level };
    } catch {
      return { canvas, context, data: null, level };
    }
  }

  const levelAt = ({ data, level }, i) =>
    level.get((data[4 * i] << 16) | (data[4 * i + 1] << 8) | data[4 * i + 2]);

  // The same sheet in the colours of a dark page.
  function darken(read, dark) {
    if (!read.data) return read.canvas;
    const copy = new ImageData(new Uint8ClampedArray(read.data), read.canvas.width);
    for (let i = 0; i < read.data.length / 4; i++) {
      const level = levelAt(read, i);
      if (read.data[4 * i + 3] && level !== undefined)
        copy.data.set(dark.subarray(3 * level, 3 * level + 3), 4 * i);
    }
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [read.canvas.width, read.canvas.height];
    canvas.getContext("2d").putImageData(copy, 0, 0);
    return canvas;
  }

  // The tokens' surprise is the strip at the foot of the sheet, `unit` pixels a token.
  function readShades(read, film) {
    if (!read.data || !film.unit) return film.pieces.map(() => 0);
    const foot = (film.sheet[1] - 1) * film.sheet[0];
    return film.pieces.map((_, token) => {
      const level = levelAt(read, foot + token * film.unit);
      return Math.min(9, Math.floor(((level ?? 0) / 252) * 9.5));
    });
  }

  function writeText(box, film, shades) {
    film.pieces.forEach((piece, token) => {
      const cell = document.createElement("b");
      cell.textContent = piece.replace("\n", "¶\n");
      cell.dataset.shade = `s${shades[token]}`;
      box.append(cell);
    });
  }

  function markText(box, upto) {
    [...box.children].forEach((cell, token) => {
      cell.className = token < upto ? cell.dataset.shade : "rest";
      if (token === upto - 1) cell.classList.add("now");
    });
  }

  function shadeBar(bar, table) {
    const stops = [...Array(9).keys()].map((i) => {
      const at = 3 * Math.round(((8 - i) * 252) / 8);
      return `rgb(${table.subarray(at, at + 3).join(" ")})`;
    });
    bar.style.background = `linear-gradient(${stops})`;
  }

  class Player {
    frame = 0;
    timer = 0;

    constructor(root, film, sheet) {
      const part = (name) => root.querySelector(name);
      Object.assign(this, { root, film, canvas: part("canvas"), slider: part("input") });
      Object.assign(this, { caption: part("output"), text: part(".titans-text"), bar: part(".bar") });
      [this.play, this.back, this.next] = root.querySelectorAll("button");
      this.tables = { light: bytes(film.light), dark: bytes(film.dark) };
      const read = readLevels(sheet, this.tables.light);
      this.sheets = { light: read.canvas, dark: darken(read, this.tables.dark) };
      this.brush = this.canvas.getContext("2d");
      [this.canvas.width, this.canvas.height] = film.size;
      this.canvas.style.width = `${film.size[0] * film.shown}px`;
      writeText(this.text, film, readShades(read, film));
      this.listen();
      this.stop();
    }

    draw() {
      const { film, brush } = this;
      const page = isDark(this.root) ? "dark" : "light";
      const [wide, high] = film.size;
      const x = (this.frame % film.columns) * (wide * film.scale + film.gap);
      const y = Math.floor(this.frame / film.columns) * (high * film.scale + film.gap);
      brush.imageSmoothingEnabled = false;
      brush.clearRect(0, 0, wide, high);
      const place = [x, y, wide * film.scale, high * film.scale, 0, 0, wide, high];
      brush.drawImage(this.sheets[page], ...place);
      shadeBar(this.bar, this.tables[page]);
    }

    show(wanted) {
      this.frame = Math.max(0, Math.min(this.film.frames - 1, wanted));
      this.slider.value = this.frame;
      this.caption.textContent = this.film.captions[this.frame];
      this.slider.setAttribute("aria-valuetext", this.caption.textContent);
      if (this.film.times.length) markText(this.text, this.film.times[this.frame]);
      this.draw();
    }

    stop() {
      clearInterval(this.timer);
      this.timer = 0;
      this.play.innerHTML = icon("play");
      this.play.setAttribute("aria-label", "Play");
    }

    start() {
      const last = this.film.frames - 1;
      if (this.frame === last) this.show(0);
      // Whoever asks for less motion sees single pictures, one after the other.
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      this.timer = setInterval(() => {
        if (!this.root.isConnected || this.frame === last) return this.stop();
        this.show(this.frame + 1);
      }, 1000 / (calm ? Math.min(1, this.film.rate) : this.film.rate));
      this.play.innerHTML = icon("pause");
      this.play.setAttribute("aria-label", "Pause");
    }

    toggle() {
      if (this.timer) this.stop();
      else this.start();
    }

    jump(wanted) {
      this.stop();
      this.show(wanted);
    }

    press(event) {
      event.stopPropagation(); // else the notebook takes the arrow keys
      const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
      const ends = { Home: 0, End: this.film.frames - 1 };
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === " " && event.target.tagName !== "BUTTON") this.toggle();
      else if (event.key in steps) this.jump(this.frame + steps[event.key]);
      else if (event.key in ends) this.jump(ends[event.key]);
      else return;
      event.preventDefault();
    }

    listen() {
      this.root.onkeydown = (event) => this.press(event);
      this.play.onclick = () => this.toggle();
      this.back.onclick = () => this.jump(this.frame - 1);
      this.next.onclick = () => this.jump(this.frame + 1);
      this.slider.oninput = () => this.jump(Number(this.slider.value));
      this.back.innerHTML = icon("back");
      this.next.innerHTML = icon("next");
      // Follow the page when it turns dark or light.
      const redraw = () => this.draw();
      new MutationObserver(redraw).observe(document.body, { attributeFilter: ["data-jp-theme-name"] });
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    }
  }

  for (const root of document.querySelectorAll(".titans-player:not([data-found])")) {
    root.dataset.found = "";
    const film = JSON.parse(root.querySelector("script").textContent);
    findSheet(root, film, (sheet) => {
      const player = new Player(root, film, sheet);
      (sheet.closest(".jp-OutputArea-child") || sheet).style.display = "none";
      root.hidden = false;
      player.show(film.start === "end" ? film.frames - 1 : 0);
    });
  }
})();
