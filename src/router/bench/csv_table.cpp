#include "router/bench/csv_table.h"

#include <algorithm>
#include <utility>

namespace croft {
namespace {

class Reader {
 public:
  Reader(std::string_view text, std::string_view what) : text_(text), what_(what) {}

  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] std::size_t line() const { return line_; }

  std::unexpected<Error> wrong(std::size_t line, const std::string& why) const {
    return fail(ErrorCode::InvalidArgument,
                std::string(what_) + ":" + std::to_string(line) + ": " + why);
  }

  /// The next record; of an empty line one empty field.
  Result<std::vector<std::string>> record() {
    std::vector<std::string> fields;
    for (;;) {
      fields.push_back(TRY(field()));
      if (fields.size() > csv_columns_max)
        return fail(ErrorCode::TooLarge,
                    std::string(what_) + ":" + std::to_string(line_) + ": over 256 columns");
      if (at_end()) return fields;
      if (text_[at_] == ',') {
        ++at_;
        continue;
      }
      if (text_[at_] == '\r') ++at_;
      if (!at_end() && text_[at_] == '\n') ++at_;
      ++line_;
      return fields;
    }
  }

 private:
  Result<std::string> field() {
    if (at_end() || text_[at_] != '"') {
      const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
      std::string plain(text_.substr(at_, end - at_));
      at_ = end;
      return plain;
    }
    const std::size_t begin_line = line_;
    std::string quoted;
    for (++at_;;) {
      const std::size_t quote = text_.find('"', at_);
      if (quote == std::string_view::npos)
        return wrong(begin_line, "a field's quote is not closed");
      const std::string_view part = text_.substr(at_, quote - at_);
      line_ += static_cast<std::size_t>(std::ranges::count(part, '\n'));
      quoted += part;
      at_ = quote + 1;
      if (at_end() || text_[at_] != '"') break;
      quoted += '"';
      ++at_;
    }
    if (!at_end() && std::string_view(",\r\n").find(text_[at_]) == std::string_view::npos)
      return wrong(line_, "text follows a field's closing quote");
    return quoted;
  }

  std::string_view text_;
  std::string_view what_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

}  // namespace

std::optional<std::size_t> CsvTable::column(std::string_view name) const {
  const auto found = std::ranges::find(header, name);
  if (found == header.end()) return std::nullopt;
  return static_cast<std::size_t>(found - header.begin());
}

Result<CsvTable> parse_csv(std::string_view text, std::string_view what) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Reader reader(text, what);
  CsvTable table;
  while (!reader.at_end()) {
    const std::size_t line = reader.line();
    std::vector<std::string> fields = TRY(reader.record());
    if (fields.size() == 1 && fields.front().empty()) continue;
    if (table.header.empty()) {
      table.header = std::move(fields);
      continue;
    }
    if (fields.size() != table.header.size())
      return reader.wrong(line, std::to_string(fields.size()) + " fields, the header has " +
                                    std::to_string(table.header.size()));
    if (table.rows.size() == csv_rows_max)
      return fail(ErrorCode::TooLarge, std::string(what) + " has over 1000000 rows");
    table.rows.push_back(std::move(fields));
  }
  if (table.header.empty())
    return fail(ErrorCode::InvalidArgument, std::string(what) + " has no header");
  return table;
}

}  // namespace croft
