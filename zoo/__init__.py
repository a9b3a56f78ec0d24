"""A few hundred small trainings, healthy and with planted faults, on which diagnoses are scored.

Cases → runs → verdicts → scores: `python -m zoo run`, then `python -m zoo report`.
"""
