"""What a user would write instead, each as a good user would write it.

    train(problem, num_rollouts, tokens=None, seed=0) -> Trained

samples its own completions, or trains on the `tokens [I, P, G, T]` that it is given.
"""
