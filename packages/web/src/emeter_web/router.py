"""Every URL of E-Meter, who may ask for it and what they need to be: a group for each guard and resource."""

from emeter_core.accounts import Permission, team_itself
from emeter_core.incidents import team_of_incident
from emeter_core.monitors import team_of_monitor
from emeter_web import theme
from emeter_web.limits import CONFIRMATIONS, LOG_INS, PINGS, PROOFS, REGISTRATIONS, RESETS, SETTINGS, TESTS
from emeter_web.routes import ANYBODY, OWN_ACCOUNT, Group, delete, either, get, get_data, post, put
from emeter_web.user_auth import (
    capability,
    public,
    redirect_if_user_is_authenticated,
    require_authenticated_user,
)
from emeter_web.views import (
    alerts,
    confirmations,
    deletion,
    dev,
    health,
    home,
    incidents,
    live,
    mailbox,
    metrics,
    pings,
    registrations,
    reset_passwords,
    sessions,
    settings,
    user_sessions,
)
from emeter_web.views.monitors import actions, checks, monitor_form, monitor_list, monitor_page, trials

GROUPS = (
    Group(
        redirect_if_user_is_authenticated,
        (
            get("/users/register", registrations.new, ANYBODY),
            post("/users/register", registrations.create, ANYBODY, *REGISTRATIONS),
            get("/users/log_in", sessions.new, ANYBODY),
            post("/users/log_in", sessions.create, ANYBODY, *LOG_INS),
            get("/users/reset_password", reset_passwords.new, ANYBODY),
            post("/users/reset_password", reset_passwords.create, ANYBODY, *RESETS),
            get("/users/reset_password/<token>", reset_passwords.edit, ANYBODY),
            put("/users/reset_password/<token>", reset_passwords.update, ANYBODY),
        ),
    ),
    Group(
        require_authenticated_user,
        (
            get("/users/settings", settings.show, OWN_ACCOUNT),
            put("/users/settings", settings.update, OWN_ACCOUNT, *SETTINGS),
            get("/users/settings/confirm_email/<token>", settings.confirm_email, OWN_ACCOUNT),
            get("/users/settings/delete", deletion.show, OWN_ACCOUNT),
            delete("/users/settings", deletion.delete, OWN_ACCOUNT, *PROOFS),
            delete("/users/sessions", user_sessions.delete_others, OWN_ACCOUNT),
            delete("/users/sessions/<uuid:public_id>", user_sessions.delete, OWN_ACCOUNT),
        ),
    ),
    Group(
        require_authenticated_user,
        (get_data("/live/<uuid:public_id>", live.stream, Permission.VIEW_TEAM),),
        team_of=team_itself,
    ),
    Group(
        require_authenticated_user,
        (
            get("/monitors", monitor_list.index, Permission.VIEW_TEAM),
            get("/monitors/new", monitor_form.new, Permission.CHANGE_MONITORS),
            post("/monitors", monitor_form.create, Permission.CHANGE_MONITORS),
            post("/monitors/trials", trials.try_it, Permission.RUN_CHECKS),
            get("/monitors/<uuid:public_id>", monitor_page.show, Permission.VIEW_TEAM),
            get_data("/monitors/<uuid:public_id>/latency", monitor_page.latency, Permission.VIEW_TEAM),
            get("/monitors/<uuid:public_id>/edit", monitor_form.edit, Permission.CHANGE_MONITORS),
            put("/monitors/<uuid:public_id>", monitor_form.update, Permission.CHANGE_MONITORS),
            get("/monitors/<uuid:public_id>/delete", actions.ask_delete, Permission.CHANGE_MONITORS),
            delete("/monitors/<uuid:public_id>", actions.delete, Permission.CHANGE_MONITORS),
            post("/monitors/<uuid:public_id>/pause", actions.pause, Permission.CHANGE_MONITORS),
            post("/monitors/<uuid:public_id>/resume", actions.resume, Permission.CHANGE_MONITORS),
            post("/monitors/<uuid:public_id>/trials", trials.try_change, Permission.RUN_CHECKS),
            post("/monitors/<uuid:public_id>/checks", actions.check_now, Permission.RUN_CHECKS),
            post("/monitors/<uuid:public_id>/token", actions.rotate, Permission.CHANGE_MONITORS),
            get("/monitors/<uuid:public_id>/checks/<int:slot>", checks.check, Permission.VIEW_TEAM),
        ),
        team_of=team_of_monitor,
    ),
    Group(
        require_authenticated_user,
        (
            get("/incidents", incidents.index, Permission.VIEW_TEAM),
            get("/incidents/<uuid:public_id>", incidents.show, Permission.VIEW_TEAM),
            post(
                "/incidents/<uuid:public_id>/acknowledgement",
                incidents.acknowledge,
                Permission.ACKNOWLEDGE_INCIDENTS,
            ),
        ),
        team_of=team_of_incident,
    ),
    Group(
        require_authenticated_user,
        (
            get("/alerts", alerts.index, Permission.VIEW_TEAM),
            put("/alerts/<kind>", alerts.save, Permission.CHANGE_CHANNELS),
            delete("/alerts/<kind>", alerts.remove, Permission.CHANGE_CHANNELS),
            post("/alerts/<kind>/tests", alerts.test, Permission.TEST_CHANNELS, *TESTS),
            post("/alerts/webhook/secret", alerts.rotate, Permission.CHANGE_CHANNELS),
        ),
    ),
    Group(
        public,
        (
            get("/dev/components", dev.components, ANYBODY),
            get("/dev/mailbox", mailbox.index, ANYBODY),
            get("/dev/mailbox/<name>", mailbox.show, ANYBODY),
            get_data("/dev/mailbox/<name>/file", mailbox.download, ANYBODY),
        ),
    ),
    Group(
        public,
        (
            get("/", home.index, ANYBODY),
            delete("/users/log_out", sessions.delete, ANYBODY),
            get("/users/confirm", confirmations.new, ANYBODY),
            post("/users/confirm", confirmations.create, ANYBODY, *CONFIRMATIONS),
            get("/users/confirm/<token>", confirmations.confirm, ANYBODY),
            post("/settings/theme", theme.update, ANYBODY),
        ),
    ),
    Group(
        capability,
        (
            get_data("/healthz", health.show, ANYBODY),
            get_data("/metrics", metrics.show, ANYBODY),
            get_data("/metrics/targets", metrics.targets, ANYBODY),
        ),
    ),
    Group(
        capability,
        (
            either("/ping/<token>", pings.success, ANYBODY, *PINGS),
            either("/ping/<token>/start", pings.start, ANYBODY, *PINGS),
            either("/ping/<token>/fail", pings.fail, ANYBODY, *PINGS),
            either("/ping/<token>/log", pings.log, ANYBODY, *PINGS),
            either("/ping/<token>/<int:code>", pings.exit_code, ANYBODY, *PINGS),
            either("/api/push/<token>", pings.push, ANYBODY, *PINGS),
        ),
    ),
)
