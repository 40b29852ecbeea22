"""The schema, as steps that are applied once each and never edited afterwards."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("lorebot")


@migrations()
def m001_documents_and_passages(db: Database) -> None:
    db.table("documents").create(
        {
            "id": int,
            "source": str,
            "title": str,
            "scope": str,
            "sha256": str,
            "kind": str,
            "link": str,
            "person": str,
            "learned_at": float,
        },
        pk="id",
        not_null={"source", "title", "scope", "sha256", "kind"},
    )
    db.table("documents").create_index(["source", "scope"], unique=True)
    db.execute(
        """
        CREATE TABLE passages (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            document_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
            scope TEXT NOT NULL,
            title TEXT NOT NULL,
            heading TEXT NOT NULL,
            text TEXT NOT NULL,
            start INTEGER NOT NULL,
            ordinal INTEGER NOT NULL,
            question TEXT,
            answer_start INTEGER NOT NULL DEFAULT 0,
            evidence_id INTEGER REFERENCES passages(id) ON DELETE SET NULL,
            vector BLOB
        )
        """
    )
    db.table("passages").create_index(["document_id"])
    db.table("passages").create_index(["scope"])
    db.table("passages").enable_fts(
        ["title", "heading", "text"], fts_version="FTS5", create_triggers=True, tokenize="porter unicode61"
    )


@migrations()
def m002_questions_answers_feedback(db: Database) -> None:
    db.table("questions").create(
        {
            "id": int,
            "source": str,
            "key": str,
            "text": str,
            "person": str,
            "channel": str,
            "thread": str,
            "scopes": str,
            "context": str,
            "follows": str,
            "asked_at": float,
        },
        pk="id",
        not_null={"source", "key", "text", "person", "scopes", "asked_at"},
    )
    db.table("questions").create_index(["source", "key"], unique=True)
    db.table("questions").create_index(["channel", "thread"])
    db.execute(
        """
        CREATE TABLE answers (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            question_id INTEGER NOT NULL REFERENCES questions(id) ON DELETE CASCADE,
            text TEXT,
            confidence REAL NOT NULL,
            adapter TEXT NOT NULL,
            offered TEXT NOT NULL,
            candidates TEXT NOT NULL,
            chosen INTEGER,
            start INTEGER NOT NULL,
            "end" INTEGER NOT NULL,
            sentence TEXT NOT NULL,
            sentence_start INTEGER NOT NULL,
            from_memory INTEGER NOT NULL,
            taught_by TEXT,
            seconds REAL NOT NULL,
            channel TEXT,
            ts TEXT,
            answered_at REAL NOT NULL
        )
        """
    )
    db.table("answers").create_index(["question_id"])
    db.table("answers").create_index(["channel", "ts"])
    db.execute(
        """
        CREATE TABLE feedback (
            answer_id INTEGER NOT NULL REFERENCES answers(id) ON DELETE CASCADE,
            person TEXT NOT NULL,
            vote TEXT CHECK (vote IN ('up', 'down')),
            vote_source TEXT,
            reason TEXT,
            correction TEXT,
            passage_id INTEGER REFERENCES passages(id) ON DELETE SET NULL,
            given_at REAL NOT NULL,
            PRIMARY KEY (answer_id, person)
        )
        """
    )


@migrations()
def m003_adapters_promotions_runs(db: Database) -> None:
    db.table("adapters").create(
        {
            "id": str,
            "base": str,
            "base_sha256": str,
            "sha256": str,
            "folder": str,
            "parent": str,
            "card": str,
            "created_at": float,
        },
        pk="id",
        not_null={"base", "base_sha256", "sha256", "folder", "card", "created_at"},
    )
    db.execute(
        """
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            "by" TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
            stage TEXT NOT NULL,
            progress REAL NOT NULL,
            detail TEXT NOT NULL,
            channel TEXT,
            ts TEXT,
            pid INTEGER,
            candidate TEXT,
            verdict TEXT,
            promoted INTEGER NOT NULL,
            error TEXT,
            started_at REAL NOT NULL,
            heartbeat_at REAL NOT NULL,
            finished_at REAL,
            reported INTEGER NOT NULL
        )
        """
    )
    # The lock of "one retraining at a time", across processes: a second running row can't exist.
    db.execute("CREATE UNIQUE INDEX one_run_at_a_time ON runs(state) WHERE state = 'running'")
    db.execute(
        """
        CREATE TABLE promotions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            adapter TEXT NOT NULL REFERENCES adapters(id),
            "by" TEXT NOT NULL,
            why TEXT NOT NULL,
            run_id INTEGER REFERENCES runs(id),
            at REAL NOT NULL
        )
        """
    )
    db.execute(
        "CREATE TRIGGER promotions_stay BEFORE UPDATE ON promotions BEGIN SELECT RAISE(ABORT, 'append-only'); END"
    )
    db.execute(
        "CREATE TRIGGER promotions_last BEFORE DELETE ON promotions BEGIN SELECT RAISE(ABORT, 'append-only'); END"
    )


@migrations()
def m004_claims(db: Database) -> None:
    db.table("claims").create(
        {
            "key": str,
            "state": str,
            "payload": str,
            "lease_until": float,
            "attempts": int,
            "claimed_at": float,
        },
        pk="key",
        not_null={"state", "lease_until", "attempts", "claimed_at"},
    )
    db.table("claims").create_index(["state", "lease_until"])


@migrations()
def m006_reviews(db: Database) -> None:
    db.execute(
        """
        CREATE TABLE reviews (
            answer_id INTEGER NOT NULL,
            person TEXT NOT NULL,
            decision TEXT NOT NULL CHECK (decision IN ('accept', 'edit', 'reject')),
            words TEXT CHECK ((words IS NOT NULL) = (decision = 'edit')),
            "by" TEXT NOT NULL,
            at REAL NOT NULL,
            PRIMARY KEY (answer_id, person),
            FOREIGN KEY (answer_id, person) REFERENCES feedback(answer_id, person) ON DELETE CASCADE
        )
        """
    )
    # What was reviewed is what the person had said: other words have to be looked at again. A passage that was
    # deleted (then the feedback points to none) changes nothing of what they said.
    db.execute(
        """
        CREATE TRIGGER reviews_are_of_the_same_words AFTER UPDATE ON feedback
        WHEN old.vote IS NOT new.vote OR old.reason IS NOT new.reason OR old.correction IS NOT new.correction
            OR (new.passage_id IS NOT NULL AND old.passage_id IS NOT new.passage_id)
        BEGIN DELETE FROM reviews WHERE answer_id = new.answer_id AND person = new.person; END
        """
    )


@migrations()
def m009_feedback_that_speaks_of_passages(db: Database) -> None:
    # Every search looks for it; nearly all feedback is none.
    db.execute(
        "CREATE INDEX feedback_on_passages ON feedback(given_at) WHERE reason = 'wrong_passage' OR passage_id IS NOT NULL"
    )


@migrations()
def m008_cancelled_runs_and_rebuilds(db: Database) -> None:
    db.execute("ALTER TABLE runs ADD COLUMN cancel TEXT")
    # A retraining that has to come whether or not there is new feedback, such as after somebody was forgotten.
    db.execute(
        "CREATE TABLE rebuilds (id INTEGER PRIMARY KEY AUTOINCREMENT, why TEXT NOT NULL, asked_at REAL NOT NULL)"
    )


@migrations()
def m010_channels(db: Database) -> None:
    db.table("channels").create({"id": str, "public": int}, pk="id", not_null={"public"})


@migrations()
def m007_challenges(db: Database) -> None:
    db.execute(
        """
        CREATE TABLE challenges (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            adapter TEXT NOT NULL REFERENCES adapters(id),
            champion TEXT NOT NULL REFERENCES adapters(id),
            share REAL,
            "by" TEXT NOT NULL,
            why TEXT NOT NULL,
            run_id INTEGER REFERENCES runs(id),
            started_at REAL NOT NULL,
            ended_at REAL,
            outcome TEXT CHECK ((outcome IS NULL) = (ended_at IS NULL)),
            ending TEXT
        )
        """
    )
    # Across processes: a second trial can't be open, and what has ended stays as it is.
    db.execute("CREATE UNIQUE INDEX one_challenge_at_a_time ON challenges((1)) WHERE ended_at IS NULL")
    db.execute(
        "CREATE TRIGGER challenges_stay BEFORE UPDATE ON challenges WHEN old.ended_at IS NOT NULL"
        " BEGIN SELECT RAISE(ABORT, 'append-only'); END"
    )
    db.execute(
        "CREATE TRIGGER challenges_last BEFORE DELETE ON challenges BEGIN SELECT RAISE(ABORT, 'append-only'); END"
    )
    db.table("answers").create_index(["adapter", "answered_at"])


@migrations()
def m005_people(db: Database) -> None:
    db.table("people").create(
        {"person": str, "kind": str, "first_seen": float}, pk="person", not_null={"kind", "first_seen"}
    )
    # Whoever took part before this table was there is no newcomer. What came from a file or the command line says
    # nothing of who is in the workspace.
    db.execute(
        "INSERT INTO people (person, kind, first_seen) SELECT person, 'member', min(at) FROM ("
        " SELECT person, asked_at AS at FROM questions WHERE source IN ('message', 'command')"
        " UNION ALL SELECT f.person, f.given_at FROM feedback f JOIN answers a ON a.id = f.answer_id"
        " JOIN questions q ON q.id = a.question_id WHERE q.source IN ('message', 'command')"
        ") GROUP BY person"
    )


@migrations()
def m011_channel_settings(db: Database) -> None:
    # Whether people of other workspaces read along (Slack Connect).
    db.execute("ALTER TABLE channels ADD COLUMN outside INTEGER NOT NULL DEFAULT 0")
    db.execute(
        """
        CREATE TABLE channel_settings (
            channel TEXT PRIMARY KEY,
            mode TEXT NOT NULL CHECK (mode IN ('off', 'mentions', 'questions', 'all')),
            follows INTEGER NOT NULL,
            learns INTEGER NOT NULL,
            history INTEGER NOT NULL,
            shares INTEGER NOT NULL,
            workspace INTEGER,
            "by" TEXT NOT NULL,
            at REAL NOT NULL
        )
        """
    )


@migrations()
def m014_learned_from_slack(db: Database) -> None:
    # Every message and file that a document stands on: edits, deletions and forgetting find it by them.
    db.execute(
        """
        CREATE TABLE slack_sources (
            document_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
            channel TEXT NOT NULL,
            ts TEXT NOT NULL DEFAULT '',
            file TEXT NOT NULL DEFAULT '',
            person TEXT,
            PRIMARY KEY (document_id, channel, ts, file)
        )
        """
    )
    db.table("slack_sources").create_index(["channel", "ts"])
    db.table("slack_sources").create_index(["file"])
    db.table("slack_sources").create_index(["person"])
    # How far the reading of a channel's past has come: it goes on there after a crash.
    db.execute(
        """
        CREATE TABLE slack_backfills (
            channel TEXT PRIMARY KEY,
            person TEXT,
            oldest TEXT NOT NULL,
            reached TEXT,
            messages INTEGER NOT NULL DEFAULT 0,
            learned INTEGER NOT NULL DEFAULT 0,
            done INTEGER NOT NULL DEFAULT 0
        )
        """
    )


@migrations()
def m013_when_a_channel_was_looked_at(db: Database) -> None:
    # When Slack last said who reads along in a channel; NULL: never, so that `outside` says nothing.
    db.execute("ALTER TABLE channels ADD COLUMN looked_at REAL")


@migrations()
def m016_home_tab(db: Database) -> None:
    # What the Home tab looks up each time that somebody opens it.
    db.table("questions").create_index(["person", "asked_at"])
    db.table("questions").create_index(["asked_at", "source"])
    db.table("feedback").create_index(["person", "given_at"])
    db.table("feedback").create_index(["given_at"])
    db.execute("CREATE INDEX answers_silent ON answers(question_id, id) WHERE text IS NULL")
    # Charts that Slack has, by what is drawn in them: shown again instead of sent again.
    db.table("charts").create({"drawn": str, "file": str, "at": float}, pk="drawn", not_null={"file", "at"})


@migrations()
def m012_whose_words_a_question_brings(db: Database) -> None:
    # Who wrote the message that was asked about, so that their words go when they are forgotten.
    db.execute("ALTER TABLE questions ADD COLUMN context_by TEXT")


@migrations()
def m015_deletions_and_expiry(db: Database) -> None:
    # What was deleted here and there needs no retraining of its own: the next one goes without.
    db.execute("ALTER TABLE rebuilds ADD COLUMN soon INTEGER NOT NULL DEFAULT 1")
    # When somebody last said that a taught answer is still true.
    db.execute("ALTER TABLE documents ADD COLUMN confirmed_at REAL")


@migrations()
def m018_passages_by_their_evidence(db: Database) -> None:
    # Each passage that is deleted is looked for as evidence: without these, in every row that there is.
    db.execute("CREATE INDEX passages_evidence ON passages(evidence_id) WHERE evidence_id IS NOT NULL")
    db.execute("CREATE INDEX feedback_passage ON feedback(passage_id) WHERE passage_id IS NOT NULL")
