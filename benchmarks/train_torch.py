"""PyTorch's worker of `train.py`: `nn.Transformer` in a plain loop, eager or `torch.compile`d.

Runs in an environment that has PyTorch and numpy and nothing of ours.
"""

import json
import sys
from pathlib import Path

import torch
from torch.optim import swa_utils
from train_pace import Pace
from train_torch_batches import BATCHES, padded
from train_torch_model import Translator


def ids(path):
    """Returns the sequences of a file of ids, each closed by the end."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [[*map(int, line.split()), 2] for line in lines]


def whole(rows):
    """Returns sequences as an array, padded to the longest."""
    return padded(rows, [[2]], (max(map(len, rows)), 1))[0]


def main():
    settings = json.loads(sys.argv[1])
    folder = Path(settings["folder"])
    torch.set_num_threads(settings["threads"])
    torch.manual_seed(settings["seed"])
    sizes = ("ids", "dim", "layers", "heads", "inner", "longest")
    model = Translator(**{name: settings[name] for name in sizes})
    compiled = model
    if settings["compile"]:
        torch._dynamo.config.recompile_limit = 64
        torch.fx.experimental._config.use_duck_shape = False  # or it compiles S == T by itself
        compiled = torch.compile(model, dynamic=settings["dynamic"])
    average = swa_utils.AveragedModel(
        model, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(settings["average"])
    )
    optimizer = torch.optim.Adam(
        model.parameters(), lr=1.0, betas=(0.9, settings["beta_2"]), eps=1e-7, fused=True
    )
    warm = settings["warmup_steps"]
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: settings["peak"] * min((step + 1) / warm, (warm / (step + 1)) ** 0.5),
    )
    smoothing = settings["label_smoothing"]
    steps = tokens = 0

    def progress():
        return {"steps": steps, "tokens": tokens}

    def about():
        count = sum(parameter.numel() for parameter in model.parameters())
        return {"parameters": count, "version": f"PyTorch {torch.__version__}"}

    @torch.no_grad()
    def check(sources, targets):
        lengths = [max(map(len, rows)) for rows in (sources, targets)]
        return {"loss": float(model(*padded(sources, targets, lengths), smoothing))}

    def greedy(sources):
        order, found = sorted(range(len(sources)), key=lambda row: len(sources[row])), {}
        for first in range(0, len(order), 64):
            rows = order[first : first + 64]
            source = whole([sources[row] for row in rows])
            made = average.module.greedy(source, settings["longest"])
            found.update(zip(rows, made.tolist(), strict=True))
        return {"ids": [found[row] for row in range(len(sources))]}

    pace = Pace(progress, about=about, check=check, greedy=greedy)
    given = ids(folder / "train.source"), ids(folder / "train.target")
    for source, target, labels in BATCHES[settings["batches"]](*given, settings):
        pace()
        loss = compiled(source, target, labels, smoothing)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings["clip_norm"])
        optimizer.step()
        rate.step()
        average.update_parameters(model)
        steps += 1
        tokens += int((labels != 0).sum())


if __name__ == "__main__":
    main()
