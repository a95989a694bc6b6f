// Hands the words after an image to it as its alt text, and lets the image follow a dark page.
(() => {
  const isDark = () => document.body.dataset.jpThemeLight === "false";

  // Scales that begin dark, as viridis does, stay; only greys, the paper and its ink, are turned.
  function turned(image) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const brush = canvas.getContext("2d");
    brush.drawImage(image, 0, 0);
    const picture = brush.getImageData(0, 0, canvas.width, canvas.height), { data } = picture;
    for (let i = 0; i < data.length; i += 4) {
      const [low, high] = [Math.min(data[i], data[i + 1], data[i + 2]), Math.max(data[i], data[i + 1], data[i + 2])];
      if (high - low < 24) for (let j = i; j < i + 3; j++) data[j] = 255 - 0.93 * data[j];
    }
    brush.putImageData(picture, 0, 0);
    return canvas.toDataURL();
  }

  function followPage(image) {
    const light = image.src;
    let dark = "";
    const paint = () => { image.src = isDark() ? (dark ||= turned(image)) : light; };
    if (isDark()) image.decode().then(paint, () => {});
    new MutationObserver(paint).observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
  }

  function label(words, tries) {
    const isBefore = (image) =>
      image.compareDocumentPosition(words) & Node.DOCUMENT_POSITION_FOLLOWING;
    const image = [...document.images].filter(isBefore).pop();
    if (!image) return tries && setTimeout(label, 50, words, tries - 1);
    image.alt = words.textContent;
    words.hidden = true;
    if (words.dataset.page === "turned") image.classList.add("titans-turned");
    if (words.dataset.page === "greys") followPage(image);
  }

  for (const words of document.querySelectorAll(".titans-alt:not([data-done])")) {
    words.dataset.done = "";
    label(words, 40);
  }
})();
