"""The embedder's training: network, losses, batches, checks; `python -m training.embedder --help`.

    prepare   decode and straighten every picture once (49 kB each under RUNS/cache)
    train     a recipe -> RUNS/<the recipe's name>; --resume goes on after a kill
    choose    how far to go from the start weights to the run's averaged ones, and how much of each cosine is the
              second network's, on held-out people
    export    a run at that share -> weights/embedder.onnx and its record
    int8      weights/embedder.onnx -> weights/embedder_int8.onnx and its record, after every other embedder.onnx

The network's input is normalised outside: (x - 127.5) / 127.5 of RGB, see `weights/manifest.toml`.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path

from training.command_line import (
    add_accelerator,
    add_data,
    add_export,
    add_or_none,
    add_run,
    cache_folder,
    run_folder,
)
from training.config import load_recipe
from training.data.people import prepare
from training.embedder.export import choose, export
from training.embedder.recipe import EmbedderRecipe
from training.embedder.train import train


def main() -> None:
    """Read the command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m training.embedder", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    add_data(commands.add_parser("prepare"))
    command = commands.add_parser("train")
    add_run(command, recipe="embedder.toml")
    add_accelerator(command)
    command = commands.add_parser("choose")
    command.add_argument("run", type=Path, help="run folder")
    add_data(command)
    add_export(commands.add_parser("export"))
    command = commands.add_parser("int8", help="needs nncf")
    add_data(command)
    command.add_argument("--weights", type=Path, default=Path("weights"), help="folder with manifest.toml")
    command.add_argument("--pictures", type=int, default=300, help="train crops that give the ranges")
    add_or_none(command)
    words = parser.parse_args()
    data, cache = words.data, cache_folder(words.runs)
    match words.command:
        case "prepare":
            print(prepare(data, cache))
        case "train":
            recipe = load_recipe(words.recipe, EmbedderRecipe)
            where = {"accelerator": words.accelerator, "workers": words.workers}
            train(recipe, run_folder(words), data=data, cache=cache, resume=words.resume, **where)
        case "choose":
            choice = choose(words.run, data=data, cache=cache)
            print({name: value for name, value in choice.items() if not name.startswith("dev")})
        case "export":
            print(json.dumps(export(words.run, words.out, data=data, cache=cache)["scores"]["val"], indent=1))
        case "int8":
            from training.embedder.int8 import export_int8
            from training.export.int8_file import int8_or_none

            make = partial(export_int8, words.weights, data=data, cache=cache, pictures=words.pictures)
            print(int8_or_none(words.weights, "embedder", make) if words.or_none else make())
