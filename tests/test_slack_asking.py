"""Which messages are questions to nobody in particular: what Lorebot may answer where it answers unasked."""

from __future__ import annotations

import pytest

from bot.slack.talk.asking import asks, asks_on, to_somebody


@pytest.mark.parametrize(
    "text",
    [
        "How many days of leave do I get?",
        "how do i request parental leave",
        "Hi all, does anyone know where the projector is?",
        "Hey team! What's the wifi password for guests?",
        "quick question: who approves travel expenses?",
        "Can I expense a taxi from the airport?",
        "Is there a gym in the Ghent office?",
        "<!here> does anybody know how to reset the VPN token?",
        "How do you request time off?",
        "Where can I find the onboarding checklist",
        "is it possible to carry over unused leave?",
        "I'm new here. Which days is the office open?",
        "what time does the canteen close",
        "If I'm ill, who do I tell?",
        "anyone know the dial-in for the all-hands?",
        "By when do I have to announce a guest?",
        "When was Cloud 5.2 released?",
        "what are the core hours",
        "who runs the lab in Tartu",
        "do we have a dress code",
        "Can I move unused leave into next year?",
        "Should I report a lost badge?",
    ],
)
def test_a_question_to_everybody_is_one(text):
    assert asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "what do you think?",
        "what do you think of the new logo design?",
        "how are you?",
        "did you see the email about leave?",
        "have you tried the new printer?",
        "are you around?",
        "why did you close the ticket?",
    ],
)
def test_a_question_about_you_is_for_a_person(text):
    assert not asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "can you merge this?",
        "could you review the leave policy?",
        "Could someone review my PR?",
        "can anybody cover my shift on Friday?",
        "anyone up for lunch?",
        "who is coming to the summer party?",
        "who wants the last ticket?",
        "shall we meet at 3?",
        "should we move the standup?",
    ],
)
def test_a_request_for_a_hand_or_an_invitation_is_none(text):
    assert not asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "<@U9> how many days of leave do I get?",
        "how many days of leave does <@U9|bob> get?",
        "<!subteam^S1|@hr> how many days of leave do I get?",
        "Bob, how many days of leave do I get?",
        "bob: why not use the other printer?",
        "@bob: where is the projector kept?",
        "thanks Bob",
        "Thank you so much Alice!",
    ],
)
def test_what_is_said_to_somebody_is_theirs(text):
    assert to_somebody(text)
    assert not asks(text)
    assert not asks_on(text)


@pytest.mark.parametrize(
    "text",
    [
        "Hi all, how many days?",
        "thanks all!",
        "Question: which plan has SSO?",
        "Ok, and in Spain?",
        "thanks so much",
    ],
)
def test_what_is_said_to_all_is_nobodys(text):
    assert not to_somebody(text)


@pytest.mark.parametrize(
    "text",
    [
        "really?",
        "what?",
        "why not?",
        "Who cares?",
        "Who knows?",
        "how hard can it be?",
        "what a day",
        "What a mess of a release!?",
        "what could possibly go wrong with the release?",
        "the build is green, right?",
        "you deployed the release?",
        "isn't it lovely weather today?",
        "what's up?",
        "how come?",
    ],
)
def test_a_rhetorical_question_is_none(text):
    assert not asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "is it down again?",
        "where is he?",
        "is that ok?",
        "what happened?",
        "does it work?",
        "what does this mean?",
        "what about this one?",
        "are we done?",
    ],
)
def test_a_question_that_leans_on_what_was_said_before_does_not_stand_alone(text):
    assert not asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "good morning",
        "what can you do?",
        "https://wiki.test/leave?days=28",
        "<https://wiki.test/leave?days=28>",
        "<https://wiki.test/leave|how many days of leave do I get?>",
        "```why does the build fail on main?```",
        "Why does this fail on the build server?\n```Traceback ...```",
        "&gt; how many days of leave do I get?",
        "> how many days of leave do I get?",
        ":tada: :question:",
        "let me know if there are questions",
        "I wonder what he said about the release",
        "what he said about the release",
        "I know where the projector is",
        "The canteen closes at 14:00.",
        "what time " + "is it and " * 40 + "?",
    ],
)
def test_links_code_quotes_small_talk_and_statements_are_none(text):
    assert not asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "and for contractors?",
        "What about interns",
        "is it paid?",
        "and in Spain?",
        "how much is that in dollars?",
    ],
)
def test_a_reply_may_lean_on_the_conversation(text):
    assert asks_on(text)


@pytest.mark.parametrize(
    "text",
    [
        "thanks!",
        "great",
        "are you sure?",
        "I think it's 30 days",
        "ah right",
        "cool, right?",
        "ok",
        "and then I left",
    ],
)
def test_a_reply_that_asks_nothing_asks_nothing(text):
    assert not asks_on(text)
