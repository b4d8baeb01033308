"""Spans: the periods in which a route left its primary group, found on counts by the second.

A second is an *anchor* when more than `full_share` of its requests went to another group, or when nobody answered
and not only the primary is to blame. Anchors belong together unless a calm of both `hold_down_s` seconds and
`hold_down_requests` requests lies between them; spans closer than `merge_gap_s` are one failover.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from analysis.failover.borders import CHANCE, answers_after, answers_before, count_needed, is_run_by_chance
from analysis.failover.strays import FEW_AWAY, StraysOfRoute, log_likelihood
from analysis.failover.stretches import SECOND, Burst, Stretch
from analysis.options import Options

#: How much better (in log-likelihood) two rates of failure must fit than one: about one chance in seventy.
_GAIN = 3.0
#: Chance below which a run of requests elsewhere is a full failover and no accident of a spill that was partial until
#: then: a mesh of many replicas has many of those. Where hardly any request (strays.FEW_AWAY) went there before the
#: run, CHANCE is enough.
_FULL_CHANCE = 0.001
#: How far before the first spill symptoms are looked for: so many seconds, or so many requests where they are rare.
_LOOK_BACK_S, _LOOK_BACK_REQUESTS = 600, 200
#: Failing seconds closer than this are one burst (longer where requests are rarer).
_BURST_GAP_S = 2


@dataclass(frozen=True)
class Span:
    """One failover on the scale of seconds: indices into the stretches of its route.

    `onset` is the stretch of the first symptom or, without one, of the first spill; `spill` is None when no request
    ever went elsewhere (an outage with nothing to fail over to); `full` and `failback` are None when the failover
    was only partial; `last` is the last stretch away from the baseline. `first_error` and `last_error` are the
    stretches of the symptoms that ended first and last, and `holes` those that come after a hole in the log.
    `answers_short` is how many answers of the primary the onset's stretch must still begin with for the log to hold
    the failover's beginning; 0 where enough of them come before it.
    """

    onset: int
    spill: int | None
    full: int | None
    failback: int | None
    last: int
    first_error: int | None
    last_error: int | None
    relapses: tuple[Burst, ...]
    outages: tuple[Burst, ...]
    holes: tuple[int, ...]
    answers_short: int
    began_before_start: bool
    open_at_end: bool


def find_spans(stretches: Sequence[Stretch], options: Options) -> list[Span]:
    """Return the failovers of one route, in time order; `stretches` is all of it in time order."""
    has_secondary = any(s.secondary for s in stretches)
    anchors = [i for i, s in enumerate(stretches) if _is_anchor(s, options, has_secondary)]
    groups = _group_anchors(stretches, anchors, options)
    merged = _merge(stretches, _gather(stretches, groups, options), options)
    return [_describe(stretches, parts, options, has_secondary) for parts in merged]


def _is_anchor(s: Stretch, options: Options, has_secondary: bool) -> bool:
    if s.secondary > options.full_share * s.routed:
        return True
    if s.ok or not s.failed:
        return False
    # Where another group exists, failures of the primary alone are symptoms, not yet a failover.
    return s.none_failed > 0 or not has_secondary


def _group_anchors(stretches: Sequence[Stretch], anchors: Sequence[int], options: Options) -> list[Burst]:
    groups: list[Burst] = []
    for i in anchors:
        if groups and not _is_calm_between(stretches, groups[-1].last, i, options):
            groups[-1] = Burst(groups[-1].first, i)
        else:
            groups.append(Burst(i, i))
    return groups


def _is_calm_between(stretches: Sequence[Stretch], before: int, after: int, options: Options) -> bool:
    calm_us = stretches[after].start - stretches[before].end - SECOND
    requests = sum(s.primary_ok for s in stretches[before + 1 : after])
    return calm_us >= options.hold_down_s * SECOND and requests >= options.hold_down_requests


def _is_significant(stretches: Sequence[Stretch], group: Burst) -> bool:
    """Drop strays: a few requests elsewhere among many, or a second or two without an answer."""
    members = stretches[group.first : group.last + 1]
    secondary = sum(s.secondary for s in members)
    primary = sum(s.primary for s in members)
    if secondary >= FEW_AWAY or (secondary >= 2 and not primary):
        return True
    if secondary >= 3 and (secondary > primary or any(s.symptoms for s in members)):
        return True
    lost = sum(s.failed for s in members if not s.ok)
    lasted = members[-1].end - members[0].start + SECOND
    return lost >= 5 and lasted >= 3 * SECOND


def _gather(stretches: Sequence[Stretch], groups: Sequence[Burst], options: Options) -> list[Burst]:
    """Return the groups that are no strays, each with the strays next to it that are a thin part of the same spill.

    Strays that follow each other within the merge gap may be a spill of their own.
    """
    significant = {g for g in groups if _is_significant(stretches, g)}
    strays = StraysOfRoute(stretches, sorted(significant, key=lambda g: g.first))
    found: list[Burst] = []
    for chain in _chains(stretches, groups, options):
        marked = [n for n, g in enumerate(chain) if g in significant]
        if not marked:
            spill = strays.gather(chain)
            found += [spill] if spill else []
            continue
        own = [chain[n] for n in marked]
        own[0] = strays.extend(own[0], chain[: marked[0]], ())
        own[-1] = strays.extend(own[-1], (), chain[marked[-1] + 1 :])
        found += own
    return found


def _chains(stretches: Sequence[Stretch], groups: Sequence[Burst], options: Options) -> list[list[Burst]]:
    """Return the groups in runs that the merge gap parts."""
    chains: list[list[Burst]] = []
    for group in groups:
        if chains and stretches[group.first].start - stretches[chains[-1][-1].last].end <= options.merge_gap_s * SECOND:
            chains[-1].append(group)
        else:
            chains.append([group])
    return chains


def _merge(stretches: Sequence[Stretch], groups: Sequence[Burst], options: Options) -> list[list[Burst]]:
    """Return the groups that are one failover each; one that its own rate of spilling explains is no relapse."""
    merged: list[list[Burst]] = []
    for chain in _chains(stretches, groups, options):
        parts = chain[:1]
        for group in chain[1:]:
            before = stretches[chain[0].first : parts[-1].last + 1]
            after = stretches[group.first : chain[-1].last + 1]
            if is_run_by_chance(_longest_calm(stretches[parts[-1].last + 1 : group.first]), before, after):
                parts[-1] = Burst(parts[-1].first, group.last)
            else:
                parts.append(group)
        merged.append(parts)
    return merged


def _longest_calm(stretches: Sequence[Stretch]) -> int:
    """Return the most answers of the primary in a row, strays between them."""
    runs = [0]
    for s in stretches:
        if s.secondary:
            runs.append(0)
        runs[-1] += s.primary_ok
    return max(runs)


def _describe(stretches: Sequence[Stretch], parts: Sequence[Burst], options: Options, has_secondary: bool) -> Span:
    group = Burst(parts[0].first, parts[-1].last)
    group = _widen(stretches, group)
    spill = next((i for i in range(group.first, group.last + 1) if stretches[i].secondary), None)
    onset = _find_onset(stretches, group.first if spill is None else spill)
    onset = min(onset, group.first)
    end = _end_of_trouble(stretches, group, options)
    full = _find_full(stretches, onset, spill, group.last, options)
    failback = None if full is None else _find_failback(stretches, full, end, options)
    outages = tuple(
        b for b in _bursts(stretches, _dark(stretches, onset, end, has_secondary)) if _is_outage(stretches, b)
    )
    relapses = _find_relapses(stretches, onset, end, full, options)
    # Nothing is tried again while nobody answers: an outage is told as such.
    relapses = [b for b in relapses if not any(o.first <= b.last and b.first <= o.last for o in outages)]
    # A later departure after a calm, within the merge gap, is a relapse of the same failover too.
    left_again = [
        part for part in parts[1:] if not any(b.first <= part.last and part.first <= b.last + 1 for b in relapses)
    ]
    last = max((i for i in range(group.first, end + 1) if _is_away(stretches[i], options)), default=group.last)
    last = max(last, group.last)
    errors = [i for i in range(onset, end + 1) if stretches[i].symptoms]
    mixed = stretches[onset : group.last + 1 if full is None else max(full, onset + 1)]
    answers_short = max(0, count_needed(mixed) - answers_before(stretches, onset))
    began_before_start = answers_short > stretches[onset].primary_ok
    needed_after = max(options.hold_down_requests, count_needed(reversed(stretches[onset : last + 1])))
    return Span(
        onset=onset,
        spill=spill,
        full=full,
        failback=failback,
        last=last,
        first_error=min(errors, key=lambda i: stretches[i].symptom_first_end, default=None),
        last_error=max(errors, key=lambda i: stretches[i].symptom_last_end, default=None),
        relapses=tuple(sorted([*relapses, *left_again], key=lambda b: b.first)),
        outages=outages,
        holes=tuple(i for i in range(onset, min(len(stretches), max(last, end) + 3)) if stretches[i].after_hole),
        answers_short=answers_short,
        began_before_start=began_before_start,
        open_at_end=answers_after(stretches, last) < needed_after,
    )


def _widen(stretches: Sequence[Stretch], group: Burst) -> Burst:
    """Add the seconds next to a group in which single requests went elsewhere, too few to be anchors themselves."""
    first, last = group.first, group.last
    while first > 0 and _adjoins(stretches, first - 1, first) and stretches[first - 1].secondary:
        first -= 1
    while last + 1 < len(stretches) and _adjoins(stretches, last, last + 1) and stretches[last + 1].secondary:
        last += 1
    return Burst(first, last)


def _adjoins(stretches: Sequence[Stretch], before: int, after: int) -> bool:
    return stretches[after].start - stretches[before].end <= _BURST_GAP_S * SECOND


def _find_relapses(
    stretches: Sequence[Stretch], onset: int, end: int, full: int | None, options: Options
) -> list[Burst]:
    """Return the bursts of failures after the first: probes of ejected endpoints, or a failback that did not hold."""
    # A service that always loses some requests is not tried again in every second.
    noise = sum(s.symptoms for s in stretches[:onset]) / max(1, sum(s.requests for s in stretches[:onset]))
    share = max(options.full_share, 3 * noise)
    failing = [i for i in range(onset, end + 1) if stretches[i].symptoms > share * stretches[i].requests]
    bursts = _bursts(stretches, failing)
    if full is None:
        return bursts[1:]
    return [replace(b, first=max(b.first, full)) for b in bursts if b.last >= full]


def _is_away(s: Stretch, options: Options) -> bool:
    return s.secondary > options.full_share * s.routed or (not s.ok and s.failed > 0)


def _find_onset(stretches: Sequence[Stretch], spill: int) -> int:
    """Return the stretch of the first symptom that belongs to the spill, not to the usual noise.

    The point before which and after which a constant rate of failures each fits best, if two rates fit so much
    better than one that it is no accident; else the spill itself.
    """
    horizon = stretches[spill].start - _LOOK_BACK_S * SECOND
    symptoms = [0, *accumulate(s.symptoms for s in stretches[: spill + 1])]
    requests = [0, *accumulate(s.requests for s in stretches[: spill + 1])]
    one_rate = log_likelihood(symptoms[-1], requests[-1])
    onset, best = spill, one_rate + _GAIN
    for i in range(spill + 1):
        s = stretches[i]
        is_too_early = s.end < horizon and requests[-1] - requests[i] > _LOOK_BACK_REQUESTS
        if not s.symptoms or is_too_early or not requests[i]:
            continue
        after, of_after = symptoms[-1] - symptoms[i], requests[-1] - requests[i]
        fit = log_likelihood(symptoms[i], requests[i]) + log_likelihood(after, of_after)
        if fit > best and after * requests[i] > 2 * symptoms[i] * of_after:
            onset, best = i, fit
    # A primary that answers nothing at all right before the spill is no noise, however short the log.
    while onset > 0 and stretches[onset - 1].symptoms and not stretches[onset - 1].ok:
        onset -= 1
    return onset


def _end_of_trouble(stretches: Sequence[Stretch], group: Burst, options: Options) -> int:
    """Return the last stretch with trouble that a calm of the hold-down does not part from the group."""
    end = group.last
    for i in range(group.last + 1, len(stretches)):
        if _is_calm_between(stretches, end, i, options):
            break
        s = stretches[i]
        # One lost request a while later is the usual noise; right after the last request elsewhere it is not.
        if s.symptoms > options.full_share * s.requests and (s.symptoms > 1 or _adjoins(stretches, end, i)):
            end = i
    return end


def _find_full(stretches: Sequence[Stretch], onset: int, spill: int | None, last: int, options: Options) -> int | None:
    """Return the first stretch from which the secondary serves alone for longer than a partial spill explains."""
    if spill is None:
        return None
    total = sum(s.routed for s in stretches[onset : last + 1])
    for i in range(spill, last + 1):
        if not _is_full(stretches[i], options):
            continue
        run = 0
        for s in stretches[i : last + 1]:
            if not _is_full(s, options):
                break
            run += s.secondary
        before = stretches[onset:i]
        away = sum(s.secondary for s in before)
        share = (away + 0.5) / (sum(s.routed for s in before) + 2)
        chance = CHANCE if away < FEW_AWAY else _FULL_CHANCE
        if math.log(max(1, total)) + run * math.log(share) < math.log(chance):
            return _after_stragglers(stretches, i, last)
    return None


def _after_stragglers(stretches: Sequence[Stretch], full: int, last: int) -> int:
    """Step over a second that still begins with a request or two to the primary."""
    s = stretches[full]
    if s.primary + s.none_failed and full < last:
        following = stretches[full + 1]
        if following.secondary and not following.primary + following.none_failed:
            return full + 1
    return full


def _is_full(s: Stretch, options: Options) -> bool:
    return s.secondary > 0 and s.primary + s.none_failed <= options.full_share * s.requests


def _find_failback(stretches: Sequence[Stretch], full: int, end: int, options: Options) -> int | None:
    """Return the stretch of the first answer of the primary that is more than a leak."""
    for i in range(full + 1, len(stretches)):
        if not stretches[i].primary_ok:
            continue
        if i > end:
            return i
        answered = routed = 0
        for s in stretches[i:]:
            answered, routed = answered + s.primary_ok, routed + s.routed
            if routed >= 100:
                break
        if answered > options.full_share * routed:
            return i
    return None


def _bursts(stretches: Sequence[Stretch], indices: Sequence[int]) -> list[Burst]:
    """Join stretches that follow each other within two seconds, or within three usual gaps between requests."""
    if not indices:
        return []
    around = stretches[indices[0] : indices[-1] + 1]
    lasted = around[-1].end - around[0].start + SECOND
    usual_gap = lasted / max(1, sum(s.requests for s in around))
    limit = max(_BURST_GAP_S * SECOND, 3 * usual_gap)
    bursts: list[Burst] = []
    for i in indices:
        if bursts and stretches[i].start - stretches[bursts[-1].last].end <= limit:
            bursts[-1] = Burst(bursts[-1].first, i)
        else:
            bursts.append(Burst(i, i))
    return bursts


def _dark(stretches: Sequence[Stretch], onset: int, end: int, has_secondary: bool) -> list[int]:
    """Return the stretches in which nobody answered, though more than the primary was asked."""
    return [
        i
        for i in range(onset, end + 1)
        if not stretches[i].ok
        and stretches[i].failed
        and (stretches[i].none_failed or stretches[i].secondary_failed or not has_secondary)
    ]


def _is_outage(stretches: Sequence[Stretch], burst: Burst) -> bool:
    members = stretches[burst.first : burst.last + 1]
    lost = sum(s.failed for s in members)
    lasted = members[-1].end - members[0].start + SECOND
    return lost >= 5 and lasted >= 3 * SECOND
