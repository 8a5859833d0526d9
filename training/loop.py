"""The one training loop of the embedder and the aligner: Lightning, resumable to the bit.

    fitted = fit(
        module, batches, run_dir=Path("runs/embedder"), max_steps=4000, seed=0, lr_factor=warmup_cosine(200, 4000)
    )
    fitted.averaged       # the moving average of module's weights, keys of module.state_dict()

`module` is a LightningModule with `training_step` and `configure_optimizers` (the optimiser alone, at its peak
rates). `batches(step)` makes the batch of a step and must be a pure function of it: every random choice (who is in
the batch, every augmentation) comes from a generator seeded by (seed, step); `step_seed` makes such a seed. The loop
seeds torch's own generator the same way before each step (dropout and the like) and sets each group's learning rate
to its peak times `lr_factor(step)`. So a run that was killed and started again with `resume=True` sees the same
pictures at the same rates and ends with the same weights as one that was not.

Under `run_dir`: `last.ckpt` (at most `checkpoint_every_s` old, replaced in one move; also written at the end) and
`log.jsonl` (a line every `log_every` steps and after every check). What the checkpoint should carry beside weights
(recipe, commit, data) comes in `facts` and is found by `read_checkpoint(path).facts`.

On several devices every process makes the whole batch of a step and takes its share, one row in so many, so a step
sees the same pictures on one GPU and on eight; gradients are averaged. Shares are of one size and keep the two pictures
of a pair together (a number of devices that would not is refused); terms between pictures (relational, triplet) see the
other pairs of their share alone. The first process writes the log, checks and keeps the time of checkpoints.
"""

# ruff: noqa: ARG002 - Lightning calls its hooks by position, whatever of it they use

from __future__ import annotations

import json
import math
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import lightning
import torch
from torch.optim.swa_utils import get_ema_multi_avg_fn
from tqdm import tqdm  # type: ignore[import-untyped]  # ships no types

from training.command_line import Refused
from training.data.ahead import made_ahead, share_of
from training.processor import device_of, has_bf16, keep_freed_memory

Weights = dict[str, torch.Tensor]
Check = Callable[[lightning.LightningModule], Mapping[str, float]]

CHECKPOINT: Final = "last.ckpt"
LOG: Final = "log.jsonl"
MAY_DIFFER: Final = {"commit", "steps", "check_every"}  # where a run is resumed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """What a run ended with: the steps taken, the last weights and their moving average, on the CPU."""

    steps: int
    last: Weights
    averaged: Weights
    facts: dict[str, Any]


def fit(
    module: lightning.LightningModule,
    batches: Callable[[int], Any],
    *,
    run_dir: Path,
    max_steps: int,
    seed: int,
    lr_factor: Callable[[int], float],
    average_decay: float = 0.999,
    checkpoint_every_s: float = 110.0,
    log_every: int = 20,
    check: Check | None = None,
    check_every: int = 500,
    precision: str = "32-true",
    clip_norm: float | None = 5.0,
    accelerator: str = "cpu",
    devices: int | None = None,
    workers: int = 0,
    resume: bool = False,
    facts: Mapping[str, Any] | None = None,
    brought_up: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    progress: bool = True,
) -> Fitted:
    """Train `module` to `max_steps`, from `run_dir`'s checkpoint where `resume` is set and there is one.

    average_decay: of the moving average of the weights, warmed up as min(decay, (1 + step) / (10 + step)).
    check: called every `check_every` steps and at the end with the module holding its averaged weights, in eval mode;
    the numbers it returns go to the log. precision: Lightning's name; "bf16-mixed", which halves the time on AMX
    processors, is float32 where the processor would only imitate it.
    accelerator: Lightning's name; devices: how many of them, None for one CPU and for every GPU. workers: processes
    that make batches ahead of their step, lest a GPU wait for them; the batches are the same.
    brought_up: gives facts of a run begun earlier what recipes did not hold yet, at its default.
    Raises RunBegun when `run_dir` holds a run that `resume` would have continued, OtherRun when what it holds
    came of another recipe or other data; more steps than before are no other recipe.
    """
    keep_freed_memory()
    run_dir.mkdir(parents=True, exist_ok=True)
    checkpoint = run_dir / CHECKPOINT
    if checkpoint.exists() and not resume:
        raise RunBegun(f"{checkpoint} is there: go on with --resume, or name another run")
    start = 0
    if checkpoint.exists():
        begun = read_checkpoint(checkpoint)
        _must_agree(brought_up(begun.facts), dict(facts or {}), run_dir)
        if begun.steps > max_steps:
            raise OtherRun(
                f"the run in {run_dir} has gone {begun.steps} steps, {max_steps} are asked for: name another"
            )
        if begun.steps == max_steps:
            return begun  # killed after its end
        start = begun.steps
    average = _Average(average_decay)
    keeper = _Keeper(checkpoint, every_s=checkpoint_every_s, facts=dict(facts or {}))
    # Order matters: rates before the step, the average after it, then the log and the checkpoint that hold it.
    callbacks: list[lightning.Callback] = [
        _Rates(lr_factor, seed=seed),
        average,
        _Log(run_dir / LOG, start=start, every=log_every, check=check, check_every=check_every, average=average),
        _Progress(max_steps, shown=progress),
        keeper,
    ]
    several = (devices or 0) > 1 or (devices is None and accelerator != "cpu" and torch.cuda.device_count() > 1)
    # A recipe may leave a loss out, whose weights then have no gradient.
    strategy = "ddp_find_unused_parameters_true" if several else "auto"
    with warnings.catch_warnings():
        # Both say that mid-epoch checkpoints may repeat data. Ours can't: a batch is a function of its step.
        warnings.filterwarnings("ignore", message=".*dataloader is not resumable.*")
        warnings.filterwarnings("ignore", message=".*`train_dataloader`? does not have many workers.*")
        trainer = lightning.Trainer(
            accelerator=accelerator,
            devices=devices or (1 if accelerator == "cpu" else "auto"),
            strategy=strategy,
            max_steps=max_steps,
            max_epochs=-1,
            precision=precision if has_bf16(device_of(accelerator)) else "32-true",
            gradient_clip_val=clip_norm,
            callbacks=callbacks,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=run_dir,
        )
        steps = _Steps(batches, trainer, max_steps, workers=workers)
        trainer.fit(module, steps, ckpt_path=checkpoint if start else None, weights_only=False if start else None)
    return read_checkpoint(checkpoint)


class RunBegun(Refused):
    """A run's folder holds a run, and nobody said to go on with it."""


class OtherRun(Refused):
    """A run's folder holds what another recipe or other data made."""


def _must_agree(begun: dict[str, Any], asked: dict[str, Any], run_dir: Path) -> None:
    """The commit may be another, and the length."""
    was, now = (json.loads(json.dumps(facts)) for facts in (begun, asked))
    if differing := sorted(_differing(was, now)):
        names = ", ".join(differing)
        raise OtherRun(f"the run in {run_dir} was begun otherwise ({names}): name another folder, or delete it")


def _differing(was: dict[str, Any], now: dict[str, Any], within: str = "") -> Iterator[str]:
    """Names of the facts that one tells and the other tells differently or not at all."""
    for name in (was.keys() | now.keys()) - MAY_DIFFER:
        one, other = was.get(name), now.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _differing(one, other, f"{within}{name}.")
        elif one != other:
            yield f"{within}{name}"


def read_checkpoint(path: Path) -> Fitted:
    """Read what `fit` left at `path`; the file is trusted (it is a pickle), so read only your own runs."""
    stored = torch.load(path, map_location="cpu", weights_only=False)
    return Fitted(
        steps=int(stored["global_step"]),
        last=stored["state_dict"],
        averaged=stored["callbacks"][_Average.__qualname__]["weights"],
        facts=stored["facts"],
    )


def average_of(run_dir: Path) -> Weights:
    """The averaged network of another run, by the network's own names, for a recipe that goes on from it."""
    if not (checkpoint := run_dir / CHECKPOINT).is_file():
        raise Refused(f"{checkpoint} is missing: this recipe goes on from that run, so train it first")
    return {name.removeprefix("network."): value for name, value in read_checkpoint(checkpoint).averaged.items()}


def warmup_cosine(warmup_steps: int, max_steps: int, *, floor: float = 0.01) -> Callable[[int], float]:
    """Make a rate factor: linear from 0 to 1 over the warm-up, then half a cosine down to `floor` at `max_steps`."""

    def factor(step: int) -> float:
        if step < warmup_steps:
            return (step + 1) / warmup_steps
        done = (step - warmup_steps) / max(1, max_steps - warmup_steps)
        return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    return factor


def step_seed(seed: int, step: int) -> int:
    """Mix a run's seed and a step into 63 bits, so that neighbours share nothing (splitmix64, public domain)."""
    mixed = (seed * 0x9E3779B97F4A7C15 + step * 0xD1B54A32D192ED03 + 0x9E3779B97F4A7C15) & (2**64 - 1)
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
    return (mixed ^ (mixed >> 31)) >> 1


class _Steps:
    """The batches from the step a run stands at to its last; what Lightning takes for a data loader."""

    def __init__(
        self, batches: Callable[[int], Any], trainer: lightning.Trainer, max_steps: int, *, workers: int
    ) -> None:
        self._batches = batches
        self._trainer = trainer
        self._max_steps = max_steps
        self._workers = workers

    def __iter__(self) -> Iterator[Any]:
        rank, count = self._trainer.global_rank, self._trainer.world_size
        steps = range(self._trainer.global_step, self._max_steps)
        for batch in made_ahead(self._batches, steps, workers=self._workers):
            yield share_of(batch, rank, count)


class _Rates(lightning.Callback):
    """Sets every group's rate and torch's generator from the step alone."""

    def __init__(self, factor: Callable[[int], float], *, seed: int) -> None:
        self._factor = factor
        self._seed = seed

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        step = trainer.global_step
        torch.manual_seed(step_seed(self._seed, step))
        for optimizer in trainer.optimizers:
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", group["lr"])
                group["lr"] = group["initial_lr"] * self._factor(step)


class _Average(lightning.Callback):
    """The exponential moving average of all weights and float buffers; kept in the checkpoint."""

    def __init__(self, decay: float) -> None:
        self._decay = decay
        self.weights: Weights = {}

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        current = pl_module.state_dict()
        if not self.weights:
            self.weights = {name: value.detach().clone() for name, value in current.items()}
        self.weights = {name: value.to(current[name].device) for name, value in self.weights.items()}

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        step = trainer.global_step
        keep = min(self._decay, (1 + step) / (10 + step))
        current = pl_module.state_dict()
        floats = [name for name, value in current.items() if value.is_floating_point()]
        with torch.no_grad():  # all at once: on a GPU a call for each would take longer than the step
            mine, now = ([held[name] for name in floats] for held in (self.weights, current))
            get_ema_multi_avg_fn(keep)(mine, now, step)
            for name in current.keys() - floats:
                self.weights[name].copy_(current[name])

    @contextmanager
    def inside(self, module: Any) -> Iterator[None]:
        """Lend the module the averaged weights, in eval mode, and give it its own back."""
        own = {name: value.detach().clone() for name, value in module.state_dict().items()}
        was_training = module.training
        module.load_state_dict(self.weights)
        module.eval()
        try:
            yield
        finally:
            module.load_state_dict(own)
            module.train(was_training)

    @property
    def state_key(self) -> str:
        return type(self).__qualname__

    def state_dict(self) -> dict[str, Any]:
        return {"weights": self.weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.weights = state_dict["weights"]


class _Log(lightning.Callback):
    """Lines of JSON: step, seconds, what the module logged, and what the checks found."""

    def __init__(
        self, path: Path, *, start: int, every: int, check: Check | None, check_every: int, average: _Average
    ) -> None:
        self._path = path
        self._start = start
        self._every = every
        self._check = check
        self._check_every = check_every
        self._average = average
        self._began = time.monotonic()

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Drop the lines behind the checkpoint: their steps are taken again."""
        if not trainer.is_global_zero:
            return
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() and self._start else []
        kept = [line for line in lines if _step_of(line) <= self._start]
        self._path.write_text("".join(line + "\n" for line in kept), encoding="utf-8")

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if not trainer.is_global_zero:
            return
        step = trainer.global_step
        if step % self._every == 0 or step == trainer.max_steps:
            logged = {name: float(value) for name, value in trainer.callback_metrics.items()}
            self._write({"step": step, "lr": trainer.optimizers[0].param_groups[0]["lr"], **logged})
        if self._check is not None and (step % self._check_every == 0 or step == trainer.max_steps):
            with self._average.inside(pl_module), torch.no_grad():
                self._write({"step": step, "check": dict(self._check(pl_module))})

    def _write(self, line: dict[str, Any]) -> None:
        line["seconds"] = round(time.monotonic() - self._began, 1)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError):
        return math.inf  # the half line of a process that was killed while it wrote


class _Progress(lightning.Callback):
    """One bar from step 0 to the last, also after a resume."""

    def __init__(self, max_steps: int, *, shown: bool) -> None:
        self._max_steps = max_steps
        self._shown = shown
        self._bar: Any = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self._bar = tqdm(
            total=self._max_steps,
            initial=trainer.global_step,
            disable=not (self._shown and trainer.is_global_zero),
            unit="step",
            mininterval=5.0,
        )

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        loss = trainer.callback_metrics.get("loss")
        if loss is not None:
            self._bar.set_postfix(loss=f"{float(loss):.4f}", refresh=False)
        self._bar.update(1)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self._bar.close()


class _Keeper(lightning.Callback):
    """Writes the checkpoint beside its place and moves it there, every so many seconds and at the end."""

    def __init__(self, path: Path, *, every_s: float, facts: dict[str, Any]) -> None:
        self._path = path
        self._every_s = every_s
        self._facts = facts
        self._saved = time.monotonic()

    def on_save_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        checkpoint["facts"] = self._facts

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        # All processes save together, so the first one's clock says when.
        if trainer.strategy.broadcast(time.monotonic() - self._saved >= self._every_s):
            self._save(trainer)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self._save(trainer)

    def _save(self, trainer: Any) -> None:
        partial = trainer.strategy.broadcast(self._path.with_suffix(f".{os.getpid()}.partial"))
        trainer.save_checkpoint(partial)
        if trainer.is_global_zero:
            partial.replace(self._path)
        trainer.strategy.barrier()
        self._saved = time.monotonic()
