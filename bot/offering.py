"""Composition root: what a service offers the Slack side, as the callables that `bot.slack.services` asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bot import metrics, retraining
from bot.app import Service
from bot.forgetting import forget_person
from bot.records import Answer, Passage
from bot.settings import Settings
from bot.slack.services import Services, Status, Votes
from bot.store import adapters as adapter_log
from bot.store import documents, feedback, questions, runs
from bot.trust import Rules
from bot.watching import on_trial

WEEK_S = 7 * 86400


def offered(service: Service, settings: Settings, scheduler: Any) -> Services:
    """`settings` as they are now, with a token that was renewed; `scheduler`: of the retraining."""
    store, registry = service.store, service.registry
    return Services(
        store=store,
        settings=settings,
        answer=metrics.counted(service.answerer.answer),
        answer_if_sure=metrics.counted(service.answerer.answer_if_sure),
        teach=_teacher(service),
        **_keepers(service),
        retrain=lambda by, channel, ts: retraining.start_cycle(settings, by=by, channel=channel, ts=ts),
        rollback=registry.rollback,
        forget=lambda person: forget_person(store, registry, settings.home, person),
        status=lambda: status(service, retraining.next_run(scheduler)),
    )


def status(service: Service, next_run: Any) -> Status:
    """What `/lorebot status` shows."""
    champion = service.live.current.adapter
    promotion = adapter_log.last_promotion(service.store)
    asked = questions.counts(service.store, time.time() - WEEK_S)
    known = documents.counts(service.store)
    last = runs.last_done(service.store)
    return Status(
        champion=champion.id,
        scores=champion.card.get("scores", {}),
        since=promotion.at if promotion else None,
        documents=known["documents"],
        passages=known["passages"],
        taught=known["taught"],
        questions=asked["asked"],
        answered=asked["answered"],
        abstained=asked["abstained"],
        feedback=Votes(**feedback.counts(service.store)),
        new_feedback=Votes(**feedback.counts(service.store, last.started_at if last else 0.0)),
        running=runs.running(service.store),
        next_retraining=next_run.timestamp() if next_run else None,
        trial=on_trial(service.store, Rules.of(service.settings), service.settings.canary),
    )


def _keepers(service: Service) -> dict[str, Callable[..., Any]]:
    """What learns from Slack while questions are answered: it lets them in between."""
    from bot.knowledge import heard, shared_files
    from bot.reading.encoder import InSlices

    encoder, limit = InSlices(service.encoder), service.settings.max_file_mb
    return {
        "keep": lambda said: heard.keep(service.store, encoder, said),
        "keep_file": lambda file: shared_files.keep_file(service.store, encoder, file, max_file_mb=limit),
    }


def _teacher(service: Service) -> Callable[..., Passage]:
    from bot.knowledge import memory

    def teach(
        *,
        question: str,
        answer: str,
        scope: str,
        person: str,
        answer_record: Answer | None = None,
        passage_id: int | None = None,
    ) -> Passage:
        """A taught answer, tied to the passage it stands in where there is one."""
        ids = [] if passage_id is None else [passage_id]
        if answer_record is not None:
            ids += [each.passage_id for each in answer_record.offered if each.passage_id is not None]
        offered = documents.passages(service.store, list(dict.fromkeys(ids)))
        evidence = memory.evidence_of(offered, answer)
        return memory.teach(
            service.store,
            service.encoder,
            question=question,
            answer=answer,
            scope=scope,
            person=person,
            evidence=evidence,
        )

    return teach
