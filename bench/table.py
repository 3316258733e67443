"""What a bench measured: rows that are printed as they come, each with its peer and its goal."""

import json
import sys


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Table:
    """A goal is for our number as it is written: at most `goal`, or `at_least`."""

    def __init__(self):
        self.rows = []

    def add(self, name, ours, unit, peer=None, goal=None, at_least=None):
        row = {"name": name, "ours": round(ours, 3), "unit": unit}
        if peer:
            row["peer"], row["peer_is"] = round(peer[0], 3), peer[1]
        if goal is not None:
            row["goal"], row["met"] = goal, ours <= goal
        if at_least is not None:
            row["at_least"], row["met"] = at_least, ours >= at_least
        self.rows.append(row)
        print(self.line(row), file=sys.stderr, flush=True)

    def show(self, as_json, **more):
        """All of it on standard output; `more` goes into the JSON object besides."""
        if as_json:
            print(json.dumps({**more, "rows": self.rows}))
        else:
            for row in self.rows:
                print(self.line(row))

    @staticmethod
    def line(row):
        text = f"{row['name']:58} {row['ours']:10} {row['unit']:4}"
        if "peer" in row:
            text += f"  {row['peer_is']} {row['peer']}"
        if "met" in row:
            wanted = row["goal"] if "goal" in row else f">= {row['at_least']}"
            text += f"  goal {wanted}: {'met' if row['met'] else 'MISSED'}"
        return text
