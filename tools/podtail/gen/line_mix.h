// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_GEN_LINE_MIX_H_
#define PODTAIL_TOOLS_GEN_LINE_MIX_H_
// What the applications of the tree print, one record at a time.
//
//   standard  50 % Nest/winston lines (bracketed ids, JSON tail), 25 % Python lines, 15 % JSON
//             with a trace id, 10 % plain; about 1,300 records per GiB above 16 KiB
//   seed      Nest and Python lines only, two to one
//   plain     no ids: access lines, tracebacks, empty lines
//   json      JSON with a trace id
//   long      standard, but every eighth record is 16 to 96 KiB, or as long as a
//             runtime's limit or one byte off it
//   odd       valid UTF-8 that is easy to get wrong: NUL, CR, ESC, blanks at both ends,
//             quotes, lines that look like a log file's own, cut multi-byte text
//
// A request has a trace id and logs a few records with it. Bodies never hold LF.
// Not thread-safe.
#include <cstdint>
#include <string>

#include "tools/podtail/gen/gen_options.h"
#include "tools/podtail/gen/rng.h"
#include "tools/podtail/gen/time_text.h"

namespace podtail::gen {

class LineMix {
 public:
  // `fragment_bytes_max`: where the runtime cuts, for the lengths around it.
  LineMix(Mix mix, std::uint64_t seed, std::size_t fragment_bytes_max);

  // Appends the body of one record printed at `time`.
  void Append(std::int64_t time, std::string* out);

 private:
  void AppendNest(std::int64_t time, std::string* out);
  void AppendPython(std::int64_t time, std::string* out);
  void AppendJson(std::int64_t time, std::string* out);
  void AppendPlain(std::string* out);
  void AppendOdd(std::string* out);
  void AppendOrdinary(std::int64_t time, std::string* out);
  void AppendLong(std::int64_t time, std::string* out);
  std::size_t LongBytes();
  // The next record belongs to this request or, now and then, to a new one.
  void NextRequest();
  std::uint64_t OneInLong() const;

  const Mix mix_;
  const std::size_t fragment_bytes_max_;
  Rng rng_;
  TimeText utc_{0};
  std::string trace_id_;
  std::string span_id_;
  bool traced_ = false;                // inside a span
  std::uint64_t request_records_ = 0;  // that the request still logs
};

}  // namespace podtail::gen
#endif
