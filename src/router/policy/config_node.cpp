#include "router/policy/config_node.h"

#include <algorithm>
#include <utility>

namespace croft {
namespace {

bool is_bare(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

ConfigNode* find_item(ConfigNode& table, std::string_view name) {
  const auto found = std::ranges::find(table.items, name, &ConfigNode::name);
  return found == table.items.end() ? nullptr : &*found;
}

}  // namespace

const ConfigNode* ConfigNode::find(std::string_view member) const {
  if (kind != NodeKind::Table) return nullptr;
  const auto found = std::ranges::find(items, member, &ConfigNode::name);
  return found == items.end() ? nullptr : &*found;
}

std::string ConfigNode::place() const {
  const std::string name_of_file = file == nullptr ? "(no file)" : *file;
  return line == 0 ? name_of_file : name_of_file + ":" + std::to_string(line);
}

std::filesystem::path ConfigNode::folder() const {
  return file == nullptr ? std::filesystem::path() : std::filesystem::path(*file).parent_path();
}

std::string_view node_kind_text(NodeKind kind) {
  switch (kind) {
    case NodeKind::Text:
      return "a string";
    case NodeKind::Integer:
      return "a whole number";
    case NodeKind::Real:
      return "a number";
    case NodeKind::Flag:
      return "true or false";
    case NodeKind::List:
      return "an array";
    case NodeKind::Table:
      return "a table";
    case NodeKind::Null:
      return "empty";
    case NodeKind::Other:
      break;
  }
  return "a value of another kind";
}

std::string member_key(std::string_view table_key, std::string_view name) {
  std::string key(table_key);
  if (!key.empty()) key += '.';
  if (is_bare(name)) return key.append(name);
  key += '"';
  for (const char c : name) {
    if (c == '"' || c == '\\') key += '\\';
    key += c;
  }
  return key += '"';
}

void merge_entries(ConfigNode& base, ConfigNode later) {
  for (ConfigNode& table : later.items) {
    ConfigNode* into = find_item(base, table.name);
    if (into == nullptr) {
      base.items.push_back(std::move(table));
      continue;
    }
    if (into->kind != NodeKind::Table || table.kind != NodeKind::Table) {
      *into = std::move(table);
      continue;
    }
    for (ConfigNode& entry : table.items) {
      if (ConfigNode* old = find_item(*into, entry.name); old != nullptr)
        *old = std::move(entry);
      else
        into->items.push_back(std::move(entry));
    }
  }
}

}  // namespace croft
