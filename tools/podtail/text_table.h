// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_TEXT_TABLE_H_
#define PODTAIL_TOOLS_TEXT_TABLE_H_
// Rows of text with columns as wide as their widest cell. The last column is of
// any length and is not filled up. Cells are escaped (run_text.h), so one row is
// one line, whatever is in it.
#include <string>
#include <vector>
namespace podtail {

class TextTable {
 public:
  struct Column {
    std::string title;
    bool right = false;  // numbers
  };
  explicit TextTable(std::vector<Column> columns);
  // REQUIRES: one cell per column.
  void Add(std::vector<std::string> cells);
  std::string Text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;  // escaped
};

}  // namespace podtail
#endif
