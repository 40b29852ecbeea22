"""A build folder to an adapter folder: LoRA on a frozen base, trained by Hugging Face's Trainer.

This step knows no database, so it can run on another machine. A run that was stopped goes on from its last
checkpoint (in the build folder). The adapter is written whole beside its place and renamed into it.

    python -m training finetune BUILD OUT
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.errors import StoppedError, TrainingError
from bot.reading.architectures import architecture_of, lora_layers
from bot.reading.bases import Base, locate, public_name
from bot.reading.card import WEIGHTS, publish, read_card
from bot.reading.cpu import computes_bfloat16
from bot.reading.loading import load_backbone, quiet_loading
from bot.reading.readers import kind_of_base
from training.build import Build, TrainingSettings, read_build
from training.calibration import calibrate
from training.extractive import span_task
from training.generative import sequence_task
from training.task import Task

Progress = Callable[[float, str], None]
"""Told now and then: the share done, 0 to 1, and what is being done."""

CHECKPOINTS = "checkpoints"
SHARE_OF_TRAINING = 0.92  # of the progress; the rest is the calibrator

_log = logging.getLogger(__name__)


def finetune(build_folder: Path, out: Path, progress: Progress | None = None) -> Path:
    """Trains what the build says into a new adapter folder `out`, and returns it.

    Raises TrainingError where the build can't be used or `out` exists, BaseError and AdapterError where what
    it stands on can't be.
    """
    first = os.environ.get("RANK", "0") == "0"  # `accelerate launch` may start one process for each GPU
    tell: Progress = progress if progress and first else lambda share, text: None
    if out.exists():
        raise TrainingError(
            f"Found {out} already there; expected a new folder: adapters never change. Name another."
        )
    build = read_build(build_folder)
    if not build.examples:
        raise TrainingError(f"Found no example in {build_folder}; expected at least one to learn from.")
    base = _base_of(build)
    tell(0.0, "reading the build")
    model = _model(build, base)
    task = _task(build, base, model, tell)
    started = time.time()
    steps, losses = _train(model, task, build, tell)
    if not first:
        return out  # the first process writes for all
    tell(SHARE_OF_TRAINING, "fitting the calibrator")
    draft, card = _write_draft(
        model, build, base, out, steps=steps, windows=len(task.data), seconds=round(time.time() - started)
    )
    left = 1 - SHARE_OF_TRAINING
    calibrate(
        draft,
        {**card, "losses": losses},
        build.calibration,
        build.seed_adapter,
        lambda share, text: tell(SHARE_OF_TRAINING + left * share, text),
    )
    publish(draft, out)
    shutil.rmtree(build_folder / CHECKPOINTS, ignore_errors=True)
    tell(1.0, "done")
    return out


def _base_of(build: Build) -> Base:
    base = locate(build.base)
    if base.sha256 != build.base_sha256:
        raise TrainingError(
            f"The build stands on {build.base} with SHA-256 {build.base_sha256}; found {base.sha256} here: "
            "build again on this machine."
        )
    return base


def _model(build: Build, base: Base) -> Any:
    """The frozen base with the LoRA layers to train: fresh ones, or the seed adapter's."""
    settings = build.settings
    with quiet_loading():
        from peft import LoraConfig, PeftModel, TaskType, get_peft_model
        from transformers import set_seed

        set_seed(settings.seed)
        kind = kind_of_base(base)
        backbone = load_backbone(base.folder, kind, quantize=settings.quantize, dropout=False, eager=True)
        if build.seed_adapter is not None:
            card = read_card(build.seed_adapter, base)
            _log.info("Training goes on from adapter %s.", card["id"])
            model = PeftModel.from_pretrained(backbone, str(build.seed_adapter), is_trainable=True)
            # the card's hub id would make peft look there for a configuration at every checkpoint
            model.peft_config["default"].base_model_name_or_path = str(base.folder)
            return model
        adapted = range(settings.frozen_layers, backbone.config.num_hidden_layers)
        # peft adds the usual answer head's name itself; a seq2seq base has its own head, which stays as it is
        head = architecture_of(backbone.config.model_type).head if kind == "extractive" else ()
        return get_peft_model(
            backbone,
            LoraConfig(
                task_type=TaskType.QUESTION_ANS if kind == "extractive" else TaskType.SEQ_2_SEQ_LM,
                r=settings.r,
                lora_alpha=settings.alpha,
                lora_dropout=settings.dropout,
                target_modules=lora_layers(backbone.config),
                modules_to_save=[each for each in head if each != "qa_outputs"] or None,
                layers_to_transform=list(adapted) if settings.frozen_layers else None,
            ),
        )


def _task(build: Build, base: Base, model: Any, tell: Progress) -> Task:
    if kind_of_base(base) == "generative":
        return sequence_task(build, base, model)
    return span_task(build, base, model, tell)


def _train(model: Any, task: Task, build: Build, tell: Progress) -> tuple[int, list[tuple[int, float]]]:
    """Runs the Trainer, from the last checkpoint where there is one.

    Returns the number of steps, and the mean loss since the last such note at some of them: (step, loss).
    """
    import torch
    from transformers import Trainer, TrainerCallback, TrainingArguments

    class TaskTrainer(Trainer):
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            targets = inputs.pop("targets")
            output = model(**inputs)
            loss = task.loss(output, targets)
            return (loss, output) if return_outputs else loss

    class Telling(TrainerCallback):
        stopped: StoppedError | None = None

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            share = state.global_step / max(state.max_steps, 1)
            try:
                tell(SHARE_OF_TRAINING * share, f"training: step {state.global_step} of {state.max_steps}")
            except StoppedError as error:  # whoever goes on with this training goes on from this step
                self.stopped = error
                control.should_save = control.should_training_stop = True

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if logs and "loss" in logs:
                _log.info("step %d: loss %.4f", state.global_step, float(logs["loss"]))

    settings = build.settings
    gpu = torch.cuda.is_available()
    checkpoints = build.folder / CHECKPOINTS
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        per_device_train_batch_size=max(settings.batch // _processes(), 1),  # together they make one batch
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        lr_scheduler_type="linear",
        warmup_steps=round(settings.warmup * settings.epochs * len(task.data) / settings.batch),
        use_cpu=not gpu,
        bf16=gpu or computes_bfloat16(),
        train_sampling_strategy="group_by_length",
        remove_unused_columns=False,
        dataloader_pin_memory=gpu,
        save_strategy="steps",
        save_steps=settings.checkpoint_every,
        save_total_limit=1,
        logging_steps=0.02,  # a share of all steps: the loss curve has fifty points, however long the training
        report_to="none",
        disable_tqdm=True,
        seed=settings.seed,
    )
    telling = Telling()
    trainer = TaskTrainer(
        model=model,
        args=arguments,
        train_dataset=task.data,
        data_collator=task.collate,
        callbacks=[telling],
    )
    last = _last_checkpoint(checkpoints)
    result = trainer.train(resume_from_checkpoint=last)
    if telling.stopped is not None:
        raise telling.stopped
    history = [(row["step"], row["loss"]) for row in trainer.state.log_history if "loss" in row]
    return int(result.global_step), [(int(step), round(float(loss), 4)) for step, loss in history]


def _processes() -> int:
    """How many processes train together."""
    return max(int(os.environ.get("WORLD_SIZE", "1")), 1)


def _last_checkpoint(checkpoints: Path) -> str | None:
    """The newest whole checkpoint: the Trainer writes its state file last."""
    whole = [path.parent for path in checkpoints.glob("checkpoint-*/trainer_state.json")]
    newest = max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
    return str(newest) if newest else None


def _write_draft(
    model: Any, build: Build, base: Base, out: Path, **measured: Any
) -> tuple[Path, dict[str, Any]]:
    """The adapter beside its place, half-precision weights and configuration; and its card so far."""
    import torch
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    draft = out.with_name(f".{out.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    weights = {
        name: tensor.detach().to("cpu", torch.float16).contiguous()
        for name, tensor in get_peft_model_state_dict(model, save_embedding_layers=False).items()
    }
    save_file(weights, str(draft / WEIGHTS), metadata={"format": "pt"})
    config = model.peft_config["default"]
    config.base_model_name_or_path = public_name(base.name)  # not the folder of the machine that trained it
    config.inference_mode = True
    config.save_pretrained(str(draft))
    card = {
        "id": build.notes.get("id", out.name),
        "base": base.name,
        "base_sha256": base.sha256,
        "parent": _parent(build, base),
        "reader": kind_of_base(base),
        "recipe": {**_recipe(build.settings, config), **measured},
        **{name: value for name, value in build.notes.items() if name != "id"},
    }
    if card["reader"] == "generative":
        card["writing"] = asdict(build.writing)
    return draft, card


def _parent(build: Build, base: Base) -> str | None:
    return None if build.seed_adapter is None else str(read_card(build.seed_adapter, base)["id"])


def _recipe(settings: TrainingSettings, config: Any) -> dict[str, Any]:
    chosen = asdict(settings)
    chosen.update(
        r=config.r, alpha=config.lora_alpha, dropout=config.lora_dropout
    )  # a seed adapter brings its own
    return {"layers": sorted(config.target_modules), **chosen}
