#pragma once
/// The tile instructions (tiles.h) in plain C++, for tests on processors without them. Defined in
/// emulated_tiles_test.cpp: part of the test program only.
///
/// Follows the pseudocode of Intel's SDM. What the processor answers with a fault ends the program.

#include <cstddef>

#include "kernels/amx/tiles.h"

namespace croft {

struct EmulatedTiles {
  static void configure(const TileShapes& shapes);
  static void release();
  template <int C>
  static void zero() {
    zero_tile(C);
  }
  template <int T>
  static void load(const std::byte* from, std::size_t stride) {
    load_tile(T, from, stride);
  }
  template <int T>
  static void store(std::byte* to, std::size_t stride) {
    store_tile(T, to, stride);
  }
  template <int C, int A, int B>
  static void dot_int8() {
    static_assert(C != A && C != B && A != B, "the instruction wants three registers");
    dot_int8_tiles(C, A, B);
  }
  template <int C, int A, int B>
  static void dot_bf16() {
    static_assert(C != A && C != B && A != B, "the instruction wants three registers");
    dot_bf16_tiles(C, A, B);
  }

 private:
  static void zero_tile(int tile);
  static void load_tile(int tile, const std::byte* from, std::size_t stride);
  static void store_tile(int tile, std::byte* to, std::size_t stride);
  static void dot_int8_tiles(int c, int a, int b);
  static void dot_bf16_tiles(int c, int a, int b);
};

}  // namespace croft
