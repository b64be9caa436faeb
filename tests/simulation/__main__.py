"""Play histories: `python -m tests.simulation --seed N` plays one again and shows it, `--seeds N..M` plays many."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.batch import play_many, play_one


def main() -> int:
    """Play what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="play this one, and show what happens")
    parser.add_argument("--seeds", default="0..100", help="play these: N..M, M not among them, or N for 0..N")
    parser.add_argument("--acts", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--quiet", action="store_true", help="with --seed: only the digest and what was found")
    asked = parser.parse_args()
    if asked.seed is not None:
        outcome = play_one(asked.seed, asked.acts)
        if not asked.quiet:
            print("\n".join(outcome.lines))
        for finding in outcome.findings:
            print(f"{finding.kind}: {finding.detail}")
        print(f"seed {outcome.seed}: {outcome.acts} acts, digest {outcome.digest}")
        return 1 if outcome.findings else 0
    first, dots, last = asked.seeds.partition("..")
    seeds = range(int(first), int(last)) if dots else range(int(first))
    began = time.monotonic()
    kinds: dict[str, list[int]] = {}
    simulated = acts = found = 0.0
    for outcome in play_many(seeds, asked.acts, asked.jobs):
        simulated += outcome.simulated
        acts += outcome.acts
        found += bool(outcome.findings)
        for finding in outcome.findings:
            seen = kinds.setdefault(finding.kind, [])
            if outcome.seed not in seen:
                if not seen:
                    print(f"seed {outcome.seed}: {finding.kind}: {finding.detail}", flush=True)
                seen.append(outcome.seed)
    took = time.monotonic() - began
    for kind, seen in sorted(kinds.items(), key=lambda each: -len(each[1])):
        print(f"{len(seen):5} seeds  {kind}: {', '.join(map(str, seen[:12]))}{' ...' if len(seen) > 12 else ''}")
    print(
        f"{len(seeds)} seeds, {found:.0f} with findings, {acts:.0f} acts, {simulated / 86400:.0f} days in {took:.0f} s:"
        f" {simulated / took:,.0f} times real time, {1000 * took * asked.jobs / max(acts, 1):.1f} ms an act"
    )
    if kinds:
        seed = min(seed for seen in kinds.values() for seed in seen)
        print(f"play one again: python -m tests.simulation --seed {seed} --acts {asked.acts}")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
