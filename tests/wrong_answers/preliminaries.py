"""{exercise: [(answers, what the line that helps must say)]}, five typical wrong answers or more each."""


def _raises(x0, eta):
    return x0 / 0


WRONG = {
    "preliminaries.1": [
        ((lambda x0, eta: None,), "not filled in yet"),
        ((lambda x0, eta: (eta / 2, -eta / 2),), "comes down to 0.03"),
        ((lambda x0, eta: x0 % eta,), r"expected the shape \(2,\)"),
        ((lambda x0, eta: (x0 % eta - eta, x0 % eta),), "comes down to 0.03"),
        ((lambda x0, eta: (abs(x0) % eta, abs(x0) % eta - eta),), "name the point above 0 first"),
        ((lambda x0, eta: (x0 % eta, x0 % eta - eta),), "lands on 0 and stays"),
        ((_raises,), "_raises, line 5, raised ZeroDivisionError"),
    ],
    "preliminaries.2": [
        ((lambda x: None,), "not filled in yet"),
        ((lambda x: x.abs(),), "autograd's derivative at 0 must be 7.*got 0"),
        ((lambda x: x.abs() + 7 * x,), "what you add must be 0 for every x"),
        ((lambda x: 7 * x.abs(),), "the function must be"),
        ((lambda x: x.abs() + 7 * (x.relu() - (-x).relu()),), "what you add must be 0"),
        ((lambda x: x.detach().abs(),), "autograd cannot follow"),
        ((lambda x: x.detach().numpy(),), "must return a tensor"),
        ((lambda x: x.abs() - 7 * (x - (x.relu() - (-x).relu())),), "must be 7.*got -7"),
        ((lambda x: x.abs() + 7 * (x - x.detach()),), "away from 0 autograd must say sign"),
        ((lambda x: 7 * x + x.abs() - 7 * x.detach(),), "away from 0 autograd must say sign"),
    ],
    "preliminaries.3": [
        ((lambda beta, value, g, lowest: ...,), "not filled in yet"),
        ((lambda beta, value, g, lowest: beta - value / (g @ g) * g,), "the gap is 4"),
        ((lambda beta, value, g, lowest: beta - (value - lowest) / (g @ g) ** 0.5 * g,), "η = 6/‖g‖² = 3/2"),
        ((lambda beta, value, g, lowest: beta + (value - lowest) / (g @ g) * g,), "ηg = "),
        ((lambda beta, value, g, lowest: (value - lowest) / (g @ g),), r"expected the shape \(2,\), got \(\)"),
        ((lambda beta, value, g, lowest: beta - (value - lowest) / (g @ g) * g,), "stay where it is"),
        ((lambda beta, value, g, lowest: beta - g,), "η = 6"),
    ],
    "preliminaries.4": [
        ((lambda k: None,), "not filled in yet"),
        ((lambda k: 0.3 * 0.98**k,), "too little travel: the steps have the sum 15, and R/G is 25.1"),
        ((lambda k: 0.3 / (k + 1) ** 0.5,), "too little travel"),
        ((lambda k: 0.3,), "the last steps are too long"),
        ((lambda k: 0.3 * 0.99**k,), "travel more before you shrink"),
        ((lambda k: 0.3 * 0.1 ** (k // 100),), "travel more before you shrink"),
        ((lambda k: 3 * 0.98**k,), "between 0 and 0.3; step 0 is 3"),
        ((lambda k: [0.3],), r"step 0 is \[0.3\]"),
    ],
}
