"""The workspace a newcomer finds: a few people, a few channels, a direct message with the bot for each.

One of the people is a guest, one belongs to a workspace next door, with which one channel is shared.
"""

from bot.playground.records import Channel, Person
from bot.playground.teams import BOT_USER_ID, PARTNER_ID
from bot.playground.workspace import Workspace

PARTNER = "Birchline"
PEOPLE = (
    Person("U0MIRA0001", "mira", "Mira Okafor", "People operations", is_admin=True),
    Person("U0JONAS001", "jonas", "Jonas Lind", "Engineering lead"),
    Person("U0PRIYA001", "priya", "Priya Raman", "Backend engineer"),
    Person("U0TOMAS001", "tomas", "Tomás Vega", "IT support"),
    Person("U0HANA0001", "hana", "Hana Sato", "Joined this week"),
    Person("U0NOOR0001", "noor", "Noor Haddad", "Photographer, here for a month", is_guest=True),
    Person("U0EBBE0001", "ebbe", "Ebbe Storm", f"Works at {PARTNER}", team=PARTNER_ID),
)
MIRA, JONAS, PRIYA, TOMAS, HANA, NOOR, EBBE = (person.id for person in PEOPLE)
TEAM = (MIRA, JONAS, PRIYA, TOMAS, HANA)
BOT = (BOT_USER_ID,)

CHANNELS = (
    Channel("C0GENERAL1", "general", "channel", TEAM + BOT, "Everyone, everything"),
    Channel("C0PEOPLE01", "people-ops", "channel", TEAM + BOT, "Leave, pay, benefits, travel"),
    Channel("C0ENGINEER", "engineering", "channel", TEAM + BOT, "How we build, release and stay on call"),
    Channel("C0ITHELP01", "it-help", "channel", (*TEAM, NOOR, *BOT), "Laptops, accounts, access"),
    Channel(
        "C0RANDOM01", "random", "channel", TEAM, "Anything else. Lorebot isn't here until somebody invites it"
    ),
    Channel("C0LEADS001", "leads", "group", (MIRA, JONAS, *BOT), "Mira and Jonas"),
    Channel(
        "C0BIRCH001",
        "with-birchline",
        "channel",
        (JONAS, PRIYA, NOOR, EBBE, *BOT),
        f"Shared with {PARTNER}: their people read along",
        shared=True,
    ),
    Channel(
        "C0OFFSITE1",
        "mpdm-jonas--hana--lorebot-1",
        "mpim",
        (JONAS, HANA, *BOT),
        "Jonas, Hana and Lorebot",
    ),
)


def open_workspace(name: str = "Playground", bot_name: str = "Lorebot") -> Workspace:
    """A fresh workspace; nothing has been said in it yet."""
    bot = Person(BOT_USER_ID, bot_name.lower(), bot_name, is_bot=True)
    own = [
        Channel("D" + person.id[1:], person.name, "im", (person.id, BOT_USER_ID))
        for person in PEOPLE
        if not person.is_stranger
    ]
    return Workspace(name, (*PEOPLE, bot), (*CHANNELS, *own))
