"""What every template finds: filters, icons, charts, static files, and the places of the shell."""

from types import SimpleNamespace

from flask import Flask, g

from emeter_core.characters import isolated
from emeter_web import assets, formats, icons, shell, theme
from emeter_web.charts import bars, latency, phases, spark, tape
from emeter_web.shown.times import lasting

DRAW = SimpleNamespace(
    bars=bars.draw,
    failed_phase=phases.failed_phase,
    phase_words=phases.WORDS,
    flow=phases.flow,
    flow_scale=phases.flow_scale,
    latency=latency.draw,
    quiet_ruler=tape.quiet_ruler,
    spark=spark.draw,
    tape=tape.draw,
    waterfall=phases.waterfall,
)


def claims_focus() -> bool:
    """Whether the field that asks shall be focused when the page opens: the first one that asks, no other."""
    is_first = "has_focus" not in g
    g.has_focus = True
    return is_first


def register(app: Flask) -> None:
    """Let the templates of an application find it all; it wants no static folder of Flask's own."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(draw=DRAW, claims_focus=claims_focus)
    # Where an element cannot: in titles and attributes. Elsewhere a name stands in `bdi`.
    app.jinja_env.filters["isolated"] = isolated
    app.jinja_env.filters["lasting"] = lasting
    for part in (assets, formats, icons, shell, theme):
        part.register(app)
