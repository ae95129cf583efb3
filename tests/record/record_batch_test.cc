// SPDX-License-Identifier: Apache-2.0
// decision 12a: one copy, an exact budget, one free.
#include "podtail/record_batch.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "engine/record/record_batch_builder.h"

namespace podtail {
namespace {

PodResourceRef Resource(std::string container = "web") {
  auto resource = std::make_shared<PodResource>();
  resource->pod_uid = "uid";
  resource->container_name = std::move(container);
  return resource;
}

Marker Head(std::uint8_t byte) {
  Marker marker;
  marker.hash.fill(byte);
  marker.bytes = 10;
  return marker;
}

void AddLine(RecordBatchBuilder* builder, SourceId source, std::uint64_t offset,
             const std::string& line, std::uint32_t part = 0) {
  const Piece piece{source, {offset, offset + line.size() + 1}, line.size() + 1};
  RecordDraft draft;
  draft.raw = line;
  draft.time_text = draft.raw.substr(0, 4);
  draft.body = draft.raw.substr(5);
  draft.pieces = std::span<const Piece>(&piece, 1);
  draft.part = part;
  builder->Add(draft);
}

TEST(RecordBatch, KeepsViewsOfItsOwnCopy) {
  RecordBatchBuilder builder({}, Resource());
  std::string line = "time body one";
  builder.Need({SourceId{1}, {}}, Head(1));
  AddLine(&builder, SourceId{1}, 0, line);
  line.assign(line.size(), '?');
  AddLine(&builder, SourceId{1}, 14, "time ");
  const RecordBatchRef batch = builder.Seal(BatchSequence{7});
  ASSERT_EQ(batch->records().size(), 2U);
  EXPECT_EQ(batch->records()[0].body.view(), "body one");
  EXPECT_EQ(batch->records()[0].time_text, "time");
  EXPECT_EQ(batch->records()[0].raw, "time body one");
  EXPECT_EQ(batch->records()[1].body.view(), "");
  EXPECT_EQ(batch->records()[1].pieces[0].extent.begin, 14U);
  EXPECT_EQ(batch->sequence(), BatchSequence{7});
  EXPECT_EQ(batch->body_bytes(), 8U);
  EXPECT_TRUE(builder.empty());
}

TEST(RecordBatch, HoldsTheSmallestBeginPerSource) {
  RecordBatchBuilder builder({}, Resource());
  ResumePoint far, near;
  far.offset = 200;
  near.offset = 100;
  builder.Need({SourceId{1}, far}, Head(1));
  builder.Need({SourceId{2}, near}, Head(2));
  builder.Need({SourceId{1}, near}, Head(1));
  builder.Need({SourceId{1}, far}, Head(1));
  EXPECT_EQ(builder.NeededFrom(SourceId{1}), 100U);
  EXPECT_EQ(builder.NeededFrom(SourceId{3}), std::nullopt);
  AddLine(&builder, SourceId{1}, 100, "time x");
  const RecordBatchRef batch = builder.Seal(BatchSequence{1});
  ASSERT_EQ(batch->holds().size(), 2U);
  EXPECT_EQ(batch->holds()[0].begin.offset, 100U);
}

TEST(RecordBatch, MemoryIsWhatItAllocatedAndGrowsWithItsRecords) {
  RecordBatchBuilder builder({}, Resource());
  builder.Need({SourceId{1}, {}}, Head(1));
  const std::size_t empty = builder.memory_bytes();
  for (int i = 0; i < 1000; ++i) AddLine(&builder, SourceId{1}, 0, "time " + std::string(95, 'x'));
  EXPECT_GE(builder.memory_bytes(), empty + 1000 * (100 + sizeof(LogRecord) + sizeof(Piece)));
  EXPECT_LE(builder.memory_bytes(),
            empty + 2 * 1000 * (100 + sizeof(LogRecord) + sizeof(Piece)) + 128 * 1024);
}

TEST(RecordBatch, UidTellsContainersFilesOffsetsAndPartsApartAndNothingElse) {
  const auto uid = [](const std::string& container, std::uint8_t head, std::uint64_t offset,
                      std::uint32_t part, const std::string& text) {
    RecordBatchBuilder builder({}, Resource(container));
    builder.Need({SourceId{1}, {}}, Head(head));
    AddLine(&builder, SourceId{1}, offset, "time " + text, part);
    return builder.Seal(BatchSequence{1})->uid(0);
  };
  const auto base = uid("web", 1, 0, 0, "x");
  EXPECT_EQ(base, uid("web", 1, 0, 0, "x"));
  std::set<std::array<std::uint8_t, 16>> all = {base, uid("side", 1, 0, 0, "x"),
                                                uid("web", 2, 0, 0, "x"), uid("web", 1, 9, 0, "x"),
                                                uid("web", 1, 0, 1, "x")};
  EXPECT_EQ(all.size(), 5U);
}

}  // namespace
}  // namespace podtail
