"""What a GPU gains by: a step as one CUDA graph, bfloat16, an ℓ1 update in one pass; elsewhere the same numbers."""

import contextlib

import torch


def bfloat16(device, on=True):
    """Autocast to bfloat16: products and convolutions in half the bytes; weights, losses and sums stay float32.

    Nothing changes on a device for which torch has no autocast.
    """
    kind = torch.device(device).type
    on = on and torch.amp.is_autocast_available(kind)
    return torch.autocast(kind, torch.bfloat16) if on else contextlib.nullcontext()


def graphed(step, inputs, state, warm_ups=3):
    """``step(*inputs)`` → tensors, as a function of new inputs; on a GPU one CUDA graph, replayed.

    inputs: tensors, overwritten by each call. state: a function, all tensors that a step changes. A graph is captured
    after some steps to warm up, which allocate and choose kernels: what they changed, torch's random state too, is put
    back, and what they made, an optimizer's memory, is set to 0. The result is overwritten by the next call. Elsewhere
    the step itself is called, with the same inputs and after the same warm-up.
    """
    before = [(tensor, tensor.detach().clone()) for tensor in state()]
    known, on_card = {id(tensor) for tensor, _ in before}, inputs[0].is_cuda
    stream = torch.cuda.Stream() if on_card else None
    if on_card:
        stream.wait_stream(torch.cuda.current_stream())
    devices = [inputs[0].device] if on_card else []
    with torch.random.fork_rng(devices), torch.cuda.stream(stream) if on_card else contextlib.nullcontext():
        for _ in range(warm_ups):
            step(*inputs)
    if on_card:
        torch.cuda.current_stream().wait_stream(stream)
    with torch.no_grad():
        for tensor, value in before:
            tensor.copy_(value)
        for tensor in state():
            if id(tensor) not in known:
                tensor.zero_()
    if on_card:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            result = step(*inputs)

    def call(*values):
        for tensor, value in zip(inputs, values, strict=True):
            tensor.copy_(value)
        if not on_card:
            return step(*inputs)
        graph.replay()
        return result

    return call


@torch.no_grad()
def one_pass(weights, gradients, lr, lam):
    """β ← β − η(g + λ·sign β) and ‖β‖₁ after it, for torch.compile: a kernel a weight that reads and writes it once."""
    norms = []
    for weight, gradient in zip(weights, gradients, strict=True):
        weight.sub_(lr * (gradient + lam * torch.sign(weight)))
        norms.append(weight.abs().sum())
    return torch.stack(norms).sum(dtype=torch.float64)


@torch.no_grad()
def multi_tensor(weights, gradients, lr, lam):
    """The same for all weights at a time by torch's multi-tensor kernels: four passes, few launches."""
    steps = torch._foreach_sign(weights)
    torch._foreach_mul_(steps, lam)
    torch._foreach_add_(steps, gradients)
    torch._foreach_add_(weights, steps, alpha=-lr)
    # float64: on a CPU a float32 norm of 10⁸ weights is summed one by one, and stops growing
    return torch.stack(torch._foreach_norm(weights, 1, dtype=torch.float64)).sum()
