"""From experiments to computed chunks: the plan, what it costs, its compiled programs."""
