"""What an adapter and the driver say to each other: one JSON object a line, on the adapter's stdin and stdout.

The driver starts `adapter CONFIG` (CONFIG: a JSON object with model, threads, seqs, context). The adapter loads the model
and says {"ready": true, "about": {...}}, or {"error": "..."} and ends. Then, one at a time, until stdin closes:

    {"test": "prompt", "prompts": [[ids]], "n_gen": 0}      -> {"seconds": time to compute the prompt from nothing}
    {"test": "decode", "prompts": [[ids], ...], "n_gen": N} -> {"seconds": time of N more tokens of every sequence, once
                                                                all prompts are computed}

or {"error": "..."}, after which the next request may still succeed.
"""
import json
import os
import sys


def serve(engine_type):
    """Runs an adapter. engine_type(config) has .about, .prompt(ids) and .decode(prompts, n_gen); both give seconds."""
    # Native libraries print to standard output: they get standard error, and the protocol keeps the real one.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(answer):
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    try:
        engine = engine_type(json.loads(sys.argv[1]))
    except Exception as error:  # whatever a foreign library throws is a result to report
        say({"error": f"cannot load: {error}"})
        return
    say({"ready": True, "about": engine.about})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["test"] == "prompt":
                seconds = engine.prompt(request["prompts"][0])
            else:
                seconds = engine.decode(request["prompts"], request["n_gen"])
            say({"seconds": seconds, **getattr(engine, "details", {})})
        except Exception as error:
            say({"error": str(error)})
