"""The account of a run: what was asked, what came back, how long it took, and whether the measuring itself disturbed."""
import collections

from figures import milliseconds, percentile

SEND_LAG_MS_MAX = 10.0       # p99: more, and latencies are the generator's as much as the server's
ERROR_KINDS_MAX = 50         # a message may carry a number that is never the same
CLIENT_CPU_SHARE_MAX = 0.25  # of one core


def is_good(answer, first_ms, between_ms):
    """Whether an answer met both limits; its time between tokens is the mean after the first."""
    if not answer.complete or answer.first * 1e3 > first_ms:
        return False
    return answer.per_token is None or answer.per_token * 1e3 <= between_ms


def failures(answers):
    """Kind of error -> how often, the commonest of them. Refusals, wrong requests that were refused as such, and hanging up are no errors."""
    kinds = collections.Counter()
    for answer in answers:
        if answer.problem and not (answer.problem == "hung up" and answer.request.hang_up_after):
            kinds[answer.problem] += 1
    return dict(kinds.most_common(ERROR_KINDS_MAX))


def long_prompt(answers, intruder):
    """Gaps between events of the others before a long prompt came (once all of them had begun) and while it was read."""
    begin = intruder.sent
    end = intruder.text_times[0] if intruder.text_times else intruder.ended
    steady = max((answer.text_times[0] for answer in answers if answer.text_times[0] <= begin), default=begin)
    gaps = [gap for answer in answers for gap in answer.gaps()]
    last = max((right for _, right in gaps), default=begin)
    return {"first_token_ms": round((end - begin) * 1e3, 1),
            "before_ms": milliseconds([right - left for left, right in gaps if left >= steady and right <= begin]),
            "during_ms": milliseconds([right - left for left, right in gaps if right > begin and left < end]),
            "streams_outlasted_it": last >= end}


def account(answers, first_ms, between_ms, seconds_offered=None):
    """One object with everything. `seconds_offered`: how long requests came in an open loop; goodput is per second of it."""
    counted = [answer for answer in answers if answer.request.counts]
    complete = [answer for answer in counted if answer.complete]
    refused = [answer for answer in counted if answer.refused]
    begin = min(answer.due for answer in counted)
    seconds = max(answer.ended for answer in counted) - begin
    tokens = sum(answer.tokens for answer in complete)
    events = sum(len(answer.text_times) for answer in complete)
    good = sum(is_good(answer, first_ms, between_ms) for answer in counted)
    gaps = [right - left for answer in complete for left, right in answer.gaps()]
    found = {
        "seconds": round(seconds, 3), "requests": len(counted), "answers": len(complete), "refused": len(refused),
        "hung_up": sum(answer.problem == "hung up" for answer in counted), "errors": failures(answers),
        "offered_per_second": round(len(counted) / (seconds_offered or seconds), 3),
        "answers_per_second": round(len(complete) / seconds, 3),
        "tokens": tokens, "tokens_per_second": round(tokens / seconds, 1),
        "tokens_missing": sum(answer.request.answer_tokens - answer.tokens for answer in complete),
        "tokens_per_event": round(tokens / events, 3) if events else None,
        "prompt_tokens_unexpected": sum((answer.prompt_tokens or 0) - answer.request.prompt_tokens for answer in complete),
        "cached_tokens": sum(answer.cached_tokens for answer in complete),
        "first_token_ms": milliseconds([answer.first for answer in complete]),
        "between_events_ms": milliseconds(gaps),
        "per_token_ms": milliseconds([answer.per_token for answer in complete if answer.per_token is not None]),
        "end_to_end_ms": milliseconds([answer.whole for answer in complete]),
        "refused_after_ms": milliseconds([answer.whole for answer in refused]),
        "retry_after_s": percentile([answer.retry_after for answer in refused if answer.retry_after is not None], 50),
        "limits_ms": {"first": first_ms, "between": between_ms},
        "good": good, "goodput_per_second": round(good / (seconds_offered or seconds), 3),
        "send_lag_ms": milliseconds([answer.sent - answer.due for answer in counted]),
    }
    if intruders := [answer for answer in answers if not answer.request.counts]:
        found["long_prompt"] = long_prompt(complete, intruders[0])
        found["errors"] = failures(answers)
    return found


def doubts(found):
    """Sentences about what makes a run's figures doubtful."""
    if found["errors"]:
        yield f"{sum(found['errors'].values())} requests failed: {found['errors']}"
    if found["tokens_missing"]:
        yield f"{found['tokens_missing']} tokens fewer than asked for"
    if found["prompt_tokens_unexpected"]:
        yield f"the server counted {found['prompt_tokens_unexpected']:+} prompt tokens against what was sent"
    if not found.get("long_prompt", {}).get("streams_outlasted_it", True):
        yield "the streams ended before the long prompt was read: longer answers are needed"
    if (found["send_lag_ms"]["p99"] or 0) > SEND_LAG_MS_MAX:
        yield f"the generator was late: {found['send_lag_ms']['p99']} ms (p99)"
    if found.get("client_cpu_share", 0) > CLIENT_CPU_SHARE_MAX:
        yield f"the generator took {found['client_cpu_share']:.0%} of a core"
    if found.get("others_cpu_share", 0) > 0.1:
        yield f"other processes took {found['others_cpu_share']:.0%} of the machine"
