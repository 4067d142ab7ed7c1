"""llama.cpp by the low-level API of llama-cpp-python: llama_decode on batches of ids, nothing else in the timed part.

Tokens are not sampled: the next ids are given, which spares llama.cpp work that the others do.
"""
import time

import llama_cpp

from protocol import serve


class Context:
    """A context of its own for one sequence and for many: each as its users would create it."""

    def __init__(self, model, threads, seqs, positions):
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = seqs * positions
        params.n_seq_max = seqs
        params.n_batch = max(2048, seqs * positions)
        params.n_threads = params.n_threads_batch = threads
        self.handle = llama_cpp.llama_init_from_model(model, params)
        if not self.handle:
            raise RuntimeError("llama_init_from_model failed")
        self.batch = llama_cpp.llama_batch_init(params.n_batch, 0, 1)

    def clear(self):
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.handle), False)

    def add(self, token, position, sequence, wants_logits):
        batch, index = self.batch, self.batch.n_tokens
        batch.token[index] = token
        batch.pos[index] = position
        batch.n_seq_id[index] = 1
        batch.seq_id[index][0] = sequence
        batch.logits[index] = wants_logits
        batch.n_tokens = index + 1

    def run(self):
        result = llama_cpp.llama_decode(self.handle, self.batch)
        if result != 0:
            raise RuntimeError(f"llama_decode returned {result}")
        llama_cpp.llama_synchronize(self.handle)
        self.batch.n_tokens = 0

    def load_prompts(self, prompts):
        self.clear()
        for sequence, ids in enumerate(prompts):
            for position, token in enumerate(ids):
                self.add(token, position, sequence, position + 1 == len(ids))


class LlamaCpp:
    def __init__(self, config):
        llama_cpp.llama_backend_init()
        params = llama_cpp.llama_model_default_params()
        params.n_gpu_layers = 0
        model = llama_cpp.llama_model_load_from_file(config["model"].encode(), params)
        if not model:
            raise RuntimeError("llama_model_load_from_file failed")
        self.single = Context(model, config["threads"], 1, config["context"])
        self.many = Context(model, config["threads"], config["seqs"], config["context"])
        self.about = {"version": f"llama-cpp-python {llama_cpp.__version__}",
                      "features": llama_cpp.llama_print_system_info().decode(),
                      "flags": "n_ubatch 512, F16 cache, flash attention auto, weights repacked where llama.cpp can"}

    def prompt(self, ids):
        self.single.load_prompts([ids])
        start = time.perf_counter()
        self.single.run()
        return time.perf_counter() - start

    def decode(self, prompts, n_gen):
        context = self.single if len(prompts) == 1 else self.many
        context.load_prompts(prompts)
        context.run()
        start = time.perf_counter()
        for step in range(n_gen):
            for sequence, ids in enumerate(prompts):
                context.add(ids[step % len(ids)], len(ids) + step, sequence, True)
            context.run()
        return time.perf_counter() - start


if __name__ == "__main__":
    serve(LlamaCpp)
