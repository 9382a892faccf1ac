// Leaflet tests while it loads whether a browser knows SVG, by turning this one string into markup. No other is let pass.
window.trustedTypes?.createPolicy("default", {
  createHTML: (text) => {
    if (text === "<svg/>") return text;
    throw new TypeError("no text becomes markup here");
  },
});
