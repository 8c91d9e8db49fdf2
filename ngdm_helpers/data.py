"""The data set that the networks learn: scikit-learn's handwritten digits, embedded in it; nothing is fetched."""

from ngdm_helpers import checks

_AVAILABLE = 1797


def digits(count=500):
    """The first ``count`` of scikit-learn's 1797 digits (8×8 pixels): torch tensors X (count, 64) and Y (count, 10).

    X: float32, each pixel 0, …, 16 divided by 16, in [0, 1]; not centred. Y: one-hot float32. The order is
    scikit-learn's, so the first 500 are the same everywhere.

    The scaling matters: the Hessian grows with ‖X‖². With pixels in [0, 1], `networks.mse` and the default
    initialisation, `networks.mlp` starts at a sharpness of 3 (GELU), 6 (ReLU) and 14 (tanh), below 2/η = 20 for
    η = 0.1, so that all three can be seen to sharpen. Standardised by one mean and one deviation they start at 7, 14
    and 23.

    Raises TypeError or ValueError unless count is an integer from 1 to 1797.
    """
    count = checks.count("count", count)
    if count > _AVAILABLE:
        raise ValueError(f"count must be at most {_AVAILABLE}, the number of digits there are, got {count}")
    import torch
    from sklearn.datasets import load_digits

    bunch = load_digits()
    X = torch.tensor(bunch.data[:count] / 16, dtype=torch.float32)
    Y = torch.nn.functional.one_hot(torch.tensor(bunch.target[:count]), 10).to(torch.float32)
    return X, Y
