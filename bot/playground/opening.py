"""The workspace a newcomer finds: a few people, a few channels, a direct message with the bot for each."""

from bot.playground.records import BOT_USER_ID, Channel, Person
from bot.playground.workspace import Workspace

PEOPLE = (
    Person("U0MIRA0001", "mira", "Mira Okafor", "People operations", is_admin=True),
    Person("U0JONAS001", "jonas", "Jonas Lind", "Engineering lead"),
    Person("U0PRIYA001", "priya", "Priya Raman", "Backend engineer"),
    Person("U0TOMAS001", "tomas", "Tomás Vega", "IT support"),
    Person("U0HANA0001", "hana", "Hana Sato", "Joined this week"),
)

# Name, who it is for, whether it is private, and whether the bot is already in it.
CHANNELS = (
    ("C0GENERAL1", "general", "Everyone, everything", False, True),
    ("C0PEOPLE01", "people-ops", "Leave, pay, benefits, travel", False, True),
    ("C0ENGINEER", "engineering", "How we build, release and stay on call", False, True),
    ("C0ITHELP01", "it-help", "Laptops, accounts, access", False, True),
    ("C0RANDOM01", "random", "Anything else. Lorebot isn't here until somebody invites it", False, False),
    ("C0LEADS001", "leads", "Mira and Jonas", True, True),
)
LEADS = ("U0MIRA0001", "U0JONAS001")


def open_workspace(name: str = "Playground", bot_name: str = "Lorebot") -> Workspace:
    """A fresh workspace; nothing has been said in it yet."""
    bot = Person(BOT_USER_ID, bot_name.lower(), bot_name, is_bot=True)
    everyone = tuple(person.id for person in PEOPLE)
    channels = []
    for id, channel_name, topic, private, with_bot in CHANNELS:
        members = (LEADS if private else everyone) + ((BOT_USER_ID,) if with_bot else ())
        channels.append(Channel(id, channel_name, "group" if private else "channel", members, topic))
    for person in PEOPLE:
        channels.append(Channel("D" + person.id[1:], person.name, "im", (person.id, BOT_USER_ID)))
    return Workspace(name, (*PEOPLE, bot), channels)
