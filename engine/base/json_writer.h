// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_BASE_JSON_WRITER_H_
#define PODTAIL_ENGINE_BASE_JSON_WRITER_H_
// Writes JSON text into a string, member by member. It puts commas and escapes;
// nesting is the caller's business (Begin/End must match).
//
//   JsonWriter json(&out);
//   json.BeginObject();
//   json.Member("offset", 12);
//   json.EndObject();               {"offset":12}
#include <cstdint>
#include <string>
#include <string_view>

namespace podtail {

class JsonWriter {
 public:
  // `out` must outlive the writer; text is appended to it.
  explicit JsonWriter(std::string* out) : out_(out) {}

  void BeginObject() { Open('{'); }
  void EndObject() { Close('}'); }
  void BeginArray() { Open('['); }
  void EndArray() { Close(']'); }

  // Names the next value. Names are podtail's own or a user's label keys.
  void Key(std::string_view name);
  // Invalid UTF-8 becomes U+FFFD; returns how often. What moves a terminal's
  // cursor or turns its text around (utf8.h) is written as \uXXXX, so that JSON
  // on a terminal is harmless; to a parser it is the same.
  std::size_t String(std::string_view value);
  void Number(std::uint64_t value);
  void Number(std::int64_t value);

  void Member(std::string_view name, std::string_view value) { Key(name), String(value); }
  void Member(std::string_view name, std::uint64_t value) { Key(name), Number(value); }

 private:
  void Open(char bracket);
  void Close(char bracket);
  void Separate();

  std::string* out_;
  bool first_ = true;  // no comma before the next value
};

}  // namespace podtail
#endif
