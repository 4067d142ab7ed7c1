#include "router/policy/import/foreign_tree.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

#include "text/utf8.h"

namespace croft {
namespace {

const ConfigNode* member(const ConfigNode* table, std::string_view name) {
  return table == nullptr ? nullptr : table->find(name);
}

}  // namespace

const ConfigNode* ForeignTree::table(const ConfigNode* node, std::string_view name) {
  const ConfigNode* found = member(node, name);
  return found != nullptr && found->kind == NodeKind::Table ? found : nullptr;
}

const ConfigNode* ForeignTree::list(const ConfigNode* node, std::string_view name) {
  const ConfigNode* found = member(node, name);
  return found != nullptr && found->kind == NodeKind::List ? found : nullptr;
}

std::optional<std::string> ForeignTree::text(const ConfigNode* table, std::string_view name) {
  const ConfigNode* found = member(table, name);
  if (found == nullptr || found->kind != NodeKind::Text || found->text.empty()) return std::nullopt;
  taken_.insert(found);
  return found->text;
}

std::optional<double> ForeignTree::number(const ConfigNode* table, std::string_view name) {
  const ConfigNode* found = member(table, name);
  if (found == nullptr) return std::nullopt;
  double value = found->real;
  if (found->kind == NodeKind::Text) {
    const char* end = found->text.data() + found->text.size();
    const auto [stop, problem] = std::from_chars(found->text.data(), end, value);
    if (problem != std::errc{} || stop != end) return std::nullopt;
  } else if (found->kind != NodeKind::Integer && found->kind != NodeKind::Real) {
    return std::nullopt;
  }
  if (!std::isfinite(value)) return std::nullopt;
  taken_.insert(found);
  return value;
}

std::optional<bool> ForeignTree::flag(const ConfigNode* table, std::string_view name) {
  const ConfigNode* found = member(table, name);
  if (found == nullptr || found->kind != NodeKind::Flag) return std::nullopt;
  taken_.insert(found);
  return found->flag;
}

void ForeignTree::take(const ConfigNode& node) {
  taken_.insert(&node);
  for (const ConfigNode& item : node.items) take(item);
}

void ForeignTree::note(ImportNoteKind kind, const ConfigNode& node, std::string reason) {
  notes_.push_back({kind, node.key, node.place(), std::move(reason)});
}

void ForeignTree::drop(const ConfigNode& node, std::string reason) {
  note(ImportNoteKind::Dropped, node, std::move(reason));
  take(node);
}

std::vector<ImportNote> ForeignTree::finish(Reasons reasons) {
  list_rest(root_, reasons);
  return std::move(notes_);
}

bool ForeignTree::any_taken(const ConfigNode& node) const {
  if (taken_.contains(&node)) return true;
  for (const ConfigNode& item : node.items)
    if (any_taken(item)) return true;
  return false;
}

void ForeignTree::list_rest(const ConfigNode& node, Reasons reasons) {
  if (taken_.contains(&node) && node.items.empty()) return;
  const bool whole = !any_taken(node) && &node != &root_;
  if (whole || (node.items.empty() && &node != &root_)) {
    const std::string_view reason = reasons(node.name);
    note(ImportNoteKind::Dropped, node,
         std::string(reason.empty() ? "Croft has no such setting" : reason));
    return;
  }
  for (const ConfigNode& item : node.items) list_rest(item, reasons);
}

std::string toml_text(std::string_view value) {
  std::string out = "\"";
  for (const char c : utf8::repair(value, utf8::Invalid::MaximalSubpart)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04X", static_cast<unsigned>(byte));
      out += escape.data();
    } else {
      out += c;
    }
  }
  return out += '"';
}

std::string toml_number(double value) {
  std::array<char, 48> text{};
  // 12 digits: a cost per token times a million shows no binary rounding.
  std::snprintf(text.data(), text.size(), "%.12g", value);
  return text.data();
}

std::string toml_texts(const std::vector<std::string>& values) {
  std::string out = "[";
  for (const std::string& value : values) out += (out.size() > 1 ? ", " : "") + toml_text(value);
  return out += ']';
}

std::string toml_comment(std::string_view value) {
  std::string out = utf8::repair(value, utf8::Invalid::MaximalSubpart);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return out;
}

}  // namespace croft
