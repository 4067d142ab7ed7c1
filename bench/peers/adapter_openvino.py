"""OpenVINO GenAI, which reads GGUF itself. Greedy; its own metrics say when each token was there."""
import time

import numpy
import openvino
import openvino_genai

from protocol import serve


class OpenVino:
    def __init__(self, config):
        properties = {"INFERENCE_NUM_THREADS": config["threads"], "PERFORMANCE_HINT": "LATENCY"}
        self.pipeline = openvino_genai.LLMPipeline(config["model"], "CPU", **properties)
        self.about = {"version": f"openvino-genai {openvino_genai.__version__}",
                      "flags": ", ".join(f"{key}={value}" for key, value in properties.items())}

    def generate(self, prompts, count):
        ids = numpy.array(prompts, dtype=numpy.int64)
        inputs = openvino_genai.TokenizedInputs(openvino.Tensor(ids), openvino.Tensor(numpy.ones_like(ids)))
        options = openvino_genai.GenerationConfig()
        options.max_new_tokens = options.min_new_tokens = count
        options.ignore_eos = True
        options.do_sample = False
        start = time.perf_counter()
        result = self.pipeline.generate(inputs, options)
        seconds = time.perf_counter() - start
        short = [len(tokens) for tokens in result.tokens if len(tokens) != count]
        if short:
            raise RuntimeError(f"{len(short)} of {len(prompts)} answers have not {count} tokens: {short}")
        return seconds, result.perf_metrics.raw_metrics

    def prompt(self, ids):
        seconds, _ = self.generate([ids], 1)
        return seconds

    def decode(self, prompts, n_gen):
        _, metrics = self.generate(prompts, n_gen + 1)
        times = metrics.m_new_token_times
        if len(times) != n_gen + 1:
            raise RuntimeError(f"{len(times)} steps instead of {n_gen + 1}: the sequences did not run side by side")
        return (times[-1] - times[0]) / 1000


if __name__ == "__main__":
    serve(OpenVino)
