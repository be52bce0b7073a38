"""Pages for those who build E-Meter."""

from datetime import timedelta

from flask import render_template

from emeter_web import samples
from emeter_web.charts import latency, tape
from emeter_web.icons import ICONS
from emeter_web.pager import Pages


def components() -> str:
    """Every component in every state, in both themes."""
    since = samples.NOW - timedelta(hours=24)
    event = tape.Event(23, "CDN slow, 44 monitors", "19:00 to 20:28, closed", "#tape")
    return render_template(
        "dev/components.html",
        samples=samples,
        icons=sorted(ICONS),
        now=samples.NOW,
        pages=Pages(3, 10_412, 30),
        tape_drawn=tape.draw(samples.quarters(), [event]),
        chart=latency.draw(
            samples.series(), since=since, until=samples.NOW, spans=samples.stretches(), limit_us=300_000
        ),
    )
