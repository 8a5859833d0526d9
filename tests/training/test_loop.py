"""A run is a function of its seed: killed and resumed, it ends where it would have ended."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.train

# A tiny run as a program of its own, so that it can be killed as the system kills: 60 steps of 10 ms and more.
PROGRAM = """
import sys, time
from pathlib import Path
import lightning, torch
from training.loop import fit, step_seed, warmup_cosine

class Tiny(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        torch.manual_seed(7)
        self.net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.3),
                                       torch.nn.Linear(8, 1))
    def training_step(self, batch, index):
        x, y = batch
        loss = ((self.net(x) - y) ** 2).mean()
        self.log("loss", loss)
        return loss
    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=0.01)

def batches(step):
    generator = torch.Generator().manual_seed(step_seed(3, step))
    x = torch.randn(16, 4, generator=generator)
    time.sleep(0.01)
    return x, x.sum(dim=1, keepdim=True)

if __name__ == "__main__":
    torch.set_num_threads(1)
    fit(Tiny(), batches, run_dir=Path(sys.argv[1]), max_steps=int(sys.argv[2]), seed=3, average_decay=0.9,
        lr_factor=warmup_cosine(10, 60), checkpoint_every_s=float(sys.argv[3]), log_every=1,
        check=lambda module: {"weight": float(module.net[3].weight.sum())}, check_every=25,
        workers=2 * ("--workers" in sys.argv), resume="--resume" in sys.argv,
        facts={"recipe": {"rate": 0.01, "steps": 60}}, progress=False)
"""


@pytest.fixture
def program(tmp_path: Path) -> list[str]:
    path = tmp_path / "tiny_run.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return [sys.executable, str(path)]


def run(program: list[str], *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run([*program, *words], capture_output=True, text=True, check=False, env=environment)


def test_a_run_killed_in_the_middle_ends_with_the_weights_of_one_that_was_not(
    program: list[str], tmp_path: Path
) -> None:
    """Weights, their average and the logged rates are equal: same data order, same learning rate."""
    import torch

    from training.loop import read_checkpoint

    whole, cut = tmp_path / "whole", tmp_path / "cut"
    done = run(program, str(whole), "60", "1000")
    assert done.returncode == 0, done.stderr
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    victim = subprocess.Popen(
        [*program, str(cut), "60", "0.1"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not (cut / "last.ckpt").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    victim.send_signal(signal.SIGKILL)
    assert victim.wait() == -signal.SIGKILL
    assert 0 < read_checkpoint(cut / "last.ckpt").steps < 60
    again = run(program, str(cut), "60", "1000", "--resume")
    assert again.returncode == 0, again.stderr
    one, other = read_checkpoint(whole / "last.ckpt"), read_checkpoint(cut / "last.ckpt")
    assert one.steps == other.steps == 60
    for name, value in one.last.items():
        assert torch.equal(value, other.last[name]), name
        assert torch.equal(one.averaged[name], other.averaged[name]), name
    assert not all(torch.equal(one.averaged[name], value) for name, value in one.last.items())
    assert [without_time(line) for line in read_log(whole)] == [without_time(line) for line in read_log(cut)]
    assert other.facts == {"recipe": {"rate": 0.01, "steps": 60}}


def test_a_run_killed_after_its_end_has_nothing_left_to_do(program: list[str], tmp_path: Path) -> None:
    assert run(program, str(tmp_path / "run"), "3", "1000").returncode == 0
    before = (tmp_path / "run" / "last.ckpt").stat().st_mtime_ns
    again = run(program, str(tmp_path / "run"), "3", "1000", "--resume")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "run" / "last.ckpt").stat().st_mtime_ns == before


def test_a_second_run_does_not_overwrite_the_first_unasked(program: list[str], tmp_path: Path) -> None:
    assert run(program, str(tmp_path / "run"), "3", "1000").returncode == 0
    second = run(program, str(tmp_path / "run"), "3", "1000")
    assert second.returncode != 0
    assert "go on with --resume, or name another run" in second.stderr


def test_a_run_of_another_recipe_or_other_data_is_not_gone_on_with(program: list[str], tmp_path: Path) -> None:
    assert run(program, str(tmp_path / "run"), "3", "1000").returncode == 0
    source = Path(program[1])
    source.write_text(PROGRAM.replace('"rate": 0.01', '"rate": 0.02'), encoding="utf-8")
    again = run(program, str(tmp_path / "run"), "3", "1000", "--resume")
    assert again.returncode != 0
    assert "begun otherwise (recipe.rate): name another folder, or delete it" in again.stderr
    source.write_text(PROGRAM.replace('"steps": 60', '"steps": 60, "new_field": 1'), encoding="utf-8")
    assert "recipe.new_field" in run(program, str(tmp_path / "run"), "3", "1000", "--resume").stderr
    source.write_text(PROGRAM.replace('"steps": 60', '"steps": 6'), encoding="utf-8")
    longer = run(program, str(tmp_path / "run"), "6", "1000", "--resume")
    assert longer.returncode == 0, longer.stderr
    shorter = run(program, str(tmp_path / "run"), "3", "1000", "--resume")
    assert "has gone 6 steps, 3 are asked for" in shorter.stderr


def test_pairs_come_into_one_share_or_the_devices_are_refused() -> None:
    """Two pictures of a person lie half a batch apart, as PeopleBatches draws them."""
    import torch

    from training.command_line import Refused
    from training.data.ahead import share_of

    person = torch.arange(64).repeat(2)
    for count in (2, 4, 8):
        shares = [share_of((person, person), rank, count)[0] for rank in range(count)]
        assert sorted(torch.cat(shares).tolist()) == sorted(person.tolist())
        for share in shares:
            assert all((share == one).sum() == 2 for one in share)
    for count in (3, 5, 6):
        with pytest.raises(Refused, match=f"to {count} devices"):
            share_of((person, person), 0, count)


def test_two_processes_share_every_batch_and_end_where_one_does(program: list[str], tmp_path: Path) -> None:
    """Two real processes over gloo, half of every batch each; stopped and resumed once."""
    import torch

    from training.loop import read_checkpoint

    source = Path(program[1])
    # Without dropout and batch norm, which see a share alone, the mean of two halves is the whole.
    plain = PROGRAM.replace("torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.3),", "torch.nn.Tanh(),")
    plain = plain.replace("self.net[3]", "self.net[2]").replace("module.net[3]", "module.net[2]")
    source.write_text(plain, encoding="utf-8")
    assert run(program, str(tmp_path / "one"), "60", "1000").returncode == 0
    source.write_text(plain.replace("progress=False", "progress=False, devices=2"), encoding="utf-8")
    for steps, more in (("20", []), ("60", ["--resume"])):
        done = run(program, str(tmp_path / "two"), steps, "0.2", *more)
        assert done.returncode == 0, done.stderr
    one, two = (read_checkpoint(tmp_path / name / "last.ckpt") for name in ("one", "two"))
    assert one.steps == two.steps == 60
    for name, value in one.last.items():
        assert torch.allclose(value, two.last[name], atol=1e-5), name
        assert torch.allclose(one.averaged[name], two.averaged[name], atol=1e-5), name
    steps_logged = [line["step"] for line in read_log(tmp_path / "two") if "check" not in line]
    assert steps_logged == list(range(1, 61))
    assert not list((tmp_path / "two").glob("*.partial"))


def test_the_rate_climbs_to_its_peak_and_falls_to_the_floor() -> None:
    from training.loop import warmup_cosine

    factor = warmup_cosine(10, 100, floor=0.05)
    rates = [factor(step) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == rates[10] == pytest.approx(1.0)
    assert all(a > b for a, b in itertools.pairwise(rates[10:]))
    assert rates[100] == pytest.approx(0.05)


def test_seeds_of_neighbouring_steps_differ_in_many_bits() -> None:
    from training.loop import step_seed

    seeds = [step_seed(seed, step) for seed in range(3) for step in range(500)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= value < 2**63 for value in seeds)
    flips = [(a ^ b).bit_count() for a, b in itertools.pairwise(seeds)]
    assert min(flips) > 10


def read_log(run_dir: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (run_dir / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def without_time(line: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in line.items() if name != "seconds"}


def test_batches_made_by_processes_end_with_the_weights_of_those_made_by_none(
    program: list[str], tmp_path: Path
) -> None:
    import torch

    from training.loop import read_checkpoint

    for name, words in (("alone", ()), ("helped", ("--workers",))):
        done = run(program, str(tmp_path / name), "12", "1000", *words)
        assert done.returncode == 0, done.stderr
    alone, helped = (read_checkpoint(tmp_path / name / "last.ckpt") for name in ("alone", "helped"))
    assert alone.steps == helped.steps == 12
    for key, value in alone.averaged.items():
        assert torch.equal(helped.averaged[key], value), key


def test_a_run_begun_before_a_recipe_had_a_field_goes_on_where_the_field_has_its_default(
    program: list[str], tmp_path: Path
) -> None:
    assert run(program, str(tmp_path / "run"), "3", "1000").returncode == 0
    source = Path(program[1])
    later = PROGRAM.replace('"rate": 0.01', '"rate": 0.01, "decay": 0.0')
    grown = 'brought_up=lambda begun: begun | {"recipe": {"decay": 0.0} | begun["recipe"]}, progress=False'
    for text, code in ((later, 1), (later.replace("progress=False", grown), 0)):
        source.write_text(text, encoding="utf-8")
        again = run(program, str(tmp_path / "run"), "4", "1000", "--resume")
        assert again.returncode == code, again.stderr
