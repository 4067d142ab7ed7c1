#!/usr/bin/env python3
"""Makes tests/data/ggml_types/*.bin: random blocks and what they dequantize to, by an independent reader.

Needs `pip install gguf==0.19.0 numpy`. Each file: u32 block count, u32 values per block, u32 bytes per block, all
little-endian, then the blocks, then the values as float32. Scales include zeros, subnormals and the largest finite
binary16; no value is a NaN, so that bits compare. The seed is fixed: running this again gives the same files.
"""

import pathlib
import struct

import gguf
import numpy as np

# Type name -> offsets of the binary16 scales inside a block.
SCALES = {
    "F32": [], "F16": [], "BF16": [],
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
    "IQ4_NL": [0], "IQ4_XS": [0],
}
EXTREME = np.array([0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x7BFF, 0xFBFF, 0x3C00], dtype="<u2")


def finite_halves(rng, count):
    bits = rng.integers(0, 1 << 16, count, dtype=np.uint16)
    bits[(bits & 0x7C00) == 0x7C00] &= 0xBFFF  # clears one exponent bit: no infinity, no NaN
    return bits.astype("<u2")


def blocks_of(rng, name, size, count):
    if name == "F32":
        return rng.standard_normal(count).astype("<f4").view(np.uint8).reshape(count, size)
    if name in ("F16", "BF16"):
        bits = finite_halves(rng, count)
        bits[:8] = EXTREME
        if name == "BF16":
            bits[(bits & 0x7F80) == 0x7F80] &= 0xBFFF
        return bits.view(np.uint8).reshape(count, size)
    blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
    for offset in SCALES[name]:
        scales = finite_halves(rng, count)
        scales[: count // 3] = rng.choice(EXTREME, count // 3)
        blocks[:, offset : offset + 2] = scales.view(np.uint8).reshape(count, 2)
    return blocks


def main():
    folder = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data" / "ggml_types"
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(SCALES):
        kind = gguf.GGMLQuantizationType[name]
        per_block, size = gguf.GGML_QUANT_SIZES[kind]
        count = {1: 256, 32: 24, 256: 6}[per_block]
        blocks = blocks_of(np.random.default_rng(seed), name, size, count)
        source = blocks.view(np.float32) if name == "F32" else blocks.reshape(1, -1)
        if name == "F16":
            source = source.view(np.float16)
        values = np.asarray(gguf.quants.dequantize(source, kind), dtype="<f4").reshape(-1)
        assert values.size == count * per_block and not np.isnan(values).any(), name
        header = struct.pack("<III", count, per_block, size)
        path = folder / f"{name.lower()}.bin"
        path.write_bytes(header + blocks.tobytes() + values.tobytes())


if __name__ == "__main__":
    main()
