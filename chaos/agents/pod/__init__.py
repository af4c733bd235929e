"""The program inside an agent's pod: standard library, dnspython and the probes, nothing else."""
