"""Every sentence that people see, in one place, ready to be translated.

Sentences with braces are filled with `str.format`; what is filled in has been escaped by then. Plain text unless the
name ends in _MD (Slack's mrkdwn).
"""

from __future__ import annotations

READING = "is reading..."

# Small talk
HELLO = "Hello! Ask me a question and I'll look for the answer in your team's documents."
THANKS = "You're welcome! A thumbs-up on a good answer helps me learn."
BYE = "Bye! I'm here whenever a question comes up."
EMPTY = "I'm here. Put your question in the same message as my name, and I'll look it up."

HELP_MD = (
    "*Ask me* by mentioning me in a channel, in a direct message, or with `/lorebot ask your question` (only you see"
    " that answer). I answer from your team's documents, show the sentence the answer stands in, and say so when I"
    " don't know.\n"
    "*Paste a text* between triple backticks behind your question and I'll read just that text too.\n"
    "*Tell me how I did:* the thumbs under an answer, or a :+1: / :-1: reaction. A thumbs-down lets you give the right answer.\n"
    "*Teach me:* `/lorebot teach Question? = Answer`. What you teach in a channel is known in that channel at once.\n"
    "*Where I answer in a channel, and what I learn there:* `/lorebot config`, by its members. `/lorebot config forget`"
    " ends learning there and forgets what I learned.\n"
    "*For admins:* `/lorebot status`, `/lorebot retrain`, `/lorebot retrain cancel`, `/lorebot rollback`, `/lorebot review`."
)
HELP = "How to ask, correct and teach Lorebot"

# Answers
ANSWER_SOURCE = "From "
SURE = (
    (0.9, "Sure"),
    (0.7, "Fairly sure"),
    (0.5, "Not sure: please check"),
    (0.0, "A guess: please check"),
)
"""What is said from which calibrated probability of being right on."""

FROM_MEMORY_MD = "Taught by {person}"
FROM_TALK_MD = "Answered by {person}"
FROM_MEMORY_UNKNOWN = "Taught by somebody here"
UNGROUNDED = (
    "Please check: these words stand in none of the texts I read. The sentence that comes closest is shown."
)
DONT_KNOW = "I don't know: I found no answer to this that I would stand behind."
DONT_KNOW_NOTHING_FOUND = "I don't know: I found nothing about this in what I have learned."
CLOSEST = "The closest I found:"
SHARE = "Share in channel"
SHARED_ASKED = "{person} asked:"
SHARED = "Shared in the channel."
SHARE_REFUSED = (
    "I can't share that one: not everybody in this channel may see where it comes from, or its source has changed since."
    " Ask again here, and I'll look for what may be told."
)
SHARE_FAILED = "I can't post in this channel. Invite me (`/invite @Lorebot`), then press the button again."
SHARE_GONE = "That answer isn't there any more, so I can't share it. Please ask again."
ASK_ABOUT_TITLE = "Ask about this message"
ASK_ABOUT_SUBMIT = "Ask"
ASK_ABOUT_LABEL = "Your question"
ASK_ABOUT_HINT = "I read the message together with what I have learned. Only you see the answer."
PROMPTS_TITLE = "You could ask"
PROMPT_HELP = "What can you do?"
UP = "Good answer"
DOWN = "Bad answer"
UP_BUTTON = "👍 Good answer"
DOWN_BUTTON = "👎 Not right"
TEACH_ME = "Teach me"
CORRECT_THIS = "Correct this"
UP_NOTED = "Thanks, noted."
DOWN_NOTED = "Noted: not a good answer. If you know better, tell me; I'll remember it at once."
NOT_MY_ANSWER = "That message isn't one of my answers, so there is nothing to correct in it."

# Where it answers
OFF_HERE = (
    "I'm switched off in this channel, so only you see this. `/lorebot ask your question` still answers you alone;"
    " members can switch me on with `/lorebot config`."
)

CLOSE = "Close"
CONFIG_TITLE = "This channel's settings"
CONFIG_SUBMIT = "Save"
CONFIG_WAIT = "One moment..."
CONFIG_DIRECT = (
    "These settings are for channels; a direct message needs none. Type `/lorebot config` in a channel."
)
CONFIG_NOT_YOURS = (
    "A channel is set up by its own people: full members of this workspace (in a private channel those who are in it),"
    " and admins."
)
CONFIG_MODE = "Where do I answer?"
CONFIG_MODES = (
    ("off", "Nowhere", "Not a word here. /lorebot ask still answers whoever uses it."),
    ("mentions", "Where I'm mentioned", "Only what is put to me."),
    ("questions", "Also questions that I know", "Unasked only when I'm sure. Otherwise not a word."),
    ("all", "Everything", "Every message to nobody in particular, as if I were mentioned."),
)
CONFIG_ALSO = "And what else?"
CONFIG_FLAGS = {
    "follows": ("Follow-ups in my threads", "No mention needed there, until people talk to each other."),
    "learns": ("Learn files, canvases and pins", "Files from now on; canvases and pins that are here, too."),
    "history": ("Learn answered questions", "From this channel's messages, earlier ones too."),
    "shares": ("Share what I learn here", "Found everywhere, as long as the channel is public."),
    "workspace": ("Tell what the workspace knows", "Off: only what was learned in this channel."),
}
CONFIG_OUTSIDE_MD = (
    ":warning: People from other workspaces read along here, or I can't tell whether they do. If I tell what the"
    " workspace knows, they read it too."
)
CONFIG_SEEN_MD = "Everybody in {channel} sees what you change."
CONFIG_SAME = "Nothing changed: this channel is set up like that already."
CONFIG_UNSEEN = (
    "Saved. I couldn't say so in the channel: invite me (`/invite @Lorebot`), or I hear nothing there."
)
CONFIG_TOLD_MD = "{person} changed how I work in this channel:"
CONFIG_NOW_MODE = {
    "off": "I don't answer here any more.",
    "mentions": "I answer when I'm mentioned.",
    "questions": "I answer when I'm mentioned, and I read along: questions that I surely know I answer unasked.",
    "all": "I read along and answer every message that isn't meant for one of you.",
}
CONFIG_NOW = {
    "follows": ("In my threads I answer without being mentioned again.", "In my threads, mention me again."),
    "learns": (
        "I learn the files, canvases and pins added here.",
        "I learn no files, canvases or pins here any more.",
    ),
    "history": (
        "I read this channel's messages and learn the questions answered in them.",
        "I learn nothing from this channel's messages any more.",
    ),
    "shares": (
        "What I learn here is found in the whole workspace, as long as this channel is public.",
        "What I learn here is found only here.",
    ),
    "workspace": ("I tell here what the whole workspace knows.", "I tell here only what I learned here."),
}
CONFIG_HOW_MD = "Members see and change this with `/lorebot config`."

# When things don't work
BUSY = "Many questions are waiting just now. Please ask again in a minute."
SORRY = "Something went wrong on my side and I couldn't answer. It has been logged; please try again."
SORRY_COMMAND = "Something went wrong on my side. It has been logged; please try again."
SORRY_SAVE = "I couldn't save that just now. Please try again in a moment."
MODAL_TOO_LATE = "Slack closed the door before the form could open. Please try that again."

# Correcting
CORRECTION_TITLE = "Correct this answer"
CORRECTION_SUBMIT = "Send"
CANCEL = "Cancel"
REASON_LABEL = "What was wrong?"
REASONS = (
    ("wrong", "The answer is wrong"),
    ("wrong_passage", "It comes from the wrong passage"),
    ("should_be_silent", "It should have said it doesn't know"),
    ("outdated", "It is out of date"),
    ("other", "Something else"),
)
CORRECTION_LABEL = "The right answer"
CORRECTION_HINT = "In your words, short: it is what I'll answer next time in this channel."
PASSAGE_LABEL = "Where does it say so?"
PASSAGE_NONE = "None of these"
REASON_NEEDED = "Please choose what was wrong."
ANSWER_NEEDED = "Please give the right answer, or choose another reason above."
ANSWER_SAME = "That is what I answered. What should it have been?"
ANSWER_WITH_SILENCE = "You say there is no answer, but gave one. Clear this, or choose another reason."
CORRECTION_THANKS = (
    "Thank you! I know it from now on in this channel. An admin can agree to it for the whole workspace, and the next"
    " retraining learns from it."
)
CORRECTION_THANKS_DIRECT = (
    "Thank you! I know it from now on in our conversation. An admin can agree to it for the whole workspace, and the"
    " next retraining learns from it."
)
FEEDBACK_THANKS = "Thank you! The next retraining learns from it."

# Teaching
TEACH_TITLE = "Teach Lorebot"
TEACH_SUBMIT = "Teach"
ONE_MOMENT = "One moment…"
TEACH_QUESTION_LABEL = "Question"
TEACH_QUESTION_HINT = "The way somebody would ask it."
TEACH_ANSWER_LABEL = "Answer"
QUESTION_NEEDED = "Please write the question."
TEACH_ANSWER_NEEDED = "Please write the answer."
TEACH_USAGE = "Write it as: /lorebot teach Where is the projector? = In the cupboard of room 2"
TEACH_FAILED = "I couldn't learn that: {why}"

# Learning from Slack
LEARNED = {
    "learned": "Learned: {title} ({passages}).",
    "replaced": "Learned anew: {title} ({passages}).",
    "unchanged": "I know this already: {title} ({passages}).",
}
NOT_LEARNED = "I couldn't learn that file: {why}."
FILE_GONE = "it is gone; expected a file: share it again"
FILE_NEEDS_SCOPE = (
    "the app lacks the scope files:read; expected it to have that: ask an admin to install it again"
)
FILE_KEPT_FROM_US = "Slack doesn't let me open it; expected a file of this workspace: upload it here"
SORRY_LEARN = "Something went wrong on my side and I couldn't learn that file. It has been logged; please share it again."
HISTORY_DONE = "I've read this channel's last {days} days, {messages} in all, and learned {learned}."
HISTORY_REFUSED = {
    "not_in_channel": "I'm not in {channel}, so I can't learn from it. Type `/invite` and my name there, and I'll begin.",
    "missing_scope": "Slack doesn't let me read {channel}: the app lacks a permission. An admin can install it again.",
}
HISTORY_REFUSED["channel_not_found"] = HISTORY_REFUSED["not_in_channel"]
HISTORY_FAILED = "Slack doesn't let me read the history of {channel} ({code}). Switch it off and on again to try once more."
FORGOT_LEARNED = "I learn nothing from here any more, and have forgotten what I had learned: {documents}."
DOCUMENTS = ("1 document", "{n} documents")
PASSAGES = ("1 passage", "{n} passages")
MESSAGES = ("1 message", "{n} messages")
ANSWERED_QUESTIONS = ("1 answered question", "{n} answered questions")

# Admin
ADMINS_ONLY = (
    "That is for admins: a workspace admin, or somebody named in LOREBOT_ADMINS. Please ask one of them."
)
RETRAIN_STARTING = "Retraining: starting"
RETRAIN_BUSY = "A retraining is running already; I'm following it where it was asked for."
RETRAIN_FAILED = "The retraining couldn't start: {why}"
RETRAIN_HERE = "Started. I'm posting its progress in this channel."
RETRAIN_IN_DIRECT = "Started. I can't post in this channel, so its progress comes as a direct message."
RETRAIN_DIRECT = "Started. Its progress comes as a direct message, and is shown here."
RETRAIN_NOWHERE = "I can post neither here nor to you directly, so I haven't started. Invite me to this channel, then try again."
PROGRESS = "Retraining: {stage}, {percent}%"
PROGRESS_BY_MD = "Asked for by {by}"
RUN_FAILED = "The retraining stopped: {why}"
RUN_FAILED_CALM = "Nothing changed: the adapter in service goes on answering."
RUN_DIED = "its process ended without a word; the log of the machine may say why"
RUN_CANCEL = "Cancel"
RUN_CANCEL_TITLE = "Cancel the retraining?"
RUN_CANCEL_ASK = (
    "The adapter in service goes on answering, and what was trained so far is kept for the next one."
)
RUN_CANCEL_YES = "Cancel it"
RUN_CANCEL_NO = "Let it go on"
RUN_STOPPING = "Retraining: stopping"
RUN_CANCELLING = "It stops within seconds, at its next step."
RUN_CANCEL_NOTHING = "No retraining is running that could be cancelled."
RUN_CANCELLED = "The retraining was cancelled."
RUN_CANCELLED_BY_MD = "Asked for by {by}. {calm}"
RUN_CANCELLED_WHY = {
    "cli": "Asked for on the command line.",
    "quiet hours": "Quiet hours have begun; it goes on by itself when they are over.",
    "forget": "Somebody is being forgotten; a retraining without them follows.",
}
RUN_CANCELLED_CALM = (
    "The adapter in service goes on answering. What was trained so far is kept: the next retraining that has the same"
    " to learn goes on from there."
)
RUN_PROMOTED = "Retraining finished: the new adapter is better and goes into service."
RUN_REJECTED = "Retraining finished: the new adapter isn't better, so nothing changes."
RUN_NOT_YET = "Retraining finished: not enough evidence yet, so nothing changes."
RUN_TRIAL = (
    "Retraining finished: the new adapter seems no worse, so it answers a share of the threads on live trial. Your votes"
    " decide."
)
RUN_DECISIONS = {"not_yet": RUN_NOT_YET, "trial": RUN_TRIAL}
RUN_NO_VERDICT = "Retraining finished without a verdict, so nothing changes."
RUN_DONE_MD = "{by} {headline}"
PICTURE_TITLE = "Run {run}"
PICTURE_ALT = (
    "Run {run}. {headline} Charts: what changed by kind of feedback and on the golden set, with 95 % intervals, and how"
    " often answers are right against how sure they are."
)
BEFORE_AFTER_MD = "{name}: {before} → *{after}*"
SCORE_NAMES = (
    ("f1", "F1"),
    ("exact_match", "Exact match"),
    ("has_answer_f1", "F1 where there is an answer"),
    ("no_answer_accuracy", "Rightly silent"),
    ("abstention_rate", "Abstains"),
    ("ece", "Calibration error"),
    ("span_f1", "F1 of its best guess"),
)
HELD_OUT_NAMES = (("correction", "F1 on corrected answers ({n})"), ("up", "F1 on upvoted answers ({n})"))
SWAPPED = "Live now: {adapter} answers from here on."
SWAPPED_BACK = "Live now: back to {adapter}. {why}"
NOTICES = {
    "rolled_back": "Rolled back: people liked {adapter} less than what answered before it, so {serving} answers again.",
    "promoted": "Live trial won: people like {adapter} better, so it answers from here on.",
    "worse": "Live trial lost: people like {adapter} less, so {serving} goes on answering everything.",
    "undecided": "Live trial over: the votes prove nothing about {adapter}, so {serving} goes on answering everything.",
    "failed": "Live trial broken off: {adapter} failed. {serving} goes on answering everything.",
    "ended": "Live trial ended: {adapter} is off it, and {serving} goes on answering everything.",
}
ROLLED_BACK = "Rolled back: {adapter} is the adapter in service again."
ROLLBACK_FAILED = "I couldn't roll back: {why}"
ROLLBACK_WHY = "asked for with /lorebot rollback"

# Reviewing
REVIEW_WAITING = "Waiting for a review: {n}"
REVIEW_NOTHING = "Nothing waits for a review."
REVIEW_HIDDEN = (
    "{n} more wait from places that you can't see: only who could read the question there is shown them, and whoever"
    " runs this machine."
)
REVIEW_ANSWERED = "I answered: "
REVIEW_ABSTAINED = "that I don't know."
REVIEW_RIGHT = "The right answer: "
REVIEW_SOMEBODY = "Somebody"
REVIEW_NO_WORDS = "(no words)"
REVIEW_PRIVATE = "in private"
REVIEW_COMMAND_LINE = "on the command line"
REVIEW_EVERYBODY = "for everybody"
REVIEW_ABOUT_MD = "{who} · {where} · {when} · {why}"
REVIEW_ACCEPT = "Accept"
REVIEW_EDIT = "Edit"
REVIEW_REJECT = "Reject"
REVIEW_ACCEPT_PERSON = "Accept all {n} of this person"
REVIEW_REJECT_PERSON = "Reject all {n} of this person"
REVIEW_ACCEPT_SHOWN = "Accept all shown"
REVIEW_REJECT_SHOWN = "Reject all shown"
REVIEW_BACK = "Back"
REVIEW_MORE = "More"
REVIEW_AGAIN = "Look again"
REVIEW_UNDO = "Undo"
REVIEW_ASK_TITLE = "Are you sure?"
REVIEW_ASK_YES = "Yes"
REVIEW_PERSON_ASK = "This decides about all {n} that wait from this person, on whatever page."
REVIEW_SHOWN_ASK = "This decides about the {n} shown here."
REVIEW_FORGET_ASK = "I'll forget this answer, in its channel too."
REVIEW_DONE = {"accept": "Accepted: {n}.", "edit": "Accepted in your words: {n}.", "reject": "Rejected: {n}."}
REVIEW_UNDONE = "Waiting again: {n}."
REVIEW_CHANGED = "Something changed since you were shown it: please look again."
REVIEW_EDIT_TITLE = "Put it right"
REVIEW_EDIT_SUBMIT = "Accept"
REVIEW_WORDS_NEEDED = "Please write the right answer, or cancel and reject."
REVIEW_FAILED = "I couldn't do that: {why}"

# The Home tab
HOME_BACK = "Back to Home"
HOME_HOW = "How to ask"
HOME_QUESTIONS = "Your questions"
HOME_NO_QUESTIONS = "You haven't asked anything yet. Mention me in a channel, or write to me under Messages."
HOME_UNKNOWN = "I didn't know."
HOME_ANSWER_GONE = "The answer is no longer kept."
HOME_FEEDBACK = "Your feedback"
HOME_OUT_OF_SIGHT = "An answer in a place that you are no longer in"
FATES = {
    "waits": "Waits for a review: {why}",
    "accepted": "Accepted by a reviewer; the next retraining learns from it",
    "edited": "Accepted in a reviewer's words; the next retraining learns from it",
    "rejected": "Set aside by a reviewer",
    "outvoted": "Set aside: others saw it differently",
    "replaced": "Replaced by what you said later",
    "counts": "Counts; the next retraining learns from it",
    "learned": "Learned by {why}, which answers now",
}
HOME_WAITING = "More of yours that waits for a review: {n}"
HOME_WAITING_MD = "What you taught is known where you taught it. Once an admin agrees, everybody gets it."
HOME_DATA = "Your data"
HOME_DATA_MD = "It stays on your team's own machine. You can have a copy of it, or have it forgotten."
HOME_EXPORT = "Export my data"
HOME_EXPORT_FILE = "lorebot-my-data.json"
HOME_EXPORT_TITLE = "My data in Lorebot"
HOME_EXPORT_MD = (
    "Everything I keep of you: what you asked, what I answered, what you said of answers, what you taught, and which of"
    " your messages and files I learned."
)
HOME_EXPORTED = "Your data is in our direct messages, as a file."
HOME_EXPORT_FAILED = "I couldn't send you the file just now. It has been logged; please try again."
HOME_FORGET = "Forget my data"
HOME_FORGET_TITLE = "Forget everything of you?"
HOME_FORGET_ASK = (
    "Your questions, their answers, your feedback, what you taught and what I learned of your messages and files are"
    " deleted for good. Adapters that learned from you are retired, and a retraining without you follows. Messages in"
    " Slack stay as they are."
)
HOME_FORGET_YES = "Forget me"
HOME_FORGETTING = "I'm forgetting you. That can take a few minutes; I'll say here when it is done."
HOME_FORGOTTEN = (
    "Forgotten: {questions} questions, {feedback} pieces of feedback, {taught} taught answers, {learned} messages and"
    " files that were learned. Adapters retired: {adapters}."
)
HOME_FORGET_LATER = (
    "A retraining is at work and didn't stop in time, so nothing was removed yet. Please try again in a few"
    " minutes."
)
HOME_FORGET_FAILED = "Something went wrong before everything was removed. It has been logged; please try again, or ask an admin."
HOME_SERVED = "How people are served"
HOME_DAYS_MD = "*Last {days} days:*"
HOME_NONE_ASKED_MD = "{period} no questions"
HOME_ANSWERED_MD = "{period} {asked} questions, {answered} answered ({percent} %), {unanswered} not known"
HOME_SATISFIED = "; {percent} % satisfied ({ups} of {votes} votes up)"
HOME_NO_VOTES = "; nobody voted"
CHART_TITLE = "How people are served"
CHART_ALT = (
    "Chart: questions answered and not known, for each of the last 30 days, and how many votes were up."
)
CHART_ANSWERED = "answered"
CHART_UNANSWERED = "not known"
CHART_DAYS = "Questions a day"
CHART_SHARES = "Last 7 and 30 days"
CHART_SATISFIED = "satisfied"
CHART_SHARE = "{percent} % in {days} days"
CHART_NO_SHARE = "nothing in {days} days"
HOME_WANTED = "What to document next"
HOME_WANTED_MD = "Asked most in the last 30 days, and not known yet."
HOME_NOTHING_WANTED = "Nothing: in the last 30 days I knew an answer to all that I may show you here."
HOME_TIMES = "{question}\nasked {times} times by {people} people"
HOME_ONCE = "{question}\nasked once"
HOME_MODEL = "The adapter in service"
HOME_KINDS = {
    "up": "good answers",
    "down": "bad answers",
    "down_abstention": "answers missed",
    "correction": "corrections",
    "silence": "questions without an answer",
    "replay": "rehearsed ones",
    "gold": "labelled answers",
}
HOME_LEARNED_MD = "Learned from {counts}"
HOME_PEOPLE_MD = "people behind it: {n}"
HOME_LINEAGE_MD = "Comes from {chain}"
HOME_RETRAIN = "Retrain now"
HOME_RETRAIN_TITLE = "Retrain now?"
HOME_RETRAIN_ASK = "It takes minutes to hours, and goes live only when it proves to be better."
HOME_ROLLBACK = "Roll back"
HOME_ROLLBACK_TITLE = "Roll back?"
HOME_ROLLBACK_ASK = "The adapter that served before this one answers from then on."
HOME_ROLLBACK_WHY = "asked for in the Home tab"
HOME_REVIEWS = "Review queue"
HOME_REVIEW = "Review"
HOME_SCHEDULE = "Retrainings"
HOME_NEXT_MD = "*Next:* {when}, if there are {needed} new pieces of feedback that count"
HOME_QUIET_MD = "*Quiet hours:* {hours}"
HOME_CHANNELS = "Channels"
HOME_NO_CHANNELS = "Nobody has set a channel up yet: I answer where I'm mentioned."
HOME_MORE_CHANNELS = "{n} more are set up; choose one below."
HOME_CONFIGURE = "Configure"
HOME_CONFIGURE_OTHER = "Configure a channel..."
HOME_MODES = {
    "off": "off",
    "mentions": "answers mentions",
    "questions": "answers questions it is sure of",
    "all": "answers everything",
}
HOME_CHANNEL_EXTRAS = (
    ("follows", "follows its threads"),
    ("learns", "learns files and pins"),
    ("history", "learns from its history"),
)

# Taught answers that expire
STILL_ASK = "You taught me this. Is it still true? Unless you or a reviewer says so, I'll forget it on {day}."
STILL_KEEP = "Still true"
STILL_FORGET = "Forget it"
STILL_KEPT = "Thank you: I'll keep it."
STILL_FORGOTTEN = "I've forgotten it."
STILL_GONE = "That answer isn't there any more, or isn't yours."

# Edits and deletions
TAKEN_BACK = "This answer was taken back, because the message or file that it came from was deleted."

# Status
STATUS_CHAMPION_MD = "*In service:* {adapter}"
STATUS_SINCE_MD = " since {since}"
STATUS_SCORES_MD = "*Its scores:* {scores}"
STATUS_KNOWS_MD = "*Knows:* {documents} documents, {passages} passages, {taught} taught answers"
STATUS_WEEK_MD = "*Last 7 days:* {questions} questions, {answered} answered, {abstained} not known"
STATUS_FEEDBACK_MD = "*Feedback:* {up} up, {down} down, {corrections} corrections"
STATUS_NEW_MD = " (since the last retraining: {up} up, {down} down, {corrections} corrections)"
STATUS_TRIAL_MD = (
    "*On live trial:* {adapter} answers {percent}% of the threads since {since}: {ups} of {votes} votes up, against"
    " {other_ups} of {other_votes} for {other}"
)
STATUS_RUNNING_MD = "*Retraining now:* {stage}, {percent}%"
STATUS_NEXT_MD = "*Next retraining:* {when}"
STATUS_NEVER_MD = "*Next retraining:* only when asked for"


def sure(confidence: float) -> str:
    """A probability of being right, 0 to 1, in words."""
    return next(words for least, words in SURE if confidence >= least)


def counted(n: int, forms: tuple[str, str]) -> str:
    """So many of something, in words for one and for more."""
    return forms[0] if n == 1 else forms[1].format(n=f"{n:,}")
