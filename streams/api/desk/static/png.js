// A picture as PNG: the browser draws the SVG that the server gives, at twice its size.

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-png]");
  if (!link) return;
  event.preventDefault();
  const image = new Image();
  image.addEventListener("load", () => {
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth * 2;
    canvas.height = image.naturalHeight * 2;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => {
      const target = document.createElement("a");
      target.href = URL.createObjectURL(blob);
      target.download = "compare.png";
      target.click();
      setTimeout(() => URL.revokeObjectURL(target.href), 1000);
    });
  });
  image.src = link.href;
});
