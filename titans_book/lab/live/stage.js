// Plays a passage on the live board by the page's own clock: its pictures, its text, its lines.
((image) => {
  const TURN = 6; // pictures to one change of text and lines: to lay out costs more than to paint
  const NOT_A_NUMBER = 253;
  const CALM = matchMedia("(prefers-reduced-motion: reduce)"); // then the end of a passage is shown
  // A handler seeks global names in its image and in the document first. Once a picture that is
  // nothing; once a cell it took 70 ms a picture, in the place of one.
  const { max, min, round, floor } = Math;
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

  // A pixel for each level of the scale; the level behind the last one can be seen through.
  function pixels(colours) {
    const levels = colours.length / 3;
    const table = new Uint8ClampedArray(4 * levels).fill(255);
    for (let i = 0; i < levels; i++) table.set(colours.subarray(3 * i, 3 * i + 3), 4 * i);
    table[4 * levels - 1] = 0;
    return new Uint32Array(table.buffer);
  }

  class Passage {
    count = 0;
    timer = 0;

    constructor(root, canvas, film) {
      Object.assign(this, { root, canvas, film, table: pixels(bytes(film.colours)) });
      this.brush = canvas.getContext("2d", { willReadFrequently: true });
      this.picture = this.brush.createImageData(canvas.width, canvas.height);
      this.cells = new Uint32Array(this.picture.data.buffer);
      const all = bytes(film.frames), size = this.cells.length;
      this.frames = film.times.map((_, i) => all.subarray(i * size, (i + 1) * size));
      this.began = performance.now() - 1000 * film.share * film.seconds;
      this.timer = setInterval(() => this.go(), 1000 / film.fps);
      this.go();
    }

    stop() {
      clearInterval(this.timer);
    }

    // The reader holds the passage at a token, or lets it go on from there.
    hold(token) {
      this.stop();
      this.token = min(token, this.film.length);
      this.draw();
      this.mark();
    }

    release() {
      this.stop();
      this.film.share = min(this.film.share, this.token / this.film.length);
      this.began = performance.now() - (1000 * this.film.seconds * this.token) / this.film.length;
      this.timer = setInterval(() => this.go(), 1000 / this.film.fps);
    }

    go() {
      const passed = (performance.now() - this.began) / 1000 / this.film.seconds;
      const moves = this.film.share < 1 && this.canvas.isConnected && !CALM.matches;
      const share = moves ? min(1, passed) : 1;
      this.token = share * this.film.length;
      this.draw();
      if (share === 1) this.stop();
      if (share === 1 || this.count % TURN === 0) this.mark();
      this.count += 1;
      this.root.pictures = (this.root.pictures ?? 0) + 1;
    }

    // The memory between two recorded frames is blended, level by level.
    draw() {
      const { times } = this.film, { token, cells, table, frames } = this;
      const later = times.findIndex((time) => time > token);
      const after = later < 0 ? times.length - 1 : later;
      const before = max(0, after - 1);
      const span = times[after] - times[before];
      const share = span ? min(1, (token - times[before]) / span) : 1;
      const [old, young] = [frames[before], frames[after]];
      for (let i = 0; i < cells.length; i++) {
        const top = max(old[i], young[i]);
        cells[i] = table[top < NOT_A_NUMBER ? round(old[i] + share * (young[i] - old[i])) : top];
      }
      if (this.film.readers) this.hide();
      this.brush.putImageData(this.picture, 0, 0);
    }

    // A map of attention has a row for each reader; those still to come are not seen yet.
    hide() {
      const { rows, pitch, readers } = this.film, { width, height } = this.canvas;
      const read = round((min(this.token, readers) / readers) * rows);
      for (let y = 0; y < height; y++)
        if (y % pitch >= read) this.cells.fill(0, y * width, (y + 1) * width);
    }

    mark() {
      const upto = floor(this.token);
      this.root.querySelectorAll(".titans-text > b").forEach((cell, at) => {
        cell.classList.toggle("rest", at >= upto);
        cell.classList.toggle("now", at === upto - 1);
      });
      for (const drawing of this.root.querySelectorAll("svg[data-span]")) this.uncover(drawing, upto);
    }

    // Curves are drawn whole; only the edge of what is uncovered moves, and the numbers beside it.
    uncover(drawing, upto) {
      const [left, right, length] = drawing.dataset.span.split(" ").map(Number);
      const last = max(0, min(upto, length) - 1);
      const edge = left + ((right - left) * last) / max(1, length - 1);
      drawing.querySelector("rect").setAttribute("width", edge + 0.5);
      for (const end of ["x1", "x2"]) drawing.querySelector(".edge").setAttribute(end, edge);
      for (const number of drawing.querySelectorAll("[data-values]")) {
        const words = number.dataset.values.split("|")[last] ?? "";
        if (number.textContent !== words) number.textContent = words;
      }
    }
  }

  // The kernel hears through an input that nobody sees: what the pointer rests on, in words.
  function asks(root, passage) {
    let words = "", timer = 0;
    const send = () => {
      timer = 0;
      const input = root.querySelector(".titans-asked input");
      if (!input || input.value === words) return;
      input.value = words;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const question = ({ target, clientX, clientY }) => {
      if (target.matches?.(".titans-stage")) {
        const box = target.getBoundingClientRect();
        const place = (at, from, size, cells) => floor(((at - from) / size) * cells);
        const x = place(clientX, box.left, box.width, target.width);
        const y = place(clientY, box.top, box.height, target.height);
        return `cell ${x} ${y} ${round(passage()?.token ?? 0)}`;
      }
      const letter = target.closest?.(".titans-text > b");
      return letter ? `token ${[...letter.parentNode.querySelectorAll(":scope > b")].indexOf(letter)}` : "";
    };
    root.addEventListener("pointermove", (event) => {
      const asked = question(event);
      if (!asked || asked === words) return;
      words = asked;
      timer ||= setTimeout(send, 80);
    });
  }

  function follow(root) {
    let data = null, passage = null, held = "";
    // Called before the page is painted: a new passage never shows for a moment as if it were read.
    const look = () => {
      const found = root.querySelector(".titans-film"), fresh = found && found !== data;
      if (fresh) {
        passage?.stop();
        data = found;
        passage = new Passage(root, root.querySelector(".titans-stage"), JSON.parse(found.textContent));
      }
      const token = root.querySelector(".titans-held")?.dataset.token ?? "";
      if (passage && token !== "" && (fresh || token !== held)) passage.hold(Number(token));
      else if (passage && token === "" && held !== "" && !fresh) passage.release();
      else if (!fresh) passage?.mark();
      held = token;
    };
    new MutationObserver(look).observe(root, { childList: true, subtree: true });
    asks(root, () => passage);
    look();
  }

  // The image that starts this script may be there before the board around it is.
  function wait(tries = 200) {
    const root = image.closest(".titans-board");
    if (root) follow(root);
    else if (tries) setTimeout(wait, 50, tries - 1);
  }
  wait();
})(this);
