// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_RECORD_TEXT_H_
#define PODTAIL_RECORD_TEXT_H_
// Records as text, for terminals, pipes and programs that read lines.
//
//   {"time":"2026-11-22T13:59:29.967213710Z","stream":"stdout", ... ,"body":"x"}\n
//   2026-11-22T13:59:29.967213710Z default/web-0/web stdout INFO x\n
//
// Times are UTC and always have nine digits of fraction.
//
// JSON: one object per record and line; absent values are left out; the keys
// come in the order of the command line contract (README): time, stream,
// namespace, pod, pod_uid, container, restart_count, severity, severity_text,
// trace_id, span_id, trace_flags, flags, part, labels, path, offset, body.
// severity is the number; 0 counts as absent, of trace_flags too.
// A body that is not UTF-8 gets one U+FFFD per maximal ill-formed subsequence
// (Unicode 3.9), so a line of output is always valid JSON. Control characters
// are written as \u00xx, those that turn text around as \u20xx.
//
// Text: for people. Time, namespace/pod/container with the labels behind it
// ({cluster=minikube}), stream, level or "-", what is odd about the record
// ([part 2], [malformed] ...), body. Control characters but '\t' are escaped (\x1b,
// \n ...) and so are bytes that are not UTF-8, so a log cannot move the cursor of
// the terminal it is shown on.
//
// Pure: a function of the batch and the labels; any thread.
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "podtail/export.h"
#include "podtail/record_batch.h"
namespace podtail {

// Shown with every record, in this order.
using StaticLabels = std::vector<std::pair<std::string, std::string>>;

// Append one record and its '\n' to `out`. REQUIRES: record < batch.records().size().
PODTAIL_EXPORT void AppendRecordJson(const RecordBatch& batch, std::size_t record,
                                     const StaticLabels& labels, std::string* out);
PODTAIL_EXPORT void AppendRecordText(const RecordBatch& batch, std::size_t record,
                                     const StaticLabels& labels, std::string* out);

}  // namespace podtail
#endif
