"""Mail: what is sent, how it looks on the wire, and the files it goes to where there is no SMTP server."""

from emeter_core.mail.files import MailFile, list_mails, read_mail, write_mail
from emeter_core.mail.mail import Mail
from emeter_core.mail.message import message_of

__all__ = ["Mail", "MailFile", "list_mails", "message_of", "read_mail", "write_mail"]
