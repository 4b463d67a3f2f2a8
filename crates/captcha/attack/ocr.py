#!/usr/bin/env python3
"""Measures how many captchas the ready-made readers solve. Prints a table and writes no files.

Each configuration of an attacker reads the first pictures. The configurations with the most correct characters read all
pictures. The best of these is the figure of the attacker."""

import argparse
import time
from collections.abc import Iterable
from pathlib import Path

import dddd
import tess
from attack import Attack, Knowledge
from pictures import lines_of
from samples import Sample, Score, load, rate, score

# Characters and length of doorstep's sums, such as 47+6=?
SUM_ALPHABET, SUM_LENGTH = "2345679+=?", 6


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="pictures named ANSWER_n.png")
    parser.add_argument("--alphabet", help="possible characters (those of the answers)")
    parser.add_argument("--arithmetic", action="store_true", help="the picture shows a sum; the answer is its result")
    parser.add_argument("--strict", action="store_true", help="look-alikes are wrong; only doorstep accepts them")
    parser.add_argument("--quick", action="store_true", help="ddddocr as shipped on the raw pictures only")
    parser.add_argument("--limit", type=int, help="number of pictures to read in each folder (all)")
    parser.add_argument("--screen", type=int, default=30, help="pictures that every configuration reads (30)")
    parser.add_argument("--finalists", type=int, default=3, help="configurations of an attacker that read all (3)")
    return parser.parse_args()


def knowledge_of(samples: list[Sample], args: argparse.Namespace) -> Knowledge:
    if args.arithmetic:
        return Knowledge(args.alphabet or SUM_ALPHABET, SUM_LENGTH, True)
    answers = [sample.answer for sample in samples]
    lengths = {len(answer) for answer in answers}
    alphabet = args.alphabet or "".join(sorted(set("".join(answers))))
    return Knowledge(alphabet, lengths.pop() if len(lengths) == 1 else None, False)


def by_attacker(attacks: list[Attack]) -> list[list[Attack]]:
    names = dict.fromkeys(attack.attacker for attack in attacks)
    return [[attack for attack in attacks if attack.attacker == name] for name in names]


def line(attack: Attack, result: Score) -> str:
    return (
        f"  {attack.attacker:19} {attack.configuration:36} {result.count:5} "
        f"{rate(result.exact, result.count)}  {rate(result.folded, result.count)}  {100 * result.characters:5.1f} %"
    )


def run(attack: Attack, samples: list[Sample], arithmetic: bool, mark: str = "") -> Score:
    start = time.monotonic()
    result = score(samples, attack.read(samples), arithmetic)
    each = (time.monotonic() - start) / result.count
    print(f"{line(attack, result)}     {1000 * each:6.0f} ms{mark}", flush=True)
    return result


def screened(attacks: list[Attack], samples: list[Sample], args: argparse.Namespace) -> list[Attack]:
    """Returns the best configurations, ranked by characters: if hardly a word is solved, words say little."""
    few = samples[: args.screen]
    results = [(run(attack, few, args.arithmetic), attack) for attack in attacks]
    results.sort(key=lambda pair: (pair[0].characters, pair[0].folded), reverse=True)
    ranked = [attack for _, attack in results]
    return [attack for rank, attack in enumerate(ranked) if rank < args.finalists or attack.always]


def best(attacks: Iterable[Attack], samples: list[Sample], args: argparse.Namespace) -> tuple[Attack, Score]:
    results = [(attack, run(attack, samples, args.arithmetic, "  *")) for attack in attacks]
    return max(results, key=lambda pair: pair[1].exact if args.strict else pair[1].folded)


def attack_folder(folder: Path, args: argparse.Namespace) -> None:
    samples = load(folder)[: args.limit]
    if not samples:
        print(f"{folder}: no picture named ANSWER_n.png")
        return
    knowledge, lines = knowledge_of(samples, args), lines_of(samples[0].picture)
    print(f"{folder}: {len(samples)} pictures, alphabet {knowledge.alphabet}, {lines} line(s); * marks a run over all")
    print(f"  {'attacker':19} {'configuration':36} {'n':>5} {'solved':23} {'with look-alikes':23} characters  each")
    if args.quick:
        groups = [dddd.as_shipped(("raw",))]
    else:
        groups = by_attacker(dddd.as_shipped() + dddd.adapted(knowledge, lines) + tess.attacks(knowledge, lines))
    winners = []
    for attacks in groups:
        chosen = attacks if args.quick else screened(attacks, samples, args)
        winners.append(best(chosen, samples, args))
    print("  BEST OF EACH ATTACKER")
    for attack, result in winners:
        print(line(attack, result))


def main() -> None:
    args = arguments()
    for folder in args.folders:
        attack_folder(folder, args)


if __name__ == "__main__":
    main()
