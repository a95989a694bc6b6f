"""Weights, gradients and moments in shards: for a model that one device cannot hold.

PyTorch's FSDP2 (`fully_shard`) keeps a part of every weight in each process and puts a block's
weights together only while that block runs. A checkpoint is written by all processes at once, each
its own part. One process can read it whole, and a run in shards can begin from one that is whole.

    NAME.shards/*.safetensors    what is in shards; NAME.safetensors has the rest of the group
"""

import re
import warnings
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn, optim
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from titans_book.training import checkpoints, shards
from titans_book.training.team import Team

Groups = dict[str, dict[str, Tensor]]
MOMENT = re.compile(r"(?:state\.)?(\d+)\.")  # of the weight with this number


def shard(model: nn.Module, team: Team) -> None:
    """Cut the weights of every block, and then the others, among the processes; in place."""
    # a warning about changes in place, of which there are none here
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module", category=UserWarning)
    mesh = init_device_mesh(team.device.type, (team.size,))
    for block in model.blocks:
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)


def write(folder: Path, step: int, tensors: Groups, about: dict, team: Team) -> Path:
    """Save a checkpoint, all processes at once; returns its folder."""
    draft = team.agree(lambda: checkpoints.begin(folder, step))
    rest, hashes = {}, {}
    for name, group in tensors.items():
        parts = {key: x.detach() for key, x in group.items() if isinstance(x, DTensor)}
        rest[name] = {key: x for key, x in group.items() if key not in parts}
        if parts:
            shards.save(draft / f"{name}.shards", parts)
            files = sorted((draft / f"{name}.shards").iterdir())
            mine = {file.name: shards.digest(file) for file in files[team.rank :: team.size]}
            hashes[name] = {key: value for some in team.gather(mine) for key, value in some.items()}
    rest = {name: group for name, group in rest.items() if group}
    return team.agree(lambda: checkpoints.finish(draft, step, rest, {**about, "shards": hashes}))


def read(path: Path, model: nn.Module, optimizer: optim.Optimizer, team: Team) -> Groups:
    """The tensors of a checkpoint, whole or in shards; each process reads its parts of them.

    Raises CheckpointError, in every process, if one of them finds damage.
    """
    _check(path, team)
    weights = {name: weight.detach() for name, weight in model.state_dict().items()}
    owners = [weight for group in optimizer.param_groups for weight in group["params"]]
    found: Groups = {"model": {}, "training": {}}
    for name, group in found.items():
        file, folder = path / f"{name}.safetensors", path / f"{name}.shards"
        for where in (path, folder) if folder.exists() else (path,):
            into = {}
            for key, (shape, dtype) in shards.kept(where).items():
                like = weights.get(key) if name == "model" else _owner(key, owners)
                if like is not None and like.shape == shape:
                    into[key] = torch.empty_like(like, dtype=dtype).detach()
            if into:
                shards.load(where, into)
            group.update(into)
        if file.exists():
            with safe_open(file, framework="pt") as content:
                group.update({k: content.get_tensor(k) for k in set(content.keys()) - set(group)})
    return found


def _owner(key: str, weights: list[Tensor]) -> Tensor | None:
    """The weight that a tensor of an optimizer's state belongs to."""
    match = MOMENT.match(key)
    return None if match is None else weights[int(match[1])]


def _check(path: Path, team: Team) -> None:
    """Compare every file with its hash; each process its share of the files."""
    _, files = checkpoints.read_about(path)
    mine = sorted(files)[team.rank :: team.size]
    bad = [name for name in mine if not shards.is_whole(path / name, files[name])]
    if bad := [name for some in team.gather(bad) for name in some]:
        raise checkpoints.damaged(path, f"{', '.join(bad)} has changed or is missing")
