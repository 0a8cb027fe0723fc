"""A scriptable Secret Service on the session bus; needs only jeepney and dbus-daemon.

Usage: fake_secret_service.py MODE, where MODE is one of unlocked, locked-dismiss, locked-hang,
no-collection-hang, hang-get, slow:SECONDS, die-on-set. Prints "ready" once it owns the name.
"""

# ruff: noqa: N802 - the methods are named as D-Bus names them
import os
import sys
import time

from jeepney import (
    DBusAddress,
    HeaderFields,
    MessageType,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import Proxy, open_dbus_connection

BASE = "/org/freedesktop/secrets"
DEFAULT = BASE + "/aliases/default"
INTERFACE = "org.freedesktop.Secret."
UNKNOWN_OBJECT = "org.freedesktop.DBus.Error.UnknownObject"


class Service:
    def __init__(self, mode):
        self.mode = mode
        self.locked = mode.startswith("locked")
        self.empty = mode.startswith("no-collection")
        self.items = {}
        self.bus = open_dbus_connection()
        assert Proxy(message_bus, self.bus).RequestName("org.freedesktop.secrets", 4)[0] == 1

    def serve(self):
        print("ready", flush=True)
        while True:
            message = self.bus.receive()
            if message.header.message_type != MessageType.method_call:
                continue
            if self.mode.startswith("slow:"):
                time.sleep(float(self.mode[5:]))
            fields = message.header.fields
            member = fields[HeaderFields.member]
            answer = getattr(self, member, None)
            if answer is None:
                self.error(message, "org.freedesktop.DBus.Error.UnknownMethod", member)
            else:
                answer(message, fields[HeaderFields.path], message.body)

    def reply(self, message, signature=None, body=()):
        self.bus.send(new_method_return(message, signature, body))

    def error(self, message, name, text="no"):
        self.bus.send(new_error(message, name, "s", (text,)))

    def OpenSession(self, message, path, body):
        if body[0] != "plain":
            self.error(message, "org.freedesktop.DBus.Error.NotSupported")
        else:
            self.reply(message, "vo", (("s", ""), BASE + "/session/1"))

    def Get(self, message, path, body):
        missing = path.startswith(BASE + "/item/") and path not in self.items
        if missing or (self.empty and path == DEFAULT):
            self.error(message, UNKNOWN_OBJECT)
            return
        values = {"Label": ("s", "x"), "Locked": ("b", self.locked)}
        self.reply(message, "v", (values.get(body[1], ("s", "")),))

    def SearchItems(self, message, path, body):
        wanted = body[0].items()
        found = [p for p, (attributes, _) in self.items.items() if wanted <= attributes.items()]
        self.reply(message, "ao", (found,))

    def CreateItem(self, message, path, body):
        if self.mode == "die-on-set":
            os._exit(1)
        attributes = dict(body[0][INTERFACE + "Item.Attributes"][1])
        same = [p for p, (others, _) in self.items.items() if others == attributes]
        item = same[0] if same else f"{BASE}/item/{len(self.items) + 1}"
        self.items[item] = (attributes, bytes(body[1][2]))
        self.reply(message, "oo", (item, "/"))

    def GetSecret(self, message, path, body):
        if self.mode != "hang-get":
            self.reply(message, "(oayays)", ((body[0], b"", self.items[path][1], "text/plain"),))

    def Delete(self, message, path, body):
        self.items.pop(path, None)
        self.reply(message, "o", ("/",))

    def Unlock(self, message, path, body):
        self.reply(message, "aoo", ([], BASE + "/prompt/1") if self.locked else (body[0], "/"))

    def CreateCollection(self, message, path, body):
        self.reply(message, "oo", ("/", BASE + "/prompt/1"))

    def Prompt(self, message, path, body):
        print("prompted", flush=True)
        self.reply(message)
        if not self.mode.endswith("hang"):
            prompt = DBusAddress(path, interface=INTERFACE + "Prompt")
            self.bus.send(new_signal(prompt, "Completed", "bv", (True, ("ao", []))))

    def ReadAlias(self, message, path, body):
        self.reply(message, "o", ("/" if self.empty else DEFAULT,))

    def Introspect(self, message, path, body):
        self.reply(message, "s", ("",))


if __name__ == "__main__":
    Service(sys.argv[1] if len(sys.argv) > 1 else "unlocked").serve()
