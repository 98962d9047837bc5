"""What all explorers share: settings, a text twin, a poster, and the learner's own function."""

import base64
import math
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import traitlets

from qkv_course.errors import BadAnswer
from qkv_course.widgets.yours import Call, judge

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STATIC = Path(__file__).parent / "static"


def script(name: str, data: str = "") -> str:
    """Put base.js, data and static/<name>_*.js if there are such in front of static/<name>.js.

    data: a script with numbers that come along.
    They become one module: a widget's module cannot import files.
    """
    files = ["base", *sorted(path.stem for path in STATIC.glob(f"{name}_*.js")), name]
    parts = [(STATIC / f"{file}.js").read_text("utf-8") for file in files]
    return "\n".join([data, *parts])


def stylesheet(*names: str) -> str:
    """Put static/<name>.css behind each other."""
    return "\n".join((STATIC / f"{n}.css").read_text("utf-8") for n in names)


def module(name: str, data: str = "") -> str:
    """Write `script(name, data)` in a third of its size: every saved widget carries it along."""
    packed = zlib.compress(script(name, data).encode("utf-8"), 9)
    text = base64.b64encode(packed).decode("ascii")
    return f"""const packed = Uint8Array.from(atob("{text}"), (c) => c.charCodeAt(0));
const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
const script = new Blob([await new Response(stream).text()], {{ type: "text/javascript" }});
const address = URL.createObjectURL(script), module = await import(address);
URL.revokeObjectURL(address);
export default module.default;
"""


class Widget(anywidget.AnyWidget):
    """A widget whose settings are clear about their range and that has words for itself.

    A subclass sets `title` and `_esm = module("name")`, and adds synced traits: those
    without an underscore in front are its settings.
    """

    title: ClassVar[str]
    invitation: ClassVar[str] = "Run this cell to move the sliders."
    _css = stylesheet("base")

    _title = traitlets.Unicode().tag(sync=True)
    _settings = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, **settings: Any) -> None:
        known = self.setting_names()
        for name in (n for n in settings if n not in known and not n.startswith("_")):
            raise BadAnswer(self._no_such(name))
        super().__init__(**{"_title": self.title, "_settings": known, **settings})

    @classmethod
    def setting_names(cls) -> list[str]:
        """List what can be set, in the order in which the class defines it."""
        ours = [n for c in reversed(cls.__mro__) if issubclass(c, Widget) for n in vars(c)]
        traits = cls.class_traits(sync=True)
        return [n for n in dict.fromkeys(ours) if n in traits and not n.startswith("_")]

    def __setattr__(self, name: str, value: Any) -> None:
        item = getattr(value, "item", None)
        plain = item() if item is not None and getattr(value, "shape", None) == () else value
        if not name.startswith("_") and not hasattr(self, name):
            raise BadAnswer(self._no_such(name))
        try:
            if isinstance(plain, float) and not math.isfinite(plain):
                raise traitlets.TraitError
            super().__setattr__(name, plain)
        except traitlets.TraitError:
            wanted = in_words(self.class_traits()[name])
            raise BadAnswer(f"{name} is {value!r}; choose {wanted}.") from None

    def _no_such(self, name: str) -> str:
        known = ", ".join(self.setting_names())
        return f"{self.title!r} has no setting {name!r}. Its settings are: {known}."

    @property
    def settings(self) -> dict[str, Any]:
        """What is set now, by name."""
        return {name: getattr(self, name) for name in self._settings}

    def words(self) -> str:
        """Say what the widget shows, for those who do not see it."""
        raise NotImplementedError

    def caption(self) -> str:
        """Say what the poster shows."""
        return self.words()

    def draw(self, figure: "Figure") -> None:
        """Draw the poster: what a notebook shows where no widget runs."""
        raise NotImplementedError

    def __repr__(self) -> str:
        listed = ", ".join(f"{k}={v!r}" for k, v in self.settings.items())
        return f"{type(self).__name__}({listed})"

    def __str__(self) -> str:
        return f"{self!r}\n{self.words()}\n{self.invitation}"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle: tuple[dict[str, Any], dict[str, Any]] | None = super()._repr_mimebundle_(**kwargs)
        if bundle is not None:
            bundle[0]["text/plain"] = str(self)
            if (png := self.poster()) is not None:
                bundle[0]["image/png"] = base64.b64encode(png).decode("ascii")
        return bundle

    def poster(self) -> bytes | None:
        """Give the poster as a PNG, or None for a widget without pictures."""
        if type(self).draw is Widget.draw:
            return None
        from qkv_course.widgets.poster import png

        with warnings.catch_warnings():
            # A word in a script that the font lacks is drawn as boxes; no learner can mend that.
            warnings.simplefilter("ignore")
            return png(self.draw, self.caption(), self.invitation)


class Explorer(Widget):
    """A widget computed in the browser, with a Python twin that computes and says the same.

    compute: from the settings to named arrays and numbers; base.js gets the same ones.
    describe: from the settings to a short text with the main numbers.
    calls: the functions of learners that it can draw beside its own numbers.
    function: such a function, or None.
    """

    compute: ClassVar[Callable[..., dict[str, Any]]]
    describe: ClassVar[Callable[..., str]]
    calls: ClassVar[tuple[Call, ...]] = ()
    yours_pictures: ClassVar[bool] = True

    _yours = traitlets.Dict().tag(sync=True)
    _pictures = traitlets.Bool(True).tag(sync=True)

    def __init__(self, function: Callable[..., Any] | None = None, **settings: Any) -> None:
        self._function = function
        super().__init__(_pictures=self.yours_pictures, **settings)
        self._judge()
        self.observe(self._judge, self._settings)

    def said(self) -> str:
        """Say the main numbers."""
        return type(self).describe(**self.settings)

    def known(self) -> dict[str, Any]:
        """Give all that a learner's function may be called with or compared to, by name."""
        return self.settings | type(self).compute(**self.settings)

    def words(self) -> str:
        """Say what the widget shows, and how the learner's own function does."""
        text = self.said()
        return f"{text}\n{self._yours['text']}" if self._yours else text

    def _judge(self, _change: object = None) -> None:
        if self._function is None or self._yours.get("for") == self.settings:
            return
        call = self._call()
        if text := self.why_not(call.function):
            found = {"kind": "waiting", "text": text, "values": {}}
        else:
            found = judge(self._function, call, self.known())
        self._yours = {"for": self.settings, **found}

    def why_not(self, function: str) -> str:
        """Say why a learner's function cannot be called as things are set, or "" if it can."""
        return ""

    def _call(self) -> Call:
        name = getattr(self._function, "__name__", type(self._function).__name__)
        if name not in (names := [call.function for call in self.calls]):
            listed = " or ".join(names) or "no function of yours"
            raise BadAnswer(f"{self.title!r} calls {listed}, not {name}.")
        return self.calls[names.index(name)]


def fixed(x: float) -> str:
    """Write two decimals, halves away from 0 and no "-0.00", as `fixed` in base.js does."""
    return "0.00" if abs(x) < 0.005 - 1e-9 else f"{x + math.copysign(1e-9, x):.2f}"


def in_words(trait: "traitlets.TraitType[Any, Any]") -> str:
    """Say which values a setting takes."""
    if isinstance(trait, traitlets.Bool):
        return "True or False"
    if isinstance(trait, traitlets.Enum):
        return "one of " + ", ".join(repr(v) for v in trait.values or ())
    kind = {traitlets.Int: "a whole number", traitlets.Float: "a number"}.get(type(trait))
    if kind is None:
        return str(trait.info())
    low, high = getattr(trait, "min", None), getattr(trait, "max", None)
    if low is not None and high is not None:
        return f"{kind} from {low} to {high}"
    return f"{kind} of {low} or more" if low is not None else kind
