"""Every URL of E-Meter and who may ask for it. One import a module of views, a group for each guard."""

from emeter_web import theme
from emeter_web.limits import LOG_INS, MAILS, REGISTRATIONS, SETTINGS
from emeter_web.routes import Group, delete, get, post, put
from emeter_web.user_auth import (
    capability,
    public,
    redirect_if_user_is_authenticated,
    require_authenticated_user,
)
from emeter_web.views import (
    alerts,
    confirmations,
    dev,
    health,
    home,
    incidents,
    live,
    mailbox,
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
            get("/users/register", registrations.new),
            post("/users/register", registrations.create, *REGISTRATIONS),
            get("/users/log_in", sessions.new),
            post("/users/log_in", sessions.create, *LOG_INS),
            get("/users/reset_password", reset_passwords.new),
            post("/users/reset_password", reset_passwords.create, *MAILS),
            get("/users/reset_password/<token>", reset_passwords.edit),
            put("/users/reset_password/<token>", reset_passwords.update),
        ),
    ),
    Group(
        require_authenticated_user,
        (
            get("/users/settings", settings.show),
            put("/users/settings", settings.update, *SETTINGS),
            get("/users/settings/confirm_email/<token>", settings.confirm_email),
            delete("/users/sessions", user_sessions.delete_others),
            delete("/users/sessions/<uuid:public_id>", user_sessions.delete),
        ),
    ),
    Group(
        require_authenticated_user,
        (get("/live", live.stream),),
    ),
    Group(
        require_authenticated_user,
        (
            get("/monitors", monitor_list.index),
            get("/monitors/new", monitor_form.new),
            post("/monitors", monitor_form.create),
            post("/monitors/trials", trials.try_it),
            get("/monitors/<uuid:public_id>", monitor_page.show),
            get("/monitors/<uuid:public_id>/latency", monitor_page.latency),
            get("/monitors/<uuid:public_id>/edit", monitor_form.edit),
            put("/monitors/<uuid:public_id>", monitor_form.update),
            get("/monitors/<uuid:public_id>/delete", actions.ask_delete),
            delete("/monitors/<uuid:public_id>", actions.delete),
            post("/monitors/<uuid:public_id>/pause", actions.pause),
            post("/monitors/<uuid:public_id>/resume", actions.resume),
            post("/monitors/<uuid:public_id>/checks", actions.check_now),
            get("/monitors/<uuid:public_id>/checks/<int:slot>", checks.check),
        ),
    ),
    Group(
        require_authenticated_user,
        (
            get("/incidents", incidents.index),
            get("/incidents/<uuid:public_id>", incidents.show),
            post("/incidents/<uuid:public_id>/acknowledgement", incidents.acknowledge),
        ),
    ),
    Group(
        require_authenticated_user,
        (
            get("/alerts", alerts.index),
            put("/alerts/<kind>", alerts.save),
            delete("/alerts/<kind>", alerts.remove),
            post("/alerts/<kind>/tests", alerts.test),
            post("/alerts/webhook/secret", alerts.rotate),
        ),
    ),
    Group(
        public,
        (
            get("/dev/components", dev.components),
            get("/dev/mailbox", mailbox.index),
            get("/dev/mailbox/<name>", mailbox.show),
            get("/dev/mailbox/<name>/file", mailbox.download),
        ),
    ),
    Group(
        public,
        (
            get("/", home.index),
            delete("/users/log_out", sessions.delete),
            get("/users/confirm", confirmations.new),
            post("/users/confirm", confirmations.create, *MAILS),
            get("/users/confirm/<token>", confirmations.confirm),
            post("/settings/theme", theme.update),
        ),
    ),
    Group(
        capability,
        (get("/healthz", health.show),),
    ),
)
