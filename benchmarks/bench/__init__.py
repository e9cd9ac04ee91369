"""What the benchmarks share: a bank and a daemon in processes of their own, and figures."""
