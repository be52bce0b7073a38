"""What every template finds: filters, icons, charts, static files, and the places of the shell."""

from types import SimpleNamespace

from flask import Flask

from emeter_web import assets, formats, icons, shell, theme
from emeter_web.charts import bars, latency, phases, spark, tape

DRAW = SimpleNamespace(
    bars=bars.draw,
    failed_phase=phases.failed_phase,
    flow=phases.flow,
    flow_scale=phases.flow_scale,
    latency=latency.draw,
    quiet_ruler=tape.quiet_ruler,
    spark=spark.draw,
    tape=tape.draw,
    waterfall=phases.waterfall,
)


def register(app: Flask) -> None:
    """Let the templates of an application find it all; it wants no static folder of Flask's own."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(draw=DRAW)
    for part in (assets, formats, icons, shell, theme):
        part.register(app)
