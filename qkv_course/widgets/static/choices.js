// A question: the browser shows the feedback at once, Python hears of the choice at rest, so
// that arrow keys on their way to an option answer nothing.

function build(view) {
  const feedback = el("p", { className: "qkv-feedback", hidden: true });
  view.root.classList.add("qkv-question");
  view.root.firstChild.hidden = true; // the question itself is the title
  view.radios("chosen", {
    legend: view.model.get("_prompt"),
    options: view.model.get("_options").map((text, i) => [i, text]),
  });
  view.summary.replaceWith(feedback);
  return (_, { chosen }) => {
    const text = chosen === null ? "" : view.model.get("_feedback")[chosen];
    if (feedback.dataset.text === text) return;
    feedback.dataset.text = text;
    feedback.hidden = !text;
    feedback.replaceChildren(...rich(text));
    if (text) view.tell(text.replaceAll("`", ""));
  };
}

export default explorer({ build });
