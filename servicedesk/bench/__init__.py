"""How quick the desk is, at a size that nobody soon outgrows: `make bench` (docs/bench.md)."""
