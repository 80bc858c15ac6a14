"""Cross-cascade of tasks (the paper, section 3.3 and figure 8): the second stage of every task sees the first stage of all.

For each task t with head features h_t and first-stage output o_t:  a_t = conv1x1(h_t),  b_t = conv1x1(o_t), both to `width`
channels. The refinement of task s starts from the sum over all tasks t of (a_t + b_t), projected by one more 1x1 convolution of
its own; its output layer is of the same kind as in the first stage. Both stages are trained (intermediate supervision).

With one task only, the same block is the paper's cascade of dense pose alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d


class CrossCascade(nn.Module):
    """The connections between the stages.

    tasks: name -> (channels of the head features h_t, channels of the first-stage output o_t). width: of all projections (512).
    features: task -> (n, c, s, s); outputs: task -> (n, o, k s, k s), of any finer grid: the outputs are averaged down to the grid
    of the features, which the paper does not specify. Returns task -> (n, width, s, s), what the second output layer sees.
    """

    def __init__(self, tasks: Mapping[str, tuple[int, int]], width: int) -> None:
        super().__init__()
        self.tasks = tuple(tasks)
        self.of_features = nn.ModuleDict({task: nn.Conv2d(inner, width, 1) for task, (inner, _) in tasks.items()})
        self.of_outputs = nn.ModuleDict({task: nn.Conv2d(out, width, 1) for task, (_, out) in tasks.items()})
        self.refine = nn.ModuleDict({task: nn.Conv2d(width, width, 1) for task in tasks})
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, features: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        terms = []
        for task in self.tasks:
            size = (features[task].shape[-2], features[task].shape[-1])
            terms.append(self.of_features[task](features[task]))
            terms.append(self.of_outputs[task](adaptive_avg_pool2d(outputs[task], size)))
        joined = torch.stack(terms).sum(0)
        return {task: self.refine[task](joined) for task in self.tasks}
