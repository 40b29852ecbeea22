"""The playground: a local Slack, and a page on it, so that Lorebot can be met without a Slack account.

The Bolt app that talks to Slack talks to this server unchanged: only its base URL differs. `server.py` says
how to start one.
"""
