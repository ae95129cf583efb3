// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/text_table.h"

#include <algorithm>
#include <utility>

#include "tools/podtail/run_text.h"

namespace podtail {

TextTable::TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  rows_.push_back(std::move(titles));
}

void TextTable::Add(std::vector<std::string> cells) {
  for (std::string& cell : cells) {
    std::string shown;
    AppendVisible(cell, &shown);
    cell = std::move(shown);
  }
  rows_.push_back(std::move(cells));
}

std::string TextTable::Text() const {
  std::vector<std::size_t> widths(columns_.size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      const std::size_t fill = widths[i] - row[i].size();
      if (columns_[i].right) text.append(fill, ' ');
      text.append(row[i]);
      if (!columns_[i].right) text.append(fill, ' ');
      text.append("  ");
    }
    text.append(row.back()).append("\n");
  }
  return text;
}

}  // namespace podtail
