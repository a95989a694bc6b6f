// Drags in a picture: where the pointer is pressed or moved, two sliders of the same panel follow.
// Everything else goes the sliders' own way, so the kernel hears what it hears from the keyboard.
((image) => {
  const slider = (panel, axis) => panel.querySelector(`.titans-drag-${axis} .noUi-target`);

  // The point below the pointer, in the units of the picture's axes.
  function point(drawing, event) {
    const [left, top, right, bottom, x0, y0, x1, y1] = drawing.dataset.drag.split(" ").map(Number);
    const at = new DOMPoint(event.clientX, event.clientY);
    const { x, y } = at.matrixTransform(drawing.getScreenCTM().inverse());
    return {
      x: x0 + ((x - left) / (right - left)) * (x1 - x0),
      y: y0 + ((bottom - y) / (bottom - top)) * (y1 - y0),
    };
  }

  function follow(panel) {
    let pointer = null; // the one that is pressed
    const move = (event) => {
      const drawing = panel.querySelector("svg[data-drag]");
      if (event.pointerId !== pointer || !drawing) return;
      for (const [axis, value] of Object.entries(point(drawing, event)))
        slider(panel, axis)?.noUiSlider?.set(value);
      event.preventDefault();
    };
    panel.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !event.target.closest?.("svg[data-drag]")) return;
      pointer = event.pointerId;
      panel.setPointerCapture(pointer); // the picture is replaced while it is dragged in
      move(event);
    });
    panel.addEventListener("pointermove", move);
    for (const end of ["pointerup", "pointercancel"])
      panel.addEventListener(end, () => { pointer = null; });
  }

  // The image that starts this script may be there before the panel around it is.
  function wait(tries = 200) {
    const panel = image.closest(".titans-drag");
    if (panel) follow(panel);
    else if (tries) setTimeout(wait, 50, tries - 1);
  }
  wait();
})(this);
