"""Other people's faults: trainings re-made from public reports, each with its repaired twin.

`cases.jsonl` names each case's kind and source; `kinds.py` holds what a right diagnosis says. Both
were written before the case was diagnosed. The scripts stand for themselves: they
import nothing of stetho and nothing of each other.
"""
