"""What the forms have in common: they parse and show, and what is wrong with a value the domain says."""

from flask import request
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict

from emeter_core.errors import Invalid


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A form of fields that are text; what was sent is in it unless `formdata` is None."""

    class Meta:
        """The router checks the token of every request; a form has none of its own."""

        csrf = False

        def wrap_formdata(self, _form: object, formdata: object) -> MultiDict[str, str] | None:
            """Take text alone: Flask-WTF would take files, and JSON of any shape, for what was typed."""
            return None if formdata is None else request.form or None


def sentence(message: str) -> str:
    """A message of the domain as a sentence: for forms whose words are ours, not those of accounts.md."""
    told = message[:1].upper() + message[1:]
    return told if told.endswith(".") else f"{told}."


def sentences(invalid: Invalid) -> Invalid:
    """The same with all its messages as sentences."""
    return Invalid({name: [sentence(each) for each in told] for name, told in invalid.fields.items()})


def refuse(form: Form, invalid: Invalid) -> None:
    """Put what the domain refuses at its fields; what belongs to none of them goes to the form."""
    for name, messages in invalid.fields.items():
        if name in form:
            form[name].errors = [*form[name].errors, *messages]
        else:
            form.form_errors.extend(messages)
