// Starts the slides. Formulas are set before the first slide is measured, and before printing.
const plugins = window.RevealNotes ? [RevealNotes] : [];
const typeset = window.MathJax ? MathJax.startup.promise : Promise.resolve();
typeset.then(() =>
  Reveal.initialize({
    width: 1280,
    height: 720,
    margin: 0.03,
    center: false,
    hash: true,
    controls: false,
    slideNumber: "c/t",
    transition: "none",
    pdfSeparateFragments: false,
    pdfMaxPagesPerSlide: 1,
    plugins,
  })
);
