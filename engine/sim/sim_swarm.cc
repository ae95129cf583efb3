// SPDX-License-Identifier: Apache-2.0
// What kind of world it is, and what happens to its state between two lives.
#include <algorithm>

#include "engine/checkpoint/checkpoint_codec.h"
#include "engine/port/checksum.h"
#include "engine/sim/sim_world.h"

namespace podtail {

void SimWorld::DrawSwarm() {
  const SimFeatures& features = options_.features;
  kubelet_.options.features = features;
  swarm_.rotations = tape_->Below(4) != 3;
  swarm_.restarts = Half();
  swarm_.removals = Half();
  swarm_.cuts = tape_->OneIn(4) && features.copytruncate;
  swarm_.oddities = tape_->OneIn(4);
  swarm_.links = tape_->OneIn(4) && features.hard_links;
  swarm_.moves = tape_->OneIn(4) && features.moves;
  swarm_.unmounts = tape_->OneIn(4) && features.unmounts;
  swarm_.wall_jumps = tape_->OneIn(4) && features.wall_jumps;
  swarm_.file_trouble = Half();
  swarm_.disk_trouble = tape_->OneIn(3);
  swarm_.sink_trouble = Half();
  swarm_.crashes = tape_->Below(4) != 0;
  swarm_.drains = tape_->OneIn(3);
  swarm_.pauses = tape_->OneIn(3);
  swarm_.damage = tape_->OneIn(4) && features.state_damage;
  // Both at once is a family of its own.
  if (!features.damage_and_trouble) swarm_.damage = swarm_.damage && !swarm_.disk_trouble;
  swarm_.turn_ms = tape_->OneIn(4) ? 1500 : 400;
  if (!swarm_.removals) kubelet_.options.deletes = Half();
  const bool gzip = Half(features.gzip);
  if (gzip && !features.gzip_beside_all) LeaveOutBesideGzip();
  kubelet_.options.features.gzip = gzip;
  DrawSizes();
  DrawSink();
  DrawWriters();
}

void SimWorld::LeaveOutBesideGzip() {
  SwitchOffBesideGzip(&options_.features);
  kubelet_.options.features = options_.features;
  swarm_.cuts = swarm_.links = swarm_.moves = swarm_.unmounts = false;
  swarm_.damage = swarm_.damage && !swarm_.disk_trouble;
}

void SimWorld::DrawSizes() {
  const SimFeatures& features = options_.features;
  EngineOptions& engine = engine_options_;
  engine.tailer.root = kubelet_.options.root;
  engine.tailer.read_buffer_bytes = std::size_t{16} * 1024;
  engine.tailer.follow_into = {};
  engine.memory_bytes_max = std::size_t{8} * 1024 * 1024;
  engine.run_gap_bytes_max = 40 + tape_->Below(600);
  if (features.run_age && tape_->OneIn(4))
    engine.run_age_max = std::chrono::milliseconds(300 + tape_->Below(3000));
  engine.record_bytes_max = 5 + tape_->Below(60);
  if (tape_->OneIn(3)) engine.record_bytes_max = 4096;
  engine.batch_records_max = 1 + tape_->Below(6);
  engine.batch_age_max = std::chrono::milliseconds(tape_->Below(300));
  engine.commit_interval = std::chrono::milliseconds(tape_->Below(1500));
  engine.commit_bytes_max = 1 + tape_->Below(4000);
  if (features.line_overflow && tape_->OneIn(6)) engine.line_overflow = LineOverflow::kDrop;
  const bool few = features.few_descriptors && tape_->OneIn(5);
  engine.tailer.open_files_max = few ? 1 + tape_->Below(4) : 512;
  if (few) oracle_.options.openable_max = std::chrono::hours(24);

  files_.options.inodes = static_cast<SimInodePolicy>(tape_->Below(3));
  files_.options.hints =
      features.hints ? static_cast<SimHintPolicy>(tape_->Below(5)) : SimHintPolicy::kOff;
  if (files_.options.hints == SimHintPolicy::kDropping) {
    oracle_.options.openable_max =
        std::max(oracle_.options.openable_max, Duration(std::chrono::seconds(130)));
  }
  files_.options.birth_times = !(features.no_birth_times && tape_->OneIn(4));
  files_.options.handle_generations = Half();
  oracle_.options.strong_identity = files_.options.birth_times || files_.options.handle_generations;
  files_.options.short_read_in = features.short_reads && tape_->OneIn(4) ? 3 : 0;
  if (files_.options.short_read_in > 0) oracle_.Weaken();
  files_.options.hidden_in = tape_->OneIn(4) ? 4 : 0;
  if (features.between_calls && swarm_.rotations && tape_->OneIn(3)) {
    files_.options.meanwhile_in = 5 + tape_->Below(60);
  }

  disk_.options.slowest_ms = tape_->OneIn(3) ? 3000 : tape_->Below(60);
  disk_.options.fails_in = swarm_.disk_trouble ? 12 : 0;
  disk_.options.sector_bytes = 16U << tape_->Below(6);
  store_options_.journal_bytes_min = tape_->OneIn(3) ? 1024 * 1024 : 1000 + tape_->Below(4000);
  loss_bytes_max_ = std::uint64_t{64} * 1024 * 1024;
  kubelet_.options.containers = 1 + tape_->Below(3);
  kubelet_.options.files_max = 2 + tape_->Below(4);
  kubelet_.options.step_ms = 1 + tape_->Below(800);
  kubelet_.options.reopen_fails_in = tape_->OneIn(3) ? 4 : 0;
  kubelet_.options.dies_in = tape_->OneIn(4) ? 12 : 0;
}

void SimWorld::DrawSink() {
  SimSinkOptions& sink = sink_.options;
  sink.needs.unique_times = Half();
  oracle_.options.unique_times = sink.needs.unique_times;
  sink.needs.lane = Half() ? LaneScope::kContainer : LaneScope::kContainerStream;
  if (tape_->OneIn(4)) sink.needs.record_bytes_max = 20 + tape_->Below(40);
  sink.full_in = tape_->OneIn(3) ? 6 : 0;
  sink.busy_in = tape_->OneIn(3) ? 6 : 0;
  sink.late_in = Half() ? 2 : 0;
  sink.lost_in = Half() ? 5 : 0;
  sink.refused_in = swarm_.sink_trouble ? 10 : 0;
  sink.slow_ms = swarm_.sink_trouble ? 5000 : 0;
  sink.poison_in = tape_->OneIn(4) ? 9 : 0;
  sink.pipelined = Half();
  sink.shuffled = Half();
}

void SimWorld::DrawWriters() {
  SimWriterOptions& writer = kubelet_.writer;
  writer.partial_in = tape_->OneIn(4) ? 0 : 2 + tape_->Below(4);
  writer.late_in = writer.partial_in == 0 && Half(options_.features.late_lines) ? 30 : 0;
  writer.malformed_in = Half() ? 40 : 0;
  writer.torn_in = options_.features.torn_lines && tape_->OneIn(4) ? 40 : 0;
  writer.long_in = Half() ? 30 : 0;
  if (tape_->OneIn(20)) {
    writer.long_bytes = 40000;  // longer than the read buffer
    oracle_.options.long_lines = true;
    engine_options_.record_bytes_max = 2000;
    sink_.options.needs.record_bytes_max = 0;
  }
  writer.odd_in = Half() ? 15 : 0;
  writer.odd_time_in = tape_->OneIn(3) ? 30 : 0;
  writer.equal_heads = Half(options_.features.equal_heads);
  writer.zone = tape_->Below(4);
  writer.times_go_back = tape_->OneIn(3);
  oracle_.options.times_go_back =
      writer.times_go_back || writer.odd_time_in > 0 || writer.malformed_in > 0;
  writer.switch_ms = options_.features.late_writes && tape_->OneIn(4) ? 8000 : 700;
}

void SimWorld::DamageOne(std::string* bytes) {
  if (const std::size_t field = bytes->rfind(" offset=");
      field != std::string::npos && tape_->Below(3) == 2) {
    bytes->replace(field, 9, " offset=9");  // a number that is too large, and nothing else
    trace_->Hit(SimMark::kOffsetRaised);
    return;
  }
  switch (tape_->Below(4)) {
    case 0:
      if (bytes->empty()) return;
      (*bytes)[tape_->Below(static_cast<std::uint32_t>(bytes->size()))] ^=
          static_cast<char>(1U << tape_->Below(8));
      trace_->Hit(SimMark::kBitFlipped);
      return;
    case 1:
      std::fill(bytes->begin(), bytes->end(), '\0');
      trace_->Hit(SimMark::kFileZeroed);
      return;
    case 2:
      bytes->resize(tape_->Below(static_cast<std::uint32_t>(bytes->size()) + 1));
      trace_->Hit(SimMark::kFileShortened);
      return;
    default:
      bytes->assign("nothing that podtail wrote\n");
      return;
  }
}

// A header that is valid and names a later version.
void SimWorld::PlantFutureVersion() {
  std::string line = "podtail-journal " + std::to_string(kStoreVersion + 1) + " something=new";
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::uint32_t crc = Crc32(line);
  line.append(" crc=");
  for (int shift = 28; shift >= 0; shift -= 4) line.push_back(kDigits[crc >> shift & 15]);
  line.push_back('\n');
  backup_ = disk_.files;
  disk_.files["journal"] = line;
}

void SimWorld::DamageState() {
  damaged_ = true;
  trace_->Note("the state is damaged");
  const std::uint32_t kind = tape_->Below(8);
  if (kind == 0) {
    trace_->Hit(SimMark::kStateFromBackup);
    disk_.files = backup_;
  } else if (kind == 1) {
    PlantFutureVersion();
  } else if (kind == 2) {
    trace_->Hit(SimMark::kStateDeleted);
    disk_.files.clear();
  } else if (!disk_.files.empty()) {
    auto file = disk_.files.begin();
    std::advance(file, tape_->Below(static_cast<std::uint32_t>(disk_.files.size())));
    DamageOne(&file->second);
  }
}

}  // namespace podtail
