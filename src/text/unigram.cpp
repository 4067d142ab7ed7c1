#include "text/unigram.h"

#include <algorithm>
#include <limits>

#include "text/utf8.h"

namespace croft {
namespace {

/// An unknown character scores this much less than the worst piece (SentencePiece's kUnkPenalty).
constexpr double unknown_penalty = 10.0;

/// The best way to reach a byte position.
struct Arrival {
  double score = -std::numeric_limits<double>::infinity();
  std::size_t from = 0;
  TokenId id = -1;  ///< -1: one unknown character
  bool reached = false;
};

void offer(Arrival& arrival, double score, std::size_t from, TokenId id) {
  // Strictly better only: of equals the one that starts first stays, as in the references.
  if (arrival.reached && score <= arrival.score) return;
  arrival = {score, from, id, true};
}

}  // namespace

Unigram::Unigram(const Vocabulary& vocabulary, UnigramOptions options)
    : vocabulary_(&vocabulary), byte_tokens_(find_byte_tokens(vocabulary)), options_(options) {
  double lowest = 0;
  bool any = false;
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (!forms_from_text(vocabulary.kind(id))) continue;
    pieces_.add(vocabulary.piece(id), id);
    const double score = vocabulary.score(id);
    lowest = any ? std::min(lowest, score) : score;
    any = true;
  }
  unknown_score_ = lowest - unknown_penalty;
}

void Unigram::append_unknown(std::string_view text, std::vector<TokenId>& out) const {
  if (options_.byte_fallback) {
    const bool complete = std::ranges::all_of(
        text, [this](char c) { return byte_tokens_[static_cast<unsigned char>(c)] >= 0; });
    if (complete) {
      for (const char c : text) out.push_back(byte_tokens_[static_cast<unsigned char>(c)]);
      return;
    }
  }
  if (options_.unknown) out.push_back(*options_.unknown);
}

void Unigram::encode(std::string_view piece, std::vector<TokenId>& out) const {
  std::vector<Arrival> arrivals(piece.size() + 1);
  arrivals[0].score = 0;
  arrivals[0].reached = true;
  for (std::size_t at = 0; at < piece.size();) {
    const std::uint8_t length = utf8::decode(piece, at).length;
    const double score = arrivals[at].score;
    bool single = false;  // a piece covers exactly this character
    pieces_.for_each_prefix(piece.substr(at), [&](std::size_t bytes, TokenId id) {
      single = single || bytes == length;
      offer(arrivals[at + bytes], score + vocabulary_->score(id), at, id);
    });
    if (!single) offer(arrivals[at + length], score + unknown_score_, at, -1);
    at += length;
  }
  std::vector<std::size_t> ends;
  for (std::size_t end = piece.size(); end > 0; end = arrivals[end].from) ends.push_back(end);
  for (std::size_t i = ends.size(); i > 0; --i) {
    const Arrival& arrival = arrivals[ends[i - 1]];
    if (arrival.id >= 0) {
      out.push_back(arrival.id);
      continue;
    }
    std::size_t end = ends[i - 1];
    while (i > 1 && arrivals[ends[i - 2]].id < 0) end = ends[--i - 1];
    append_unknown(piece.substr(arrival.from, end - arrival.from), out);
  }
}

}  // namespace croft
