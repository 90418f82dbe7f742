"""Who carries out the jobs of a plan: this process, several on this machine, or many machines."""
