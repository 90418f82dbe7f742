def render(run): return "x"
