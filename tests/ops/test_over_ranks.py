# SPDX-License-Identifier: Apache-2.0
"""Two processes with half a batch each give what one with the whole gives."""

import os
import socket

import pytest
import torch
import torch.multiprocessing as mp

from wsss.models.ccam.logit_norm import LogitNorm
from wsss.ops.c2am import c2am_losses, disentangle
from wsss.ops.over_ranks import gather_over_ranks, sum_over_ranks


def parts():
    generator = torch.Generator().manual_seed(0)
    features = torch.rand(6, 5, 4, 4, generator=generator)
    torch.manual_seed(1)
    return torch.nn.Conv2d(5, 1, 1, bias=False), LogitNorm().train(), features


def loss_of(conv, norm, features):
    foreground = norm(conv(features)).sigmoid()
    sides = (gather_over_ranks(side) for side in disentangle(foreground, features))
    return sum(c2am_losses(*sides).values())


def half(rank, port, folder):
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    torch.distributed.init_process_group('gloo', rank=rank, world_size=2)
    conv, norm, features = parts()
    loss = loss_of(conv, norm, features[3 * rank : 3 * rank + 3])
    loss.backward()
    # what data-parallel training does
    torch.distributed.all_reduce(conv.weight.grad)
    state = dict(loss=loss.detach(), gradient=conv.weight.grad / 2, **norm.state_dict())
    if rank == 0:
        torch.save(state, f'{folder}/state.pth')
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


@pytest.mark.skipif(not torch.distributed.is_available(), reason='no torch.distributed')
def test_loss_gradient_and_statistics_do_not_depend_on_the_number_of_processes(tmp_path):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    mp.start_processes(half, (port, str(tmp_path)), nprocs=2, start_method='fork')
    found = torch.load(tmp_path / 'state.pth', weights_only=True)
    conv, norm, features = parts()
    loss = loss_of(conv, norm, features)
    loss.backward()
    assert float(found['loss']) == pytest.approx(loss.item(), rel=1e-5)
    assert torch.allclose(found['gradient'], conv.weight.grad, rtol=1e-4, atol=1e-7)
    for name, value in norm.state_dict().items():
        assert torch.allclose(found[name].double(), value.double(), rtol=1e-5), name


def test_one_process_keeps_its_tensor():
    values = torch.rand(2, 3)
    assert sum_over_ranks(values) is values and gather_over_ranks(values) is values
