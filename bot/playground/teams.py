"""The ids that Slack would have made up: this workspace, its neighbour, the app and its bot."""

TEAM_ID = "T0LOREPLAY"
PARTNER_ID = "T0BIRCHLIN"
APP_ID = "A0LOREPLAY"
BOT_ID = "B0LOREPLAY"
BOT_USER_ID = "U0LOREBOT0"
SYSTEM_USER_ID = "USLACKBOT"
