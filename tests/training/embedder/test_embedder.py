"""The embedder's trainer on drawn people: batches, one whole tiny run, the choice, and the file it ends as."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from training.data.augment import Augmentation, middle
from training.data.batches import BatchSettings, PeopleBatches
from training.data.people import HeldOut, People
from training.embedder.choose import choose_share, dev_sets, mix_weights, report, scores, val_sets
from training.embedder.concatenated import ConcatenatedEmbedders, with_length
from training.embedder.export import BESIDE_SHARES, choose_beside_share, projected
from training.embedder.nuisance_projection import ProjectedEmbedder
from training.embedder.recipe import EmbedderRecipe, LossWeights
from training.embedder.train import EmbedderModule
from training.export.onnx import ExportFailed, compare_with_torch, export_onnx
from training.loop import Fitted, fit
from training.losses.imitation import procrustes
from training.losses.magface import MagFaceSettings
from training.losses.margin import MarginSettings
from training.losses.pair_memory import PairMemorySettings

PEOPLE = 6


@pytest.fixture
def people() -> People:
    """Six people of one colour each, five pictures a person, 30 crops; the last two are val."""
    chance = np.random.default_rng(0)
    colors = chance.integers(40, 216, (PEOPLE, 3))
    label = np.repeat(np.arange(PEOPLE), 5)
    crops = np.clip(colors[label][:, None, None] + chance.normal(0, 12, (30, 128, 128, 3)), 0, 255).astype(np.uint8)
    teacher = np.zeros((30, 256), np.float32)
    teacher[np.arange(30), label] = 1
    teacher[:, 100:] = chance.normal(0, 0.02, (30, 156))
    teacher /= np.linalg.norm(teacher, axis=1, keepdims=True)
    return People(
        crops=crops,
        points=np.repeat(np.array([[[46, 60], [82, 59], [64, 80], [50, 100], [79, 101]]], np.float32), 30, axis=0),
        teacher=teacher,
        person=np.array([f"celeba/{k}" for k in label]),
        split=np.where(label >= 4, "val", "train"),
        source=np.where(label % 2 == 0, "celeba/small", "celeba/aligned"),
        data_id="drawn",
    )


class TinyNetwork(nn.Module):
    """Mean colours of a 4 x 4 grid to 512 numbers; small enough to train in a second."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.head = nn.Linear(48, 512)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.pool(images).flatten(1))


def make_batches(people: People, *, seed: int = 5, size: int = 8) -> PeopleBatches:
    rows = np.flatnonzero(people.split == "train")
    return PeopleBatches(people, rows, BatchSettings(size=size), Augmentation(), seed=seed)


def test_a_batch_is_a_function_of_its_seed_and_step(people: People) -> None:
    first, again = make_batches(people), make_batches(people)
    first(3)  # what was drawn before does not matter
    for a, b in zip(first(7), again(7), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(first(7).images, first(8).images)
    assert not torch.equal(first(7).images, make_batches(people, seed=6)(7).images)


def test_a_batch_comes_in_pairs_of_one_person_and_never_from_val(people: People) -> None:
    batches = make_batches(people)
    assert batches.names == ["celeba/0", "celeba/1", "celeba/2", "celeba/3"]
    for step in range(20):
        batch = batches(step)
        assert batch.images.shape == (8, 3, 112, 112)
        assert torch.equal(batch.person[:4], batch.person[4:])
        assert torch.allclose(batch.teacher.norm(dim=1), torch.ones(8), atol=1e-5)


def test_balance_draws_rare_people_more_often_than_their_share(people: People) -> None:
    """One person with 20 pictures, one with 2: an even draw at balance 1, by pictures at 0."""
    rows = np.array([0] * 20 + [5] * 2)
    share = {}
    for balance in (0.0, 1.0):
        batches = PeopleBatches(people, rows, BatchSettings(size=16, balance=balance), Augmentation(), seed=1)
        share[balance] = float(np.mean([batches(step).person.float().mean() for step in range(25)]))
    assert share[0.0] == pytest.approx(2 / 22, abs=0.06)
    assert share[1.0] == pytest.approx(0.5, abs=0.1)


def test_a_pair_comes_with_pictures_of_others_whom_the_start_network_takes_for_alike(people: People) -> None:
    rows = np.flatnonzero(people.split == "train")
    view = np.full((len(rows), 4), 0.1, np.float32)
    _, person = np.unique(people.person[rows], return_inverse=True)
    view[np.arange(len(rows)), person // 2] = 1.0  # people 0 and 1 look alike, and people 2 and 3
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    settings = BatchSettings(size=16, alike=2)
    batches = PeopleBatches(people, rows[person < 4], settings, Augmentation(), seed=3, view=view)
    assert batches._alike is not None
    twin = {0: 1, 1: 0, 2: 3, 3: 2}
    for position, others in enumerate(batches._alike):
        assert all(person[other] == twin[int(person[position])] for other in others[:5]), "the five that look alike"
        assert all(person[other] != person[position] for other in others)
    batch = batches(0)
    assert len(batch.person) == 16
    assert torch.equal(batch.person[:4], batch.person[4:8])


def test_training_brings_the_students_cosines_to_the_teachers(people: People) -> None:
    recipe = EmbedderRecipe(learning_rate=3e-3, batch=BatchSettings(size=16))
    rows = np.flatnonzero(people.split == "train")
    batches = make_batches(people, size=16)
    view = np.random.default_rng(1).normal(size=(len(rows), 512)).astype(np.float32)
    module = EmbedderModule(
        recipe,
        TinyNetwork(),
        carry=procrustes(torch.from_numpy(people.teacher[rows]), torch.from_numpy(view)),
        person_means=batches.person_means(view),
    )
    module.log_dict = lambda *_args, **_kwargs: None  # the trainer's, which is not here
    optimizer = module.configure_optimizers()
    losses = []
    for step in range(40):
        loss = module.training_step(batches(step), step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


def test_held_out_and_val_people_are_scored_apart(people: People) -> None:
    held = HeldOut(frozenset({"celeba/1", "celeba/3"}))
    dev = dev_sets(people, held, most_a_person=3)
    assert set(people.person[dev["aligned"]]) == {"celeba/1", "celeba/3"}
    assert len(dev["aligned"]) == 6
    assert len(dev["small"]) == 0
    val = val_sets(people)
    assert set(people.person[val["celeba_small"]]) == {"celeba/4"}


def test_the_start_weights_win_where_training_made_it_worse(people: People) -> None:
    rows = np.flatnonzero(people.split == "train")
    network = TinyNetwork()
    start = {name: value.clone() for name, value in network.state_dict().items()}
    ruined = {name: torch.zeros_like(value) for name, value in start.items()}
    share, table = choose_share(network, start, ruined, people, {"all": rows}, shares=(0.0, 1.0))
    assert share == 0.0
    assert set(table) == {"0", "1"}
    assert torch.equal(network.state_dict()["head.weight"], start["head.weight"])


def test_every_mix_is_scored_as_it_would_ship(people: People) -> None:
    rows = np.flatnonzero(people.split == "train")
    network, blind, asked = TinyNetwork(), TinyNetwork(), []
    nn.init.zeros_(blind.head.weight)  # all faces alike
    weights = network.state_dict()

    def ready(mixed: nn.Module) -> nn.Module:
        asked.append(mixed)
        return blind

    _, table = choose_share(network, weights, weights, people, {"all": rows}, shares=(0.0, 0.5), ready=ready)
    assert asked == [network, network]
    assert table["0"] == table["0.5"] == scores(blind, people, {"all": rows}) != scores(network, people, {"all": rows})


def test_what_ships_has_one_mean_for_all_collections_of_train_people(people: People) -> None:
    source = np.where(people.person == "celeba/3", "wild/kpop", people.source)
    people = replace(people, source=source)
    whole = projected(TinyNetwork(), people)
    assert isinstance(whole, ProjectedEmbedder)
    kpop, others = (np.flatnonzero((people.split == "train") & ((source == "wild/kpop") == is_so)) for is_so in (1, 0))

    class UnitLength(nn.Module):
        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return functional.normalize(self.network(images), dim=1)

    def apart(network: nn.Module) -> float:
        with torch.no_grad():
            means = [network(middle(torch.from_numpy(people.crops[rows]))).mean(dim=0) for rows in (kpop, others)]
        return float((means[0] - means[1]).norm())

    assert apart(whole) < 0.02 * apart(UnitLength(TinyNetwork()))  # what is left is bf16's rounding


class Grain(nn.Module):
    """The grain of a picture, which tells nothing of the person: 32 numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        grain = images[:, 0, 40:72, 40] - images[:, 0, 40:72, 42]
        return grain * self.scale


def test_of_two_networks_the_one_that_tells_nothing_gets_the_least_share(people: People) -> None:
    rows = np.flatnonzero(people.split == "train")
    network = ConcatenatedEmbedders(TinyNetwork(), Grain(), 0.4)
    share, table = choose_beside_share(network, people, {"all": rows, "nobody": rows[:1]})
    assert share == min(BESIDE_SHARES)
    assert [float(name) for name in table] == list(BESIDE_SHARES)
    assert np.mean(list(table["0.3"].values())) > np.mean(list(table["0.6"].values()))
    assert set(table["0.3"]) == {"all@0.01", "all@0.001"}


def test_mixed_weights_lie_on_the_line_between(people: People) -> None:
    a, b = TinyNetwork(0).state_dict(), TinyNetwork(1).state_dict()
    for share in (0.0, 0.25, 1.0):
        mixed = mix_weights(a, b, share)
        assert torch.allclose(mixed["head.bias"], (1 - share) * a["head.bias"] + share * b["head.bias"], atol=1e-6)


def test_a_report_of_a_network_against_itself_shows_no_gain(people: People) -> None:
    network, rows = TinyNetwork(), np.flatnonzero(people.split == "train")
    found = report(network, network, people, {"all": rows})["all"]
    assert found["people"] == 4
    assert found["tpr@0.01"]["gain_over_start"] == 0
    assert found["tpr@0.01"]["value"] == pytest.approx(
        scores(network, people, {"all": rows}, precise=True)["all@0.01"], abs=1e-4
    )


def test_the_exported_file_computes_what_the_network_does_at_every_batch_size(tmp_path: Path) -> None:
    network = TinyNetwork()
    exported = export_onnx(network, tmp_path / "tiny.onnx", side_px=112, outputs=("embedding",))
    (parity,) = compare_with_torch(network, exported.path, side_px=112)
    assert parity.worst_cosine > 0.9999
    assert parity.pictures == 16
    (other,) = compare_with_torch(TinyNetwork(seed=9), exported.path, side_px=112)
    assert other.worst_cosine < 0.9


def test_a_file_too_large_for_the_repository_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.export.onnx.MAX_FILE_BYTES", 1000)
    with pytest.raises(ExportFailed, match="limit"):
        export_onnx(TinyNetwork(), tmp_path / "tiny.onnx", side_px=112, outputs=("embedding",))
    assert list(tmp_path.iterdir()) == []


def test_a_term_of_weight_zero_is_left_out(people: People) -> None:
    recipe = EmbedderRecipe()
    recipe = replace(recipe, losses=replace(recipe.losses, imitation=0.0, relational=0.0, margin=0.0, triplet=1.0))
    batches = make_batches(people)
    module = EmbedderModule(recipe, TinyNetwork(), carry=torch.zeros(256, 512), person_means=torch.ones(4, 512))
    logged: dict[str, torch.Tensor] = {}
    module.log_dict = logged.update
    module.training_step(batches(0), 0)
    assert set(logged) == {"triplet", "loss"}


def made(people: People, recipe: EmbedderRecipe) -> tuple[EmbedderModule, PeopleBatches]:
    """Two networks side by side, the second with a length that varies."""
    batches = make_batches(people)
    rows = np.flatnonzero(people.split == "train")
    view = np.random.default_rng(1).normal(size=(len(rows), 512 + 32)).astype(np.float32)
    carry = procrustes(torch.from_numpy(people.teacher[rows]), torch.from_numpy(view))
    network = ConcatenatedEmbedders(TinyNetwork(), Second(), 0.4)
    return EmbedderModule(recipe, network, carry=carry, person_means=batches.person_means(view)), batches


class Second(nn.Module):
    """The grain once more, with the dense layer that SFace has."""

    def __init__(self) -> None:
        super().__init__()
        self.grain = Grain()
        self.head = nn.Linear(32, 32)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.grain(images))


LITERATURE = {
    "adaface": MarginSettings(kind="adaface"),
    "magface": MarginSettings(kind="magface", magface=MagFaceSettings(least_length=0.1, most_length=4.0)),
    "adadistill": MarginSettings(kind="adadistill"),
    "memory": MarginSettings(),
}


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")  # Lightning with this torch
@pytest.mark.parametrize("name", LITERATURE)
def test_a_run_by_a_newer_loss_goes_on_after_a_kill_as_if_there_had_been_none(
    name: str, people: People, tmp_path: Path
) -> None:
    """What the loss remembers (a bank, means of lengths, centres) is in the checkpoint."""
    recipe = EmbedderRecipe(
        learning_rate=1e-3,
        margin=LITERATURE[name],
        memory=PairMemorySettings(pictures=20),
        losses=LossWeights(margin=0.5, memory=0.5 if name == "memory" else 0.0),
    )

    def run(folder: str, *, to: int, resume: bool = False) -> Fitted:
        module, batches = made(people, recipe)
        return fit(
            module,
            batches,
            run_dir=tmp_path / folder,
            max_steps=to,
            seed=1,
            lr_factor=lambda _step: 1.0,
            resume=resume,
            progress=False,
        )

    whole = run("whole", to=4)
    run("killed", to=2)
    gone_on = run("killed", to=4, resume=True)
    assert gone_on.steps == 4
    assert whole.last.keys() == gone_on.last.keys()
    for key, value in whole.last.items():
        assert torch.equal(value, gone_on.last[key]), key
    start = made(people, recipe)[0].state_dict()
    assert not torch.equal(start["margin.loss.W"], whole.last["margin.loss.W"])
    assert not torch.equal(start["network.first.head.weight"], whole.last["network.first.head.weight"])


def test_the_length_of_two_networks_side_by_side_is_the_seconds(people: People) -> None:
    """Joined, every vector has the length 1."""
    network = ConcatenatedEmbedders(TinyNetwork(), Second(), 0.4)
    images = make_batches(people)(0).images
    raw, length = with_length(network, images)
    assert torch.equal(raw, network(images))
    assert torch.allclose(raw.norm(dim=1), torch.ones(8), atol=1e-5)
    assert torch.allclose(length, network.second(images).norm(dim=1))
    assert float(length.detach().std()) > 0.01
    alone, own = with_length(network.second, images)
    assert torch.equal(own, alone.norm(dim=1))
