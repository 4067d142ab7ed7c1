#!/usr/bin/env python3
"""Writes the seed corpora of gguf_fuzz, safetensors_fuzz and model_fuzz: small valid files, and one per known kind of lie.

Run from anywhere: tools/make_fuzz_seeds.py. Writing them again gives the same bytes.
"""
import json
import pathlib
import struct

SOURCES = pathlib.Path(__file__).resolve().parent.parent / "src"
U64_MAX = 2**64 - 1
U8, U32, F32, BOOL, STRING, ARRAY, U64 = 0, 4, 6, 7, 8, 9, 10
TENSOR_F32, TENSOR_Q4_0, TENSOR_Q8_0, TENSOR_IQ2_XS = 0, 2, 8, 17


def text(value, size=None):
    data = value.encode()
    return struct.pack("<Q", len(data) if size is None else size) + data


def key(name, kind, value, name_size=None):
    return text(name, name_size) + struct.pack("<I", kind) + value


def tensor(name, shape, kind, offset, dims=None, name_size=None):
    count = len(shape) if dims is None else dims
    return (text(name, name_size) + struct.pack("<I", count) + struct.pack(f"<{len(shape)}Q", *shape)
            + struct.pack("<IQ", kind, offset))


KEYS = [
    key("general.architecture", STRING, text("test")),
    key("general.alignment", U32, struct.pack("<I", 32)),
    key("flag", BOOL, b"\1"),
    key("words", ARRAY, struct.pack("<IQ", STRING, 2) + text("a") + text("bc")),
    key("scores", ARRAY, struct.pack("<IQff", F32, 2, 0.5, 1.5)),
    key("large", U64, struct.pack("<Q", 2**63)),
]
TENSORS = [tensor("first", [4, 2], TENSOR_F32, 0), tensor("second", [32], TENSOR_Q8_0, 32)]


def gguf(keys=KEYS, tensors=TENSORS, data=66, magic=b"GGUF", version=3, n_keys=None, n_tensors=None):
    out = magic + struct.pack("<IQQ", version, len(tensors) if n_tensors is None else n_tensors,
                              len(keys) if n_keys is None else n_keys)
    out += b"".join(keys) + b"".join(tensors)
    return out + bytes(-len(out) % 32) + b"Z" * data


def one(shape, kind=TENSOR_F32, offset=0, name="t", data=64, **more):
    return gguf(tensors=[tensor(name, shape, kind, offset, **more)], data=data)


def gguf_seeds():
    alignment = lambda kind, value: gguf(keys=[key("general.alignment", kind, value)])
    return {
        "good": gguf(),
        "good_version_2": gguf(version=2),
        "good_metadata_only": gguf(tensors=[], data=0),
        "bad_magic": gguf(magic=b"GGML"),
        "bad_version_0": gguf(version=0),
        "bad_version_1": gguf(version=1),
        "bad_version_future": gguf(version=9),
        "bad_version_big_endian": gguf(version=0x03000000),
        "bad_n_keys": gguf(n_keys=U64_MAX),
        "bad_n_tensors": gguf(n_tensors=2**63),
        "bad_key_size": gguf(keys=[key("k", U32, bytes(4), name_size=U64_MAX)]),
        "bad_key_type": gguf(keys=[key("k", 13, bytes(4))]),
        "bad_key_empty": gguf(keys=[key("", U32, bytes(4))]),
        "bad_key_array_length": gguf(keys=[key("k", ARRAY, struct.pack("<IQ", U64, 2**61 + 1) + bytes(8))]),
        "bad_key_array_of_arrays": gguf(keys=[key("k", ARRAY, struct.pack("<IQ", ARRAY, 1) + bytes(12))]),
        "bad_key_alignment": alignment(U32, struct.pack("<I", 24)),
        "bad_key_alignment_zero": alignment(U32, bytes(4)),
        "bad_key_alignment_type": alignment(U8, b"\x20"),
        "bad_key_twice": gguf(keys=[KEYS[0], KEYS[0]]),
        "bad_bool": gguf(keys=[key("flag", BOOL, b"\2")]),
        "bad_tensor_name_size": one([8], name_size=2**40),
        "bad_tensor_n_dims": one([8, 1, 1, 1, 1]),
        "bad_tensor_n_dims_huge": one([8], dims=2**32 - 1),
        "bad_tensor_shape": one([33], TENSOR_Q4_0),
        "bad_tensor_zero_dimension": one([8, 0, 2]),
        "bad_tensor_elements": one([2**63 - 1, 2, 1, 1]),
        "bad_tensor_elements_wrap_blocks": one([32, 2**59, 1, 32], TENSOR_Q4_0),
        "bad_tensor_bytes": one([4, 2**60 + 1]),
        "bad_tensor_type": one([256], TENSOR_IQ2_XS),
        "bad_tensor_type_huge": one([256], 2**32 - 1),
        "bad_tensor_offset": one([8], offset=U64_MAX - 31),
        "bad_tensor_offset_unaligned": one([8], offset=4),
        "bad_tensor_twice": gguf(tensors=[TENSORS[0], tensor("first", [4, 2], TENSOR_F32, 32)]),
        "bad_tensor_overlap": gguf(tensors=[tensor("a", [16], 0, 0), tensor("b", [16], 0, 32)], data=128),
        "bad_alignment_inconsistent": gguf(keys=[key("general.alignment", U32, struct.pack("<I", 64))]),
        "bad_not_enough_data": gguf(data=65),
        "bad_total_size": gguf(tensors=[tensor("a", [2**61 - 8], 0, 0), tensor("b", [2**61 - 8], 0, 2**63)]),
    }


def safetensors(header, data=16, size=None):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw) if size is None else size) + raw + b"Z" * data


def entry(begin, end, shape, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors_seeds():
    return {
        "good": safetensors({"__metadata__": {"format": "pt"}, "a": entry(0, 8, [1, 2]), "b": entry(8, 16, [4], "BF16")}),
        "good_skipped": safetensors({"ids": entry(0, 16, [1, 2], "I64")}),
        "good_scalar": safetensors({"a": entry(0, 4, [])}, 4),
        "good_empty": safetensors({}, 0),
        "bad_header_size": safetensors({}, size=U64_MAX),
        "bad_header_cut": safetensors({"a": entry(0, 16, [4])}, 0, size=1000),
        "bad_json": safetensors(b'{"a":'),
        "bad_json_deep": safetensors(b"[" * 200),
        "bad_no_object": safetensors(b"[1]"),
        "bad_shape_negative": safetensors({"a": entry(0, 16, [-4])}),
        "bad_shape_wraps": safetensors({"a": entry(0, 16, [2**59 + 4])}),
        "bad_shape_float": safetensors({"a": entry(0, 16, [4.5])}),
        "bad_offsets_outside": safetensors({"a": entry(0, 32, [8])}),
        "bad_offsets_reversed": safetensors({"a": entry(16, 0, [4])}),
        "bad_hole": safetensors({"a": entry(4, 16, [3])}),
        "bad_overlap": safetensors({"a": entry(0, 12, [3]), "b": entry(8, 16, [2])}),
        "bad_size": safetensors({"a": entry(0, 16, [5])}),
    }


# One-layer models whose matrices have 8 inputs: 2 heads of 4, one of keys and values, 8 feed-forward rows.
H, Q, KV, FFN, VOCABULARY = 8, 8, 4, 8, 4
ATTENTION = [("attn_q.weight", [H, Q]), ("attn_k.weight", [H, KV]), ("attn_v.weight", [H, KV])]
FUSED = [("attn_qkv.weight", [H, Q + 2 * KV])]
PRE_NORMS = [("attn_norm.weight", [H]), ("ffn_norm.weight", [H])]
POST_NORMS = [("post_attention_norm.weight", [H]), ("post_ffw_norm.weight", [H])]
ENCODER_NORMS = [(f"{stem}.{part}", [H]) for stem in ("attn_output_norm", "layer_output_norm") for part in ("weight", "bias")]
HEAD_NORMS = [("attn_q_norm.weight", [4]), ("attn_k_norm.weight", [4])]
GATE = [("ffn_gate.weight", [H, FFN])]
FAMILIES = {  # name: tensors of a layer beyond those that every family has
    "llama": ATTENTION + PRE_NORMS + GATE,
    "qwen2": ATTENTION + PRE_NORMS + GATE + [("attn_q.bias", [Q]), ("attn_k.bias", [KV]), ("attn_v.bias", [KV])],
    "qwen3": ATTENTION + PRE_NORMS + GATE + HEAD_NORMS,
    "gemma2": ATTENTION + PRE_NORMS + POST_NORMS + GATE,
    "gemma3": ATTENTION + PRE_NORMS + POST_NORMS + GATE + HEAD_NORMS,
    "phi3": FUSED + PRE_NORMS,
    "smollm3": ATTENTION + PRE_NORMS + GATE,
    "granite": ATTENTION + PRE_NORMS + GATE,
    "olmo2": ATTENTION + POST_NORMS + GATE + [("attn_q_norm.weight", [Q]), ("attn_k_norm.weight", [KV])],
    "bert": ATTENTION + ENCODER_NORMS,
    "nomic-bert": FUSED + ENCODER_NORMS + GATE,
}


def model(family):
    encoder = family in ("bert", "nomic-bert")
    counts = {"embedding_length": H, "block_count": 1, "feed_forward_length": FFN, "context_length": 4,
              "attention.head_count": 2, "attention.head_count_kv": 1, "attention.sliding_window": 1}
    keys = [key("general.architecture", STRING, text(family))]
    keys += [key(f"{family}.{name}", U32, struct.pack("<I", value)) for name, value in counts.items()]
    epsilon = "attention.layer_norm_epsilon" if encoder else "attention.layer_norm_rms_epsilon"
    keys.append(key(f"{family}.{epsilon}", F32, struct.pack("<f", 1e-5)))
    shapes = [("token_embd.weight", [H, VOCABULARY])]
    if encoder:
        shapes += [("token_embd_norm.weight", [H]), ("token_embd_norm.bias", [H]), ("token_types.weight", [H, 2])]
    else:
        shapes.append(("output_norm.weight", [H]))
    if family == "bert":
        shapes.append(("position_embd.weight", [H, 4]))
    layer = FAMILIES[family] + [("attn_output.weight", [Q, H]), ("ffn_down.weight", [FFN, H]),
                                ("ffn_up.weight", [H, 2 * FFN if family == "phi3" else FFN])]
    shapes += [("blk.0." + name, shape) for name, shape in layer]
    tensors, values = [], 0
    for name, shape in shapes:
        tensors.append(tensor(name, shape, TENSOR_F32, 4 * values))
        values += (shape[0] * (shape[1] if len(shape) > 1 else 1) + 7) // 8 * 8
    head = gguf(keys, tensors, 0)
    return head + struct.pack(f"<{values}f", *((i % 7 - 3) / 4 for i in range(values)))


def main():
    models = {f"{family}.gguf": model(family) for family in FAMILIES}
    for place, seeds in (("io/corpus/gguf", gguf_seeds()), ("io/corpus/safetensors", safetensors_seeds()),
                         ("model/corpus/model", models)):
        folder = SOURCES / place
        folder.mkdir(parents=True, exist_ok=True)
        for seed, content in seeds.items():
            (folder / seed).write_bytes(content)
        print(f"{len(seeds)} seeds in {folder}")


if __name__ == "__main__":
    main()
