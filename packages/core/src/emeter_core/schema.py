"""Every model, in one place, for those who need the whole schema."""

from sqlalchemy import MetaData

from emeter_core.accounts.membership import Membership
from emeter_core.accounts.team import Team
from emeter_core.accounts.user import User
from emeter_core.accounts.user_session import UserSession
from emeter_core.accounts.user_token import UserToken
from emeter_core.checks.claim import Claim
from emeter_core.checks.gap import Gap
from emeter_core.checks.result import Result
from emeter_core.incidents.incident import Incident
from emeter_core.incidents.incident_monitor import IncidentMonitor
from emeter_core.incidents.status_change import StatusChange
from emeter_core.monitors.heartbeat.heartbeat import Heartbeat, HeartbeatPing, HeartbeatWatch
from emeter_core.monitors.location import Location
from emeter_core.monitors.monitor import Monitor
from emeter_core.monitors.probe import Probe
from emeter_core.outbox.channel import Channel
from emeter_core.outbox.delivery import Delivery
from emeter_core.processes.instance import Instance
from emeter_core.processes.process import Process
from emeter_core.rollups import DayRollup, DirtyRollup, HourRollup, QuarterRollup, RollupProgress
from emeter_core.trials.trial import Trial
from emeter_storage.base import Base

MODELS = (
    User,
    UserToken,
    UserSession,
    Team,
    Membership,
    Location,
    Monitor,
    Probe,
    Heartbeat,
    HeartbeatPing,
    HeartbeatWatch,
    Claim,
    Result,
    Gap,
    Incident,
    IncidentMonitor,
    StatusChange,
    QuarterRollup,
    HourRollup,
    DayRollup,
    DirtyRollup,
    RollupProgress,
    Channel,
    Delivery,
    Trial,
    Process,
    Instance,
)


def metadata() -> MetaData:
    """The metadata that holds all of `MODELS`."""
    return Base.metadata
